/**
 * The reference engine: one thread, plain TypeScript, the steps of the semantics one after the other. Slow and obvious; every
 * other engine is tested against it, spike for spike.
 */

import { compileJsOverArrays } from "../../compiler/print-js.js";
import { SynfireError } from "../../errors.js";
import { philox } from "../../random/philox.js";
import { Purpose, streamKey } from "../../random/streams.js";
import { type Calibration, calibrate, delaySteps, fixedWeight, receptorOf } from "../calibration.js";
import type {
  Engine,
  EngineFactory,
  EngineState,
  MemoryReport,
  RunOutcome,
  RunRequest,
  SynapseTable,
} from "../engine.js";
import type { Drive, Network, Population, Projection, SampleRequest } from "../network.js";
import { forEachSynapse, synapseTable } from "../synapses.js";

interface Synapse {
  readonly population: number;
  readonly neuron: number;
  readonly receptor: number;
  readonly delay: number;
  /** in units of the ring */
  readonly weight: number;
}

/** One synapse of a generator. */
interface DriveEntry extends Synapse {
  readonly id: number;
  readonly ordinal: number;
}

interface Running {
  readonly population: Population;
  readonly arrays: (Float64Array | Float32Array | Int32Array)[];
  readonly uniforms: Float64Array;
  readonly run: (index: number, arrays: readonly ArrayLike<number>[], uniforms: ArrayLike<number>) => void;
  readonly slots: {
    readonly state: number[];
    readonly constant: number[];
    readonly receptor: number[];
    readonly continuous: number[];
    readonly gid: number;
  };
  readonly step: readonly number[];
  readonly emitted: number;
  readonly failed: number;
  /** by receptor: rows of sums, whole numbers */
  readonly rings: Float64Array[][];
}

/** Every synapse is an object here: more than this many do not fit, and would take minutes to make. */
const MOST_SYNAPSES = 10_000_000;
/** bytes */
const MOST_RINGS = 2 ** 31;

/** @throws SynfireError "out-of-memory" before anything is allocated */
function checkSize(network: Network, rows: number): void {
  const synapses = [...network.projections, ...network.drives.map((d) => d.projection)].reduce(
    (n, p) => n + p.plan.total,
    0,
  );
  if (synapses > MOST_SYNAPSES)
    throw new SynfireError(
      "out-of-memory",
      `The network has ${synapses} synapses; the reference engine holds ${MOST_SYNAPSES} at most. Use the device "cpu".`,
    );
  const rings = network.populations.reduce((n, p) => n + p.size * p.program.receptors.length * rows * 8, 0);
  if (rings > MOST_RINGS)
    throw new SynfireError(
      "out-of-memory",
      `Delays of ${rows - 1} steps need ${rings} bytes for spikes on their way; the reference engine takes ${MOST_RINGS} at most. Use the device "cpu".`,
    );
}

const realArray = (type: string, n: number) =>
  type === "f32" ? new Float32Array(n) : type === "f64" ? new Float64Array(n) : new Int32Array(n);

