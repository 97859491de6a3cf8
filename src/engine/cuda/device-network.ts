/** One GPU's share of a network: neurons, rings, tables, recordings in its memory, and the launches of the resident loop. */

import type { Calibration } from "../calibration.js";
import type { RunRequest } from "../engine.js";
import type { Network, SampleRequest, SpikeBatch, Values } from "../network.js";
import type { CommonValues } from "./common-values.js";
import { type BuiltTable, tableBytes } from "./construct.js";
import { debugs } from "./debug.js";
import type { CudaDevice, DevicePointer, Kernel } from "./driver.js";
import type { DrivePlan } from "./drives.js";
import { Generators } from "./generators.js";
import type { RankLayout } from "./layout.js";
import { mailBytes } from "./mailboxes.js";
import { Samples } from "./samples.js";
import { inboxBytes, type Shape, tagOf } from "./shape.js";
import type { Groups } from "./sources.js";
import { spikeBatch } from "./spikes.js";
import { readTable, type StoredSynapse } from "./stored-synapses.js";
import { type FieldValue, packAll } from "./struct.js";
import { FORMAT_BYTES, NOBODY, PopulationInfo, RecordJob, RunParams, Table } from "./structs.js";
import { mostOf, type Variant } from "./variants.js";

/** Bytes for recorded spikes between two looks of the host, and spikes of each neuron that are enough: when all is full, a launch ends. */
const RECORD_BYTES = 256 * 2 ** 20;
const RECORDED_PER_NEURON = 2000;
const RECORD_ENTRY = 8;
/** Memory that other processes use comes in multiples of this. */
const EXPORTED = 2 * 2 ** 20;

export interface DeviceNetworkParts {
  readonly device: CudaDevice;
  /** of the device among those used */
  readonly index: number;
  readonly network: Network;
  readonly calibration: Calibration;
  readonly layout: RankLayout;
  readonly shape: Shape;
  readonly variantOf: readonly number[];
  readonly drives: readonly DrivePlan[];
  readonly samples: readonly SampleRequest[];
  readonly tables: readonly BuiltTable[];
  readonly groups: Groups;
  /** messages that the host passes on, for this device to fetch; 0: there are none */
  readonly relayed: DevicePointer;
  readonly common: CommonValues;
  /** not known before construction: it is compiled for the groups of sources */
  readonly kernel: Kernel;
  /** the same without common values */
  readonly plainKernel: () => Promise<Kernel>;
  readonly recordKernels: { readonly [name in "count" | "scan" | "place" | "rank"]: Kernel };
}

/** Groups of sources that have the same tables, for each process: its sources are counted place by place in its own blocks. */
export function groupsOf(
  tables: readonly Pick<BuiltTable, "sources" | "processes" | "rowBytes">[],
  processes: number,
): Groups {
  const byProcess = Array.from({ length: processes }, (_, process) =>
    tables.flatMap((t, table) =>
      t.processes.includes(process) ? [{ ...t.sources.rangeOf(process), table }] : [],
    ),
  );
  const starts = [...new Set([0, ...byProcess.flat().flatMap(({ first, end }) => [first, end])])];
  starts.sort((a, b) => a - b);
  return {
    starts,
    tables: byProcess.flatMap((list) =>
      starts.map((s) => list.filter(({ first, end }) => s >= first && s < end).map(({ table }) => table)),
    ),
    rowBytes: Math.max(16, ...tables.map((t) => t.rowBytes)),
  };
}

type RealArray = Float32Array | Float64Array;

