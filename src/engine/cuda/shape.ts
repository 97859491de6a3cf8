/** How a network is laid over a GPU: blocks, threads, which rings lie in shared memory. */

import { isIntegrated } from "../../compiler/program.js";
import type { Calibration } from "../calibration.js";
import type { Network } from "../network.js";
import { debugs } from "./debug.js";
import type { DeviceInfo } from "./driver.js";
import { GUIDE_BYTES } from "./drives.js";
import { localBitsFor, type RankLayout } from "./layout.js";
import type { InboxPlan, RingPlan, RunShape } from "./sources.js";
import { Drive, FORMAT_BYTES, Format, NOWHERE, Table } from "./structs.js";
import type { TablePlan } from "./tables.js";
import { mostOf, type Variant } from "./variants.js";

/** Below this many neurons one block does, and need not exchange anything. */
const SMALL = 256;
/** Fewer neurons per block than this gain nothing by more blocks; of models that are integrated numerically, fewer still. */
const LEAST = 64;
const LEAST_HEAVY = 16;
/**
 * Threads of a block for such models: as many as neurons, up to this; where a thread has several neurons, so few that nothing must be kept
 * outside of registers.
 */
const MOST_HEAVY = 512;
const SEVERAL_HEAVY = 384;
/**
 * Warps without neurons of their own, to which those in their upstroke move: so many at least, and then a multiple of four warps, since a multiprocessor
 * has four schedulers, up to so many, for which registers are enough.
 */
const SPARE_WARPS = 2;
const MOST_ASIDE = { float32: 16, float64: 8 };
/** Threads at least, so that each of those that take mailboxes has few. */
const LEAST_ASIDE = { float32: 384, float64: 256 };
const LANES = 32;
/** Tables that are copied to shared memory. */
const SHARED_TABLES = 24;
/** Of fewer neurons so few fire in a step that two lanes for a slice would leave most lanes without one. */
const FEW = 32_768;
/** Of so many synapses of a slice for each lane, slices differ so much that twice as many at a time shorten a step. */
const MANY_PER_LANE = 2.5;
/** Messages may be read this many steps late at most, if delays allow it: more hides no more. */
const MOST_LAG = 7;
/** Those of other processes this many steps later than one's own at most. */
const FARTHER = 2;

const neuronsOf = (network: Network): number => network.populations.reduce((n, p) => n + p.size, 0);

const isHeavy = (v: Variant): boolean => isIntegrated(v.program);

export function blocksFor(
  network: Network,
  info: DeviceInfo,
  variants: readonly Variant[],
  devices: number,
  wanted: number | undefined,
): number {
  const neurons = neuronsOf(network);
  if (wanted !== undefined) return Math.min(wanted, info.multiprocessors);
  const heavy = variants.some(isHeavy);
  if (devices === 1 && neurons <= (heavy ? LEAST_HEAVY : SMALL)) return 1;
  return Math.max(
    1,
    Math.min(info.multiprocessors, Math.ceil(neurons / devices / (heavy ? LEAST_HEAVY : LEAST))),
  );
}

export interface Shape extends RunShape {
  readonly sharedBytes: number;
}

/**
 * The lanes of a warp share slices of so few synapses: where threads have several neurons; where they have one; and where that is integrated
 * numerically and blocks have so many.
 */
const SHORT_SLICE = { several: 24, one: 16, heavy: 5 };
const HEAVY_SLOTS = 256;
/** A table and a multiplicity share 32 bits. */
const MOST_TABLES_SHARED = 65536;
/** What a lane tells the others of a slice: Share in kernels/deliver.cu. */
const SHARE_BYTES = 16;
/** Generators that are copied to shared memory, with the guides to their numbers, if there is room. */
const MOST_SHARED_DRIVES = 16;
/** Events of one step that an inbox has room for, per neuron and receptor. */
const INBOX_EVENTS = 4;
/** Rings in global memory become an inbox where they take more than this part of the second cache. */
const INBOX_FROM = 0.25;

const align = (n: number, to = 16): number => Math.ceil(n / to) * to;

