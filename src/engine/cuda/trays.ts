/**
 * Trays: where slices are short, room of equal size for each, so that nobody needs to look up where they begin. What fits is in the tray, the
 * rest where synapses are otherwise, and the last place of the tray then says that there is more. A GPU has trays for all of its tables or for
 * none: less to compile.
 */

import { debugs } from "./debug.js";
import type { RunShape } from "./sources.js";
import { Format, TRAY_MARKS } from "./structs.js";
import type { TablePlan } from "./tables.js";

/** Bytes; a sector of memory has 32. Larger ones gain nothing: what is read counts, not only how often. */
export const TRAY_SIZES = [16, 32] as const;
/** So many of the slices may have a rest at most: whoever finds one has three reads to wait for in place of one. */
const WITH_REST = 0.003;
/** Trays may take so many bytes per synapse, and this part of the memory that is free beside what else is needed. */
const MOST_BYTES = 5;
const FREE = 1 / 8;

/** Bytes of a synapse in a tray: slots * delay + target in 16 bits, and, where weights are stored, 16 more; 0 for wide weights. */
export function entryBytes({ format }: TablePlan): number {
  if (format === Format.packed) return 4;
  return format === Format.place16 || format === Format.place32 ? 2 : 0;
}

/** Do all places fit into 16 bits, and differ from the marks? */
const placesFit = ({ parts, firstDelay }: TablePlan, slots: number): boolean =>
  (Math.max(...parts.map(({ part }) => part.maxDelay)) - firstDelay + 1) * slots <= 2 ** 16 - TRAY_MARKS;

/**
 * What can be told before synapses are counted. Trays gain something where threads have several neurons, unless these are integrated numerically.
 * @param slice - synapses of a source in a block, in the mean
 */
export function mayHaveTrays(
  tables: readonly TablePlan[],
  { solo, heavy, tiles, slots }: Pick<RunShape, "solo" | "heavy" | "tiles" | "slots">,
  slice: number,
): boolean {
  if (solo || tables.length === 0) return false;
  if (!tables.every((t) => entryBytes(t) > 0 && placesFit(t, slots))) return false;
  return debugs("trays") || (slice <= Math.max(...TRAY_SIZES) / 2 && tiles > 1 && !heavy);
}

/** What the slices of a table are like. */
export interface MeasuredSlices {
  readonly synapses: number;
  /** sources with any */
  readonly sources: number;
  /** slices that would have a rest with trays of each size */
  readonly withRest: readonly number[];
  /** rows that would have trays */
  readonly rows: number;
}

/** Bytes of the trays of each table, 0 for those without synapses; undefined: there shall be none. */
export function traySizes(
  tables: readonly MeasuredSlices[],
  blocks: number,
  free: number,
): readonly number[] | undefined {
  const sizes = tables.map(({ synapses, sources, withRest }) => {
    if (synapses === 0) return 0;
    if (debugs("trays")) return TRAY_SIZES[0];
    return TRAY_SIZES.find((_, k) => withRest[k]! <= WITH_REST * sources * blocks);
  });
  const bytes = tables.reduce((n, { rows }, k) => n + (sizes[k] ?? 0) * rows * blocks, 0);
  const synapses = tables.reduce((n, t) => n + t.synapses, 0);
  const most = debugs("trays") ? free : Math.min(FREE * free, MOST_BYTES * synapses);
  return bytes > 0 && bytes <= most && sizes.every((s) => s !== undefined) ? sizes : undefined;
}
