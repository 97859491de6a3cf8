/** Inter-spike intervals. */
import { badArgument, checkAllFinite, checkAscending } from "./checks.js";

/**
 * Inter-spike intervals of one train.
 * @param train - ascending times, ms
 * @returns ms, one fewer than there are spikes; empty for fewer than two spikes
 * @throws SynfireError "bad-argument" if the times do not ascend or are not finite
 */
export function isi(train: ArrayLike<number>): Float64Array {
  checkAscending("train", train);
  const intervals = new Float64Array(Math.max(0, train.length - 1));
  for (let i = 0; i < intervals.length; i++) intervals[i] = train[i + 1] - train[i];
  return intervals;
}

/** Throws a SynfireError ("bad-argument") unless all intervals are finite and at least 0. */
export function checkIntervals(intervals: ArrayLike<number>): void {
  checkAllFinite("intervals", intervals);
  for (let i = 0; i < intervals.length; i++) {
    if (intervals[i] < 0)
      throw badArgument(`intervals[${i}]`, intervals[i], "intervals of at least 0 ms, as isi gives");
  }
}
