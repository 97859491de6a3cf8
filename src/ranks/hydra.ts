/** Hydra is the launcher of MPICH. */

import { readSync, writeSync } from "node:fs";

/**
 * Tells MPICH's launcher, Hydra, that this rank has come to its end, as MPI_Finalize does; else it takes the end of the process for
 * a failure, and ends the others. One line of PMI-1 (Balaji et al. 2010, doi:10.1007/978-3-642-15646-5_4) and its answer.
 * @returns false where the launcher is another
 */
export function dismissHydra(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  if (env.HYDI_CONTROL_FD === undefined || !/^\d+$/.test(env.PMI_FD ?? "")) return false;
  const answer = new Uint8Array(256);
  try {
    writeSync(Number(env.PMI_FD), "cmd=finalize\n");
    return readSync(Number(env.PMI_FD), answer) > 0;
  } catch {
    // it has gone, or speaks otherwise
    return false;
  }
}