/** Which receptors are summed in 64 bits: by index, over all populations. */
export function wideRings(network: Network, calibration: Calibration): boolean[] {
  const wide: boolean[] = [false];
  network.populations.forEach((p) => {
    calibration.rings[p.index]!.forEach((ring, r) => {
      wide[r] = (wide[r] ?? false) || ring.form === "f64";
    });
  });
  return wide;
}

/** The rings of receptors, the smallest first in shared memory, as many as fit between two offsets; all have a place in global memory. */
function placeRings(
  wide: readonly boolean[],
  rows: readonly number[],
  slots: number,
  from: number,
  to: number,
): { readonly rings: RingPlan[]; readonly ringBytes: number; readonly end: number } {
  const bytes = wide.map((w, r) => align(rows[r]! * slots * (w ? 8 : 4)));
  const sharedOffsets = wide.map(() => -1);
  let end = from;
  for (const r of wide.map((_, k) => k).sort((a, b) => bytes[a]! - bytes[b]! || a - b)) {
    if (end + bytes[r]! > to) continue;
    sharedOffsets[r] = end;
    end += bytes[r]!;
  }
  let ringBytes = 0;
  const rings = wide.map((w, r): RingPlan => {
    const offset = ringBytes;
    ringBytes += bytes[r]!;
    return {
      wide: w,
      rows: rows[r]!,
      shared: sharedOffsets[r]! >= 0,
      sharedOffset: Math.max(0, sharedOffsets[r]!),
      offset,
    };
  });
  return { rings, ringBytes, end };
}

/** Lists of events by step, where they can hold what tables have, and shared memory from an offset on holds their sums. */
function planInbox(
  wide: readonly boolean[],
  rowsOf: readonly number[],
  slots: number,
  tables: readonly TablePlan[],
  offset: number,
  end: number,
): (InboxPlan & { readonly sharedEnd: number }) | undefined {
  const localBits = localBitsFor(slots);
  if (wide.some((w) => w) || tables.every((t, k) => tagOf(t, k, localBits) === NOWHERE)) return undefined;
  const rows = Math.max(...rowsOf);
  const times = tables.some((t) => t.format === Format.packed);
  const sumsOffset = align(offset + 8 * rows);
  const sharedEnd = sumsOffset + 4 * slots * wide.length;
  if (sharedEnd > end) return undefined;
  const capacity = debugs("crowded") ? 0 : align(INBOX_EVENTS * slots * wide.length);
  return { ...{ rows, times, capacity, offset, sumsOffset }, sharedEnd };
}

/** of one block, in global memory */
export const inboxBytes = ({ inbox }: Pick<Shape, "inbox">): number =>
  inbox ? (inbox.times ? 4 : 2) * inbox.rows * inbox.capacity : 0;

/** How events of an inbox name a table: NOWHERE if they cannot, or cannot hold its weights. */
export function tagOf(table: TablePlan, index: number, localBits: number): number {
  const narrow =
    table.format === Format.place16 || table.format === Format.place32 || table.format === Format.packed;
  return narrow && index < 2 ** (16 - localBits) ? index * 2 ** localBits : NOWHERE;
}

/** Rings, and an inbox in their place where they would leave the cache: in shared memory from an offset on. */
function arrangeInput(
  wide: readonly boolean[],
  rows: readonly number[],
  slots: number,
  tables: readonly TablePlan[],
  from: number,
  to: number,
  leaveCache: (rings: readonly RingPlan[]) => boolean,
) {
  const placed = placeRings(wide, rows, slots, from, to);
  const inbox = leaveCache(placed.rings) ? planInbox(wide, rows, slots, tables, from, to) : undefined;
  if (!inbox) return { ...placed, inbox };
  // in global memory; all have the rows of the inbox
  const all = wide.map(() => inbox.rows);
  return { ...placeRings(wide, all, slots, 0, 0), inbox, end: inbox.sharedEnd };
}

