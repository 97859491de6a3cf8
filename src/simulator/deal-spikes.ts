/** Deals the spikes of a chunk to spike recorders: typed arrays from end to end, since there can be millions per second. */

import type { ScheduledSpike, SpikeBatch } from "../engine/network.js";
import type { Recorder } from "../recording/recorder.js";
import type { NodeCollection } from "./nodes.js";

/** Events in the order (step, id); a node that fires several spikes in a step is there as often. */
interface Spikes {
  readonly ids: Uint32Array;
  readonly steps: Uint32Array;
}

/** What a recorder watches: nodes, steps after start up to stop. */
export interface Watched {
  readonly recorder: Recorder;
  readonly nodes: readonly NodeCollection[];
  readonly start: number;
  readonly stop: number;
}

/** A spike of a generator, by its device. */
export type DeviceSpike = Omit<ScheduledSpike, "id"> & { readonly device: number };

/** With more runs of ids than this, recorders look up each spike by themselves. */
const MOST_RUNS = 1000;

/** @param scheduled - in the order of steps; within a step they follow the spikes of neurons */
export async function dealSpikes(
  batch: SpikeBatch,
  scheduled: readonly DeviceSpike[],
  watched: readonly Watched[],
): Promise<void> {
  if (watched.length === 0) return;
  const spikes = merged(expanded(batch), scheduled);
  if (spikes.ids.length === 0) return;
  const owners = ownersOf(watched);
  if (owners) await dealAtOnce(spikes, watched, owners);
  else for (const w of watched) await w.recorder.appendSpikes(...lookUp(spikes, w));
}

/** a node with several spikes in a step once for each */
function expanded({ ids, steps, multiplicities }: SpikeBatch): Spikes {
  if (!multiplicities) return { ids, steps };
  let total = 0;
  for (let i = 0; i < multiplicities.length; i++) total += multiplicities[i]!;
  if (total === ids.length) return { ids, steps };
  const out = { ids: new Uint32Array(total), steps: new Uint32Array(total) };
  let at = 0;
  for (let i = 0; i < ids.length; i++) {
    const end = at + multiplicities[i]!;
    out.ids.fill(ids[i]!, at, end);
    out.steps.fill(steps[i]!, at, end);
    at = end;
  }
  return out;
}

function merged({ ids, steps }: Spikes, scheduled: readonly DeviceSpike[]): Spikes {
  if (scheduled.length === 0) return { ids, steps };
  const total = scheduled.reduce((n, s) => n + s.multiplicity, ids.length);
  const out = { ids: new Uint32Array(total), steps: new Uint32Array(total) };
  let [at, from] = [0, 0];
  const copy = (end: number) => {
    out.ids.set(ids.subarray(from, end), at);
    out.steps.set(steps.subarray(from, end), at);
    at += end - from;
    from = end;
  };
  let next = 0;
  for (const s of scheduled) {
    while (next < steps.length && steps[next]! <= s.step) next++;
    copy(next);
    out.ids.fill(s.device, at, at + s.multiplicity);
    out.steps.fill(s.step, at, at + s.multiplicity);
    at += s.multiplicity;
  }
  copy(steps.length);
  return out;
}

/** by id from the least on, the one recorder that watches it, or -1 */
interface Owners {
  readonly least: number;
  readonly of: Int16Array;
}

/** undefined if a node is watched twice, or if there are too many runs of ids */
function ownersOf(watched: readonly Watched[]): Owners | undefined {
  const runs = watched.flatMap(({ nodes }, k) =>
    nodes.flatMap((n) => n.segments.map(({ first, length }) => ({ k, first, end: first + length }))),
  );
  if (runs.length > MOST_RUNS) return undefined;
  runs.sort((a, b) => a.first - b.first);
  if (runs.some((r, i) => i > 0 && r.first < runs[i - 1]!.end)) return undefined;
  const [least, end] = [runs[0]?.first ?? 0, runs[runs.length - 1]?.end ?? 0];
  const of = new Int16Array(end - least).fill(-1);
  for (const r of runs) of.fill(r.k, r.first - least, r.end - least);
  return { least, of };
}

/** one pass over all spikes, however many recorders there are */
async function dealAtOnce(
  { ids, steps }: Spikes,
  watched: readonly Watched[],
  { least, of }: Owners,
): Promise<void> {
  const n = ids.length;
  const ownerOf = (i: number): number => {
    const at = ids[i]! - least;
    return at >= 0 && at < of.length ? of[at]! : -1;
  };
  const counts = new Uint32Array(watched.length);
  for (let i = 0; i < n; i++) {
    const k = ownerOf(i);
    if (k >= 0) counts[k]!++;
  }
  const all = counts.indexOf(n);
  if (all >= 0) {
    const { recorder, start, stop } = watched[all]!;
    return recorder.appendSpikes(...within({ ids, steps }, start, stop));
  }
  const idsOf = Array.from(counts, (c) => new Uint32Array(c));
  const stepsOf = Array.from(counts, (c) => new Uint32Array(c));
  const taken = new Uint32Array(watched.length);
  for (let i = 0; i < n; i++) {
    const k = ownerOf(i);
    if (k < 0) continue;
    const at = taken[k]!;
    idsOf[k]![at] = ids[i]!;
    stepsOf[k]![at] = steps[i]!;
    taken[k] = at + 1;
  }
  for (const [k, { recorder, start, stop }] of watched.entries())
    await recorder.appendSpikes(...within({ ids: idsOf[k]!, steps: stepsOf[k]! }, start, stop));
}

/** those of the steps from start + 1 to stop */
function within({ ids, steps }: Spikes, start: number, stop: number): [Uint32Array, Uint32Array] {
  const after = (step: number): number => {
    let [low, high] = [0, steps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle]! <= step) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const [from, to] = [after(start), after(stop)];
  return [ids.subarray(from, to), steps.subarray(from, to)];
}

function lookUp({ ids, steps }: Spikes, { nodes, start, stop }: Watched): [Uint32Array, Uint32Array] {
  const taken: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (steps[i]! <= start || steps[i]! > stop) continue;
    for (const n of nodes) if (n.position(ids[i]!) >= 0) taken.push(i);
  }
  return [Uint32Array.from(taken, (i) => ids[i]!), Uint32Array.from(taken, (i) => steps[i]!)];
}
