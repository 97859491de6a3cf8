/** Kolmogorov-Smirnov distance between two samples. */
import { checkSample } from "./checks.js";

/**
 * Two-sample Kolmogorov-Smirnov statistic: the largest difference between the two empirical distribution functions
 * (`scipy.stats.ks_2samp`, two-sided).
 * @returns in [0, 1]; symmetric, and independent of the order of the values
 * @throws SynfireError "bad-argument" for an empty sample or a value that is not finite
 */
export function ksDistance(first: ArrayLike<number>, second: ArrayLike<number>): number {
  checkSample("first", first);
  checkSample("second", second);
  const a = Float64Array.from(first).sort();
  const b = Float64Array.from(second).sort();
  let distance = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const value = Math.min(a[i], b[j]);
    while (i < a.length && a[i] <= value) i++;
    while (j < b.length && b[j] <= value) j++;
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
  }
  return distance;
}
