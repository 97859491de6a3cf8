/**
 * Accurate logarithms of binomial probabilities for n in the billions, where differences of log-factorials would have no digits
 * left: C. Loader (2000), Fast and accurate computation of binomial probabilities.
 */
import { log } from "./portable.js";

const TWO_PI = 6.283185307179586;
/** log(n!) - log(sqrt(2 pi n) (n/e)^n) for n = 0 to 15; that of 0 is never used. */
const SMALL_CORRECTIONS = [
  0, 0.08106146679532726, 0.0413406959554093, 0.02767792568499834, 0.020790672103765093, 0.016644691189821193,
  0.013876128823070748, 0.01189670994589177, 0.010411265261972096, 0.009255462182712733, 0.00833056343336287,
  0.007573675487951841, 0.00694284010720953, 0.006408994188004207, 0.0059513701127588475,
  0.005554733551962801,
];

/** The error of Stirling's formula, log(n!) - log(sqrt(2 pi n) (n/e)^n), for an integer n >= 1; relative error about 1e-15. */
export function stirlingCorrection(n: number): number {
  if (n < SMALL_CORRECTIONS.length) return SMALL_CORRECTIONS[n]!;
  const s = 1 / (n * n);
  return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - (1 / 1188) * s) * s) * s) * s) / n;
}

/** The deviance x log(x / m) + m - x, without cancellation near x = m; for x >= 0, m > 0. */
export function deviance(x: number, m: number): number {
  if (x === 0) return m;
  const d = x - m;
  if (Math.abs(d) >= 0.1 * (x + m)) return x * log(x / m) + m - x;
  // With v = (x - m)/(x + m): log(x/m) = 2 (v + v^3/3 + v^5/5 + ...).
  const v = d / (x + m);
  let sum = d * v;
  let term = 2 * x * v;
  for (let k = 3; ; k += 2) {
    term *= v * v;
    const next = sum + term / k;
    if (next === sum) return sum;
    sum = next;
  }
}

/** log(1 + x) for x > -1, accurate near zero (W. Kahan's correction of the rounding of 1 + x). */
export function log1p(x: number): number {
  const y = 1 + x;
  return y === 1 ? x : (log(y) * x) / (y - 1);
}

/** The logarithm of the probability of k successes in n trials, 0 <= k <= n, 0 < p < 1. */
export function binomialLogDensity(k: number, n: number, p: number): number {
  const q = 1 - p;
  if (k === 0) return n * log1p(-p);
  if (k === n) return n * log(p);
  const corrections = stirlingCorrection(n) - stirlingCorrection(k) - stirlingCorrection(n - k);
  const deviances = deviance(k, n * p) + deviance(n - k, n * q);
  return corrections - deviances + 0.5 * log(n / (TWO_PI * k * (n - k)));
}
