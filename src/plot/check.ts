/**
 * Checks of what users pass to plots: every refusal is a SynfireError that names the key.
 */
import { SynfireError } from "../errors.js";
import type { FigureBase, FigureOptions, LegendEntry, Spikes, Table } from "./types.js";

/** Refuses option `key`; the message starts with the key. */
export function bad(key: string, message: string): never {
  throw new SynfireError("bad-argument", `${key} ${message}.`, key);
}

/** Refuses anything but a finite number above zero. */
export function positive(key: string, value: number): number {
  if (!(Number.isFinite(value) && value > 0)) bad(key, `must be a number above 0, not ${value}`);
  return value;
}

/** Refuses anything but an array of numbers; returns its finite values, and how many were not finite. */
export function finiteValues(
  key: string,
  values: ArrayLike<number>,
): { values: Float64Array; dropped: number } {
  if (typeof values !== "object" || values === null || typeof values.length !== "number") {
    bad(key, "must be an array of numbers");
  }
  const kept = Float64Array.from(values).filter(Number.isFinite);
  return { values: kept, dropped: values.length - kept.length };
}

/** Refuses lists of nothing. */
export function nonEmpty<T>(key: string, list: readonly T[]): readonly T[] {
  if (!Array.isArray(list) || list.length === 0) bad(key, "must be a list of at least one");
  return list;
}

/** Refuses intervals that are not two finite numbers in order. */
export function interval(key: string, low: number, high: number): readonly [number, number] {
  if (!(Number.isFinite(low) && Number.isFinite(high) && high > low)) {
    bad(key, `must be two numbers in ascending order, not ${low} to ${high}`);
  }
  return [low, high];
}

/** The window of time to draw, in ms: from `start` (default 0) to `stop` (default: the last of the times). */
export function timeWindow(
  times: ArrayLike<number>,
  start: number | undefined,
  stop: number | undefined,
): readonly [number, number] {
  const first = start ?? 0;
  let last = stop;
  if (last === undefined) {
    last = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < times.length; k++) if (times[k]! > last) last = times[k]!;
    if (!(last > first)) bad("stop", `must be given, since there is nothing after ${first} ms`);
  }
  if (!(Number.isFinite(first) && Number.isFinite(last) && last > first)) {
    bad("stop", `must be after start (${first} ms), not ${last} ms`);
  }
  return [first, last];
}

/** Refuses spikes whose two columns differ in length. */
export function checkSpikes(spikes: Spikes): void {
  const { senders, times } = spikes;
  if (typeof senders?.length !== "number") bad("senders", "must be an array of neuron ids");
  if (typeof times?.length !== "number") bad("times", "must be an array of spike times in ms");
  if (senders.length !== times.length) {
    bad("times", `must be as long as senders: ${times.length} times, ${senders.length} senders`);
  }
}

/** The part that all figures share, with sizes checked. */
export function figureBase<Kind extends string>(
  kind: Kind,
  options: FigureOptions,
  own: {
    readonly width: number;
    readonly height: number;
    readonly legend?: readonly LegendEntry[];
    readonly tables: readonly Table[];
    /** sentences that the plot adds to the user's caption */
    readonly remarks?: readonly string[];
  },
): FigureBase<Kind> {
  return {
    kind,
    title: options.title ?? "",
    caption: [options.caption ?? "", ...(own.remarks ?? [])].filter((s) => s !== "").join(" "),
    width: positive("width", options.width ?? own.width),
    height: positive("height", options.height ?? own.height),
    legend: own.legend ?? [],
    tables: own.tables,
  };
}
