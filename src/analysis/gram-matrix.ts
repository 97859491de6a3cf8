/** Sums of products of binned spike counts: what covariance and correlation have in common. */
import type { BinnedSpikeTrains } from "./binned-spike-trains.js";

/** A square matrix, row by row. */
export interface SquareMatrix {
  readonly size: number;
  /** element (i, j) is values[i * size + j] */
  readonly values: Float64Array;
}

/**
 * Sums over bins of (b_i - m_i) (b_j - m_j) for all pairs of trains, as <b_i, b_j> - n_i n_j / L with L bins.
 * Goes through the bins, not the pairs, so its cost is the number of pairs that are active together.
 */
export function centredProducts(binned: BinnedSpikeTrains): SquareMatrix {
  const { trainCount: size, binCount, offsets } = binned;
  const { rowOffsets, rows, counts } = byBin(binned);
  const values = new Float64Array(size * size);
  for (let bin = 0; bin < binCount; bin++) {
    const end = rowOffsets[bin + 1];
    for (let a = rowOffsets[bin]; a < end; a++) {
      const row = rows[a] * size;
      const count = counts[a];
      for (let b = a; b < end; b++) values[row + rows[b]] += count * counts[b];
    }
  }
  const totals = new Float64Array(size);
  for (let i = 0; i < size; i++)
    for (let k = offsets[i]; k < offsets[i + 1]; k++) totals[i] += binned.counts[k];
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) {
      const centred = values[i * size + j] - (totals[i] * totals[j]) / binCount;
      values[i * size + j] = values[j * size + i] = centred;
    }
  }
  return { size, values };
}

/** The transpose: for each bin, the rows that are active, ascending, and their counts. */
function byBin({ trainCount, binCount, offsets, bins, counts }: BinnedSpikeTrains) {
  const rowOffsets = new Float64Array(binCount + 1);
  for (const bin of bins) rowOffsets[bin + 1]++;
  for (let bin = 0; bin < binCount; bin++) rowOffsets[bin + 1] += rowOffsets[bin];
  const next = rowOffsets.slice(0, binCount);
  const rows = new Uint32Array(bins.length);
  const transposed = new Uint32Array(bins.length);
  for (let row = 0; row < trainCount; row++) {
    for (let k = offsets[row]; k < offsets[row + 1]; k++) {
      const place = next[bins[k]]++;
      rows[place] = row;
      transposed[place] = counts[k];
    }
  }
  return { rowOffsets, rows, counts: transposed };
}
