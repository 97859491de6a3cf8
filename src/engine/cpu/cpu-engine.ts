/** The CPU engine: WebAssembly kernels over tiles, one memory per thread, spikes exchanged once per shortest delay. */

import { SynfireError } from "../../errors.js";
import { type Calibration, calibrate } from "../calibration.js";
import type {
  Engine,
  EngineFactory,
  EngineOptions,
  EngineState,
  MemoryReport,
  RunOutcome,
  RunRequest,
  SynapseTable,
} from "../engine.js";
import type { Network, SampleRequest } from "../network.js";
import { orderSpikes } from "../order-spikes.js";
import { retuned } from "../retune.js";
import { runsOfIds } from "../runs.js";
import { synapseTable } from "../synapses.js";
import { shareOf, spikeNeeds, type Team } from "../team.js";
import { readPending, writePending } from "./arrival-state.js";
import { replaceRate } from "./drives.js";
import { GivenSynapses } from "./given.js";
import { emitArrivalModule } from "./kernels/arrive.js";
import { emitBuildModule, recipeKey } from "./kernels/build.js";
import { emitRunModule } from "./kernels/run.js";
import type { Variant } from "./kernels/update.js";
import { partition, type TileShape } from "./partition.js";
import { intervalOf, planThreads, type ThreadPlan } from "./plan.js";
import {
  acquireThreads,
  availableCores,
  availableMemory,
  canShareMemory,
  type RemoteThread,
} from "./pool.js";
import { inOrder, readSynapses } from "./read-synapses.js";
import { Control, createThread, type RunResult, type Thread } from "./thread.js";
import { DriveWord, ErrorCode, Fixed, SampleWord } from "./tile-format.js";

const PAGE = 65536;
const MOST_PAGES = 65536;
/** Looks at the barrier before a thread sleeps, where every thread has a core. */
const SPIN = 4000;

const FAILURES: Readonly<Record<number, "integration" | "emission" | "remembered">> = {
  [ErrorCode.integration]: "integration",
  [ErrorCode.emission]: "emission",
  [ErrorCode.remembered]: "remembered",
};

type AnyThread =
  | RemoteThread
  | {
      [K in keyof Thread]: (
        ...args: Parameters<Thread[K]>
      ) => ReturnType<Thread[K]> | Promise<ReturnType<Thread[K]>>;
    };

class CpuEngine implements Engine {
  readonly name = "cpu";
  readonly minDelay: number;
  readonly threads: number;
  #network: Network;
  #calibration: Calibration;
  readonly #plans: readonly ThreadPlan[];
  readonly #memories: readonly WebAssembly.Memory[];
  readonly #threads: readonly AnyThread[];
  readonly #control: Int32Array;
  readonly #samples: readonly SampleRequest[];
  readonly #release: () => void;
  readonly #team: Team | undefined;
  #step = 0;
  #broken: string | undefined;

  constructor(parts: {
    network: Network;
    calibration: Calibration;
    plans: readonly ThreadPlan[];
    memories: readonly WebAssembly.Memory[];
    threads: readonly AnyThread[];
    control: Int32Array;
    samples: readonly SampleRequest[];
    release: () => void;
    team: Team | undefined;
  }) {
    this.#network = parts.network;
    this.#calibration = parts.calibration;
    this.#plans = parts.plans;
    this.#memories = parts.memories;
    this.#threads = parts.threads;
    this.#control = parts.control;
    this.#samples = parts.samples;
    this.#release = parts.release;
    this.#team = parts.team;
    this.minDelay = parts.calibration.minDelay;
    this.threads = parts.threads.length;
  }