/** Threads of a block in which neurons in their upstroke can be aside from others; 0 if they cannot be, or have none. */
function threadsWithAside(
  variants: readonly Variant[],
  wholeWarps: number,
  precision: Network["precision"],
  threadsPerBlock: number,
): number {
  const threads = 4 * LANES * Math.ceil((wholeWarps / LANES + SPARE_WARPS) / 4);
  const able = variants.some((v) => v.program.steep) && !debugs("together");
  return able && threads <= Math.min(threadsPerBlock, MOST_ASIDE[precision] * LANES) ? threads : 0;
}

/** What a neuron takes with it when it moves: Moved in kernels/resident.cu. */
function movedBytes(
  variants: readonly Variant[],
  wide: readonly boolean[],
  precision: Network["precision"],
): number {
  const sums = 2 * wide.length * (wide.some((w) => w) ? 8 : 4);
  return (
    align(20 + 4 * mostOf(variants, (v) => v.ints) + sums, 8) +
    8 +
    mostOf(variants, (v) => v.reals) * (precision === "float64" ? 8 : 4)
  );
}

/** Fewer threads have more registers each. */
function enoughThreads(heavy: boolean, slots: number, precision: Network["precision"]): number {
  if (heavy) return slots <= MOST_HEAVY ? Math.max(256, slots) : SEVERAL_HEAVY;
  if (precision === "float64" || slots <= 512) return 512;
  return slots <= 768 ? 768 : 1024;
}

export interface ShapeParts {
  readonly network: Network;
  readonly calibration: Calibration;
  readonly info: DeviceInfo;
  readonly variants: readonly Variant[];
  readonly tables: readonly TablePlan[];
  /** receptors that are summed in 64 bits */
  readonly wide: readonly boolean[];
  readonly slots: number;
  readonly layout: Pick<RankLayout, "devices" | "blocks" | "processBlocks">;
  readonly synapsesPerSlice: number;
  /** the shortest delay of synapses between processes, in steps */
  readonly farDelay: number;
  /** are synapses in trays? */
  readonly trays: boolean;
  /** Poisson generators of all populations */
  readonly drives: number;
}

