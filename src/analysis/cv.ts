/** Coefficient of variation of inter-spike intervals. */
import { checkIntervals } from "./isi.js";
import { mean, standardDeviation } from "./moments.js";

/**
 * Coefficient of variation: population standard deviation over mean, as `scipy.stats.variation` and Elephant's `cv`.
 * 1 for a Poisson process, 0 for a clock.
 * @param intervals - inter-spike intervals, ms
 * @returns dimensionless; NaN without intervals or if all are 0
 * @throws SynfireError "bad-argument" for an interval that is negative or not finite
 */
export function cv(intervals: ArrayLike<number>): number {
  checkIntervals(intervals);
  return standardDeviation(intervals) / mean(intervals);
}