  #buffer(thread: number): ArrayBufferLike {
    return this.#memories[thread]!.buffer;
  }

  async run(request: RunRequest): Promise<RunOutcome> {
    if (this.#broken !== undefined) throw new SynfireError("worker-failed", this.#broken);
    const own = Math.min(request.steps, this.#roomForSamples());
    const steps = this.#team ? this.#team.min(own) : own;
    if (this.#step + steps >= 2 ** 31)
      throw new SynfireError("too-long", "a run ends after 2^31 steps at the latest");
    this.#control.fill(0);
    this.#control[Control.stopAfter] = -1;
    this.#resetSampleCursors();
    const scheduled = Uint32Array.from(
      request.scheduled
        .filter((s) => s.step <= this.#step + steps)
        .flatMap((s) => [s.id, s.step, s.multiplicity]),
    );
    const command = { from: this.#step, steps, record: request.record, scheduled };
    let results: RunResult[];
    try {
      // a thread that runs here holds this one until it is done: the others first
      results = (
        await Promise.all([...this.#threads.entries()].reverse().map(async ([, t]) => t.run(command)))
      ).reverse();
    } catch (error) {
      this.#broken = `The simulation cannot go on: ${(error as Error).message}`;
      Atomics.store(this.#control, Control.fatal, 1);
      throw error;
    }
    const done = results[0]!.steps;
    const first = this.#step;
    this.#step += done;
    return {
      steps: done,
      spikes: this.#collectSpikes(results, request.record),
      spikeCount: results.reduce((n, r) => n + r.spikes, 0),
      samples: this.#collectSamples(first),
      failure: this.#failure() ?? this.#lost(results),
    };
  }

  #lost(results: readonly RunResult[]): RunOutcome["failure"] {
    const message = results.find((r) => r.lost !== undefined)?.lost;
    if (message === undefined) return undefined;
    this.#broken = message;
    return { kind: "rank", id: -1, step: this.#step + 1, message };
  }

  #failure(): RunOutcome["failure"] {
    for (const memory of this.#memories) {
      const error = new Uint32Array(memory.buffer, Fixed.error, 3);
      if (error[0] === ErrorCode.none) continue;
      const failure = {
        kind: FAILURES[error[0]!] ?? "integration",
        id: error[1]!,
        step: error[2]!,
      } as const;
      error.fill(0);
      return failure;
    }
    return undefined;
  }

  /** all threads' spikes in the order (step, id) */
  #collectSpikes(results: readonly RunResult[], record: boolean) {
    const views = record
      ? results.flatMap((r, t) => [
          ...r.spilled,
          new Uint32Array(this.#buffer(t), r.first, (r.end - r.first) / 4),
        ])
      : [];
    const total = views.reduce((n, v) => n + v.length / 3, 0);
    const [ids, steps, multiplicities] = [0, 1, 2].map(() => new Uint32Array(total)) as [
      Uint32Array,
      Uint32Array,
      Uint32Array,
    ];
    let [at, several] = [0, false];
    for (const v of views)
      for (let i = 0; i < v.length; i += 3, at++) {
        ids[at] = v[i]!;
        steps[at] = v[i + 1]!;
        multiplicities[at] = v[i + 2]!;
        if (v[i + 2] !== 1) several = true;
      }
    const count = results[0]!.steps;
    return orderSpikes(
      ids,
      steps,
      several ? multiplicities : undefined,
      this.#step - count,
      count,
      this.#network.idCount,
    );
  }

  /** steps until the first sample buffer is full */
  #roomForSamples(): number {
    let room = Number.POSITIVE_INFINITY;
    for (const plan of this.#plans) {
      for (const g of plan.sampleGroups) room = Math.min(room, g.rows * this.#samples[g.request]!.interval);
    }
    return room;
  }

  #resetSampleCursors(): void {
    this.#plans.forEach((plan, t) => {
      const w = new Uint32Array(this.#buffer(t));
      for (const g of plan.sampleGroups) w[g.descriptor / 4 + SampleWord.cursor] = g.buffer;
    });
  }

  #collectSamples(first: number) {
    return this.#samples.map((request, k) => {
      const steps: number[] = [];
      const from = Math.max(first, request.start);
      for (let s = first + 1; s <= this.#step; s++) {
        if (
          s > from &&
          s <= request.stop &&
          s >= request.offset &&
          (s - request.offset) % request.interval === 0
        )
          steps.push(s);
      }
      const columns = request.neurons.length * request.slots.length;
      const values = new Float64Array(steps.length * columns);
      this.#plans.forEach((plan, t) => {
        for (const g of plan.sampleGroups) {
          if (g.request !== k) continue;
          const rows = new Float64Array(this.#buffer(t), g.buffer, steps.length * g.columns.length);
          for (let r = 0; r < steps.length; r++)
            g.columns.forEach(
              (column, c) => (values[r * columns + column] = rows[r * g.columns.length + c]!),
            );
        }
      });
      return { steps: Uint32Array.from(steps), values };
    });
  }

  /** visits the tiles of a population */
  *#tiles(
    population: number,
  ): Generator<{ tile: TileShape; plan: ThreadPlan; index: number; buffer: ArrayBufferLike }> {
    for (const [t, plan] of this.#plans.entries()) {
      for (const [index, tile] of plan.tiles.entries())
        if (tile.population === population) yield { tile, plan, index, buffer: this.#buffer(t) };
    }
  }

  #array(
    real: "real" | "i32",
    population: number,
    address: number,
    n: number,
    buffer: ArrayBufferLike,
  ): Float32Array | Float64Array | Int32Array {
    if (real === "i32") return new Int32Array(buffer, address, n);
    return this.#network.populations[population]!.program.real === "f64"
      ? new Float64Array(buffer, address, n)
      : new Float32Array(buffer, address, n);
  }

  getState(population: number, slot: number): Float64Array {
    const { program, size } = this.#network.populations[population]!;
    const out = new Float64Array(size);
    for (const { tile, plan, index, buffer } of this.#tiles(population)) {
      const address = plan.arrays[index]!.state[slot]!;
      out.set(this.#array(program.states[slot]!.type, population, address, tile.size, buffer), tile.from);
    }
    return out;
  }

  setState(population: number, slot: number, values: Float64Array): void {
    const type = this.#network.populations[population]!.program.states[slot]!.type;
    for (const { tile, plan, index, buffer } of this.#tiles(population)) {
      fillPadded(
        this.#array(type, population, plan.arrays[index]!.state[slot]!, tile.padded, buffer),
        values,
        tile,
      );
    }
  }

  setConstant(population: number, slot: number, values: number | Float64Array): boolean {
    const { program } = this.#network.populations[population]!;
    const type = program.constants[slot]!.type;
    for (const { tile, plan, index, buffer } of this.#tiles(population)) {
      const place = plan.arrays[index]!.constant[slot];
      if (!place) continue;
      if (place.uniform) {
        if (typeof values !== "number") return false;
        this.#array(type, population, place.address, 1, buffer)[0] = values;
      } else {
        const array = this.#array(type, population, place.address, tile.padded, buffer);
        if (typeof values === "number") array.fill(values);
        else fillPadded(array, values, tile);
      }
    }
    return true;
  }

  setContinuous(population: number, port: number, values: Float64Array): void {
    for (const { tile, plan, index, buffer } of this.#tiles(population)) {
      const address = plan.arrays[index]!.continuous[port];
      if (address !== undefined)
        fillPadded(this.#array("real", population, address, tile.padded, buffer), values, tile);
    }
  }

  setDrive(drive: number, lambda: number, start: number, stop: number): boolean {
    if (lambda !== this.#network.drives[drive]!.lambda && !this.#setRate(drive, lambda)) return false;
    this.#plans.forEach((plan, t) => {
      const w = new Uint32Array(this.#buffer(t));
      for (const d of plan.drives) {
        if (d.drive !== drive) continue;
        w[d.address / 4 + DriveWord.start] = start;
        w[d.address / 4 + DriveWord.stop] = stop;
      }
    });
    return true;
  }

  #setRate(drive: number, lambda: number): boolean {
    const next = retuned(this.#network, this.#calibration, drive, lambda);
    if (!next) return false;
    const table = next.calibration.poisson.get(lambda)!;
    const fits = this.#plans.every((plan, t) =>
      plan.drives.every((d) => d.drive !== drive || replaceRate(this.#buffer(t), d, table)),
    );
    // a network that is built anew takes the rate from its description
    if (fits) ({ network: this.#network, calibration: this.#calibration } = next);
    return fits;
  }

  exportState(): EngineState {
    const rows = this.#calibration.maxDelay;
    return {
      step: this.#step,
      states: this.#network.populations.map((p) =>
        p.program.states.map((_, slot) => this.getState(p.index, slot)),
      ),
      pending: this.#network.populations.map((p) =>
        p.program.receptors.map((_, receptor) => {
          const ring = this.#calibration.rings[p.index]![receptor]!;
          const values = new Float64Array(rows * p.size);
          if (this.#plans[0]!.arrival) {
            this.#plans.forEach((plan, t) => {
              readPending(plan, this.#buffer(t), this.#step, receptor, rows, (row, index, neuron, sum) => {
                const tile = plan.tiles[index]!;
                if (tile.population === p.index)
                  values[row * p.size + tile.from + neuron]! += sum * 2 ** ring.exponent;
              });
            });
            return { rows, values };
          }
          for (const { tile, plan, index, buffer } of this.#tiles(p.index)) {
            for (let r = 0; r < Math.min(rows, 2 ** tile.rowCountBits); r++) {
              const row = this.#ringRow(
                plan.arrays[index]!.rings[receptor]!,
                ring.form,
                tile,
                this.#step + 1 + r,
                buffer,
              );
              for (let i = 0; i < tile.size; i++)
                values[r * p.size + tile.from + i] = row[i]! * 2 ** ring.exponent;
            }
          }
          return { rows, values };
        }),
      ),
    };
  }

  #ringRow(
    address: number,
    form: "i32" | "f64",
    tile: TileShape,
    step: number,
    buffer: ArrayBufferLike,
  ): Int32Array | Float64Array {
    const row = step & (2 ** tile.rowCountBits - 1);
    const at = address + row * 2 ** tile.targetBits * (form === "f64" ? 8 : 4);
    return form === "f64"
      ? new Float64Array(buffer, at, tile.padded)
      : new Int32Array(buffer, at, tile.padded);
  }

  importState(state: EngineState): void {
    this.#step = state.step;
    state.states.forEach((slots, population) => {
      slots.forEach((values, slot) => {
        this.setState(population, slot, values);
      });
    });
    if (this.#plans[0]!.arrival) {
      this.#plans.forEach((plan, t) => {
        const rows = Math.max(0, ...state.pending.flat().map((p) => p.rows));
        writePending(
          plan,
          this.#buffer(t),
          this.#step,
          rows,
          (i) => this.#network.populations[plan.tiles[i]!.population]!.program.receptors.length,
          (row, i, receptor, neuron) => {
            const tile = plan.tiles[i]!;
            const pending = state.pending[tile.population]?.[receptor];
            if (!pending || row >= pending.rows) return 0;
            const size = this.#network.populations[tile.population]!.size;
            const ring = this.#calibration.rings[tile.population]![receptor]!;
            return Math.floor(pending.values[row * size + tile.from + neuron]! * 2 ** -ring.exponent + 0.5);
          },
        );
      });
      return;
    }
    for (const plan of this.#plans) {
      plan.tiles.forEach((tile, index) => {
        const rings = this.#calibration.rings[tile.population]!;
        rings.forEach((ring, receptor) => {
          const bytes = 2 ** (tile.rowCountBits + tile.targetBits) * (ring.form === "f64" ? 8 : 4);
          new Uint8Array(
            this.#buffer(this.#plans.indexOf(plan)),
            plan.arrays[index]!.rings[receptor]!,
            bytes,
          ).fill(0);
        });
      });
    }
    state.pending.forEach((receptors, population) => {
      const size = this.#network.populations[population]!.size;
      receptors.forEach(({ rows, values }, receptor) => {
        const ring = this.#calibration.rings[population]![receptor]!;
        for (const { tile, plan, index, buffer } of this.#tiles(population)) {
          for (let r = 0; r < Math.min(rows, 2 ** tile.rowCountBits); r++) {
            const row = this.#ringRow(
              plan.arrays[index]!.rings[receptor]!,
              ring.form,
              tile,
              this.#step + 1 + r,
              buffer,
            );
            for (let i = 0; i < tile.size; i++)
              row[i] = Math.floor(values[r * size + tile.from + i]! * 2 ** -ring.exponent + 0.5);
          }
        }
      });
    });
  }

  synapses(projection: number): SynapseTable {
    // joined blocks do not tell projections apart, nor split ones the order: those are drawn again
    if (this.#plans[0]!.arrival || !inOrder(this.#network, this.#plans, projection))
      return this.#own(synapseTable(this.#network, this.#calibration, projection));
    return readSynapses(
      this.#network,
      this.#calibration,
      this.#plans,
      this.#memories.map((m) => m.buffer),
      projection,
    );
  }

  /** synapses whose targets this rank holds */
  #own(table: SynapseTable): SynapseTable {
    const team = this.#team;
    if (!team) return table;
    const held = new Uint8Array(this.#network.idCount);
    for (const p of this.#network.populations) {
      const { from, to } = shareOf(p, team);
      held.fill(1, p.first + from, p.first + to);
    }
    const keep = (_: unknown, k: number) => held[table.targets[k]!] === 1;
    return {
      sources: table.sources.filter(keep),
      targets: table.targets.filter(keep),
      weights: table.weights.filter(keep),
      delays: table.delays.filter(keep),
      receptors: table.receptors.filter(keep),
    };
  }

  memory(): MemoryReport {
    const projections = this.#network.projections.map((p, k) => {
      const c = this.#calibration.projections.get(p)!;
      const joined = this.#plans.reduce((n, plan) => n + joinedBytes(plan, k), 0);
      const bytes =
        joined +
        this.#plans.reduce(
          (sum, plan) => sum + plan.blocks.flat().reduce((n, b) => n + (b.projection === k ? b.bytes : 0), 0),
          0,
        );
      return { projection: p.id, synapses: p.plan.total, layout: c.layout, reason: c.reason, bytes };
    });
    const sum = (pick: (p: ThreadPlan) => number) => this.#plans.reduce((n, p) => n + pick(p), 0);
    return {
      total: sum((p) => p.bytes),
      synapses: projections.reduce((n, p) => n + p.bytes, 0),
      neurons: sum((p) => p.neuronBytes),
      rings: sum((p) => p.ringBytes),
      projections,
      scales: this.#calibration.rings,
      tiles: sum((p) => p.tiles.length),
    };
  }

  dispose(): void {
    if (this.#broken === undefined) this.#broken = "This simulator has been disposed of.";
    this.#release();
  }
}

