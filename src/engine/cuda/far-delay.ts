/** How late messages of other processes may be read: by the delays of the synapses between processes. */

import type { Calibration } from "../calibration.js";
import type { Network, Projection } from "../network.js";
import { runsOfIds } from "../runs.js";
import { shareOf } from "../team.js";

/** The shortest delay of synapses between neurons of different processes, in steps; Infinity if there are none. */
export function farDelay(network: Network, calibration: Calibration, processes: number): number {
  let shortest = Number.POSITIVE_INFINITY;
  if (processes === 1) return shortest;
  for (const p of network.projections) {
    // what generators send, each process generates by itself
    if (p.alias !== undefined) continue;
    const { minDelay } = calibration.projections.get(p)!;
    if (minDelay < shortest && crosses(network, p, processes)) shortest = minDelay;
  }
  return shortest;
}

function crosses(network: Network, { endpoints }: Projection, processes: number): boolean {
  const sources = ranksOf(network, endpoints.sources, processes);
  const targets = ranksOf(network, endpoints.targets, processes);
  return [...sources].some((s) => targets.size > 1 || !targets.has(s)) && targets.size > 0;
}

/** the ranks that own neurons of a set of ids */
function ranksOf(
  network: Network,
  ids: Parameters<typeof runsOfIds>[0],
  processes: number,
): ReadonlySet<number> {
  const ranks = new Set<number>();
  for (const run of runsOfIds(ids))
    for (const p of network.populations) {
      const [first, end] = [Math.max(run.first, p.first), Math.min(run.first + run.length, p.first + p.size)];
      for (let rank = 0; rank < processes && first < end; rank++) {
        const { from, to } = shareOf(p, { rank });
        if (first < p.first + to && p.first + from < end && from < to) ranks.add(rank);
      }
    }
  return ranks;
}
