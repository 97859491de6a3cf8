/** Runs a script on several ranks: `synfire run` under a launcher of MPI programs, as a child process. */
import { spawn, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { SynfireError } from "synfire";

export interface Launcher {
  readonly program: string;
  /** its own arguments, which come first */
  readonly words: readonly string[];
  readonly isOpenMpi: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The launcher named in SYNFIRE_MPIRUN (with arguments, if need be), else mpirun.openmpi, else mpirun.
 * @throws SynfireError "no-mpi"
 */
export function findLauncher(env: Environment = process.env): Launcher {
  const named = env.SYNFIRE_MPIRUN?.trim();
  const tried = named ? [named] : ["mpirun.openmpi", "mpirun"];
  for (const [program, ...words] of tried.map((t) => t.split(/\s+/) as [string, ...string[]])) {
    const version = spawnSync(program, ["--version"], { encoding: "utf8" });
    if (!version.error)
      return { program, words, isOpenMpi: /Open ?MPI|OpenRTE|PRRTE/i.test(version.stdout + version.stderr) };
  }
  throw new SynfireError(
    "no-mpi",
    `No launcher for several ranks was found. Install one (Debian: apt-get install openmpi-bin), or name it in SYNFIRE_MPIRUN. Looked for ${tried.join(", ")}.`,
    "SYNFIRE_MPIRUN",
  );
}

export interface Host {
  readonly cores: number;
  readonly isRoot: boolean;
}

/** Program and arguments that start `command` on n ranks; without a launcher, on one. */
export function launchCommand(
  launcher: Launcher | undefined,
  n: number,
  command: readonly [string, ...string[]],
  host: Host = { cores: availableParallelism(), isRoot: process.getuid?.() === 0 },
): readonly [string, ...string[]] {
  if (!launcher) return command;
  const open = [
    ...(host.isRoot ? ["--allow-run-as-root"] : []),
    // Open MPI has a slot per core, which can be half as many as Node counts
    ...(n > host.cores / 2 ? ["--oversubscribe"] : []),
    // else the threads of a rank share one core
    ...["--bind-to", "none"],
  ];
  const { program, words, isOpenMpi } = launcher;
  return [program, ...words, ...(isOpenMpi ? open : []), "-n", String(n), ...command];
}

/**
 * What a script returns (on rank 0) when `synfire run` runs it on n ranks.
 * @param words - options and arguments of the script
 * @throws SynfireError "run-failed" with the end of what the run wrote to stderr
 */
export async function runRanks(
  launcher: Launcher | undefined,
  n: number,
  script: string,
  words: readonly string[],
): Promise<unknown> {
  // the command that runs the benchmark
  const synfire = [process.execPath, process.argv[1]!] as const;
  const [program, ...args] = launchCommand(launcher, n, [...synfire, "run", script, "--json", ...words]);
  const { code, stdout, stderr } = await outputOf(program, args);
  if (code === 0) return JSON.parse(stdout);
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const told = lines.filter((line) => line.startsWith("synfire: "));
  const reason = (told.length > 0 ? told.slice(0, 1) : lines.slice(-5)).join("\n");
  throw new SynfireError("run-failed", `A run on ${n} ${n === 1 ? "rank" : "ranks"} failed: ${reason}`);
}

/** Ranks must not take a launcher around this process for their own, nor a test runner. */
function environment(): NodeJS.ProcessEnv {
  const own = /^(OMPI|PMI|PMIX|PRTE|VITEST)(_|$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a program and waits for its end. */
export function outputOf(program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
    const out = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => {
        out[name] += text;
      });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...out }));
  });
}
