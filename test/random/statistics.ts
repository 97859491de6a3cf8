/** Statistics for tests of random draws: with fixed seeds, a draw that passes once passes always. */

/**
 * Pearson's chi-square of counts against expected counts, as a standard normal deviate (E. B. Wilson, M. M. Hilferty 1931,
 * doi:10.1073/pnas.17.12.684). Neighbouring cells are merged until each expects at least 10.
 */
export function chiSquareZ(observed: ArrayLike<number>, expected: ArrayLike<number>): number {
  const cells: [number, number][] = [];
  let o = 0;
  let e = 0;
  for (let i = 0; i < observed.length; i++) {
    o += observed[i]!;
    e += expected[i]!;
    if (e >= 10) {
      cells.push([o, e]);
      o = 0;
      e = 0;
    }
  }
  const last = cells.at(-1)!;
  last[0] += o;
  last[1] += e;
  const chi2 = cells.reduce((sum, [seen, wanted]) => sum + (seen - wanted) ** 2 / wanted, 0);
  const freedom = cells.length - 1;
  const v = 2 / (9 * freedom);
  return ((chi2 / freedom) ** (1 / 3) - (1 - v)) / Math.sqrt(v);
}

/** Kolmogorov-Smirnov distance to a distribution function, times sqrt(n); above 1.95 with a probability of 0.001. */
export function ksDistance(values: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...values].sort((a, b) => a - b);
  let distance = 0;
  sorted.forEach((x, i) => {
    const f = cdf(x);
    distance = Math.max(distance, f - i / sorted.length, (i + 1) / sorted.length - f);
  });
  return distance * Math.sqrt(sorted.length);
}

/** Mean and variance of a sample, as deviates from what is expected, in standard errors. */
export function momentsZ(
  values: readonly number[],
  mean: number,
  variance: number,
): readonly [number, number] {
  const n = values.length;
  let sum = 0;
  let squares = 0;
  for (const x of values) {
    sum += x - mean;
    squares += (x - mean) ** 2;
  }
  return [sum / Math.sqrt(n * variance), (squares / n / variance - 1) * Math.sqrt(n / 2)];
}

/** log(n!) for small n. */
export function logFactorial(n: number): number {
  let sum = 0;
  for (let k = 2; k <= n; k++) sum += Math.log(k);
  return sum;
}
