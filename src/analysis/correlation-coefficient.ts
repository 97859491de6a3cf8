/** Pearson correlation of binned spike trains. */
import type { BinnedSpikeTrains } from "./binned-spike-trains.js";
import { centredProducts, type SquareMatrix } from "./gram-matrix.js";

/**
 * Pearson correlation coefficients of the binned counts of all pairs of trains (Elephant's `correlation_coefficient`).
 * A train without spikes, or with the same count in every bin, has no correlation: its row and column are NaN.
 * @returns trainCount x trainCount, symmetric, 1 on the diagonal
 */
export function correlationCoefficient(binned: BinnedSpikeTrains): SquareMatrix {
  const { size, values } = centredProducts(binned);
  const variances = Float64Array.from({ length: size }, (_, i) => values[i * size + i]);
  const coefficients = values.map((value, k) => {
    const product = variances[Math.floor(k / size)] * variances[k % size];
    return product > 0 ? value / Math.sqrt(product) : Number.NaN;
  });
  return { size, values: coefficients };
}

/**
 * The correlation coefficients of all pairs i < j.
 * @returns the upper triangle, row by row: (0,1), (0,2), ..., (1,2), ...; trainCount (trainCount - 1) / 2 entries, NaN as above
 */
export function pairwiseCorrelations(binned: BinnedSpikeTrains): Float64Array {
  const { size, values } = correlationCoefficient(binned);
  const pairs = new Float64Array((size * (size - 1)) / 2);
  let used = 0;
  for (let i = 0; i < size; i++) {
    pairs.set(values.subarray(i * size + i + 1, (i + 1) * size), used);
    used += size - i - 1;
  }
  return pairs;
}
