/** Takes part in a run of several ranks: once for each process. */

import { hostname } from "node:os";
import { environment } from "../native/foreign.js";
import { watchOtherHosts } from "./far-watch.js";
import { thisHost } from "./host.js";
import { launched } from "./launcher.js";
import { openMpi } from "./mpi.js";
import { World } from "./world.js";

/** What a rank has for saving what was recorded, once it is asked to end. SLURM waits 30 s before it kills, unless told otherwise. */
const SAVING_S = environment("SLURM_JOB_ID") === undefined ? 8 : 25;

let joining: Promise<World> | undefined;

/**
 * Starts MPI and meets the other ranks. Later calls give the same world.
 * @throws SynfireError "no-mpi", "mpi-failed"
 */
export function joinWorld(): Promise<World> {
  joining ??= (async () => {
    const mpi = await openMpi(launched());
    // a launcher that has lost a rank tells the others to end: what waits for it ends with an error, and the script can save what was recorded
    let world: World | undefined;
    process.on("SIGTERM", () => {
      world?.interrupt();
      setTimeout(() => process.exit(143), 1000 * SAVING_S).unref();
    });
    const self = { pid: process.pid, host: environment("SYNFIRE_HOST") ?? hostname() };
    const host = await thisHost();
    const joined = World.start(mpi, self, host);
    world = joined;
    if (joined.onHost < joined.size) await watchOtherHosts(joined);
    process.on("exit", (code) => {
      if (code === 0) joined.end();
    });
    return joined;
  })();
  return joining;
}
