/** Covariance of binned spike trains. */
import type { BinnedSpikeTrains } from "./binned-spike-trains.js";
import { badArgument } from "./checks.js";
import { centredProducts, type SquareMatrix } from "./gram-matrix.js";

/**
 * Covariance matrix <b_i - m_i, b_j - m_j> / (L - 1) of the counts of all pairs of trains in L bins (Elephant's `covariance`).
 * @returns trainCount x trainCount, spikes^2
 * @throws SynfireError "bad-argument" for fewer than two bins
 */
export function covariance(binned: BinnedSpikeTrains): SquareMatrix {
  if (binned.binCount < 2) throw badArgument("binCount", binned.binCount, "at least 2 bins");
  const { size, values } = centredProducts(binned);
  return { size, values: values.map((value) => value / (binned.binCount - 1)) };
}
