/**
 * Worker threads, kept between networks: starting one takes tens of milliseconds. A worker in use serves one engine. Idle
 * workers do not keep a process alive.
 */

import { SynfireError } from "../../errors.js";
import { createThread, type RunCommand, type RunResult, type ThreadSetup, workerMain } from "./thread.js";

export interface RemoteThread {
  open(memory: WebAssembly.Memory): Promise<void>;
  build(module: WebAssembly.Module, calls: readonly (readonly [string, ...number[]])[]): Promise<void>;
  setup(setup: ThreadSetup): Promise<void>;
  run(command: RunCommand): Promise<RunResult>;
  /** back to the pool */
  release(): void;
}

interface Port {
  post(message: unknown): void;
  onMessage(handler: (message: { id: number; result?: unknown; error?: string }) => void): void;
  onFailure(handler: (error: Error) => void): void;
  /** while referenced, the worker keeps the process alive */
  reference(on: boolean): void;
  terminate(): void;
}

const source = (glue: string) =>
  `const createThread = ${createThread.toString()};\nconst workerMain = ${workerMain.toString()};\n${glue}`;

async function startNode(): Promise<Port> {
  const { Worker } = await import("node:worker_threads");
  const glue = `const { parentPort } = require("node:worker_threads");
workerMain({ onmessage: (h) => parentPort.on("message", h), post: (m) => parentPort.postMessage(m) }, createThread);`;
  const worker = new Worker(source(glue), { eval: true, execArgv: [] });
  worker.setMaxListeners(0);
  return {
    post: (m) => worker.postMessage(m),
    onMessage: (h) => worker.on("message", h),
    onFailure: (h) => {
      worker.on("error", h);
      worker.on("exit", () => h(new Error("the worker has ended")));
    },
    reference: (on) => (on ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
}

function startBrowser(): Port {
  const glue =
    "workerMain({ onmessage: (h) => { self.onmessage = (e) => h(e.data); }, post: (m) => self.postMessage(m) }, createThread);";
  const url = URL.createObjectURL(new Blob([source(glue)], { type: "text/javascript" }));
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  return {
    post: (m) => worker.postMessage(m),
    onMessage: (h) => worker.addEventListener("message", (e) => h(e.data)),
    onFailure: (h) => worker.addEventListener("error", (e) => h(new Error(e.message))),
    reference: () => {},
    terminate: () => worker.terminate(),
  };
}

const isNode = (): boolean => typeof process !== "undefined" && process.versions?.node !== undefined;

class PooledWorker implements RemoteThread {
  readonly #port: Port;
  readonly #pending = new Map<number, { resolve: (v: never) => void; reject: (e: Error) => void }>();
  #next = 1;
  dead = false;

  constructor(port: Port) {
    this.#port = port;
    port.onMessage(({ id, result, error }) => {
      const waiting = this.#pending.get(id);
      this.#pending.delete(id);
      if (this.#pending.size === 0) port.reference(false);
      if (!waiting) return;
      if (error === undefined) waiting.resolve(result as never);
      else waiting.reject(new SynfireError("worker-failed", `A worker thread failed: ${error}`));
    });
    port.onFailure((error) => {
      this.dead = true;
      for (const { reject } of this.#pending.values())
        reject(new SynfireError("worker-failed", `A worker thread failed: ${error.message}`));
      this.#pending.clear();
    });
    port.reference(false);
  }

  #call<T>(method: string, ...args: unknown[]): Promise<T> {
    if (this.dead) return Promise.reject(new SynfireError("worker-failed", "A worker thread has ended."));
    const id = this.#next++;
    this.#port.reference(true);
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#port.post({ id, method, args });
    });
  }

  open = (memory: WebAssembly.Memory) => this.#call<void>("open", memory);
  build = (module: WebAssembly.Module, calls: readonly (readonly [string, ...number[]])[]) =>
    this.#call<void>("build", module, calls);
  setup = (setup: ThreadSetup) => this.#call<void>("setup", setup);
  run = (command: RunCommand) => this.#call<RunResult>("run", command);

  release(): void {
    if (this.dead) return;
    if (this.#pending.size > 0 || idle.length >= 64) {
      this.dead = true;
      this.#port.terminate();
      return;
    }
    this.#port.post({ id: 0, method: "close", args: [] });
    idle.push(this);
  }
}

const idle: PooledWorker[] = [];

/** Takes workers from the pool, starting what is missing. */
export async function acquireThreads(count: number): Promise<RemoteThread[]> {
  const taken: PooledWorker[] = [];
  while (taken.length < count) {
    const worker = idle.pop() ?? new PooledWorker(isNode() ? await startNode() : startBrowser());
    if (!worker.dead) taken.push(worker);
  }
  return taken;
}

/** Number of cores. */
export async function availableCores(): Promise<number> {
  if (!isNode()) return Math.max(1, globalThis.navigator?.hardwareConcurrency ?? 1);
  const os = await import("node:os");
  return os.availableParallelism();
}

/** Bytes that may be allocated, as far as the system tells. */
export async function availableMemory(): Promise<number> {
  if (!isNode()) return Number.POSITIVE_INFINITY;
  const [os, fs] = await Promise.all([import("node:os"), import("node:fs/promises")]);
  try {
    const info = await fs.readFile("/proc/meminfo", "utf8");
    const kilobytes = /MemAvailable:\s+(\d+) kB/.exec(info)?.[1];
    if (kilobytes) return Number(kilobytes) * 1024;
  } catch {
    // not Linux
  }
  return os.freemem();
}

/** Threads need memory that they share; browsers give it to pages that are cross-origin isolated. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== "undefined" && (isNode() || globalThis.crossOriginIsolated === true);
}
