/** Recording devices: which nodes they watch, and how what engines deliver reaches their recorders. */

import type { SampleBatch, SampleRequest, SpikeBatch } from "../engine/network.js";
import { SynfireError, unknownName } from "../errors.js";
import { Recorder } from "../recording/recorder.js";
import { type DeviceSpike, dealSpikes } from "./deal-spikes.js";
import { type Device, gridSteps, windowOf } from "./devices.js";
import type { NodeCollection } from "./nodes.js";
import { type NeuronPopulation, parameterValue } from "./population.js";
import type { Status } from "./status.js";

interface SpikeRecording {
  readonly device: Device;
  readonly recorder: Recorder;
  readonly nodes: NodeCollection[];
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

  #recorder(kind: "spikes" | "states", variables: readonly string[]): Recorder {
    return new Recorder(kind, variables, (step) => timeOf(step, this.#resolution));
  }

  add(device: Device): void {
    if (device.kind === "spike_recorder")
      this.#spikes.set(device.id, { device, recorder: this.#recorder("spikes", []), nodes: [] });
    if (device.kind === "multimeter" || device.kind === "voltmeter") {
      this.#states.set(device.id, {
        device,
        recorder: this.#recorder("states", device.values.record_from as readonly string[]),
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
      recording.recorder = this.#recorder("states", device.values.record_from as readonly string[]);
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
  spikes(batch: SpikeBatch, scheduled: readonly DeviceSpike[]): Promise<void> {
    const watched = [...this.#spikes.values()]
      .filter(({ nodes }) => nodes.length > 0)
      .map(({ device, recorder, nodes }) => ({ recorder, nodes, ...windowOf(device, this.#resolution) }));
    return dealSpikes(batch, scheduled, watched);
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
      await recorder.appendStates(into.senders, into.times, into.columns);
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
