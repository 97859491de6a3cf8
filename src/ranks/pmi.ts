/** How a rank speaks to the launcher of MPICH: PMI (Balaji et al. 2010, doi:10.1007/978-3-642-15646-5_4). */

import { readSync, writeSync } from "node:fs";

type Environment = Readonly<Record<string, string | undefined>>;

/** Hydra is MPICH's own; SLURM's `srun --mpi=pmi2` gives jobs a name. */
function launcherOf(env: Environment): "hydra" | "slurm" | undefined {
  if (!/^\d+$/.test(env.PMI_FD ?? "")) return undefined;
  return env.PMI_JOBID === undefined ? "hydra" : "slurm";
}

export const startedByHydra = (env: Environment = process.env): boolean => launcherOf(env) === "hydra";

/**
 * Tells the launcher that this rank has come to its end, as MPI_Finalize does. Hydra would take the end of the process for a failure
 * else, and end the others: one line and its answer. SLURM need not be told.
 * @returns false where the launcher is another
 */
export function dismissLauncher(env: Environment = process.env): boolean {
  const launcher = launcherOf(env);
  if (launcher !== "hydra") return launcher !== undefined;
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