export function shapeFor(given: ShapeParts): Shape {
  const { network, calibration, info, variants, tables, wide, slots, synapsesPerSlice } = given;
  const { farDelay, trays, drives } = given;
  const { devices, blocks, processBlocks } = given.layout;
  const allBlocks = devices * blocks;
  const solo = allBlocks === 1;
  const heavy = variants.some(isHeavy);
  const wholeWarps = Math.ceil(slots / 32) * 32;
  const most = Math.min(info.threadsPerBlock, enoughThreads(heavy, wholeWarps, network.precision));
  const threadsAside = threadsWithAside(variants, wholeWarps, network.precision, info.threadsPerBlock);
  // a block alone needs no warps beside those of its neurons
  const threads = threadsAside
    ? Math.min(info.threadsPerBlock, Math.max(solo ? 0 : LEAST_ASIDE[network.precision], threadsAside))
    : solo
      ? Math.min(most, Math.max(64, wholeWarps))
      : most;
  const tiles = Math.ceil(slots / threads);
  const multi =
    network.populations.some((p) => p.maxEmission > 1) || network.projections.some((p) => p.maxEmission > 1);
  const mostSpikes = network.populations.reduce((most, p) => Math.max(most, p.maxEmission), 1);
  const wideEntries = multi && mostSpikes >= 2 ** (16 - localBitsFor(slots));
  const parts = wide.map((_, r) =>
    tables.filter((t) => t.receptor === r).flatMap((t) => t.parts.map(({ part }) => part)),
  );
  // rows: a sum waits for the longest delay; the row of the step that is updated must not be one that is added to
  const rows = parts.map((list) => Math.max(1, ...list.map((p) => p.maxDelay + 1)));
  // where nothing but the next step depends on what arrives in one, messages have a step more to travel
  const lateInput =
    !solo && calibration.minDelay <= MOST_LAG && variants.every((v) => v.program.splitUpdate());
  const mostLag = (delay: number) => Math.min(MOST_LAG, delay - (lateInput ? 0 : 1));
  const lag = solo ? 0 : mostLag(calibration.minDelay);
  // where threads have several neurons, no time is left while the own process is waited for; where messages have a step to travel, nobody waits
  const farLag =
    tiles > 1 || lateInput || processBlocks === allBlocks
      ? lag
      : Math.max(lag, Math.min(lag + FARTHER, mostLag(farDelay)));
  const kinds = farLag > lag ? 2 : 1;
  const listOffset = align(40 + 8 * kinds * wide.length);
  const tableOffset = align(listOffset + (wideEntries ? 4 : 2) * slots);
  const sharedTables = tables.length <= SHARED_TABLES ? tables.length : 0;
  const lateOffset = align(tableOffset + sharedTables * Table.bytes);
  const sharesOffset = align(lateOffset + (tiles > 1 && heavy ? 2 * slots : 0));
  const grouped = debugs("grouped");
  const shortSlice = SHORT_SLICE[tiles > 1 ? "several" : heavy && slots >= HEAVY_SLOTS ? "heavy" : "one"];
  const wantsShares =
    !solo &&
    !trays &&
    !grouped &&
    synapsesPerSlice <= shortSlice &&
    tables.length > 0 &&
    tables.length <= MOST_TABLES_SHARED &&
    tables.every((t) => FORMAT_BYTES[t.format]! <= 4);
  const arrange = (from: number) =>
    arrangeInput(wide, rows, slots, tables, from, info.sharedMemory, (rings) => {
      // rings in global memory are fine as long as what is added to stays in the cache
      const touched = parts.map((list, r) => {
        if (list.length === 0 || rings[r]!.shared) return 0;
        return 4 * slots * blocks * (rows[r]! - Math.min(...list.map((p) => p.minDelay)));
      });
      return touched.reduce((a, b) => a + b, 0) > (debugs("inbox") ? 0 : INBOX_FROM * info.l2Cache);
    });
  let arranged = arrange(sharesOffset);
  let offset = sharesOffset;
  /** makes room before the rings, if no ring and no inbox has to leave for it */
  const reserve = (bytes: number): boolean => {
    const moved = arrange(offset + bytes);
    const fits =
      moved.end <= info.sharedMemory &&
      !moved.inbox === !arranged.inbox &&
      moved.rings.every((r, k) => r.shared === arranged.rings[k]!.shared);
    if (fits) [arranged, offset] = [moved, offset + bytes];
    return fits;
  };
  const shares = wantsShares && reserve(SHARE_BYTES * threads);
  const drivesOffset = offset;
  const sharedDrives =
    drives > 0 && drives <= MOST_SHARED_DRIVES && reserve(align(drives * (Drive.bytes + GUIDE_BYTES)))
      ? drives
      : 0;
  const asideOffset = offset;
  const bytesAside = LANES * movedBytes(variants, wide, network.precision);
  const asideBytes = threadsAside > 0 && reserve(bytesAside) ? bytesAside : 0;
  const { rings, ringBytes, inbox, end } = arranged;
  const words = wideEntries ? slots : 2 + Math.ceil(slots / 3);
  // four loads of each lane serve a slice in the mean, or two, where that is nearly always enough; a lane alone gains nothing
  let group = neuronsOf(network) < FEW && !grouped ? 4 : 2;
  while (group < 32 && group * 4 < synapsesPerSlice) group *= 2;
  return {
    real: network.precision === "float64" ? "f64" : "f32",
    threads,
    tiles,
    heavy,
    group,
    loads: synapsesPerSlice <= 1.25 * group ? 2 : synapsesPerSlice <= MANY_PER_LANE * group ? 4 : 8,
    ...{ shares, sharesOffset, sharedDrives, drivesOffset, asideBytes, asideOffset },
    solo,
    multi,
    wideEntries,
    variants,
    ...{ devices, blocks, allBlocks, processBlocks, slots },
    formats: tables.map((t) => t.format),
    rings,
    ringBytes,
    inbox,
    localBits: localBitsFor(slots),
    sharedBytes: end,
    listOffset,
    tableOffset,
    sharedTables,
    lateOffset,
    lateInput,
    lag,
    farLag,
    mailDepth: 2 ** Math.ceil(Math.log2(2 * farLag + 2)),
    mailWords: Math.max(2, Math.ceil(words / 2) * 2),
  };
}
