/** How a rank speaks to the launcher of MPICH: PMI (Balaji et al. 2010, doi:10.1007/978-3-642-15646-5_4). */

import { readSync, writeSync } from "node:fs";

type Environment = Readonly<Record<string, string | undefined>>;

/** what Hydra alone sets: where its ranks are on one host, and where they are on several */
const OF_HYDRA = ["HYDI_CONTROL_FD", "MPIR_CVAR_CH3_INTERFACE_HOSTNAME"];

/** Hydra is MPICH's own; SLURM's `srun --mpi=pmi2` gives jobs a name, which Hydra passes on if it was itself started so. */
function launcherOf(env: Environment): "hydra" | "slurm" | undefined {
  if (!/^\d+$/.test(env.PMI_FD ?? "")) return undefined;
  return env.PMI_JOBID === undefined || OF_HYDRA.some((name) => env[name] !== undefined) ? "hydra" : "slurm";
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
