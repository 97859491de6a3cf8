/** Recording devices: which nodes they watch, and how what engines deliver reaches their recorders. */

import type { SampleBatch, SampleRequest, SpikeBatch } from "../engine/network.js";
import { SynfireError, unknownName } from "../errors.js";
import { Recorder } from "../recording/recorder.js";
import { type Device, gridSteps, windowOf } from "./devices.js";
import type { NodeCollection } from "./nodes.js";
import { type NeuronPopulation, parameterValue } from "./population.js";
import type { Status } from "./status.js";

interface SpikeRecording {
  readonly device: Device;
  readonly recorder: Recorder;
  readonly nodes: NodeCollection[];
}

/** With more runs of ids than this, recorders look up each spike by themselves. */
const MOST_RUNS = 1000;

/** What a recorder watches: runs of ids from first to end - 1, steps after start up to stop. */
interface Watched {
  readonly recorder: Recorder;
  readonly runs: readonly { readonly first: number; readonly end: number }[];
  readonly start: number;
  readonly stop: number;
}

interface StateRecording {
  readonly device: Device;
  recorder: Recorder;
  readonly nodes: NodeCollection[];
}

/** One sample request and what to make of its rows. */
interface Sampled {
  readonly recording: StateRecording;
  readonly population: number;
  readonly ids: Uint32Array;
  readonly slots: readonly number[];
}

/** @throws SynfireError "bad-parameter" for a variable that a model does not record */
export function checkRecordables(
  device: Device,
  nodes: NodeCollection,
  populations: readonly NeuronPopulation[],
): void {
  const variables = device.values.record_from as readonly string[];
  if (variables.length === 0)
    throw new SynfireError(
      "bad-parameter",
      `${device.kind}: record_from is empty; name the variables to record.`,
      "record_from",
    );
  for (const p of populations) {
    if (!nodes.segments.some((s) => s.first < p.first + p.size && p.first < s.first + s.length)) continue;
    for (const v of variables) {
      if (!p.program.recordables.has(v))
        throw unknownName("bad-parameter", `recordable of ${p.model}`, v, p.program.recordables.keys());
    }
  }
}

export class Recordings {
  readonly #resolution: number;
  readonly #spikes = new Map<number, SpikeRecording>();
  readonly #states = new Map<number, StateRecording>();
  #sampled: Sampled[] = [];

  constructor(resolution: number) {
    this.#resolution = resolution;
  }

