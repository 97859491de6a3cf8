/** Binned spike trains in compressed rows: only bins with spikes are stored, so 1e5 bins of 250 slow neurons are small. */
import { badArgument, checkAscending, checkInteger } from "./checks.js";
import { binIndex, countBins, type TimeWindow } from "./time-window.js";

/** Spike counts per train and bin; rows are trains. */
export interface BinnedSpikeTrains {
  /** ms */
  readonly binWidth: number;
  /** ms */
  readonly start: number;
  /** ms */
  readonly stop: number;
  /** bins per train */
  readonly binCount: number;
  readonly trainCount: number;
  /** row r is the entries offsets[r] to offsets[r + 1] of `bins` and `counts`; trainCount + 1 entries */
  readonly offsets: Float64Array;
  /** bins with at least one spike, ascending within a row */
  readonly bins: Uint32Array;
  /** spikes in that bin */
  readonly counts: Uint32Array;
}

/** How to bin: the window in ms, the width of a bin in ms (must divide the window), and whether to clip to 0 or 1. */
export interface BinOptions extends TimeWindow {
  /** ms */
  readonly binWidth: number;
  /** count several spikes in one bin once; default false */
  readonly clip?: boolean;
}

/**
 * Counts the spikes of each train in bins of equal width (Elephant's BinnedSpikeTrain).
 * @param trains - ascending times in ms, one array per train; spikes outside the window are not asked for
 * @throws SynfireError "bad-argument" if a train does not ascend or the bin width does not divide the window
 */
export function binSpikes(trains: readonly ArrayLike<number>[], options: BinOptions): BinnedSpikeTrains {
  const { binWidth, start, stop, clip = false } = options;
  const binCount = countBins(options, binWidth);
  const binOf = binIndex(options, binWidth);
  let capacity = 0;
  for (let row = 0; row < trains.length; row++) {
    checkAscending(`trains[${row}]`, trains[row]);
    capacity += trains[row].length;
  }
  const bins = new Uint32Array(capacity);
  const counts = new Uint32Array(capacity);
  const offsets = new Float64Array(trains.length + 1);
  let used = 0;
  for (let row = 0; row < trains.length; row++) {
    const train = trains[row];
    let previous = -1;
    for (let i = 0; i < train.length; i++) {
      const bin = binOf(train[i]);
      if (bin < 0 || bin >= binCount) continue;
      if (bin === previous) {
        if (!clip) counts[used - 1]++;
        continue;
      }
      bins[used] = previous = bin;
      counts[used++] = 1;
    }
    offsets[row + 1] = used;
  }
  const trimmed = { bins: bins.slice(0, used), counts: counts.slice(0, used) };
  return { binWidth, start, stop, binCount, trainCount: trains.length, offsets, ...trimmed };
}

/** The same rows with every count clipped to 1 (Elephant's `binarize`). */
export function clipBins(binned: BinnedSpikeTrains): BinnedSpikeTrains {
  return { ...binned, counts: new Uint32Array(binned.counts.length).fill(1) };
}

/**
 * One row in full.
 * @returns spike counts, one per bin
 * @throws SynfireError "bad-argument" for a row that does not exist
 */
export function denseRow(binned: BinnedSpikeTrains, row: number): Float64Array {
  checkRow(binned, "row", row);
  const dense = new Float64Array(binned.binCount);
  for (let k = binned.offsets[row]; k < binned.offsets[row + 1]; k++)
    dense[binned.bins[k]] = binned.counts[k];
  return dense;
}

/** Throws a SynfireError ("bad-argument") unless `row` is one of the trains. */
export function checkRow(binned: BinnedSpikeTrains, key: string, row: number): void {
  checkInteger(key, row);
  if (row >= binned.trainCount) throw badArgument(key, row, `0 to ${binned.trainCount - 1}`);
}
