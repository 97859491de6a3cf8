/** Poisson input as kernels take it: per population, the generators of its neurons. */

import { Purpose, streamKey } from "../../random/streams.js";
import { type Calibration, delaySteps, fixedWeight, receptorOf } from "../calibration.js";
import type { Network } from "../network.js";
import { runsOfIds } from "../runs.js";
import { forEachSynapse } from "../synapses.js";
import { populationFinder } from "./layout.js";

export interface DrivePlan {
  /** index in the network's drives */
  readonly drive: number;
  readonly population: number;
  readonly receptor: number;
  readonly key: readonly [number, number];
  /** of all neurons of the population alike: in steps, and in units of the ring */
  readonly delay: number;
  readonly weight: number;
  /** else: what each neuron gets, by position in the population */
  readonly entries:
    | ReadonlyMap<number, readonly { ordinal: number; delay: number; weight: number }[]>
    | undefined;
  readonly first: number;
  /** see poissonTable() */
  readonly guide: Uint16Array;
  readonly thresholds: BigUint64Array;
}

/** Generators of a population at most; does any send differently to its neurons? */
export function drivesUsed(plans: readonly DrivePlan[]): { drives: number; driveEntries: boolean } {
  const counts = new Map<number, number>();
  for (const { population } of plans) counts.set(population, (counts.get(population) ?? 0) + 1);
  return {
    drives: Math.max(0, ...counts.values()),
    driveEntries: plans.some((d) => d.entries !== undefined),
  };
}

/** Of a number of 48 bits, those that lead to an entry of a guide. */
export const GUIDE_BITS = 6;
export const GUIDE_BYTES = 8 * 2 ** GUIDE_BITS;

/** A Poisson distribution as kernels search it. */
export function poissonTable(table: { readonly first: number; readonly thresholds: Float64Array }): {
  readonly first: number;
  readonly guide: Uint16Array;
  readonly thresholds: BigUint64Array;
} {
  const thresholds = BigUint64Array.from(table.thresholds, BigInt);
  // by the first of 48 bits: how many thresholds are below all numbers that begin so, and the upper 16 bits of the next three, counted from there
  const guide = new Uint16Array(GUIDE_BYTES / 2);
  const upper = Array.from(table.thresholds, (x) => Math.floor(x / 2 ** 32));
  const width = 2 ** (16 - GUIDE_BITS);
  for (let k = 0, n = 0; k < 2 ** GUIDE_BITS; k++) {
    while (n < upper.length && upper[n]! < k * width) n++;
    const next = [0, 1, 2].map((q) => Math.min(0xffff, (upper[n + q] ?? 0x10000) - k * width));
    guide.set([n, ...next], 4 * k);
  }
  return { first: table.first, guide, thresholds };
}

export function planDrives(network: Network, calibration: Calibration): DrivePlan[] {
  const plans: DrivePlan[] = [];
  const find = populationFinder(network.populations);
  network.drives.forEach((d, drive) => {
    const p = d.projection;
    const c = calibration.projections.get(p)!;
    const key = streamKey(network.seed, Purpose.poisson, p.id);
    const base = { drive, key, ...poissonTable(calibration.poisson.get(d.lambda)!) };
    const { targets } = p.endpoints;
    const once = p.plan.total === targets.length && p.plan.maxIndegree === 1;
    for (const [population, choice] of p.receptors) {
      const whole = network.populations[population]!;
      const own = runsOfIds(targets).reduce(
        (n, r) =>
          n +
          Math.max(
            0,
            Math.min(r.first + r.length, whole.first + whole.size) - Math.max(r.first, whole.first),
          ),
        0,
      );
      if (once && own === whole.size && p.weight.kind === "constant" && p.delay.kind === "constant") {
        const { receptor, value } = receptorOf(choice, p.weight.value * p.factor);
        plans.push({
          ...base,
          population,
          receptor,
          delay: delaySteps(p.delay.value, network.resolution),
          weight: fixedWeight(value, c, p, calibration.rings[population]![receptor]!),
          entries: undefined,
        });
        continue;
      }
      const lists = new Map<number, Map<number, { ordinal: number; delay: number; weight: number }[]>>();
      forEachSynapse(network.seed, p, 0, targets.length, (_, target, weight, delay, ordinal) => {
        const id = targets.id(target);
        if (find(id) !== population) return;
        const { receptor, value } = receptorOf(choice, weight);
        let list = lists.get(receptor);
        if (!list) lists.set(receptor, (list = new Map()));
        const entry = {
          ordinal,
          delay: delaySteps(delay, network.resolution),
          weight: fixedWeight(value, c, p, calibration.rings[population]![receptor]!),
        };
        const known = list.get(id - whole.first);
        if (known) known.push(entry);
        else list.set(id - whole.first, [entry]);
      });
      for (const [receptor, entries] of lists)
        plans.push({ ...base, population, receptor, delay: 0, weight: 0, entries });
    }
  });
  return plans;
}
