/** The CUDA engine: one resident kernel per GPU, thousands of steps per launch. */

import { SynfireError } from "../../errors.js";
import type { Calibration } from "../calibration.js";
import type { Engine, EngineFactory, EngineState, MemoryReport, RunOutcome, RunRequest } from "../engine.js";
import type { Network, SampleRequest, SpikeBatch } from "../network.js";
import { orderSpikes } from "../order-spikes.js";
import { retuned } from "../retune.js";
import { synapseTable } from "../synapses.js";
import { type Assembly, assemble, type Others } from "./assemble.js";
import { type Construction, tableBytes } from "./construct.js";
import type { DeviceNetwork } from "./device-network.js";
import type { CudaDevice } from "./driver.js";
import { openDriver } from "./ffi-driver.js";
import type { RankLayout } from "./layout.js";
import { checkCards, Unreachable } from "./mailboxes.js";
import { chooseDevices } from "./select-devices.js";
import type { Shape } from "./shape.js";
import type { StoredSynapse } from "./stored-synapses.js";

/** Mailboxes carry 16 bits of the step. */
const MOST_STEPS = 32_000;
/** How long kernels may take to end once they need not wait for other processes any more. */
const PATIENCE_MS = 3000;
/** Polls of the driver before other tasks get their turn. */
const POLLS = 200;

const FAILURES = ["integration", "emission"] as const;
const PROCESS_ENDED = 2;

