/** Brings together what ranks have recorded. */

import type { Events } from "../recording/recorder.js";
import type { Ranks } from "./join-ranks.js";

const bytesOf = (a: Uint32Array | Float64Array) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

/**
 * The events of all ranks in the order of time, then sender. A collective call.
 * @returns on rank `to`; elsewhere undefined
 */
export function gatherEvents(ranks: Pick<Ranks, "collect">, own: Events, to: number): Events | undefined {
  const names = Object.keys(own).filter((key) => key !== "senders");
  const senders = ranks
    .collect(bytesOf(own.senders), to)
    ?.map((b) => new Uint32Array(b.buffer, b.byteOffset, b.length / 4));
  const columns = names.map((name) =>
    ranks
      .collect(bytesOf(own[name]!), to)
      ?.map((b) => new Float64Array(b.buffer, b.byteOffset, b.length / 8)),
  );
  if (!senders) return undefined;
  const times = columns[names.indexOf("times")]!;
  let order = senders.map((_, rank) => rank).filter((rank) => senders[rank]!.length > 0);
  const total = senders.reduce((n, s) => n + s.length, 0);
  const out = new Uint32Array(total);
  const values = names.map(() => new Float64Array(total));
  const at = new Uint32Array(senders.length);
  // each list is in order already: what comes next is first in one of them, and mostly several of the same list follow each other
  for (let filled = 0; filled < total; ) {
    let [least, time, sender] = [-1, 0, 0];
    let [nextTime, nextSender] = [Number.POSITIVE_INFINITY, 0];
    for (const rank of order) {
      const [t, s] = [times[rank]![at[rank]!]!, senders[rank]![at[rank]!]!];
      if (least < 0 || t < time || (t === time && s < sender)) {
        if (least >= 0) [nextTime, nextSender] = [time, sender];
        [least, time, sender] = [rank, t, s];
      } else if (t < nextTime || (t === nextTime && s < nextSender)) [nextTime, nextSender] = [t, s];
    }
    const [list, clock] = [senders[least]!, times[least]!];
    const from = at[least]!;
    let end = from + 1;
    while (
      end < list.length &&
      (clock[end]! < nextTime || (clock[end] === nextTime && list[end]! < nextSender))
    )
      end++;
    out.set(list.subarray(from, end), filled);
    for (let c = 0; c < names.length; c++) values[c]!.set(columns[c]![least]!.subarray(from, end), filled);
    filled += end - from;
    at[least] = end;
    if (end === list.length) order = order.filter((rank) => rank !== least);
  }
  return { senders: out, ...Object.fromEntries(names.map((name, c) => [name, values[c]!])) } as Events;
}
