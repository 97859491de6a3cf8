/** Cuts populations into tiles and deals the tiles to threads. */

import { isIntegrated } from "../../compiler/program.js";
import type { Calibration } from "../calibration.js";
import type { Network } from "../network.js";
import { shareOf, type Team } from "../team.js";
import { lanesOf } from "./kernels/update.js";

export interface TileShape {
  readonly population: number;
  readonly thread: number;
  /** position of the first neuron in its population */
  readonly from: number;
  readonly size: number;
  /** whole groups of lanes */
  readonly padded: number;
  /** a ring has 2^rowCountBits rows of 2^targetBits sums */
  readonly rowCountBits: number;
  readonly targetBits: number;
}

/** What of a tile should fit into a core's own cache, in bytes. */
const CACHE = 640 * 1024;
/** Below this many neurons per thread a population is not cut. */
const SMALL = 192;

const bitsFor = (n: number): number => Math.max(0, Math.ceil(Math.log2(Math.max(1, n))));

export function partition(
  network: Network,
  calibration: Calibration,
  threads: number,
  tileSize: number | undefined,
  team?: Team,
): TileShape[] {
  const longest = network.populations.map(() => 1);
  const incoming = network.populations.map(() => 0);
  let packed = network.populations.map(() => false);
  const all = [...network.projections, ...network.drives.map((d) => d.projection)];
  for (const p of all) {
    const c = calibration.projections.get(p)!;
    for (const k of p.receptors.keys()) {
      longest[k] = Math.max(longest[k]!, c.maxDelay);
      incoming[k]! += p.plan.total / p.receptors.size;
      if (c.layout === "packed") packed = packed.map((x, i) => x || i === k);
    }
  }
  const tiles: (TileShape & { cost: number })[] = [];
  network.populations.forEach((population, k) => {
    const { program, size } = population;
    const lanes = lanesOf(program);
    const rowCountBits = bitsFor(longest[k]!);
    const entryBytes = calibration.rings[k]!.reduce((sum, r) => sum + (r.form === "f64" ? 8 : 4), 0);
    const stateBytes = (program.states.length + 2) * (program.real === "f64" ? 8 : 4);
    const perNeuron = 2 ** rowCountBits * entryBytes + stateBytes;
    let most = tileSize ?? Math.max(64, Math.floor(CACHE / perNeuron));
    if (packed[k] && 16 - rowCountBits >= 6) most = Math.min(most, 2 ** (16 - rowCountBits));
    most = Math.max(1, Math.min(most, 65536));
    const share = shareOf(population, team);
    const own = share.to - share.from;
    let count = Math.max(1, Math.ceil(own / most));
    if (tileSize === undefined && own >= SMALL * threads) count = Math.ceil(count / threads) * threads;
    const each = Math.max(1, Math.ceil(own / count / lanes) * lanes);
    for (let from = share.from; from < share.to; from += each) {
      const n = Math.min(each, share.to - from);
      const padded = Math.ceil(n / lanes) * lanes;
      const cost = n * (isIntegrated(program) ? 40 : 1) * 1e4 + ((incoming[k]! * n) / size) * 30;
      tiles.push({
        population: k,
        thread: 0,
        from,
        size: n,
        padded,
        rowCountBits,
        targetBits: bitsFor(padded),
        cost,
      });
    }
  });
  // the costliest first, each to the thread that has least; ties by order, so that the result is always the same
  const load = new Float64Array(threads);
  const order = tiles.map((_, i) => i).sort((a, b) => tiles[b]!.cost - tiles[a]!.cost || a - b);
  const thread = new Array<number>(tiles.length).fill(0);
  for (const i of order) {
    let least = 0;
    for (let t = 1; t < threads; t++) if (load[t]! < load[least]!) least = t;
    thread[i] = least;
    load[least]! += tiles[i]!.cost;
  }
  return tiles.map(({ cost, ...tile }, i) => ({ ...tile, thread: thread[i]! }));
}
