/** Fano factor of spike counts. */
import { mean, standardDeviation } from "./moments.js";
import { type TimeWindow, windowBounds } from "./time-window.js";

/**
 * Fano factor: population variance over mean of the spike counts of several trains (Elephant's `fanofactor`);
 * usually trials of one neuron, of equal duration. 1 for Poisson processes.
 * @param trains - times in ms, in any order
 * @param window - count only spikes inside; default: all
 * @returns dimensionless; NaN without trains or if all are empty
 * @throws SynfireError "bad-argument" for a bad window
 */
export function fanoFactor(trains: readonly ArrayLike<number>[], window?: TimeWindow): number {
  const { low, high } = window === undefined ? { low: -Infinity, high: Infinity } : windowBounds(window);
  const counts = trains.map((train) => {
    let count = 0;
    for (let i = 0; i < train.length; i++) if (train[i] >= low && train[i] < high) count++;
    return count;
  });
  return standardDeviation(counts) ** 2 / mean(counts);
}
