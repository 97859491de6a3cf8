/** Takes part in a run of several ranks: once for each process. */

import { readFileSync } from "node:fs";
import { availableParallelism, constants, hostname } from "node:os";
import { environment, loadKoffi, tryLibrary } from "../native/foreign.js";
import { launched } from "./launcher.js";
import { openMpi } from "./mpi.js";
import { World } from "./world.js";

/** What a rank has for saving what was recorded, once it is asked to end. */
const SAVING_S = 8;

let joining: Promise<World> | undefined;

/**
 * Starts MPI and meets the other ranks. Later calls give the same world.
 * @throws SynfireError "no-mpi", "mpi-failed"
 */
export function joinWorld(): Promise<World> {
  joining ??= (async () => {
    const mpi = await openMpi(launched()?.by);
    // a launcher that has lost a rank tells the others to end: what waits for it ends with an error, and the script can save what was recorded
    const onRequest = () => {
      world.interrupt();
      setTimeout(() => process.exit(143), 1000 * SAVING_S).unref();
    };
    process.on("SIGTERM", onRequest);
    const libc = await systemLibrary();
    const isAskedToEnd = libc ? requestsToEnd(libc) : () => false;
    const host = { cores: availableParallelism(), isAlive, isAskedToEnd, yield: processorYield(libc) };
    const name = environment("SYNFIRE_HOST") ?? hostname();
    const world = World.start(mpi, { pid: process.pid, host: name }, host);
    setInterval(() => isAskedToEnd() && onRequest(), 100).unref();
    process.on("exit", (code) => {
      if (code === 0) world.end();
    });
    return world;
  })();
  return joining;
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
 * 15 seconds, the alarm ends the process. Listeners that are added later have their way: Node sets its own handler again.
 */
function requestsToEnd(libc: Libc): () => boolean {
  const alarm = libc.func("unsigned int alarm(unsigned int)") as (seconds: number) => number;
  const signal = libc.func("void *signal(int, uint64_t)") as (number: number, handler: bigint) => unknown;
  signal(constants.signals.SIGTERM, libc.addressOf("alarm"));
  return () => alarm(0) > 0;
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
