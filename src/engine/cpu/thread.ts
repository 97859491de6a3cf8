/**
 * What one thread runs: the same function inline (one thread, no shared memory needed) and, by its source text, in a worker.
 * It must not refer to anything outside itself.
 */

import type { SpikeExchange, SpikePart } from "../team.js";

/** Words of the control block that threads share. */
export const Control = {
  arrived: 0,
  generation: 1,
  waiting: 2,
  /** interval after which all stop, counted from the start of the run; -1: none */
  stopAfter: 3,
  /** a thread has died */
  fatal: 4,
  /** several ranks: words of remote spikes in each half, and whether more follow */
  remote: 5,
  /** per thread: first and end address of what it published, for two intervals in turn */
  published: 16,
} as const;

export interface ThreadSetup {
  readonly index: number;
  readonly threads: number;
  readonly memory: WebAssembly.Memory;
  /** all threads' memories */
  readonly memories: readonly WebAssembly.Memory[];
  readonly control: Int32Array;
  readonly module: WebAssembly.Module;
  readonly tiles: number;
  readonly tileCount: number;
  readonly groupOf: number;
  /** where this thread publishes, and the room */
  readonly outbox: number;
  readonly outboxEnd: number;
  /** the most that one interval can publish, in bytes */
  readonly outboxWorst: number;
  readonly inbox: number;
  readonly inboxEnd: number;
  /** steps per exchange */
  readonly interval: number;
  readonly spin: number;
  /** several ranks: where their spikes are put for all threads to read, in two halves taken in turn */
  readonly remote?: Uint32Array | undefined;
  /** several ranks, thread 0: the exchange itself */
  readonly exchange?: SpikeExchange | undefined;
}

export interface RunCommand {
  readonly from: number;
  readonly steps: number;
  readonly record: boolean;
  /** id, step, multiplicity of spikes from outside, in the order of steps */
  readonly scheduled: Uint32Array;
}

export interface RunResult {
  /** steps done: fewer than asked for if recordings filled up or an error stopped the run */
  readonly steps: number;
  /** address range of the recorded spikes */
  readonly first: number;
  readonly end: number;
  readonly spikes: number;
  /** recorded spikes that came before these, where the room for them was used several times */
  readonly spilled: readonly Uint32Array[];
  /** why other ranks could not be heard; the run ended after that interval */
  readonly lost?: string | undefined;
}

export interface Thread {
  /** calls exported functions of a module in order */
  build(module: WebAssembly.Module, calls: readonly (readonly [name: string, ...args: number[]])[]): void;
  setup(setup: ThreadSetup): void;
  run(command: RunCommand): RunResult;
}

