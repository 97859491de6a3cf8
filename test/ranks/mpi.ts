/** Runs scripts on several ranks. Open MPI is installed where it is missing and that is possible. */

import { type SpawnSyncOptions, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Ended, findLauncher, launchCommand, outputOf } from "../../bench/lib/launch-ranks.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const quiet: SpawnSyncOptions = { encoding: "utf8", stdio: "pipe" };

function launcherHere(): boolean {
  try {
    findLauncher();
    return true;
  } catch {
    return false;
  }
}

function install(): string | undefined {
  if (launcherHere()) return undefined;
  const wanted = "MPI is absent: apt-get install openmpi-bin";
  if (spawnSync("which", ["apt-get"], quiet).status !== 0 || process.getuid?.() !== 0) return wanted;
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

/** Runs n ranks of a script in this folder under Synfire's command line. */
export function ranks(n: number, script: string, words: readonly string[]): Promise<Ended> {
  const command = [
    process.execPath,
    `${root}dist/cli/main.js`,
    "run",
    `${root}test/ranks/${script}`,
    ...words,
  ];
  const launcher = n > 1 ? findLauncher() : undefined;
  const [program, ...args] = launchCommand(launcher, n, command as [string, ...string[]]);
  return outputOf(program, args);
}
