/** Samples of state variables that one GPU takes while it runs: which cells, into which columns, in which steps. */

import type { DeviceNetworkParts } from "./device-network.js";
import type { DevicePointer } from "./driver.js";
import { type FieldValue, packAll } from "./struct.js";
import { SampleInfo, SampleItem } from "./structs.js";

/** for the samples of one recorder between two looks of the host */
const SAMPLE_BYTES = 64 * 2 ** 20;

/** The cells of a GPU. */
export interface Cells {
  readonly count: number;
  /** the neurons of a population that live here: position in the population, cell */
  each(population: number, visit: (position: number, cell: number) => void): void;
}

/** How a part of a GPU's network takes memory. */
export interface Memory {
  alloc(bytes: number): DevicePointer;
  put(data: ArrayBufferView): DevicePointer;
}

export class Samples {
  /** what the resident loop is told */
  readonly fields: Record<string, FieldValue>;
  readonly #p: DeviceNetworkParts;
  readonly #cells: Cells;
  readonly #infos: DevicePointer;
  readonly #buffers: { readonly values: DevicePointer; readonly rows: number }[] = [];
  #sampled: { first: number; last: number; interval: number }[] = [];

  constructor(p: DeviceNetworkParts, cells: Cells, memory: Memory) {
    this.#p = p;
    this.#cells = cells;
    const { samples, network, variantOf, shape } = p;
    this.#infos = memory.alloc(SampleInfo.bytes * Math.max(1, samples.length));
    this.fields = { samples: this.#infos };
    if (samples.length === 0) return;
    const items: { cell: number; request: number; slot: number; integer: number; column: number }[] = [];
    samples.forEach((s, request) => {
      const p = network.populations[s.population]!;
      const variant = shape.variants[variantOf[s.population]!]!;
      const columnsOf = new Map<number, number[]>();
      s.neurons.forEach((n, k) => {
        const known = columnsOf.get(n);
        if (known) known.push(k);
        else columnsOf.set(n, [k]);
      });
      cells.each(s.population, (i, cell) => {
        for (const n of columnsOf.get(i) ?? []) {
          s.slots.forEach((slot, k) => {
            const binding = p.program.bindings.findIndex((b) => b.kind === "state" && b.index === slot);
            items.push({
              ...{ cell, request, slot: variant.places[binding]! },
              integer: p.program.states[slot]!.type === "i32" ? 1 : 0,
              column: n * s.slots.length + k,
            });
          });
        }
      });
      const columns = s.neurons.length * s.slots.length;
      const rows = Math.max(16, Math.min(32_000, Math.floor(SAMPLE_BYTES / (8 * Math.max(1, columns)))));
      this.#buffers.push({ values: memory.alloc(8 * rows * columns), rows });
    });
    items.sort((a, b) => a.cell - b.cell);
    const starts = new Uint32Array(cells.count + 1);
    for (const item of items) starts[item.cell + 1]!++;
    for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!;
    this.fields.itemStarts = memory.put(starts);
    this.fields.items = memory.put(
      packAll(
        SampleItem,
        items.map(({ cell, ...item }) => item),
      ),
    );
  }

  /** steps until the first buffer is full */
  room(): number {
    return Math.min(
      Number.POSITIVE_INFINITY,
      ...this.#p.samples.map((s, k) => this.#buffers[k]!.rows * s.interval),
    );
  }

  /** before a run of some steps after `firstStep` */
  prepare(firstStep: number, steps: number): void {
    const { samples, device } = this.#p;
    this.#sampled = samples.map((s) => {
      const from = Math.max(firstStep, s.start, s.offset - 1) + 1;
      const first = s.offset + Math.ceil((from - s.offset) / s.interval) * s.interval;
      return { first, last: Math.min(firstStep + steps, s.stop), interval: s.interval };
    });
    device.upload(
      this.#infos,
      packAll(
        SampleInfo,
        this.#sampled.map(({ first, last, interval }, k) => ({
          ...{ first: Math.min(first, 2 ** 32 - 1), last: Math.max(0, last), interval },
          columns: samples[k]!.neurons.length * samples[k]!.slots.length,
          values: this.#buffers[k]!.values,
        })),
      ),
    );
  }

  /** the steps that were sampled in a run that ended after step `end` */
  steps(request: number, end: number): Uint32Array {
    const { first, last, interval } = this.#sampled[request]!;
    const steps: number[] = [];
    for (let s = first; s <= Math.min(last, end); s += interval) steps.push(s);
    return Uint32Array.from(steps);
  }

  /** adds what was sampled here; other GPUs' columns are left as they are */
  add(request: number, into: Float64Array): void {
    if (into.length === 0) return;
    const { layout, device } = this.#p;
    if (layout.devices === 1) {
      device.download(this.#buffers[request]!.values, into);
      return;
    }
    const own = new Float64Array(into.length);
    device.download(this.#buffers[request]!.values, own);
    const s = this.#p.samples[request]!;
    const columns = s.neurons.length * s.slots.length;
    const here = new Set<number>();
    this.#cells.each(s.population, (i) => here.add(i));
    s.neurons.forEach((neuron, n) => {
      if (!here.has(neuron)) return;
      for (let row = 0; row < into.length / columns; row++)
        for (let k = 0; k < s.slots.length; k++) {
          const at = row * columns + n * s.slots.length + k;
          into[at] = own[at]!;
        }
    });
  }
}
