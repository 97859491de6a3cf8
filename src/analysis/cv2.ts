/** CV2: variability of adjacent inter-spike intervals. */
import { checkIntervals } from "./isi.js";

/**
 * CV2 = 2 <|I2 - I1| / (I1 + I2)> over adjacent intervals: insensitive to slow changes of the rate.
 * (Holt, Softky, Koch & Douglas 1996, doi 10.1152/jn.1996.75.5.1806; Elephant's `cv2`.)
 * @param intervals - inter-spike intervals, ms
 * @returns dimensionless; NaN for fewer than two intervals or two adjacent zeros
 * @throws SynfireError "bad-argument" for an interval that is negative or not finite
 */
export function cv2(intervals: ArrayLike<number>): number {
  checkIntervals(intervals);
  let sum = 0;
  for (let i = 1; i < intervals.length; i++) {
    sum += Math.abs(intervals[i] - intervals[i - 1]) / (intervals[i] + intervals[i - 1]);
  }
  return intervals.length < 2 ? Number.NaN : (2 * sum) / (intervals.length - 1);
}
