/**
 * Exact propagators of linear systems x' = A x + u with u constant in a step (Rotter & Diesmann 1999,
 * doi:10.1007/s004220050570), computed numerically in float64, so that equal time constants need no special case.
 */

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
  // exp of [[A, 1], [0, 0]] h gives both; the change E = exp(M) - 1 of a scaled matrix by its series, then doubled:
  // exp(2M) - 1 = 2 E + E^2
  const size = 2 * n;
  const m = new Float64Array(size * size);
  let norm = 0;
  for (let i = 0; i < n; i++) {
    let row = h;
    for (let j = 0; j < n; j++) {
      m[i * size + j] = a[i * n + j]! * h;
      row += Math.abs(m[i * size + j]!);
    }
    m[i * size + n + i] = h;
    norm = Math.max(norm, row);
  }
  let doublings = 0;
  while (norm > 0.25) {
    norm /= 2;
    doublings++;
  }
  const scale = 2 ** -doublings;
  for (let i = 0; i < m.length; i++) m[i]! *= scale;
  let e = Float64Array.from(m);
  let power: Float64Array = m;
  for (let k = 2; k <= 14; k++) {
    power = multiply(power, m, size);
    for (let i = 0; i < power.length; i++) {
      power[i]! /= k;
      e[i]! += power[i]!;
    }
  }
  for (let k = 0; k < doublings; k++) {
    const square = multiply(e, e, size);
    e = e.map((v, i) => 2 * v + square[i]!);
  }
  const change = new Float64Array(n * n);
  const input = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      change[i * n + j] = e[i * size + j]!;
      input[i * n + j] = e[i * size + n + j]!;
    }
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
