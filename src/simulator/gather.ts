/** Brings together what ranks have recorded. */

import type { Moments } from "../recording/moments.js";
import type { Events, Recorder } from "../recording/recorder.js";
import { copyRange } from "./copy-range.js";
import type { Ranks } from "./join-ranks.js";

const bytesOf = (a: Uint32Array | Float64Array) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
const integersIn = (b: Uint8Array) => new Uint32Array(b.buffer, b.byteOffset, b.length / 4);
const numbersIn = (b: Uint8Array) => new Float64Array(b.buffer, b.byteOffset, b.length / 8);

/**
 * The events of all ranks in the order of time, then sender; those of devices, which follow neurons on each rank, where they come there.
 * A collective call.
 * @returns on rank `to`; elsewhere undefined
 */
export function gatherEvents(
  ranks: Pick<Ranks, "collect">,
  own: Pick<Recorder, "senders" | "moments" | "variableValues">,
  to: number,
): Events | undefined {
  // many events have the same time: it travels once
  const { moments, variableValues } = own;
  const senders = ranks.collect(bytesOf(own.senders), to);
  const times = ranks.collect(bytesOf(moments.times), to);
  const counts = ranks.collect(bytesOf(moments.counts), to);
  const names = Object.keys(variableValues);
  const values = names.map((name) => ranks.collect(bytesOf(variableValues[name]!), to)?.map(numbersIn));
  if (!senders || !times || !counts) return undefined;
  const lists = senders.map(
    (bytes, rank): List => ({
      senders: integersIn(bytes),
      values: values.map((columns) => columns![rank]!),
      times: numbersIn(times[rank]!),
      counts: integersIn(counts[rank]!),
      moment: 0,
      at: 0,
      end: 0,
    }),
  );
  const merged = merge(lists, names.length);
  return Object.assign(
    { senders: merged.senders, times: merged.times },
    Object.fromEntries(names.map((name, c) => [name, merged.values[c]!])),
  ) as Events;
}

/** the events of a rank, and how far they have been taken */
interface List extends Moments {
  readonly senders: Uint32Array;
  readonly values: readonly Float64Array[];
  moment: number;
  at: number;
  /** where the events of the moment end */
  end: number;
}

function merge(lists: readonly List[], columns: number) {
  const total = lists.reduce((n, l) => n + l.senders.length, 0);
  const senders = new Uint32Array(total);
  const times = new Float64Array(total);
  const values = Array.from({ length: columns }, () => new Float64Array(total));
  let filled = 0;
  const take = (list: List, end: number) => {
    copyRange(list.senders, list.at, end, senders, filled);
    for (let c = 0; c < columns; c++) copyRange(list.values[c]!, list.at, end, values[c]!, filled);
    filled += end - list.at;
    list.at = end;
  };
  const present: List[] = [];
  while (filled < total) {
    let time = Number.POSITIVE_INFINITY;
    for (const l of lists)
      if (l.moment < l.times.length && l.times[l.moment]! < time) time = l.times[l.moment]!;
    present.length = 0;
    for (const l of lists)
      if (l.times[l.moment] === time) {
        l.end = l.at + l.counts[l.moment++]!;
        present.push(l);
      }
    const from = filled;
    // what is of one rank only stays as it is; mostly all senders of one come before those of another
    if (present.length > 1) present.sort(byFirstSender);
    if (present.length === 1 || present.every(isBeforeNext)) for (const l of present) take(l, l.end);
    else
      while (present.length > 0) {
        const least = present.reduce((a, b) => (b.senders[b.at]! < a.senders[a.at]! ? b : a));
        take(least, least.at + 1);
        if (least.at === least.end) present.splice(present.indexOf(least), 1);
      }
    times.fill(time, from, filled);
  }
  return { senders, times, values };
}

const byFirstSender = (a: List, b: List): number => a.senders[a.at]! - b.senders[b.at]!;

/** true if senders ascend, and those of the next list go on so */
function isBeforeNext(l: List, k: number, lists: readonly List[]): boolean {
  const next = lists[k + 1];
  return (
    ascends(l.senders, l.at, l.end) && (next === undefined || l.senders[l.end - 1]! < next.senders[next.at]!)
  );
}

function ascends(senders: Uint32Array, from: number, end: number): boolean {
  for (let i = from + 1, last = senders[from]!; i < end; i++) {
    const sender = senders[i]!;
    if (sender < last) return false;
    last = sender;
  }
  return true;
}
