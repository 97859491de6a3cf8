/** Spikes as recorded, and how to take them apart into one train per neuron. */
import { badArgument, checkInteger } from "./checks.js";
import { type TimeWindow, windowBounds } from "./time-window.js";

/** Spikes as recorded: parallel arrays, in any order. */
export interface SpikeData {
  /** node ids, one per spike */
  readonly senders: ArrayLike<number>;
  /** ms, one per spike */
  readonly times: ArrayLike<number>;
}

/** Throws a SynfireError ("bad-argument") if the two arrays differ in length. */
export function checkSpikeData(data: SpikeData): void {
  if (data.senders.length !== data.times.length) {
    throw badArgument(
      "times",
      `${data.times.length} long`,
      `as many times as senders (${data.senders.length})`,
    );
  }
}

/**
 * A function from a node id to its place in `ids`, -1 if it is not there.
 * A table when the ids are not much sparser than the data, which is the usual case and several times faster than a Map.
 * @throws SynfireError "bad-argument" for an id that is not a non-negative integer, or is there twice
 */
export function indexOfId(ids: ArrayLike<number>, dataLength: number): (id: number) => number {
  let largest = -1;
  for (let i = 0; i < ids.length; i++) {
    checkInteger(`ids[${i}]`, ids[i]);
    if (ids[i] > largest) largest = ids[i];
  }
  const twice = (i: number) => badArgument(`ids[${i}]`, `${ids[i]} again`, "each id once");
  if (largest < 16 * (ids.length + dataLength) + 1e6) {
    const table = new Int32Array(largest + 1).fill(-1);
    for (let i = 0; i < ids.length; i++) {
      if (table[ids[i]] !== -1) throw twice(i);
      table[ids[i]] = i;
    }
    return (id) => (id <= largest && id >= 0 ? table[id] : -1);
  }
  const map = new Map<number, number>();
  for (let i = 0; i < ids.length; i++) {
    if (map.has(ids[i])) throw twice(i);
    map.set(ids[i], i);
  }
  return (id) => map.get(id) ?? -1;
}

/** Number of spikes of each id in a window. @returns one count per id, in the order of `ids` */
export function countSpikes(data: SpikeData, ids: ArrayLike<number>, window?: TimeWindow): Uint32Array {
  checkSpikeData(data);
  const { senders, times } = data;
  const { low, high } = window === undefined ? { low: -Infinity, high: Infinity } : windowBounds(window);
  const find = indexOfId(ids, senders.length);
  const counts = new Uint32Array(ids.length);
  for (let k = 0; k < senders.length; k++) {
    const time = times[k];
    if (!Number.isFinite(time)) throw badArgument(`times[${k}]`, time, "finite times (ms)");
    if (time < low || time >= high) continue;
    const row = find(senders[k]);
    if (row >= 0) counts[row]++;
  }
  return counts;
}

/**
 * One spike train per id: a counting sort over the senders, then a sort of those trains that are not yet in order.
 * @param data - spikes of any number of neurons; spikes of neurons that are not in `ids` are not asked for
 * @param ids - node ids, each once; the order of the result
 * @param window - take only the spikes inside; default: all
 * @returns one ascending array of times in ms per id, empty for a neuron without spikes; views of one shared buffer
 * @throws SynfireError "bad-argument" for arrays of unequal length, a time that is not finite, or a bad or repeated id
 */
export function spikeTrains(data: SpikeData, ids: ArrayLike<number>, window?: TimeWindow): Float64Array[] {
  const counts = countSpikes(data, ids, window);
  const { senders, times } = data;
  const { low, high } = window === undefined ? { low: -Infinity, high: Infinity } : windowBounds(window);
  const find = indexOfId(ids, senders.length);
  const next = new Float64Array(ids.length); // float64: offsets may exceed 2^32
  let total = 0;
  for (let row = 0; row < counts.length; row++) {
    next[row] = total;
    total += counts[row];
  }
  const sorted = new Float64Array(total);
  for (let k = 0; k < senders.length; k++) {
    const time = times[k];
    if (time < low || time >= high) continue;
    const row = find(senders[k]);
    if (row >= 0) sorted[next[row]++] = time;
  }
  return Array.from(counts, (count, row) => {
    const train = sorted.subarray(next[row] - count, next[row]);
    for (let i = 1; i < train.length; i++) if (train[i] < train[i - 1]) return train.sort();
    return train;
  });
}
