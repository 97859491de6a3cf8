/** Runs scripts on several ranks. Open MPI is installed where it is missing and that is possible. */

import { type SpawnSyncOptions, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const quiet: SpawnSyncOptions = { encoding: "utf8", stdio: "pipe" };
const has = (program: string) => spawnSync("which", [program], quiet).status === 0;

function install(): string | undefined {
  if (has("mpirun.openmpi") || has("mpirun")) return undefined;
  const wanted = "MPI is absent: apt-get install openmpi-bin";
  if (!has("apt-get") || process.getuid?.() !== 0) return wanted;
  const options = { ...quiet, timeout: 120_000, env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  spawnSync("apt-get", ["update"], options);
  const done = spawnSync(
    "apt-get",
    ["install", "-y", "--no-install-recommends", "openmpi-bin", "libopenmpi3"],
    options,
  );
  return done.status === 0
    ? undefined
    : `${wanted} (tried, and failed: ${String(done.stderr).trim().split("\n").pop()})`;
}

/** Why there is no MPI here; undefined if there is. */
export const absent: string | undefined = install();

const launcher = has("mpirun.openmpi") ? "mpirun.openmpi" : "mpirun";

/** The command that starts n ranks of a script under Synfire's command line. */
export function command(n: number, script: string, words: readonly string[]): [string, string[]] {
  const own = [`${root}dist/cli/main.js`, "run", script, ...words];
  if (n === 1) return [process.execPath, own];
  return [launcher, ["--allow-run-as-root", "--oversubscribe", "-np", String(n), process.execPath, ...own]];
}

/** Ranks must not take the test runner for their launcher. */
function environment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const key of Object.keys(env)) if (/^(OMPI|PMI|PMIX|VITEST)/.test(key)) delete env[key];
  return env;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs n ranks of a script in this folder. */
export function ranks(n: number, script: string, words: readonly string[]): Promise<Ended> {
  const [program, args] = command(n, `${root}test/ranks/${script}`, words);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env: environment() });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data: Buffer) => {
      stdout += data.toString();
    });
    child.stderr.on("data", (data: Buffer) => {
      stderr += data.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