  add(device: Device): void {
    if (device.kind === "spike_recorder")
      this.#spikes.set(device.id, { device, recorder: new Recorder("spikes", []), nodes: [] });
    if (device.kind === "multimeter" || device.kind === "voltmeter") {
      this.#states.set(device.id, {
        device,
        recorder: new Recorder("states", device.values.record_from as readonly string[]),
        nodes: [],
      });
    }
  }

  recorder(id: number): Recorder {
    const found = this.#spikes.get(id) ?? this.#states.get(id);
    if (!found) throw new SynfireError("bad-nodes", `Node ${id} is not a recording device.`);
    return found.recorder;
  }

  status(id: number): Record<string, Status> {
    const found = this.#spikes.get(id) ?? this.#states.get(id);
    return found ? { n_events: found.recorder.nEvents, events: found.recorder.events } : {};
  }

  get recordsSpikes(): boolean {
    return [...this.#spikes.values()].some((s) => s.nodes.length > 0);
  }

  recordSpikes(device: Device, nodes: NodeCollection): void {
    this.#spikes.get(device.id)!.nodes.push(nodes);
  }

  /** @throws SynfireError "bad-parameter" if columns would change under events that are there */
  checkChange(device: Device, values: Readonly<Record<string, unknown>>): void {
    if (Object.hasOwn(values, "record_from") && (this.#states.get(device.id)?.nodes.length ?? 0) > 0)
      throw new SynfireError(
        "bad-parameter",
        `${device.kind}: record_from is fixed once it is connected; create another one.`,
        "record_from",
      );
  }

  recordStates(device: Device, nodes: NodeCollection): void {
    const recording = this.#states.get(device.id)!;
    if (recording.nodes.length === 0)
      recording.recorder = new Recorder("states", device.values.record_from as readonly string[]);
    recording.nodes.push(nodes);
  }

  /** what engines are to sample */
  requests(
    populations: readonly NeuronPopulation[],
    own: (p: NeuronPopulation) => { readonly from: number; readonly to: number },
  ): SampleRequest[] {
    this.#sampled = [];
    const requests: SampleRequest[] = [];
    for (const recording of this.#states.values()) {
      const { device } = recording;
      const { start, stop } = windowOf(device, this.#resolution);
      const steps = (key: string) =>
        gridSteps(device.values[key] as number, this.#resolution, key, device.kind);
      for (const p of populations) {
        const ids: number[] = [];
        const { from, to } = own(p);
        for (const nodes of recording.nodes)
          for (const s of nodes.segments) {
            for (
              let id = Math.max(s.first, p.first + from);
              id < Math.min(s.first + s.length, p.first + to);
              id++
            )
              ids.push(id);
          }
        if (ids.length === 0) continue;
        const slots = new Set<number>();
        for (const v of device.values.record_from as readonly string[])
          for (const slot of p.program.recordables.get(v)!.states) slots.add(slot);
        const sampled: Sampled = {
          recording,
          population: p.index,
          ids: Uint32Array.from(ids),
          slots: [...slots],
        };
        this.#sampled.push(sampled);
        requests.push({
          population: p.index,
          neurons: Uint32Array.from(ids, (id) => id - p.first),
          slots: sampled.slots,
          interval: steps("interval"),
          offset: steps("offset"),
          start,
          stop,
        });
      }
    }
    return requests;
  }

  /** spikes of neurons and of spike generators */
  async spikes(
    batch: SpikeBatch,
    scheduled: readonly { readonly step: number; readonly device: number; readonly multiplicity: number }[],
  ): Promise<void> {
    const single = scheduled.length === 0 && batch.multiplicities.every((m) => m === 1);
    const watched = single ? this.#watched() : undefined;
    if (watched) return this.#deal(batch, watched);
    for (const { device, recorder, nodes } of this.#spikes.values()) {
      if (nodes.length === 0) continue;
      const { start, stop } = windowOf(device, this.#resolution);
      const ids: number[] = [];
      const steps: number[] = [];
      const take = (id: number, step: number, multiplicity: number) => {
        if (step <= start || step > stop) return;
        for (const n of nodes) {
          if (n.position(id) < 0) continue;
          for (let k = 0; k < multiplicity; k++) {
            ids.push(id);
            steps.push(step);
          }
        }
      };
      let k = 0;
      for (let i = 0; i < batch.ids.length; i++) {
        while (k < scheduled.length && scheduled[k]!.step < batch.steps[i]!)
          take(scheduled[k]!.device, scheduled[k]!.step, scheduled[k++]!.multiplicity);
        take(batch.ids[i]!, batch.steps[i]!, batch.multiplicities[i]!);
      }
      for (; k < scheduled.length; k++)
        take(scheduled[k]!.device, scheduled[k]!.step, scheduled[k]!.multiplicity);
      await recorder.append(
        Uint32Array.from(ids),
        Float64Array.from(steps, (s) => timeOf(s, this.#resolution)),
        [],
      );
    }
  }

  /** What each recorder watches, if these are runs of ids that do not overlap. */
  #watched(): Watched[] | undefined {
    const watched: Watched[] = [];
    const runs: { readonly first: number; readonly end: number }[] = [];
    for (const { device, recorder, nodes } of this.#spikes.values()) {
      if (nodes.length === 0) continue;
      const own = nodes.flatMap((n) =>
        n.segments.map(({ first, length }) => ({ first, end: first + length })),
      );
      watched.push({ recorder, runs: own, ...windowOf(device, this.#resolution) });
      runs.push(...own);
    }
    if (runs.length > MOST_RUNS) return undefined;
    runs.sort((a, b) => a.first - b.first);
    return runs.some((r, i) => i > 0 && r.first < runs[i - 1]!.end) ? undefined : watched;
  }

  /** one pass over all spikes, however many recorders there are */
  async #deal({ ids, steps }: SpikeBatch, watched: readonly Watched[]): Promise<void> {
    const n = ids.length;
    if (n === 0 || watched.length === 0) return;
    const all = watched.flatMap((w) => w.runs);
    const least = all.reduce((m, r) => Math.min(m, r.first), Number.POSITIVE_INFINITY);
    const owner = new Int16Array(all.reduce((m, r) => Math.max(m, r.end), 0) - least).fill(-1);
    watched.forEach(({ runs }, k) => {
      for (const r of runs) owner.fill(k, r.first - least, r.end - least);
    });
    const counts = new Uint32Array(watched.length);
    for (let i = 0; i < n; i++) {
      const k = owner[ids[i]! - least] ?? -1;
      if (k >= 0) counts[k]!++;
    }
    const senders = Array.from(counts, (c) => new Uint32Array(c));
    const times = Array.from(counts, (c) => new Float64Array(c));
    const taken = new Uint32Array(watched.length);
    let [step, time] = [-1, 0];
    for (let i = 0; i < n; i++) {
      const k = owner[ids[i]! - least] ?? -1;
      if (k < 0) continue;
      const s = steps[i]!;
      if (s <= watched[k]!.start || s > watched[k]!.stop) continue;
      if (s !== step) [step, time] = [s, timeOf(s, this.#resolution)];
      const at = taken[k]!++;
      senders[k]![at] = ids[i]!;
      times[k]![at] = time;
    }
    for (let k = 0; k < watched.length; k++)
      await watched[k]!.recorder.append(
        senders[k]!.subarray(0, taken[k]),
        times[k]!.subarray(0, taken[k]),
        [],
      );
  }

  /** the order of rows, (step, node as recorded), does not depend on how a run was cut into batches */
  async states(batches: readonly SampleBatch[], populations: readonly NeuronPopulation[]): Promise<void> {
    const parts = new Map<StateRecording, { readonly sampled: Sampled; readonly batch: SampleBatch }[]>();
    this.#sampled.forEach((sampled, k) => {
      const part = { sampled, batch: batches[k]! };
      const known = parts.get(sampled.recording);
      if (known) known.push(part);
      else parts.set(sampled.recording, [part]);
    });
    for (const [{ recorder }, own] of parts) {
      const width = own.reduce((n, { sampled }) => n + sampled.ids.length, 0);
      const rows = own[0]!.batch.steps.length * width;
      const into = {
        senders: new Uint32Array(rows),
        times: new Float64Array(rows),
        columns: recorder.variables.map(() => new Float64Array(rows)),
        width,
      };
      let first = 0;
      for (const { sampled, batch } of own) {
        this.#fill(into, first, sampled, batch, populations[sampled.population]!, recorder.variables);
        first += sampled.ids.length;
      }
      await recorder.append(into.senders, into.times, into.columns);
    }
  }

  /** one population's part of each row: `width` values per step, from `first` on */
  #fill(
    into: {
      readonly senders: Uint32Array;
      readonly times: Float64Array;
      readonly columns: readonly Float64Array[];
      readonly width: number;
    },
    first: number,
    { ids, slots }: Sampled,
    batch: SampleBatch,
    p: NeuronPopulation,
    variables: readonly string[],
  ): void {
    const recordables = variables.map((v) => p.program.recordables.get(v)!);
    const values: number[] = [];
    let node = 0;
    const lookup = (name: string): number => {
      const v = parameterValue(p, name);
      return typeof v === "number" ? v : v[node]!;
    };
    for (let r = 0; r < batch.steps.length; r++) {
      const time = timeOf(batch.steps[r]!, this.#resolution);
      for (let i = 0; i < ids.length; i++) {
        const row = r * into.width + first + i;
        into.senders[row] = ids[i]!;
        into.times[row] = time;
        node = ids[i]! - p.first;
        recordables.forEach((recordable, c) => {
          recordable.states.forEach((slot, j) => {
            values[j] = batch.values[(r * ids.length + i) * slots.length + slots.indexOf(slot)]!;
          });
          into.columns[c]![row] = recordable.evaluate(values, lookup);
        });
      }
    }
  }
}

/** Time of a step in ms, without the noise of the product: 3 * 0.1 is 0.3. */
export function timeOf(step: number, resolution: number): number {
  const perMillisecond = 1 / resolution;
  return Number.isInteger(perMillisecond)
    ? step / perMillisecond
    : Number((step * resolution).toPrecision(15));
}
