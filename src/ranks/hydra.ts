/** Hydra is the launcher of MPICH. */

import { readSync, writeSync } from "node:fs";

/**
 * Tells MPICH's launcher, Hydra, that this rank has come to its end, as MPI_Finalize does; else it takes the end of the process for
 * a failure, and ends the others. One line of PMI-1 (Balaji et al. 2010, doi:10.1007/978-3-642-15646-5_4) and its answer.
 * @returns false where the launcher is another
 */
export function dismissHydra(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  if (env.HYDI_CONTROL_FD === undefined || !/^\d+$/.test(env.PMI_FD ?? "")) return false;
  const fd = Number(env.PMI_FD);
  try {
    writeSync(fd, "cmd=finalize\n");
  } catch {
    // it has gone
    return false;
  }
  try {
    readSync(fd, new Uint8Array(256));
  } catch {
    // what it answers changes nothing
  }
  return true;
}