export class DeviceNetwork {
  readonly device: CudaDevice;
  readonly tables: readonly BuiltTable[];
  readonly generators: Generators;
  readonly samples: Samples;
  bytes = 0;
  readonly neuronBytes: number;
  readonly ringBytes: number;
  readonly #p: DeviceNetworkParts;
  readonly #cells: number;
  readonly #wide: boolean;
  readonly #memory: {
    readonly reals: DevicePointer;
    readonly ints: DevicePointer;
    readonly realUniforms: DevicePointer;
    readonly intUniforms: DevicePointer;
    readonly rings: DevicePointer;
    readonly mail: DevicePointer;
    readonly givenUp: DevicePointer;
    readonly records: DevicePointer;
    readonly recordCounts: DevicePointer;
    readonly outcome: DevicePointer;
    readonly params: DevicePointer;
    readonly recordJob: DevicePointer;
  };
  readonly #fixed: Record<string, FieldValue>;
  readonly #recordCapacity: number;
  readonly #realUniformCount: number;
  readonly #intUniformCount: number;
  readonly #ids: Uint32Array;
  #external: DevicePointer[] = [];
  #ordered = { at: 0, size: 0 };
  /** fetches what was recorded last, if nobody has done so */
  #unfetched: (() => SpikeBatch) | undefined;
  #params: Uint8Array = new Uint8Array(0);
  #kernel: Kernel;

  constructor(parts: DeviceNetworkParts) {
    this.#p = parts;
    this.#kernel = parts.kernel;
    this.device = parts.device;
    this.tables = parts.tables;
    const { network, layout, shape, variantOf, calibration } = parts;
    this.#cells = layout.blocks * layout.slots;
    this.#wide = network.precision === "float64";
    const cells = this.#cells;
    const realBytes = this.#wide ? 8 : 4;
    const most = (pick: (v: Variant) => number) => mostOf(shape.variants, pick);
    this.#realUniformCount = most((v) => v.realUniforms);
    this.#intUniformCount = most((v) => v.intUniforms);
    const populations = network.populations.length;
    const values = this.#initialValues(
      most((v) => v.reals),
      most((v) => v.ints),
    );
    const [reals, ints] = [this.#put(values.reals), this.#put(values.ints)];
    const realUniforms = this.#put(this.#sharedValues(false, this.#realUniformCount));
    const intUniforms = this.#put(this.#sharedValues(true, this.#intUniformCount));
    this.neuronBytes = (most((v) => v.reals) * realBytes + most((v) => v.ints) * 4 + 6) * cells;
    this.ringBytes = shape.ringBytes * layout.blocks;
    const rings = this.#alloc(this.ringBytes);
    this.device.fill(rings, 0, this.ringBytes);
    const inbox = this.#alloc(inboxBytes(shape) * layout.blocks);
    // at least what the steps until all blocks have stopped can need
    const room = debugs("full") ? 0 : Math.floor(RECORD_BYTES / RECORD_ENTRY / layout.blocks);
    this.#recordCapacity = Math.max(
      (shape.farLag + 3) * layout.slots,
      Math.min(2 ** 24, RECORDED_PER_NEURON * layout.slots, room),
    );
    const records = this.#alloc(this.#recordCapacity * RECORD_ENTRY * layout.blocks);
    const recordCounts = this.#alloc(4 * layout.blocks);
    this.#ids = new Uint32Array(cells);
    const owners = new Uint16Array(cells).fill(NOBODY);
    for (const p of network.populations)
      this.#each(p.index, (i, cell) => {
        this.#ids[cell] = p.first + i;
        owners[cell] = p.index;
      });
    const own = { count: cells, each: this.#each.bind(this) };
    const memory = { alloc: this.#alloc.bind(this), put: this.#put.bind(this) };
    this.generators = new Generators(parts, own, memory);
    this.samples = new Samples(parts, own, memory);
    const { drives } = this.generators;
    const scales = Float64Array.from({ length: populations * shape.rings.length }, (_, k) => {
      const ring = calibration.rings[Math.floor(k / shape.rings.length)]![k % shape.rings.length];
      return ring ? 2 ** ring.exponent : 1;
    });
    this.#memory = {
      ...{ reals, ints, realUniforms, intUniforms, rings, records, recordCounts },
      // pieces of the driver's blocks of 2 MiB must not be shared with other processes
      mail: this.#alloc(Math.ceil(mailBytes(shape) / EXPORTED) * EXPORTED),
      givenUp: this.#alloc(16),
      outcome: this.#alloc(32),
      params: this.#alloc(RunParams.bytes),
      recordJob: this.#alloc(RecordJob.bytes),
    };
    this.#fixed = {
      firstBlock: parts.index * layout.blocks,
      ownMail: this.#memory.mail,
      ...{ relayed: parts.relayed, givenUp: this.#memory.givenUp },
      recordCapacity: this.#recordCapacity,
      ...this.#putTables(),
      ...{ rings, inbox, reals, ints, realUniforms, intUniforms, records, recordCounts, drives },
      populations: this.#put(owners),
      ids: this.#put(this.#ids),
      populationInfo: this.#put(
        packAll(
          PopulationInfo,
          network.populations.map((p) => ({
            variant: variantOf[p.index]!,
            firstReal: p.index * this.#realUniformCount,
            firstInt: p.index * this.#intUniformCount,
            ...{ key0: p.key[0], key1: p.key[1], maxEmission: Math.min(p.maxEmission, 65535) },
            ...this.generators.of(p.index),
          })),
        ),
      ),
      scales: this.#put(scales),
      failure: this.#memory.outcome,
      emitted: this.#memory.outcome + 8,
      doneSteps: this.#memory.outcome + 16,
      ...this.samples.fields,
    };
    // the way to tell a kernel something must be there before it runs
    if (shape.processBlocks < shape.allBlocks)
      this.device.interrupt(this.#memory.givenUp, new BigUint64Array(1));
    Object.assign(this.#fixed, this.#ownSynapses());
  }

  /** Reals and integers of neurons, by slot and cell, as the network has them. */
  #initialValues(realSlots: number, intSlots: number) {
    const reals = this.#array(false, realSlots * this.#cells);
    const ints = this.#array(true, intSlots * this.#cells);
    for (const p of this.#p.network.populations) {
      const [positions, cells] = [new Uint32Array(p.size), new Uint32Array(p.size)];
      let count = 0;
      this.#each(p.index, (i, cell) => {
        positions[count] = i;
        cells[count++] = cell;
      });
      const put = (kind: "state" | "constant", slot: number, values: Values) => {
        const where = this.#placeOf(p.index, kind, slot);
        if (!where || (kind === "constant" && where.variant.uniform[slot])) return;
        const array = where.integer ? ints : reals;
        const base = where.place * this.#cells;
        if (typeof values === "number") for (let k = 0; k < count; k++) array[base + cells[k]!] = values;
        else for (let k = 0; k < count; k++) array[base + cells[k]!] = values[positions[k]!]!;
      };
      p.constants.forEach((v, slot) => {
        put("constant", slot, v);
      });
      p.states.forEach((v, slot) => {
        put("state", slot, v);
      });
    }
    return { reals, ints };
  }

  /** Constants that the neurons of a population share, by population and place. */
  #sharedValues(integer: boolean, count: number): RealArray | Int32Array {
    const array = this.#array(integer, this.#p.network.populations.length * count);
    this.#p.common.shared(integer).forEach((values, population) => {
      array.set(values, population * count);
    });
    return array;
  }

  /** where messages for this device are put */
  get mail(): DevicePointer {
    return this.#memory.mail;
  }

  /** tells where this device puts its messages */
  connect(targets: readonly DevicePointer[]): void {
    this.#fixed.mail = targets;
  }

  #alloc(bytes: number): DevicePointer {
    this.bytes += bytes;
    return this.device.alloc(bytes);
  }

  #put(data: ArrayBufferView): DevicePointer {
    const p = this.#alloc(data.byteLength);
    this.device.stage(p, data);
    return p;
  }

  /** the neurons of a population that live here: position in the population, cell */
  #each(population: number, visit: (position: number, cell: number) => void): void {
    const { layout, index } = this.#p;
    const { from, to, firstBlock } = layout.onDevice(population, index);
    if (from === to) return;
    // they are dealt over the blocks of their process in turn
    const first = layout.indexOf(population, from);
    const start = layout.processOf(first) * layout.processBlocks - firstBlock;
    const end = start + layout.processBlocks;
    let [block, place] = [(first % layout.allBlocks) - firstBlock, Math.floor(first / layout.allBlocks)];
    for (let i = from; i < to; i++) {
      if (block >= 0 && block < layout.blocks) visit(i, block * layout.slots + place);
      if (++block < end) continue;
      block = start;
      place++;
    }
  }

  // ---- tables

  #putTables(): Record<string, FieldValue> {
    const { shape, layout, groups } = this.#p;
    const rows = this.tables.map((t, k) => {
      const ring = shape.rings[t.plan.receptor]!;
      this.bytes += tableBytes(t);
      return {
        ...{ rows: t.rows, data: t.data, weight: BigInt(t.plan.weight) },
        ...{ trays: t.trays, trayBytes: t.trayBytes },
        ...{ places: t.sources.places, origin: t.sources.origin },
        ...{ rowBytes: t.rowBytes, narrow: t.narrow ? 1 : 0, format: t.plan.format },
        ...{ firstDelay: t.plan.firstDelay, receptor: t.plan.receptor },
        ...{ ringOffset: ring.shared ? ring.sharedOffset : ring.offset, ringRows: ring.rows },
        ...{ ringShared: ring.shared ? 1 : 0, ringWide: ring.wide ? 1 : 0 },
        tag: tagOf(t.plan, k, layout.localBits),
      };
    });
    const groupTables = [0];
    for (const list of groups.tables) groupTables.push(groupTables[groupTables.length - 1]! + list.length);
    const list = groups.tables.flat();
    return {
      tables: this.#put(packAll(Table, rows)),
      groupStarts: this.#put(Uint32Array.from(groups.starts)),
      groupTables: this.#put(Uint32Array.from(groupTables)),
      groupList: this.#put(Uint32Array.from(list.length > 0 ? list : [0])),
    };
  }

  /** by cell: address and bytes of the synapses of its neuron, of the first table that has any */
  #ownSynapses(): Record<string, FieldValue> {
    const { layout, index } = this.#p;
    const firstBlock = index * layout.blocks;
    // 64 bits as two words: a bigint for each would take half of the time of construction
    const ownRows = new Uint32Array(2 * this.#cells);
    const own = new Uint32Array(4 * this.#cells);
    const put = (array: Uint32Array, at: number, value: number) => {
      // a remainder of reals takes ten times as long
      const high = Math.floor(value * 2 ** -32);
      array[at] = value - high * 2 ** 32;
      array[at + 1] = high;
    };
    for (const t of this.tables) {
      const size = FORMAT_BYTES[t.plan.format]!;
      const bases = new Uint32Array(t.bases.buffer);
      const { all, totals, data, rows, rowBytes, trays, trayBytes } = t;
      const { firstPlace, places } = t.sources;
      const trayStride = layout.blocks * trayBytes;
      const end = Math.min(places, layout.slots - firstPlace);
      for (const { block, firstRow } of t.sources.blocksIn(firstBlock, firstBlock + layout.blocks)) {
        const firstCell = (block - firstBlock) * layout.slots + firstPlace;
        for (let k = 0; k < end; k++) {
          const row = firstRow + k;
          const cell = firstCell + k;
          if (all[row] === 0 || own[4 * cell + 2] !== 0) continue;
          if (trayBytes > 0) {
            put(own, 4 * cell, trays + row * trayStride);
            put(own, 4 * cell + 2, trayStride);
            continue;
          }
          put(own, 4 * cell, data + (bases[2 * row]! + bases[2 * row + 1]! * 2 ** 32) * size);
          put(own, 4 * cell + 2, totals[row]! * size);
          put(ownRows, 2 * cell, rows + row * rowBytes);
        }
      }
    }
    return { ownSynapses: this.#put(own), ownRows: this.#put(ownRows) };
  }

  storedSynapses(): StoredSynapse[] {
    const { layout, network } = this.#p;
    return this.tables.flatMap((t) => readTable(this.device, t, { layout, ids: this.#ids, network }));
  }

  // ---- runs

  /** Takes the kernel for the constants as they are now: before `prepare`. @returns what must be waited for first, if anything */
  chooseKernel(): Promise<void> | undefined {
    const { common, kernel, plainKernel } = this.#p;
    const words = common.words();
    this.#fixed.common = words ? [...words] : 0;
    if (!words) return plainKernel().then((plain) => void (this.#kernel = plain));
    this.#kernel = kernel;
    return undefined;
  }

  prepare(firstStep: number, steps: number, request: RunRequest, layout: RankLayout): void {
    const { shape } = this.#p;
    const m = this.#memory;
    this.device.fill(m.mail, 0, mailBytes(shape));
    this.device.fill(m.givenUp, 0, 16);
    this.device.fill(m.recordCounts, 0, 4 * layout.blocks);
    this.device.fill(m.outcome, 0xff, 8);
    this.device.fill(m.outcome + 8, 0, 24);
    this.samples.prepare(firstStep, steps);
    for (const p of this.#external) this.device.free(p);
    this.#external = [];
    const scheduled = request.scheduled.filter((s) => s.step > firstStep && s.step <= firstStep + steps);
    const external: Record<string, FieldValue> = {};
    if (scheduled.length > 0) {
      const starts = new Uint32Array(steps + 1);
      const spikes: number[] = [];
      for (const s of scheduled) {
        const at = layout.sourceIndex(s.id);
        if (at < 0) continue;
        starts[s.step - firstStep]!++;
        spikes.push(at, s.multiplicity);
      }
      for (let i = 1; i < starts.length; i++) starts[i]! += starts[i - 1]!;
      const data = [starts, Uint32Array.from(spikes)].map((d) => {
        const p = this.device.alloc(d.byteLength);
        this.device.upload(p, d);
        this.#external.push(p);
        return p;
      });
      external.externalStarts = data[0]!;
      external.external = data[1]!;
    }
    this.#params = RunParams.pack({
      ...this.#fixed,
      ...external,
      ...{ firstStep, steps, record: request.record ? 1 : 0, self: m.params },
    });
    this.device.upload(m.params, this.#params);
  }

  launch(): void {
    const { shape, layout } = this.#p;
    this.device.launch(this.#kernel, {
      ...{ blocks: layout.blocks, threads: shape.threads, shared: shape.sharedBytes },
      ...{ argument: this.#params, cooperative: true },
    });
  }

  /** lets the kernel end that waits for a process that has ended */
  giveUp(): void {
    this.device.interrupt(this.#memory.givenUp, BigUint64Array.of(1n));
  }

  results(): { steps: number; emitted: number; failure: bigint } {
    const out = new BigUint64Array(3);
    this.device.download(this.#memory.outcome, out);
    return { failure: out[0]!, emitted: Number(out[1]!), steps: Number(out[2]!) };
  }

  /**
   * Puts what the blocks recorded in the last run, of `steps` steps after `firstStep`, into the order (step, id).
   * @returns what fetches it: it need not be called before the next run has begun
   */
  records(firstStep: number, steps: number): () => SpikeBatch {
    const { layout, shape, recordKernels } = this.#p;
    // what nobody has asked for yet is about to be overwritten
    this.#unfetched?.();
    const counts = new Uint32Array(layout.blocks);
    this.device.download(this.#memory.recordCounts, counts);
    const total = counts.reduce((n, c) => n + c, 0);
    const [tableBytes, columnBytes] = [4 * (steps + 2), 4 * total * (shape.multi ? 2 : 1)];
    // two tables of steps, and spikes as placed and as ranked
    const [placed, ranked] = [2 * tableBytes, 2 * tableBytes + columnBytes];
    const needed = ranked + columnBytes;
    if (total > 0) {
      if (this.#ordered.size < needed) {
        if (this.#ordered.at !== 0) this.device.free(this.#ordered.at);
        this.#ordered = { at: this.device.alloc(1.5 * needed), size: Math.floor(1.5 * needed) };
      }
      const { at } = this.#ordered;
      const job = {
        ...{ counts: this.#memory.recordCounts, records: this.#memory.records, ids: this.#fixed.ids! },
        ...{ starts: at, cursors: at + tableBytes, placed: at + placed, out: at + ranked },
        ...{ total, capacity: this.#recordCapacity, firstStep, steps },
      };
      this.device.fill(at, 0, tableBytes);
      this.device.upload(this.#memory.recordJob, RecordJob.pack(job));
      const threads = Math.min(256, this.device.info.threadsPerBlock);
      const launch = (kernel: Kernel, blocks: number, shared = 0) =>
        this.device.launch(kernel, { blocks, threads, shared, argument: this.#memory.recordJob });
      launch(recordKernels.count, layout.blocks);
      launch(recordKernels.scan, 1, 4 * threads);
      launch(recordKernels.place, layout.blocks);
      launch(recordKernels.rank, Math.min(steps, 8 * this.device.info.multiprocessors));
      this.device.synchronize();
    }
    let batch: SpikeBatch | undefined;
    const fetch = (): SpikeBatch => {
      if (batch) return batch;
      const [starts, out] = [new Uint32Array(tableBytes / 4), new Uint32Array(columnBytes / 4)];
      if (total > 0) {
        this.device.downloadBeside(this.#ordered.at, starts);
        this.device.downloadBeside(this.#ordered.at + ranked, out);
      }
      if (this.#unfetched === fetch) this.#unfetched = undefined;
      batch = spikeBatch(out, total, shape.multi, starts, firstStep);
      return batch;
    };
    this.#unfetched = fetch;
    return fetch;
  }

  // ---- values of neurons

  #array(integer: boolean, n: number): RealArray | Int32Array {
    return integer ? new Int32Array(n) : this.#wide ? new Float64Array(n) : new Float32Array(n);
  }

  #placeOf(population: number, kind: "state" | "constant" | "continuous", slot: number) {
    const { network, shape, variantOf } = this.#p;
    const { program } = network.populations[population]!;
    const binding = program.bindings.findIndex((b) => b.kind === kind && b.index === slot);
    if (binding < 0) return undefined;
    const integer = program.update.inputs[binding]!.variable.type === "i32";
    const variant = shape.variants[variantOf[population]!]!;
    return { integer, place: variant.places[binding]!, bytes: integer || !this.#wide ? 4 : 8, variant };
  }

  #writeCells(population: number, integer: boolean, place: number, values: Values): void {
    const array = this.#array(integer, this.#cells);
    const bytes = array.BYTES_PER_ELEMENT;
    const at = (integer ? this.#memory.ints : this.#memory.reals) + place * this.#cells * bytes;
    this.device.download(at, array);
    this.#each(population, (i, cell) => {
      array[cell] = typeof values === "number" ? values : values[i]!;
    });
    this.device.upload(at, array);
  }

  readState(population: number, slot: number, out: Float64Array): void {
    const where = this.#placeOf(population, "state", slot);
    if (!where) return;
    const array = this.#array(where.integer, this.#cells);
    const base = where.integer ? this.#memory.ints : this.#memory.reals;
    this.device.download(base + where.place * this.#cells * where.bytes, array);
    this.#each(population, (i, cell) => {
      out[i] = array[cell]!;
    });
  }

  writeState(population: number, slot: number, values: Values): void {
    const where = this.#placeOf(population, "state", slot);
    if (where) this.#writeCells(population, where.integer, where.place, values);
  }

  /** @returns false if the population must be laid out anew, since its neurons no longer share the value */
  writeConstant(population: number, slot: number, values: Values): boolean {
    const where = this.#placeOf(population, "constant", slot);
    if (!where) return true;
    if (!where.variant.uniform[slot]) {
      this.#writeCells(population, where.integer, where.place, values);
      return true;
    }
    if (typeof values !== "number") return false;
    this.#p.common.set(population, where.integer, where.place, values);
    const one = this.#array(where.integer, 1);
    one[0] = values;
    const [base, count] = where.integer
      ? [this.#memory.intUniforms, this.#intUniformCount]
      : [this.#memory.realUniforms, this.#realUniformCount];
    this.device.upload(base + (population * count + where.place) * where.bytes, one);
    return true;
  }

  writeContinuous(population: number, port: number, values: Float64Array): void {
    const where = this.#placeOf(population, "continuous", port);
    if (where) this.#writeCells(population, where.integer, where.place, values);
  }

  // ---- sums that arrive later

  #eachPending(
    step: number,
    write: boolean,
    visit: (population: number, receptor: number, row: number, neuron: number, sum: number) => number,
  ): void {
    const { shape, layout, network } = this.#p;
    const bytes = new Uint8Array(this.ringBytes);
    if (!write) this.device.download(this.#memory.rings, bytes);
    shape.rings.forEach((ring, receptor) => {
      for (const p of network.populations) {
        if (receptor >= p.program.receptors.length) continue;
        this.#each(p.index, (neuron, cell) => {
          const block = Math.floor(cell / layout.slots);
          const base = block * shape.ringBytes + ring.offset;
          for (let row = 0; row < ring.rows - 1; row++) {
            const at = ((step + 1 + row) % ring.rows) * layout.slots + (cell % layout.slots);
            const view = ring.wide
              ? new BigInt64Array(bytes.buffer, base + 8 * at, 1)
              : new Int32Array(bytes.buffer, base + 4 * at, 1);
            const sum = visit(p.index, receptor, row, neuron, Number(view[0]));
            if (write) view[0] = (ring.wide ? BigInt(sum) : sum) as never;
          }
        });
      }
    });
    if (write) this.device.upload(this.#memory.rings, bytes);
  }

  readPending(step: number, pending: readonly (readonly { rows: number; values: Float64Array }[])[]): void {
    const { calibration, network } = this.#p;
    this.#eachPending(step, false, (population, receptor, row, neuron, sum) => {
      const { rows, values } = pending[population]![receptor]!;
      const { exponent } = calibration.rings[population]![receptor]!;
      if (row < rows) values[row * network.populations[population]!.size + neuron] = sum * 2 ** exponent;
      return sum;
    });
  }

  writePending(step: number, pending: readonly (readonly { rows: number; values: Float64Array }[])[]): void {
    const { calibration, network } = this.#p;
    this.#eachPending(step, true, (population, receptor, row, neuron) => {
      const saved = pending[population]?.[receptor];
      if (!saved || row >= saved.rows) return 0;
      const { exponent } = calibration.rings[population]![receptor]!;
      const value = saved.values[row * network.populations[population]!.size + neuron]!;
      return Math.floor(value * 2 ** -exponent + 0.5);
    });
  }
}
