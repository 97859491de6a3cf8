/**
 * The Poisson distribution as a table of integers, so that a draw is a search among 48-bit integers and needs no arithmetic that
 * could round differently elsewhere.
 */
import { SynfireError } from "../errors.js";

/** The largest mean that a table is made for. */
const LARGEST_LAMBDA = 1e7;
/** Terms below this, relative to the one at the mode, are left out. */
const NEGLIGIBLE = 1e-20;
const TWO_48 = 281474976710656;

/** A draw for a 48-bit integer u is `first` + the number of thresholds <= u. */
export interface PoissonTable {
  readonly first: number;
  /**
   * thresholds[i] = floor(P(X <= first + i) * 2^48), integers in ascending order. The last one is 2^48: the table ends at the
   * first count beyond which less than half of 2^-48 is left, so that no draw lands farther out than its probability warrants.
   */
  readonly thresholds: Float64Array;
}

/**
 * The distribution function of the Poisson distribution, in units of 2^-48. Built from ratios of neighbouring terms alone,
 * starting with 1 at the mode, and normalised by the sum: no exponential is needed. Each half is summed from its small end, and
 * thresholds above the mode come from the upper tail.
 * @param lambda - mean, from 0 to 1e7; 0 gives a table whose draws are all 0
 * @throws SynfireError "bad-poisson" if lambda is negative, above 1e7, or not a number
 */
export function poissonCdf48(lambda: number): PoissonTable {
  if (!(lambda >= 0 && lambda <= LARGEST_LAMBDA)) {
    throw new SynfireError(
      "bad-poisson",
      `The mean of a Poisson count must be from 0 to 1e7, not ${lambda}.`,
      "lambda",
    );
  }
  const mode = Math.floor(lambda);
  const below: number[] = []; // terms at mode - 1, mode - 2, ...
  for (let k = mode, term = 1; k > 0; k--) {
    term *= k / lambda;
    if (term < NEGLIGIBLE) break;
    below.push(term);
  }
  const above: number[] = []; // terms at mode + 1, mode + 2, ...
  for (let k = mode + 1, term = 1; ; k++) {
    term *= lambda / k;
    if (term < NEGLIGIBLE) break;
    above.push(term);
  }
  // lower[i]: the sum of the terms up to mode - below.length + i; upper[i]: of the terms beyond mode + i.
  const lower: number[] = [];
  let sum = 0;
  for (let i = below.length - 1; i >= 0; i--) lower.push((sum += below[i]!));
  const upper: number[] = [];
  let tail = 0;
  for (let i = above.length; i >= 0; i--) {
    upper[i] = tail;
    tail += i > 0 ? above[i - 1]! : 0;
  }
  const scale = TWO_48 / (sum + 1 + tail);
  const thresholds: number[] = [];
  let first = mode - below.length;
  for (const lowerSum of lower) {
    const threshold = Math.floor(lowerSum * scale);
    if (threshold === 0)
      first++; // no draw lands here
    else thresholds.push(threshold);
  }
  for (const upperSum of upper) {
    const beyond = upperSum * scale;
    if (beyond < 0.5) break;
    thresholds.push(TWO_48 - Math.ceil(beyond));
  }
  thresholds.push(TWO_48);
  return { first, thresholds: Float64Array.from(thresholds) };
}
