/** Complexity distribution: how many trains are active together. */
import type { BinnedSpikeTrains } from "./binned-spike-trains.js";

/**
 * Probability that exactly k trains spike in a bin (Elephant's `Complexity(...).pdf()` with spread 0;
 * Grün, Abeles & Diesmann 2008). A train counts once however often it spikes in the bin.
 * @returns probabilities for k = 0 ... trainCount
 */
export function complexityDistribution(binned: BinnedSpikeTrains): Float64Array {
  const active = new Uint32Array(binned.binCount);
  for (const bin of binned.bins) active[bin]++;
  const probabilities = new Float64Array(binned.trainCount + 1);
  for (const k of active) probabilities[k] += 1;
  return probabilities.map((count) => count / binned.binCount);
}
