/** LvR: local variation corrected for refractoriness. */
import { badArgument } from "./checks.js";
import { checkIntervals } from "./isi.js";

/**
 * Revised local variation LvR = 3 <(1 - 4 I1 I2 / (I1 + I2)^2) (1 + 4 R / (I1 + I2))> over adjacent intervals.
 * (Shinomoto et al. 2009, doi 10.1371/journal.pcbi.1000433; Elephant's `lvr`.)
 * @param intervals - inter-spike intervals, ms
 * @param refractoriness - the constant R, ms; default 5
 * @returns dimensionless; NaN for fewer than two intervals or two adjacent zeros
 * @throws SynfireError "bad-argument" for an interval or R that is negative or not finite
 */
export function lvR(intervals: ArrayLike<number>, refractoriness = 5): number {
  checkIntervals(intervals);
  if (!(Number.isFinite(refractoriness) && refractoriness >= 0)) {
    throw badArgument("refractoriness", refractoriness, "a finite number of at least 0 (ms)");
  }
  let sum = 0;
  for (let i = 1; i < intervals.length; i++) {
    const pair = intervals[i] + intervals[i - 1];
    sum += (1 - (4 * intervals[i] * intervals[i - 1]) / (pair * pair)) * (1 + (4 * refractoriness) / pair);
  }
  return intervals.length < 2 ? Number.NaN : (3 * sum) / (intervals.length - 1);
}
