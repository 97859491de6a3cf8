/** LV: local variation of inter-spike intervals. */
import { checkIntervals } from "./isi.js";

/**
 * Local variation LV = 3 <((I1 - I2) / (I1 + I2))^2> over adjacent intervals.
 * (Shinomoto, Shima & Tanji 2003, doi 10.1162/089976603322518759; Elephant's `lv`.)
 * @param intervals - inter-spike intervals, ms
 * @returns dimensionless; NaN for fewer than two intervals or two adjacent zeros
 * @throws SynfireError "bad-argument" for an interval that is negative or not finite
 */
export function lv(intervals: ArrayLike<number>): number {
  checkIntervals(intervals);
  let sum = 0;
  for (let i = 1; i < intervals.length; i++) {
    sum += ((intervals[i] - intervals[i - 1]) / (intervals[i] + intervals[i - 1])) ** 2;
  }
  return intervals.length < 2 ? Number.NaN : (3 * sum) / (intervals.length - 1);
}
