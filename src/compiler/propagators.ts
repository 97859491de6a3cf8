/**
 * Exact propagators of linear systems x' = A x + u with u constant in a step (Rotter & Diesmann 1999,
 * doi:10.1007/s004220050570), computed numerically in float64, so that equal time constants need no special case.
 */

/** Terms of the series, for norms up to 1/4: the first that is left out is below 1e-19. */
const TERMS = 13;

export interface Propagators {
  /** exp(A h) - 1, row by row; the difference from 1 keeps its full precision */
  readonly change: Float64Array;
  /** integral of exp(A s) from 0 to h, row by row: x(h) = x + change x + input u */
  readonly input: Float64Array;
}

/**
 * @param a - n x n matrix, row by row, in 1/ms
 * @param n - number of variables
 * @param h - step in ms
 */
export function propagators(a: ArrayLike<number>, n: number, h: number): Propagators {
  let norm = 0;
  for (let i = 0; i < n; i++) {
    let row = 0;
    for (let j = 0; j < n; j++) row += Math.abs(a[i * n + j]! * h);
    norm = Math.max(norm, row);
  }
  let doublings = 0;
  while (norm > 0.25) {
    norm /= 2;
    doublings++;
  }
  // with M = A s: change = M + M^2 / 2! + ..., input / s = 1 + M / 2! + M^2 / 3! + ...
  const s = h * 2 ** -doublings;
  const m = Float64Array.from(a, (v) => v * s);
  let change = Float64Array.from(m);
  let input = m.map((v) => (v * s) / 2);
  for (let i = 0; i < n; i++) input[i * n + i]! += s;
  let power: Float64Array = m;
  for (let k = 2; k <= TERMS; k++) {
    power = multiply(power, m, n);
    for (let i = 0; i < power.length; i++) {
      power[i]! /= k;
      change[i]! += power[i]!;
      input[i]! += (power[i]! * s) / (k + 1);
    }
  }
  // over twice the time: change = 2 change + change^2, input = 2 input + change input
  for (let k = 0; k < doublings; k++) {
    const [square, product] = [multiply(change, change, n), multiply(change, input, n)];
    change = change.map((v, i) => 2 * v + square[i]!);
    input = input.map((v, i) => 2 * v + product[i]!);
  }
  return { change, input };
}

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const c = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const x = a[i * n + k]!;
      if (x === 0) continue;
      for (let j = 0; j < n; j++) c[i * n + j]! += x * b[k * n + j]!;
    }
  }
  return c;
}

/** squarings of a matrix, of whose norm then the root is taken: what variables are measured in makes some per cent at most */
const SQUARINGS = 8;

/**
 * The largest absolute value of an eigenvalue, in 1/ms.
 * @param a - n x n matrix, row by row, in 1/ms
 */
export function fastestRate(a: Float64Array, n: number): number {
  // a = m exp(scale), and norm(m) = 1
  let m: Float64Array = a;
  let scale = 0;
  for (let k = 0; ; k++) {
    let norm = 0;
    for (const v of m) norm = Math.max(norm, Math.abs(v));
    if (norm === 0) return 0;
    scale += Math.log(norm) / 2 ** k;
    if (k === SQUARINGS) return Math.exp(scale);
    const unit = m.map((v) => v / norm);
    m = multiply(unit, unit, n);
  }
}
