/** Mean firing rates: spikes divided by the time looked at. */
import { badArgument, checkAllFinite } from "./checks.js";
import { countSpikes, type SpikeData } from "./spike-data.js";
import { type TimeWindow, windowBounds } from "./time-window.js";

/** ms in a second: times are in ms and rates in Hz */
const PER_SECOND = 1000;

/**
 * Mean firing rate of one train, n / (stop - start), as Elephant's `mean_firing_rate`.
 * @param train - times in ms, in any order
 * @returns Hz; 0 for a train without spikes in the window
 * @throws SynfireError "bad-argument" for a bad window or a time that is not finite
 */
export function meanFiringRate(train: ArrayLike<number>, window: TimeWindow): number {
  const { low, high } = windowBounds(window);
  checkAllFinite("train", train);
  let count = 0;
  for (let i = 0; i < train.length; i++) if (train[i] >= low && train[i] < high) count++;
  return (PER_SECOND * count) / (window.stop - window.start);
}

/**
 * Mean firing rate of each neuron, without taking the spikes apart into trains.
 * @returns Hz, one per id, in the order of `ids`
 * @throws SynfireError "bad-argument" for a bad window, bad data, or a bad or repeated id
 */
export function meanRates(data: SpikeData, ids: ArrayLike<number>, window: TimeWindow): Float64Array {
  const scale = PER_SECOND / (window.stop - window.start);
  return Float64Array.from(countSpikes(data, ids, window), (count) => count * scale);
}

/**
 * Mean firing rate of a population: the mean over its neurons, silent ones included.
 * @returns Hz per neuron
 * @throws SynfireError "bad-argument" as meanRates, and for a population without neurons
 */
export function populationRate(data: SpikeData, ids: ArrayLike<number>, window: TimeWindow): number {
  if (ids.length === 0) throw badArgument("ids", "empty", "at least one neuron");
  let total = 0;
  for (const count of countSpikes(data, ids, window)) total += count;
  return (PER_SECOND * total) / (window.stop - window.start) / ids.length;
}
