/**
 * Exact draws from the binomial distribution in portable arithmetic: how many of n synapses fall into a part of a range.
 *
 * Small means by inversion; large ones by the transformed rejection of W. Hormann (1993), The generation of binomial random
 * variates, doi:10.1080/00949659308811496 (algorithm BTRS), with the probabilities of saddle-point.ts, which keep their accuracy
 * for n in the billions.
 */
import { SynfireError } from "../errors.js";
import { exp, log } from "./portable.js";
import { binomialLogDensity, log1p } from "./saddle-point.js";

/** Largest n: 2^40. */
const LARGEST_N = 1099511627776;
/** Below this mean inversion is faster; BTRS requires at least 10. */
const INVERSION_MEAN = 10;
/** No sum of probabilities gets here with a mean below INVERSION_MEAN: only rounding would. */
const INVERSION_END = 110;
/** Largest n for which (1 - p)^n is multiplied out. */
const MULTIPLIED = 32;

/**
 * One draw from the binomial distribution: the number of successes in n trials.
 * @param n - number of trials, an integer from 0 to 2^40
 * @param p - probability of success, from 0 to 1
 * @param next - gives uniform numbers in (0, 1), with at least 52 bits; called a varying number of times
 * @throws SynfireError "bad-binomial"
 */
export function binomial(n: number, p: number, next: () => number): number {
  if (!Number.isInteger(n) || n < 0 || n > LARGEST_N) {
    throw new SynfireError("bad-binomial", `n must be an integer from 0 to 2^40, not ${n}.`, "n");
  }
  if (!(p >= 0 && p <= 1)) throw new SynfireError("bad-binomial", `p must be from 0 to 1, not ${p}.`, "p");
  if (p > 0.5) return n - atMostHalf(n, 1 - p, next);
  return atMostHalf(n, p, next);
}

function atMostHalf(n: number, p: number, next: () => number): number {
  if (n === 0 || p === 0) return 0;
  return n * p < INVERSION_MEAN ? invert(n, p, next) : transformedRejection(n, p, next);
}

/** Walks up the distribution function until it passes a uniform number. */
function invert(n: number, p: number, next: () => number): number {
  const odds = p / (1 - p);
  const none = noSuccess(n, p);
  for (;;) {
    let remaining = next();
    let probability = none;
    for (let k = 0; k <= n && k < INVERSION_END; k++) {
      if (remaining < probability) return k;
      remaining -= probability;
      probability *= ((n - k) / (k + 1)) * odds;
    }
  }
}

/** (1 - p)^n; by multiplication where that is faster than an exponential, as it is for the many small counts of a split. */
function noSuccess(n: number, p: number): number {
  if (n > MULTIPLIED) return exp(n * log1p(-p));
  const q = 1 - p;
  let power = q;
  for (let k = 1; k < n; k++) power *= q;
  return power;
}

/** BTRS, for p <= 1/2 and n p >= 10. The letters are the paper's. */
function transformedRejection(n: number, p: number, next: () => number): number {
  const spread = Math.sqrt(n * p * (1 - p));
  const b = 1.15 + 2.53 * spread;
  const a = -0.0873 + 0.0248 * b + 0.01 * p;
  const c = n * p + 0.5;
  const vr = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * spread;
  const mode = Math.floor((n + 1) * p);
  const atMode = binomialLogDensity(mode, n, p);
  for (;;) {
    const u = next() - 0.5;
    const v = next();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + c);
    if (us >= 0.07 && v <= vr) return k; // inside the region that is accepted without further ado
    if (k < 0 || k > n) continue;
    const scaled = (v * alpha) / (a / (us * us) + b);
    if (log(scaled) <= binomialLogDensity(k, n, p) - atMode) return k;
  }
}
