/** Another rate of a Poisson generator while everything else stays: no synapse, no sum and no delay changes its form. */

import { type Calibration, calibrate, type SynapseCounts } from "./calibration.js";
import type { Network, Projection } from "./network.js";

/**
 * @param counts - as for `calibrate`
 * @returns the network and calibration with the new rate; undefined if sums would need other units, so that the network must be
 * built anew
 */
export function retuned(
  network: Network,
  calibration: Calibration,
  drive: number,
  lambda: number,
  counts?: (p: Projection) => SynapseCounts,
): { readonly network: Network; readonly calibration: Calibration } | undefined {
  const drives = network.drives.map((d, k) => (k === drive ? { ...d, lambda } : d));
  const changed = { ...network, drives };
  const next = calibrate(changed, counts);
  const units = (c: Calibration) =>
    JSON.stringify(c.rings.map((receptors) => receptors.map((r) => [r.form, r.exponent])));
  return units(next) === units(calibration) ? { network: changed, calibration: next } : undefined;
}