/** How compilers of WebAssembly say that a function is too long or has too many variables. */
const TOO_LONG = /maximum function size|too (big|large|long|many)/i;

/** @throws SynfireError "unsupported-model" if the update of a model is longer than this system's WebAssembly allows */
async function compileRun(
  bytes: Uint8Array<ArrayBuffer>,
  variants: readonly Variant[],
): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (e) {
    if (!TOO_LONG.test((e as Error).message)) throw e;
    const models = [...new Set(variants.map((v) => v.program.name))].join(", ");
    throw new SynfireError(
      "unsupported-model",
      `What ${models} does in a step is too much for one function of WebAssembly (${(e as Error).message}): give it fewer receptors.`,
      models,
    );
  }
}

/** values of the tile's neurons; what pads the last lanes repeats the first neuron, whose equations can be solved */
function fillPadded(
  array: Float32Array | Float64Array | Int32Array,
  values: Float64Array,
  tile: TileShape,
): void {
  array.set(values.subarray(tile.from, tile.from + tile.size));
  array.fill(values[tile.from]!, tile.size, tile.padded);
}

export const cpuEngine: EngineFactory = async (network, samples, options: EngineOptions) => {
  const calibration = calibrate(network);
  const threads = options.threads;
  if (threads > 1 && !canShareMemory()) {
    throw new SynfireError(
      "no-shared-memory",
      "threads: more than one thread needs SharedArrayBuffer (in a browser: a cross-origin isolated page). Use threads: 1.",
      "threads",
    );
  }
  const { team } = options;
  const tiles = partition(network, calibration, threads, options.tileSize, team);
  const ownInterval = intervalOf(calibration, tiles, threads);
  const interval = team ? team.min(ownInterval) : ownInterval;
  const { plans, recipes, variants, delivery } = planThreads(
    network,
    calibration,
    tiles,
    threads,
    samples,
    options.delivery,
    interval,
  );
  const needed = plans.map((p) => Math.ceil(p.bytes / PAGE));
  const most = Math.max(...needed);
  if (most > MOST_PAGES) {
    const gigabytes = (plans.reduce((n, p) => n + p.bytes, 0) / 2 ** 30).toFixed(1);
    throw new SynfireError(
      "out-of-memory",
      `The network needs ${gigabytes} GiB; one thread holds at most 4 GiB, and there are ${threads}. Use more threads or a smaller network.`,
      "threads",
    );
  }
  const free = await availableMemory();
  const bytes = needed.reduce((a, b) => a + b, 0) * PAGE;
  if (bytes > free) {
    throw new SynfireError(
      "out-of-memory",
      `The network needs ${(bytes / 2 ** 30).toFixed(2)} GiB, but only ${(free / 2 ** 30).toFixed(2)} GiB of memory are available.`,
    );
  }
  const shared = threads > 1;
  const memories = needed.map((pages) => {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
    } catch {
      throw new SynfireError(
        "out-of-memory",
        `The system refuses ${((pages * PAGE) / 2 ** 30).toFixed(2)} GiB for one thread.`,
      );
    }
  });
  plans.forEach((p, t) => {
    p.arena.write(memories[t]!.buffer);
  });
  const shapes = needed.map((pages) => ({ shared, initial: 0, maximum: Math.max(...needed, pages) }));
  const buildBytes = recipes.length > 0 ? emitBuildModule(recipes, shapes[0]!) : undefined;
  const [runModule, buildModule] = await Promise.all([
    compileRun((delivery === "arrival" ? emitArrivalModule : emitRunModule)(variants, shapes[0]!), variants),
    buildBytes ? WebAssembly.compile(buildBytes) : undefined,
  ]);
  const control = new Int32Array(
    shared
      ? new SharedArrayBuffer(4 * (Control.published + 4 * threads))
      : new ArrayBuffer(4 * (Control.published + 4 * threads)),
  );
  // with several ranks, thread 0 is this one: it speaks to the others
  const here = team || !shared ? 1 : 0;
  const workers = await acquireThreads(threads - here);
  const crew: AnyThread[] = [...(here ? [createThread(memories[0]!)] : []), ...workers];
  await Promise.all(workers.map((r, t) => r.open(memories[t + here]!)));
  if (buildModule) {
    const numbers = new Map(recipes.map((r, k) => [recipeKey(r), k]));
    const calls = (plan: ThreadPlan) =>
      plan.steps.map((s) =>
        "pass" in s ? ([`${s.pass}_${numbers.get(recipeKey(s.block.recipe))}`, s.job] as const) : s,
      );
    const building = Promise.all(
      [...crew.entries()].reverse().map(async ([i, t]) => t.build(buildModule, calls(plans[i]!))),
    );
    // rules that the kernels do not know are generated here, while the threads draw the others
    plans.forEach((plan, t) => {
      const given = new GivenSynapses(network, memories[t]!, buildModule, recipes);
      given.build(plan.tiles, plan.blocks, plan.staging);
    });
    await building;
  }
  const exchange = team?.exchange(spikeNeeds(network, team, runsOfIds), interval);
  const heard = exchange ? sharedWords(shared) : undefined;
  const spin = threads <= (await availableCores()) ? SPIN : 0;
  await Promise.all(
    crew.map(async (t, index) => {
      const plan = plans[index]!;
      await t.setup({
        index,
        threads,
        memory: memories[index]!,
        memories,
        control,
        module: runModule,
        tiles: plan.tileList,
        tileCount: plan.tiles.length,
        groupOf: plan.groupOf,
        outbox: plan.outbox,
        outboxEnd: plan.outboxEnd,
        outboxWorst: plan.outboxWorst,
        inbox: plan.inbox,
        inboxEnd: plan.inboxEnd,
        interval: plan.interval,
        spin,
        ...(exchange ? { remote: heard, exchange: index === 0 ? exchange : undefined } : {}),
      });
    }),
  );
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    for (const r of workers) r.release();
  };
  return new CpuEngine({
    network,
    calibration,
    plans,
    memories,
    threads: crew,
    control,
    samples,
    release,
    team,
  });
};

/** Room for spikes of other ranks, in words: two halves of whole spikes. */
const HEARD = 2 * 3 * 16384;
const sharedWords = (shared: boolean): Uint32Array =>
  new Uint32Array(shared ? new SharedArrayBuffer(4 * HEARD) : new ArrayBuffer(4 * HEARD));

/** a projection's part of the blocks that it shares */
function joinedBytes(plan: ThreadPlan, projection: number): number {
  let bytes = 0;
  for (const b of plan.arrival?.domains.flatMap((d) => d.blocks) ?? [])
    if (b.projections.includes(projection)) bytes += b.bytes / b.projections.length;
  return Math.round(bytes);
}
