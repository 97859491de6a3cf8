/**
 * Where neurons live: dealt over blocks in turn. The number of a neuron, its source index, tells both its block (index mod blocks) and
 * its place there (index div blocks); populations of one model are neighbours, and begin on a whole warp where there are several
 * models. Of several processes each deals its share over the blocks of its own GPUs.
 */

import { SynfireError } from "../../errors.js";
import type { Network, Population } from "../network.js";
import { ownerOf, shareOf } from "../team.js";

const WARP = 32;
/** Mailboxes hold local ids of 16 bits and counts of 15. */
const MOST_SLOTS = 32_767;

export interface RankLayout {
  /** of all processes */
  readonly devices: number;
  /** per device, and of all devices */
  readonly blocks: number;
  readonly allBlocks: number;
  /** neurons per block, the last of some blocks empty */
  readonly slots: number;
  /** 2^localBits >= slots */
  readonly localBits: number;
  /** do neighbours within a population have neighbouring indices? */
  readonly contiguous: boolean;
  /** source index of a neuron, by its position in a population */
  indexOf(population: number, position: number): number;
  /** the neurons of a population that live on a device, and the index of the first block of that device */
  onDevice(
    population: number,
    device: number,
  ): { readonly from: number; readonly to: number; readonly firstBlock: number };
  /** blocks of one process */
  readonly processBlocks: number;
  readonly processes: number;
  /** the process that has a source's block */
  processOf(source: number): number;
  /** source indices of neurons, and ids from outside after them */
  readonly sourceCount: number;
  /** the index under which an id's synapses are found; -1 for ids that send nothing */
  sourceIndex(id: number): number;
}

/** bits for a place in a block */
export const localBitsFor = (slots: number): number => Math.ceil(Math.log2(Math.max(2, slots)));

/** ranks that populations take, those of one variant one after the other */
function rankCount(sizes: readonly number[], variants: readonly number[], allBlocks: number): number {
  const kinds = [...new Set(variants)];
  let end = 0;
  for (const v of kinds) {
    if (kinds.length > 1) end = Math.ceil(end / (WARP * allBlocks)) * WARP * allBlocks;
    sizes.forEach((n, k) => {
      if (variants[k] === v) end += n;
    });
  }
  return end;
}

/** @throws SynfireError "out-of-memory" if there are more neurons than blocks can hold */
export function slotsPerBlock(
  populations: readonly Population[],
  variants: readonly number[],
  processes: number,
  blocksOfProcess: number,
): number {
  const counts = Array.from({ length: processes }, (_, rank) => {
    const sizes = populations.map((p) => {
      const { from, to } = shareOf(p, { rank });
      return to - from;
    });
    return rankCount(sizes, variants, blocksOfProcess);
  });
  const slots = Math.max(1, Math.ceil(Math.max(...counts) / blocksOfProcess));
  if (slots > MOST_SLOTS)
    throw new SynfireError(
      "out-of-memory",
      `The network has ${slots} neurons per block of a GPU; ${MOST_SLOTS} is the most. Use more GPUs.`,
      "device",
    );
  return slots;
}

/** Deals the neurons. @param order - key by population: equal keys become neighbours within a variant */
export function layOut(
  network: Network,
  variants: readonly number[],
  order: readonly string[],
  externalIds: readonly number[],
  devices: number,
  blocks: number,
  processes = 1,
): RankLayout {
  const { populations } = network;
  const allBlocks = devices * blocks;
  const perProcess = allBlocks / processes;
  const slots = slotsPerBlock(populations, variants, processes, perProcess);
  const sorted = populations
    .map((_, k) => k)
    .sort(
      (a, b) =>
        variants[a]! - variants[b]! || (order[a]! < order[b]! ? -1 : order[a]! > order[b]! ? 1 : a - b),
    );
  const several = new Set(variants).size > 1;
  /** by process, by population: number of its first neuron among those of the process */
  const bases = Array.from({ length: processes }, (_, rank) => {
    const base = populations.map(() => 0);
    let end = 0;
    sorted.forEach((k, i) => {
      if (several && (i === 0 || variants[sorted[i - 1]!] !== variants[k]))
        end = Math.ceil(end / (WARP * perProcess)) * WARP * perProcess;
      base[k] = end;
      const { from, to } = shareOf(populations[k]!, { rank });
      end += to - from;
    });
    return base;
  });
  const first = bases[0]!;
  const indexOf =
    processes === 1
      ? (k: number, position: number) => first[k]! + position
      : (k: number, position: number) => {
          const p = populations[k]!;
          const rank = ownerOf(p, position);
          const own = bases[rank]![k]! + position - shareOf(p, { rank }).from;
          return Math.floor(own / perProcess) * allBlocks + rank * perProcess + (own % perProcess);
        };
  const external = new Map(externalIds.map((id, k) => [id, slots * allBlocks + k]));
  const find = populationFinder(populations);
  return {
    devices,
    blocks,
    allBlocks,
    slots,
    localBits: localBitsFor(slots),
    contiguous: processes === 1,
    indexOf,
    onDevice(k, device) {
      const rank = Math.floor((device * processes) / devices);
      return { ...shareOf(populations[k]!, { rank }), firstBlock: device * blocks };
    },
    processBlocks: perProcess,
    processes,
    processOf: (source) => Math.floor((source % allBlocks) / perProcess),
    sourceCount: slots * allBlocks + externalIds.length,
    sourceIndex(id) {
      const k = find(id);
      return k >= 0 ? indexOf(k, id - populations[k]!.first) : (external.get(id) ?? -1);
    },
  };
}

/** Index of the population that an id belongs to, -1 if it is no neuron's; populations ascend by id. */
export function populationFinder(populations: readonly Population[]): (id: number) => number {
  let last = 0;
  return (id) => {
    const within = (k: number) => {
      const p = populations[k];
      return p !== undefined && id >= p.first && id < p.first + p.size;
    };
    if (within(last)) return last;
    let [low, high] = [0, populations.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (populations[middle]!.first <= id) low = middle;
      else high = middle;
    }
    if (!within(low)) return -1;
    last = low;
    return low;
  };
}
