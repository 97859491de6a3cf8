/** What a rank asks of the system that it runs on. */

import { readFileSync } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { loadKoffi, tryLibrary } from "../native/foreign.js";
import { startedByHydra } from "./pmi.js";
import type { Host } from "./world.js";

/** A listener of SIGTERM must have been added before, and MPI started. */
export async function thisHost(): Promise<Host> {
  const libc = await systemLibrary();
  if (libc && startedByHydra()) ignoreUserSignal(libc);
  return {
    cores: availableParallelism(),
    isAlive,
    isAskedToEnd: libc ? requestsToEnd(libc) : () => false,
    yield: processorYield(libc),
  };
}

/**
 * With -disable-auto-cleanup, Hydra tells ranks of the end of another one by SIGUSR1. Node starts a debugger then, and what MPICH puts in
 * front of that ends in a fault.
 */
function ignoreUserSignal(libc: Libc): void {
  const SIG_IGN = 1n;
  setHandler(libc, constants.signals.SIGUSR1, SIG_IGN);
}

/** Calls signal(2): Node's own handlers hear of nothing. */
function setHandler(libc: Libc, number: number, handler: bigint): void {
  const signal = libc.func("void *signal(int, uint64_t)") as (number: number, handler: bigint) => unknown;
  signal(number, handler);
}

type Libc = Exclude<ReturnType<typeof tryLibrary>, string> & { readonly addressOf: (name: string) => bigint };

async function systemLibrary(): Promise<Libc | undefined> {
  const koffi = await loadKoffi("no-mpi", "MPI is");
  const library = tryLibrary(koffi, "libc.so.6");
  if (typeof library === "string") return undefined;
  return Object.assign(library, {
    addressOf: (name: string) => koffi.address(library.symbol(name, "void *")),
  });
}

function processorYield(libc: Libc | undefined): () => void {
  if (libc) return libc.func("int sched_yield()") as () => void;
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  return () => void Atomics.wait(nothing, 0, 0, 0.05);
}

/**
 * A rank that waits for another does so in a loop, during which Node calls no listener. So what SIGTERM calls is alarm(2), with the
 * signal's number as its argument, and whether an alarm is set says whether the signal has come. Should nobody ask within those
 * 15 seconds, the alarm ends the process. There must be a listener already, or Node sets its own handler with the first.
 */
function requestsToEnd(libc: Libc): () => boolean {
  const { SIGTERM } = constants.signals;
  const alarm = libc.func("unsigned int alarm(unsigned int)") as (seconds: number) => number;
  setHandler(libc, SIGTERM, libc.addressOf("alarm"));
  const isAskedToEnd = (): boolean => {
    const left = alarm(0);
    if (left === 0) return false;
    if (left > SIGTERM) {
      // somebody else's
      alarm(left);
      return false;
    }
    // listeners hear of it as soon as they can
    setImmediate(() => process.emit("SIGTERM", "SIGTERM"));
    return true;
  };
  setInterval(isAskedToEnd, 100).unref();
  return isAskedToEnd;
}

/** A process that has ended, but whose parent does not know it yet, counts as ended. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat[stat.lastIndexOf(")") + 2] !== "Z";
  } catch {
    return true;
  }
}
