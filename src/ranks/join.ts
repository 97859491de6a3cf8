/** Takes part in a run of several ranks: once for each process. */

import { readFileSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { loadKoffi, tryLibrary } from "../native/foreign.js";
import { launched } from "./launcher.js";
import { openMpi } from "./mpi.js";
import { World } from "./world.js";

let joining: Promise<World> | undefined;

/**
 * Starts MPI and meets the other ranks. Later calls give the same world.
 * @throws SynfireError "no-mpi", "mpi-failed"
 */
export function joinWorld(): Promise<World> {
  joining ??= (async () => {
    const mpi = await openMpi(launched()?.by);
    const host = { cores: availableParallelism(), isAlive, yield: await processorYield() };
    const world = World.start(mpi, { pid: process.pid, host: hostname() }, host);
    // a launcher that has lost a rank tells the others to end: what waits for it ends with an error, and the script can save what was recorded
    process.on("SIGTERM", () => {
      world.interrupt();
      setTimeout(() => process.exit(143), 8000).unref();
    });
    process.on("exit", (code) => {
      if (code === 0) world.end();
    });
    return world;
  })();
  return joining;
}

async function processorYield(): Promise<() => void> {
  const library = tryLibrary(await loadKoffi("no-mpi", "MPI is"), "libc.so.6");
  if (typeof library !== "string") return library.func("int sched_yield()") as () => void;
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  return () => void Atomics.wait(nothing, 0, 0, 0.05);
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