class ReferenceEngine implements Engine {
  readonly name = "reference";
  readonly threads = 1;
  readonly minDelay: number;
  readonly #network: Network;
  readonly #calibration: Calibration;
  readonly #samples: readonly SampleRequest[];
  readonly #running: Running[];
  readonly #populationOf: (id: number) => number;
  readonly #synapses = new Map<number, Synapse[]>();
  readonly #rows: number;
  readonly #drives: {
    drive: Drive;
    entries: DriveEntry[];
  }[];
  #step = 0;

  constructor(network: Network, samples: readonly SampleRequest[]) {
    this.#network = network;
    this.#samples = samples;
    this.#calibration = calibrate(network);
    this.minDelay = this.#calibration.minDelay;
    this.#rows = this.#calibration.maxDelay + 1;
    checkSize(network, this.#rows);
    this.#running = network.populations.map((p) => this.#start(p));
    this.#populationOf = (id) => network.populations.findIndex((p) => id >= p.first && id < p.first + p.size);
    for (const p of network.projections) this.#connect(p);
    this.#drives = network.drives.map((drive) => ({ drive, entries: this.#driveEntries(drive) }));
  }

  #start(population: Population): Running {
    const { program, size } = population;
    const { arrayIds, uniformIds, run } = compileJsOverArrays(program.update);
    const inputs = program.update.inputs;
    const types = new Map(
      [...inputs.map((i) => i.variable), ...program.update.outputs].map((v) => [v.id, v.type]),
    );
    const arrays = arrayIds.map((id) => realArray(types.get(id)!, size));
    const uniforms = new Float64Array(uniformIds.length);
    const slots = {
      state: [] as number[],
      constant: [] as number[],
      receptor: [] as number[],
      continuous: [] as number[],
      gid: -1,
    };
    // a model may read the step as a time, and its random numbers follow from it
    const step: number[] = [];
    inputs.forEach(({ variable }, k) => {
      const b = program.bindings[k]!;
      const array = arrayIds.indexOf(variable.id);
      if (b.kind === "limit") uniforms[uniformIds.indexOf(variable.id)] = 2 ** 31 - 1;
      else if (b.kind === "step") step.push(uniformIds.indexOf(variable.id));
      else if (b.kind === "key0" || b.kind === "key1")
        uniforms[uniformIds.indexOf(variable.id)] = population.key[b.kind === "key0" ? 0 : 1];
      else if (b.kind === "gid") {
        slots.gid = array;
        for (let i = 0; i < size; i++) arrays[array]![i] = population.first + i;
      } else if (
        b.kind === "state" ||
        b.kind === "constant" ||
        b.kind === "receptor" ||
        b.kind === "continuous"
      ) {
        slots[b.kind][b.index] = array;
        const values =
          b.kind === "state"
            ? population.states[b.index]!
            : b.kind === "constant"
              ? population.constants[b.index]!
              : 0;
        if (typeof values === "number") arrays[array]!.fill(values);
        else arrays[array]!.set(values);
      }
    });
    const rings = program.receptors.map(() =>
      Array.from({ length: this.#rows }, () => new Float64Array(size)),
    );
    return {
      population,
      arrays,
      uniforms,
      run,
      slots,
      step,
      rings,
      emitted: arrayIds.indexOf(program.emitted.id),
      failed: arrayIds.indexOf(program.failed.id),
    };
  }

  #endOf(
    p: Projection,
    target: number,
    weight: number,
  ): { population: number; neuron: number; receptor: number; weight: number } {
    const id = p.endpoints.targets.id(target);
    const population = this.#populationOf(id);
    const { receptor, value } = receptorOf(p.receptors.get(population)!, weight);
    const ring = this.#calibration.rings[population]![receptor]!;
    return {
      population,
      neuron: id - this.#network.populations[population]!.first,
      receptor,
      weight: fixedWeight(value, this.#calibration.projections.get(p)!, p, ring),
    };
  }

  #connect(p: Projection): void {
    forEachSynapse(this.#network.seed, p, 0, p.endpoints.targets.length, (source, target, weight, delay) => {
      const id = p.alias === undefined ? p.endpoints.sources.id(source) : p.alias + source;
      let list = this.#synapses.get(id);
      if (!list) this.#synapses.set(id, (list = []));
      list.push({ ...this.#endOf(p, target, weight), delay: delaySteps(delay, this.#network.resolution) });
    });
  }

  #driveEntries({ projection: p }: Drive) {
    const entries: DriveEntry[] = [];
    forEachSynapse(
      this.#network.seed,
      p,
      0,
      p.endpoints.targets.length,
      (_, target, weight, delay, ordinal) => {
        entries.push({
          ...this.#endOf(p, target, weight),
          id: p.endpoints.targets.id(target),
          ordinal,
          delay: delaySteps(delay, this.#network.resolution),
        });
      },
    );
    return entries;
  }

  async run(request: RunRequest): Promise<RunOutcome> {
    const spikes: { id: number; step: number; multiplicity: number }[] = [];
    let spikeCount = 0;
    let failure: RunOutcome["failure"];
    const rows = this.#samples.map(() => ({ steps: [] as number[], values: [] as number[] }));
    const scheduled = [...request.scheduled];
    const last = this.#step + request.steps;
    while (this.#step < last && !failure) {
      const step = ++this.#step;
      for (const d of this.#drives) this.#drive(d, step);
      const fired: { id: number; multiplicity: number }[] = [];
      for (const r of this.#running) failure = this.#update(r, step, fired) ?? failure;
      spikeCount += fired.length;
      if (request.record) for (const f of fired) spikes.push({ ...f, step });
      while (scheduled.length > 0 && scheduled[0]!.step <= step) fired.push(scheduled.shift()!);
      for (const f of fired) this.#deliver(f.id, f.multiplicity, step);
      this.#samples.forEach((s, k) => {
        if (step <= s.start || step > s.stop || step < s.offset || (step - s.offset) % s.interval !== 0)
          return;
        rows[k]!.steps.push(step);
        const r = this.#running[s.population]!;
        for (const n of s.neurons)
          for (const slot of s.slots) rows[k]!.values.push(r.arrays[r.slots.state[slot]!]![n]!);
      });
    }
    return {
      steps: request.steps - (last - this.#step),
      spikes: {
        ids: Uint32Array.from(spikes, (s) => s.id),
        steps: Uint32Array.from(spikes, (s) => s.step),
        multiplicities: Uint32Array.from(spikes, (s) => s.multiplicity),
      },
      spikeCount,
      samples: rows.map((r) => ({ steps: Uint32Array.from(r.steps), values: Float64Array.from(r.values) })),
      failure,
    };
  }

  /** advances one population by one step; appends who fired */
  #update(r: Running, step: number, fired: { id: number; multiplicity: number }[]): RunOutcome["failure"] {
    const { population, arrays, uniforms } = r;
    for (const k of r.step) uniforms[k] = step;
    const row = step % this.#rows;
    population.program.receptors.forEach((_, receptor) => {
      const sums = r.rings[receptor]![row]!;
      const array = r.slots.receptor[receptor];
      if (array !== undefined) {
        const scale = 2 ** this.#calibration.rings[population.index]![receptor]!.exponent;
        const narrow =
          this.#calibration.rings[population.index]![receptor]!.form === "i32" &&
          population.program.real === "f32";
        for (let i = 0; i < sums.length; i++)
          arrays[array]![i] = narrow ? Math.fround(sums[i]!) * scale : sums[i]! * scale;
      }
      sums.fill(0);
    });
    let failure: RunOutcome["failure"];
    for (let i = 0; i < population.size; i++) {
      r.run(i, arrays, uniforms);
      const count = arrays[r.emitted]![i]!;
      const id = population.first + i;
      if (arrays[r.failed]![i]! !== 0) failure ??= { kind: "integration", id, step };
      if (count === 0) continue;
      if (count > population.maxEmission) failure ??= { kind: "emission", id, step };
      fired.push({ id, multiplicity: count });
    }
    return failure;
  }

  #deliver(id: number, multiplicity: number, step: number): void {
    for (const s of this.#synapses.get(id) ?? []) {
      this.#running[s.population]!.rings[s.receptor]![(step + s.delay) % this.#rows]![s.neuron]! +=
        s.weight * multiplicity;
    }
  }

  #drive(
    {
      drive,
      entries,
    }: {
      drive: Drive;
      entries: DriveEntry[];
    },
    step: number,
  ): void {
    for (const e of entries) {
      const emitted = step - e.delay;
      if (emitted < 1 || emitted <= drive.start || emitted > drive.stop) continue;
      const count = this.#poisson(drive, e.id, e.ordinal, emitted);
      this.#running[e.population]!.rings[e.receptor]![step % this.#rows]![e.neuron]! += e.weight * count;
    }
  }

  /** 48 random bits, inverted: the upper 16 serve 8 steps of one Philox call */
  #poisson(drive: Drive, id: number, ordinal: number, step: number): number {
    const { first, thresholds } = this.#calibration.poisson.get(drive.lambda)!;
    const [key0, key1] = streamKey(this.#network.seed, Purpose.poisson, drive.projection.id);
    const words = new Uint32Array(4);
    philox(id, step >>> 3, ordinal, 0, key0, key1, words);
    const upper = (words[(step >>> 1) & 3]! >>> ((step & 1) * 16)) & 0xffff;
    philox(id, step, ordinal, 1, key0, key1, words);
    const u = upper * 2 ** 32 + words[0]!;
    let count = 0;
    while (count < thresholds.length && thresholds[count]! <= u) count++;
    return first + count;
  }

  exportState(): EngineState {
    return {
      step: this.#step,
      states: this.#running.map((r) =>
        r.population.program.states.map((_, slot) => this.getState(r.population.index, slot)),
      ),
      pending: this.#running.map((r) =>
        r.rings.map((ring, receptor) => {
          const scale = 2 ** this.#calibration.rings[r.population.index]![receptor]!.exponent;
          const n = r.population.size;
          const values = new Float64Array((this.#rows - 1) * n);
          for (let k = 0; k < this.#rows - 1; k++)
            values.set(
              ring[(this.#step + 1 + k) % this.#rows]!.map((v) => v * scale),
              k * n,
            );
          return { rows: this.#rows - 1, values };
        }),
      ),
    };
  }

  importState(state: EngineState): void {
    this.#step = state.step;
    state.states.forEach((slots, population) => {
      slots.forEach((values, slot) => {
        this.setState(population, slot, values);
      });
    });
    state.pending.forEach((receptors, population) => {
      receptors.forEach(({ rows, values }, receptor) => {
        const ring = this.#running[population]!.rings[receptor]!;
        const scale = 2 ** -this.#calibration.rings[population]![receptor]!.exponent;
        const n = this.#network.populations[population]!.size;
        for (const row of ring) row.fill(0);
        for (let k = 0; k < rows; k++) {
          const row = values.subarray(k * n, (k + 1) * n);
          if (k < this.#rows - 1)
            ring[(this.#step + 1 + k) % this.#rows]!.set(row.map((v) => Math.floor(v * scale + 0.5)));
        }
      });
    });
  }

  setConstant(population: number, slot: number, values: number | Float64Array): boolean {
    const r = this.#running[population]!;
    const array = r.arrays[r.slots.constant[slot]!]!;
    if (typeof values === "number") array.fill(values);
    else array.set(values);
    return true;
  }

  getState(population: number, slot: number): Float64Array {
    const r = this.#running[population]!;
    return Float64Array.from(r.arrays[r.slots.state[slot]!]!);
  }

  setState(population: number, slot: number, values: Float64Array): void {
    const r = this.#running[population]!;
    r.arrays[r.slots.state[slot]!]!.set(values);
  }

  setContinuous(population: number, port: number, values: Float64Array): void {
    const r = this.#running[population]!;
    const array = r.slots.continuous[port];
    if (array !== undefined) r.arrays[array]!.set(values);
  }

  setDrive(): boolean {
    return false;
  }

  synapses(projection: number): SynapseTable {
    return synapseTable(this.#network, this.#calibration, projection);
  }

  memory(): MemoryReport {
    let [neurons, rings] = [0, 0];
    for (const r of this.#running) {
      for (const a of r.arrays) neurons += a.byteLength;
      rings += r.rings.length * this.#rows * r.population.size * 8;
    }
    let synapses = 0;
    const projections = this.#network.projections.map((p) => {
      const c = this.#calibration.projections.get(p)!;
      const bytes = p.plan.total * 48;
      synapses += bytes;
      return { projection: p.id, synapses: p.plan.total, layout: c.layout, reason: c.reason, bytes };
    });
    return {
      total: neurons + rings + synapses,
      synapses,
      neurons,
      rings,
      projections,
      scales: this.#calibration.rings,
      tiles: 1,
    };
  }

  dispose(): void {
    this.#synapses.clear();
  }
}

export const referenceEngine: EngineFactory = async (network, samples) =>
  new ReferenceEngine(network, samples);
