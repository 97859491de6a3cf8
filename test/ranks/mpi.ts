/** Runs scripts on several ranks. Open MPI and MPICH are installed where they are missing and that is possible. */

import { type SpawnSyncOptions, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Ended, findLauncher, launchCommand, outputOf } from "../../bench/lib/launch-ranks.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const quiet: SpawnSyncOptions = { encoding: "utf8", stdio: "pipe" };

const answers = (program: string): boolean => !spawnSync(program, ["--version"], quiet).error;

/** @returns why it is absent, if it is */
function install(
  name: string,
  launchers: readonly string[],
  packages: readonly string[],
): string | undefined {
  if (launchers.some(answers)) return undefined;
  const wanted = `${name} is absent: apt-get install ${packages[0]}`;
  if (!answers("apt-get") || process.getuid?.() !== 0) return wanted;
  const options = { ...quiet, timeout: 120_000, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  spawnSync("apt-get", ["update"], options);
  const done = spawnSync("apt-get", ["install", "-y", "--no-install-recommends", ...packages], options);
  return done.status === 0
    ? undefined
    : `${wanted} (tried, and failed: ${String(done.stderr).trim().split("\n").pop()})`;
}

/** MPICH's launcher */
export const MPICH = "mpiexec.hydra";

/** Why there is no launcher for several ranks here, and no MPICH; undefined if there is. */
export const absent = install(
  "MPI",
  [process.env.SYNFIRE_MPIRUN?.split(" ")[0] ?? "mpirun.openmpi", "mpirun"],
  ["openmpi-bin", "libopenmpi3"],
);
export const mpichAbsent = install("MPICH", [MPICH], ["mpich", "libmpich12"]);

/** Comes before a command under MPICH, for whose launcher a rank that was killed has ended as it should, so that the others live on. */
const SURVIVING = ["sh", "-c", 'trap "" USR1; "$@"; true', "sh"];
export const PATIENT_MPICH = `${MPICH} -disable-auto-cleanup`;

/** Runs n ranks of a script in this folder under Synfire's command line, with the launcher named or that of Open MPI. */
export function ranks(n: number, script: string, words: readonly string[], named?: string): Promise<Ended> {
  const command = [
    ...(named === PATIENT_MPICH ? SURVIVING : []),
    process.execPath,
    `${root}dist/cli/main.js`,
    "run",
    `${root}test/ranks/${script}`,
    ...words,
  ];
  const launcher = n > 1 ? findLauncher(named ? { SYNFIRE_MPIRUN: named } : process.env) : undefined;
  const [program, ...args] = launchCommand(launcher, n, command as [string, ...string[]]);
  return outputOf(program, args);
}