/** lets other tasks run: signals, progress */
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class CudaEngine implements Engine {
  readonly name = "cuda";
  readonly threads: number;
  readonly minDelay: number;
  readonly hardware: string;
  #network: Network;
  #calibration: Calibration;
  readonly #layout: RankLayout;
  readonly #shape: Shape;
  readonly #parts: readonly DeviceNetwork[];
  readonly #construction: Construction;
  readonly #samples: readonly SampleRequest[];
  readonly #others: Others;
  #step = 0;
  #broken: string | undefined;

  constructor({ network, calibration, layout, shape, parts, construction, samples, others }: Assembly) {
    this.#others = others;
    this.#network = network;
    this.#calibration = calibration;
    this.#layout = layout;
    this.#shape = shape;
    this.#parts = parts;
    this.#construction = construction;
    this.#samples = samples;
    this.minDelay = calibration.minDelay;
    this.threads = layout.allBlocks * shape.threads;
    this.hardware = parts.map((p) => p.device.info.name).join(", ");
  }

  async run(request: RunRequest): Promise<RunOutcome> {
    if (this.#broken !== undefined) throw new SynfireError("cuda-failed", this.#broken);
    const { team, relay } = this.#others;
    const room = Math.min(request.steps, MOST_STEPS, ...this.#parts.map((p) => p.samples.room()));
    // all ranks' kernels have ended when all are here: mailboxes may be emptied
    const steps = team ? team.min(room) : room;
    if (this.#step + steps >= 2 ** 31)
      throw new SynfireError("too-long", "a run ends after 2^31 steps at the latest");
    const first = this.#step;
    let lost: SynfireError | undefined;
    try {
      // nothing else is waited for before the launch: whoever calls this has the last run's spikes to deal out while the GPUs work
      for (const p of this.#parts) {
        const compiled = p.chooseKernel();
        if (compiled) await compiled;
      }
      for (const p of this.#parts) p.prepare(first, steps, request, this.#layout);
      relay?.start();
      if (team) {
        for (const p of this.#parts) p.device.synchronize();
        // no message before all mailboxes are empty
        team.min(0);
      }
      for (const p of this.#parts) p.launch();
      await this.#until(() => {
        relay?.turn();
        return this.#parts.every((p) => p.device.idle());
      });
      if (relay) {
        const done = this.#parts[0]!.results().steps;
        await this.#until(() => relay.finish(done));
      }
    } catch (error) {
      this.#broken = `The simulation cannot go on: ${(error as Error).message}`;
      if (!(error instanceof SynfireError && error.code === "rank-lost")) throw error;
      if (!(await this.#giveUp())) {
        for (const p of this.#parts) p.device.abandon();
        throw error;
      }
      lost = error;
    }
    const results = this.#parts.map((p) => p.results());
    // without the others, blocks end when they notice
    const done = results[0]!.steps;
    this.#step += done;
    const order = this.#collectSpikes(request.record, first, lost ? steps : done);
    let spikes: SpikeBatch | undefined;
    return {
      steps: done,
      // fetched when asked for: the next launch need not wait for that
      get spikes() {
        spikes ??= order();
        return spikes;
      },
      spikeCount: results.reduce((n, r) => n + r.emitted, 0),
      samples: this.#samples.map((s, k) => {
        const sampled = this.#parts[0]!.samples.steps(k, this.#step);
        const columns = s.neurons.length * s.slots.length;
        const values = new Float64Array(sampled.length * columns);
        for (const p of this.#parts) p.samples.add(k, values);
        return { steps: sampled, values };
      }),
      failure: this.#failure(results, lost),
    };
  }

  /** @throws SynfireError "rank-lost" */
  async #until(done: () => boolean): Promise<void> {
    for (let polls = 0; !done(); polls++)
      if (polls % POLLS === POLLS - 1) {
        this.#others.team?.watch();
        await pause();
      }
  }

  /** Lets kernels end that wait for a process that has ended. @returns whether they have, and what they recorded can be fetched */
  async #giveUp(): Promise<boolean> {
    const began = performance.now();
    try {
      for (const p of this.#parts) p.giveUp();
      while (!this.#parts.every((p) => p.device.idle())) {
        if (performance.now() - began > PATIENCE_MS) return false;
        await pause();
      }
      return true;
    } catch {
      return false;
    }
  }

  #failure(results: readonly { failure: bigint }[], lost: SynfireError | undefined): RunOutcome["failure"] {
    const none = 2n ** 64n - 1n;
    const first = results.reduce((a, r) => (r.failure < a ? r.failure : a), none);
    if (lost) {
      // the step at whose end messages were missing: until then all is as it should be
      const step = first === none ? this.#step + 1 : Number(first >> 33n) + 1;
      return { kind: "rank", id: -1, step, message: lost.message };
    }
    if (first === none) return undefined;
    if (Number(first & 3n) === PROCESS_ENDED)
      return { kind: "rank", id: -1, step: Number(first >> 33n) + 1, message: "A rank was given up." };
    return {
      kind: FAILURES[Number(first & 3n)]!,
      id: Number((first >> 2n) & (2n ** 31n - 1n)),
      step: Number(first >> 33n),
    };
  }

  /** puts what each GPU recorded in order @returns what fetches it and puts all of it in order, when the next launch is at work */
  #collectSpikes(record: boolean, first: number, count: number): () => SpikeBatch {
    const parts = record ? this.#parts.map((p) => p.records(first, count)) : [];
    if (parts.length === 1) return parts[0]!;
    return () =>
      this.#inOrder(
        parts.map((fetch) => fetch()),
        first,
        count,
      );
  }

  #inOrder(lists: readonly SpikeBatch[], first: number, count: number): SpikeBatch {
    const merged = (pick: (l: SpikeBatch) => Uint32Array): Uint32Array => {
      const out = new Uint32Array(lists.reduce((n, l) => n + l.ids.length, 0));
      let at = 0;
      for (const l of lists) {
        out.set(pick(l), at);
        at += l.ids.length;
      }
      return out;
    };
    return orderSpikes(
      merged((l) => l.ids),
      merged((l) => l.steps),
      this.#shape.multi ? merged((l) => l.multiplicities!) : undefined,
      first,
      count,
      this.#network.idCount,
    );
  }

  getState(population: number, slot: number): Float64Array {
    const out = new Float64Array(this.#network.populations[population]!.size);
    for (const p of this.#parts) p.readState(population, slot, out);
    return out;
  }

  setState(population: number, slot: number, values: Float64Array): void {
    for (const p of this.#parts) p.writeState(population, slot, values);
  }

  setConstant(population: number, slot: number, values: number | Float64Array): boolean {
    return this.#parts.every((p) => p.writeConstant(population, slot, values));
  }

  setContinuous(population: number, port: number, values: Float64Array): void {
    for (const p of this.#parts) p.writeContinuous(population, port, values);
  }

  setDrive(drive: number, lambda: number, start: number, stop: number): boolean {
    if (lambda !== this.#network.drives[drive]!.lambda) {
      const { counts } = this.#construction;
      const next = retuned(this.#network, this.#calibration, drive, lambda, counts);
      if (!next) return false;
      for (const p of this.#parts) p.generators.setRate(drive, next.calibration.poisson.get(lambda)!);
      ({ network: this.#network, calibration: this.#calibration } = next);
    }
    for (const p of this.#parts) p.generators.setWindow(drive, start, stop);
    return true;
  }

  exportState(): EngineState {
    const rows = this.#calibration.maxDelay;
    const pending = this.#network.populations.map((p) =>
      p.program.receptors.map(() => ({ rows, values: new Float64Array(rows * p.size) })),
    );
    for (const p of this.#parts) p.readPending(this.#step, pending);
    return {
      step: this.#step,
      states: this.#network.populations.map((p) =>
        p.program.states.map((_, slot) => this.getState(p.index, slot)),
      ),
      pending,
    };
  }

  importState(state: EngineState): void {
    this.#step = state.step;
    state.states.forEach((slots, population) => {
      slots.forEach((values, slot) => {
        this.setState(population, slot, values);
      });
    });
    for (const p of this.#parts) p.writePending(state.step, state.pending);
  }

  synapses(projection: number) {
    return synapseTable(this.#network, this.#calibration, projection);
  }

  /** All synapses as they lie in device memory: for tests, which compare them with the reference's. @internal */
  storedSynapses(): StoredSynapse[] {
    return this.#parts.flatMap((p) => p.storedSynapses());
  }

  memory(): MemoryReport {
    const counts = this.#construction.counts;
    const tables = this.#parts.flatMap((p) => p.tables);
    const projections = this.#network.projections.map((p, k) => {
      const c = this.#calibration.projections.get(p)!;
      // a table's bytes are those of its parts, by their numbers of synapses
      const bytes = tables.reduce((sum, t) => {
        const all = t.plan.parts.reduce((n, { part }) => n + part.synapses, 0);
        const own = t.plan.parts.reduce((n, { part }) => n + (part.projection === k ? part.synapses : 0), 0);
        return sum + (all > 0 ? (tableBytes(t) * own) / all : 0);
      }, 0);
      return {
        projection: p.id,
        synapses: counts(p).total,
        layout: c.layout,
        reason: c.reason,
        bytes: Math.round(bytes),
      };
    });
    const sum = (pick: (p: DeviceNetwork) => number) => this.#parts.reduce((n, p) => n + pick(p), 0);
    return {
      total: sum((p) => p.bytes),
      synapses: tables.reduce((n, t) => n + tableBytes(t), 0),
      neurons: sum((p) => p.neuronBytes),
      rings: sum((p) => p.ringBytes),
      projections,
      scales: this.#calibration.rings,
      tiles: this.#layout.allBlocks,
    };
  }

  dispose(): void {
    this.#broken ??= "This simulator has been disposed of.";
    for (const p of this.#parts) p.device.dispose();
  }
}

/** @throws SynfireError "no-cuda-driver", "no-cuda-device", "old-gpu", "no-nvrtc", "no-peer-access", "out-of-memory" */
export const cudaEngine: EngineFactory = async (network, samples, options) => {
  const driver = await openDriver();
  const infos = chooseDevices(driver, options.gpus);
  const attempt = async (unreachable: ReadonlySet<number>): Promise<CudaEngine> => {
    const devices: CudaDevice[] = [];
    try {
      for (const info of infos) devices.push(driver.open(info.index));
      for (const a of devices) for (const b of devices) if (a !== b) a.enablePeer(b);
      checkCards(devices, options.team);
      const { blocks, team } = options;
      return new CudaEngine(await assemble(network, samples, driver, devices, blocks, team, unreachable));
    } catch (error) {
      for (const d of devices) d.dispose();
      throw error;
    }
  };
  try {
    return await attempt(new Set());
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    // kernels differ where messages go through the host
    return attempt(error.ranks);
  }
};
