/** From neuron ids to rows of a raster. */
import { indexOfId } from "../analysis/spike-data.js";
import { bad } from "./check.js";
import type { Population, Spikes } from "./types.js";

/** The populations to draw: those given, or one of all neurons that fired. */
export function populationsOf(
  spikes: Spikes,
  populations: readonly Population[] | undefined,
): readonly Population[] {
  if (populations === undefined) {
    const ids = Float64Array.from(new Set(Array.from(spikes.senders))).sort();
    return [{ name: "all", ids: ids.length === 0 ? [0] : ids }];
  }
  if (!Array.isArray(populations) || populations.length === 0)
    bad("populations", "must be a list of at least one");
  const names = new Set<string>();
  for (const { name, ids } of populations) {
    if (typeof ids?.length !== "number" || ids.length === 0)
      bad("ids", `of population "${name}" must not be empty`);
    if (names.has(name)) bad("name", `"${name}" is given to two populations`);
    names.add(name);
  }
  return populations;
}

/** A function from a neuron's id to its row in the concatenation of `lists`, or -1 if it is in none. */
export function rowFinder(lists: readonly ArrayLike<number>[], spikes: number): (id: number) => number {
  const ids = new Float64Array(lists.reduce((sum, list) => sum + list.length, 0));
  let next = 0;
  for (const list of lists) {
    ids.set(list, next);
    next += list.length;
  }
  return indexOfId(ids, spikes);
}

/** `fraction` of the ids (at least one), evenly spaced, in order. */
export function subsample(ids: ArrayLike<number>, fraction: number): Float64Array {
  const count = Math.min(ids.length, Math.max(1, Math.round(fraction * ids.length)));
  return Float64Array.from({ length: count }, (_, k) => ids[Math.floor(((k + 0.5) * ids.length) / count)]!);
}