export function createThread(ownMemory: WebAssembly.Memory): Thread {
  type Exports = Record<string, (...args: number[]) => number>;
  const SPIKE_BYTES = 12;
  const ERROR = 64;
  const [ARRIVED, GENERATION, WAITING, STOP_AFTER, FATAL, REMOTE, PUBLISHED] = [0, 1, 2, 3, 4, 5, 16];
  let s: ThreadSetup;
  let wasm: Exports;
  let views: Uint32Array[] = [];

  const instantiate = (module: WebAssembly.Module) =>
    new WebAssembly.Instance(module, { env: { memory: ownMemory } }).exports as Exports;

  /** all threads meet; what they wrote before is visible to all afterwards */
  const barrier = () => {
    if (s.threads === 1) return;
    const control = s.control;
    const generation = Atomics.load(control, GENERATION);
    if (Atomics.add(control, ARRIVED, 1) === s.threads - 1) {
      Atomics.store(control, ARRIVED, 0);
      Atomics.add(control, GENERATION, 1);
      if (Atomics.load(control, WAITING) > 0) Atomics.notify(control, GENERATION);
      return;
    }
    for (let i = 0; i < s.spin; i++) if (Atomics.load(control, GENERATION) !== generation) return;
    Atomics.add(control, WAITING, 1);
    while (Atomics.load(control, GENERATION) === generation) {
      if (Atomics.load(control, FATAL) !== 0) break;
      Atomics.wait(control, GENERATION, generation, 500);
    }
    Atomics.sub(control, WAITING, 1);
    if (Atomics.load(control, FATAL) !== 0) throw new Error("another thread has failed");
  };

  const refreshViews = () => {
    views = s.memories.map((m, j) => (views[j]?.buffer === m.buffer ? views[j]! : new Uint32Array(m.buffer)));
  };

  /** delivers what lies in another memory, through the inbox, part by part */
  const deliverFrom = (source: Uint32Array, first: number, end: number) => {
    const own = views[s.index]!;
    const room = Math.floor((s.inboxEnd - s.inbox) / SPIKE_BYTES) * SPIKE_BYTES;
    for (let at = first; at < end; at += room) {
      const bytes = Math.min(room, end - at);
      const [from, to, n] = [at >>> 2, s.inbox >>> 2, bytes >>> 2];
      if (n < 256) for (let i = 0; i < n; i++) own[to + i] = source[from + i]!;
      else own.set(source.subarray(from, from + n), to);
      wasm.deliver!(s.tiles, s.tileCount, s.inbox, s.inbox + bytes, s.groupOf);
    }
  };

  let half = 0;
  let lost: string | undefined;
  /** what other ranks' neurons emitted: taken by thread 0, delivered by all, part by part */
  const deliverRemote = (interval: number) => {
    const remote = s.remote!;
    const room = remote.length / 2;
    for (let more = true; more; half ^= 1) {
      if (s.exchange) {
        let taken = { words: 0, more: false };
        try {
          if (lost === undefined) taken = s.exchange.take(remote.subarray(half * room, (half + 1) * room));
        } catch (error) {
          lost = (error as Error).message;
        }
        if (lost !== undefined) Atomics.store(s.control, STOP_AFTER, interval);
        s.control[REMOTE + 2 * half] = taken.words;
        s.control[REMOTE + 2 * half + 1] = taken.more ? 1 : 0;
      }
      barrier();
      const first = 4 * half * room;
      deliverFrom(remote, first, first + 4 * s.control[REMOTE + 2 * half]!);
      more = s.control[REMOTE + 2 * half + 1] !== 0;
    }
  };

  const begin = (parts: () => SpikePart[], from: number, steps: number) => {
    if (!s.exchange) return;
    try {
      s.exchange.begin(parts(), from, steps);
    } catch (error) {
      lost = (error as Error).message;
    }
  };

  return {
    build(module, calls) {
      const exports = instantiate(module);
      for (const [name, ...args] of calls) exports[name]!(...args);
    },
    setup(setup) {
      s = setup;
      wasm = instantiate(setup.module);
      views = [];
      half = 0;
      refreshViews();
    },
    run(command) {
      refreshViews();
      const spilled: Uint32Array[] = [];
      const control = s.control;
      const error = new Int32Array(ownMemory.buffer, ERROR, 1);
      const scheduled = command.scheduled;
      let nextScheduled = 0;
      let out = s.outbox;
      let done = 0;
      let spikes = 0;
      for (let interval = 0; done < command.steps; interval++) {
        const steps = Math.min(s.interval, command.steps - done);
        if (!command.record && s.outboxEnd - out < s.outboxWorst) out = s.outbox;
        wasm.setOut!(out);
        wasm.advance!(s.tiles, s.tileCount, command.from + done, steps);
        const end = wasm.getOut!();
        const parity = interval & 1;
        control[PUBLISHED + 4 * s.index + 2 * parity] = out;
        control[PUBLISHED + 4 * s.index + 2 * parity + 1] = end;
        spikes += (end - out) / SPIKE_BYTES;
        const full = command.record && s.outboxEnd - end < s.outboxWorst;
        // ranks stop together, at the end of the run
        if (!s.remote && (error[0] !== 0 || full)) Atomics.store(control, STOP_AFTER, interval);
        barrier();
        begin(
          () =>
            views.map((view, j) => ({
              view,
              first: (control[PUBLISHED + 4 * j + 2 * parity]! >>> 0) / 4,
              end: (control[PUBLISHED + 4 * j + 2 * parity + 1]! >>> 0) / 4,
            })),
          command.from + done,
          steps,
        );
        wasm.deliver!(s.tiles, s.tileCount, out, end, s.groupOf);
        for (let j = 0; j < s.threads; j++) {
          if (j === s.index) continue;
          const slot = PUBLISHED + 4 * j + 2 * parity;
          if (control[slot + 1]! > control[slot]!)
            deliverFrom(views[j]!, control[slot]! >>> 0, control[slot + 1]! >>> 0);
        }
        done += steps;
        const first = nextScheduled;
        while (nextScheduled < scheduled.length && scheduled[nextScheduled + 1]! <= command.from + done)
          nextScheduled += 3;
        if (nextScheduled > first) deliverFrom(scheduled, 4 * first, 4 * nextScheduled);
        if (s.remote) deliverRemote(interval);
        out = end;
        if (s.remote && full) {
          spilled.push(views[s.index]!.slice(s.outbox >>> 2, end >>> 2));
          out = s.outbox;
        }
        if (Atomics.load(control, STOP_AFTER) === interval) break;
      }
      return { steps: done, first: s.outbox, end: out, spikes, spilled, lost };
    },
  };
}

/** Listens to the main thread: the body of a worker. */
export function workerMain(
  port: { onmessage: (handler: (message: never) => void) => void; post: (message: unknown) => void },
  create: typeof createThread,
): void {
  let thread: Thread | undefined;
  port.onmessage(
    (message: { id: number; method: "open" | "close" | "build" | "setup" | "run"; args: never[] }) => {
      try {
        let result: unknown;
        if (message.method === "open") thread = create(message.args[0] as unknown as WebAssembly.Memory);
        else if (message.method === "close") thread = undefined;
        else result = (thread![message.method] as (...args: unknown[]) => unknown)(...message.args);
        port.post({ id: message.id, result });
      } catch (error) {
        port.post({ id: message.id, error: String((error as Error)?.stack ?? error) });
      }
    },
  );
}
