/** How late messages of other processes may be read: by the delays of the synapses between processes. */

import type { Calibration } from "../calibration.js";
import type { Network } from "../network.js";
import { runsOfIds } from "../runs.js";
import { ownedRanges, ranksOf } from "../team.js";

/** The shortest delay of synapses between neurons of different processes, in steps; Infinity if there are none. */
export function farDelay(network: Network, calibration: Calibration): number {
  const ranges = ownedRanges(network);
  let shortest = Number.POSITIVE_INFINITY;
  for (const p of network.projections) {
    // what generators send, each process generates by itself
    if (p.alias !== undefined) continue;
    const { minDelay } = calibration.projections.get(p)!;
    if (minDelay >= shortest) continue;
    const sources = ranksOf(ranges, runsOfIds(p.endpoints.sources));
    const targets = ranksOf(ranges, runsOfIds(p.endpoints.targets));
    if (sources.some((s) => targets.some((t) => t !== s))) shortest = minDelay;
  }
  return shortest;
}
