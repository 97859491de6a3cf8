/** `synfire bench`: runs the modules of `bench/` and writes what they measured, with machine and commit. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chooseDevices, isCudaName, parseCudaDevices } from "../engine/cuda/select-devices.js";
import { SynfireError, unknownName } from "../errors.js";
import type { SimulatorOptions } from "../simulator/options.js";
import { type Bench, type BenchResult, benchContext, type Spread } from "./bench-context.js";
import { watchRuns } from "./live-runs.js";
import { loadScript } from "./load-script.js";
import { resultsJson, resultsText } from "./print-results.js";
import { setDefaults, stdoutToStderr } from "./run-command.js";
import { createRun, type ScriptValue } from "./run-context.js";
import { packageVersion } from "./version.js";

export interface BenchCommand {
  /** modules to run; none: all that do not ask to be named */
  readonly names: readonly string[];
  readonly options: SimulatorOptions;
  readonly runs: number;
  readonly json: boolean;
  /** file for the JSON */
  readonly out: string | undefined;
  readonly args: Readonly<Record<string, ScriptValue>>;
}

/** What a module in `bench/` exports. */
interface BenchModule {
  readonly default?: (bench: Bench) => Promise<BenchResult>;
  /** too long to run unless it is named */
  readonly onRequest?: boolean;
}

/** @throws SynfireError "unknown-benchmark", "no-file" */
export async function benchCommand(command: BenchCommand): Promise<void> {
  const { options, runs, json, out } = command;
  if (!(Number.isInteger(runs) && runs >= 1))
    throw new SynfireError("bad-option", `--runs must be a positive integer, not ${runs}.`, "runs");
  setDefaults(options);
  const folder = benchFolder();
  const all = readdirSync(folder)
    .filter((name) => /\.(ts|js|mjs)$/.test(name))
    .map((name) => name.replace(/\.\w+$/, ""));
  for (const name of command.names)
    if (!all.includes(name)) throw unknownName("unknown-benchmark", "benchmark", name, all);
  const restore = json ? stdoutToStderr() : undefined;
  const watch = watchRuns();
  const began = await circumstances(options);
  const results: Record<string, BenchResult> = {};
  try {
    const log = (...parts: readonly unknown[]) => {
      watch.clear();
      console.error(...parts);
    };
    const run = createRun({ options, args: command.args, log, isInterrupted: () => watch.interrupted });
    for (const name of command.names.length > 0 ? command.names : all) {
      if (watch.interrupted) break;
      const file = readdirSync(folder).find((f) => f.replace(/\.\w+$/, "") === name)!;
      const module = (await loadScript(join(folder, file))) as BenchModule;
      if (typeof module.default !== "function" || (module.onRequest && command.names.length === 0)) continue;
      log(`${name} ...`);
      results[name] = await module.default(benchContext(run, runs, out));
      if (!json) process.stdout.write(resultsText({ [name]: brief(results[name]) }));
    }
  } finally {
    watch.end();
    restore?.();
  }
  const text = `${resultsJson({ ...began, runs, options, results })}\n`;
  if (json) process.stdout.write(text);
  if (out !== undefined) {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, text);
    console.error(`Results: ${out}`);
  }
}

/** For people: "median (smallest to largest)" in the place of every spread. */
function brief(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if (!("median" in value && "values" in value))
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, brief(part)]));
  const { median, values } = value as Spread;
  const short = (x: number) => String(Number(x.toPrecision(4)));
  if (values.length === 1) return short(median);
  return `${short(median)} (${short(Math.min(...values))} to ${short(Math.max(...values))})`;
}

/** `bench/` here, or that of the package's repository. */
function benchFolder(): string {
  const folders = ["bench", fileURLToPath(new URL("../../bench", import.meta.url))];
  const found = folders.find((folder) => existsSync(folder));
  if (!found)
    throw new SynfireError(
      "no-file",
      "There is no folder bench/ here; benchmarks are in Synfire's repository.",
    );
  return found;
}

/** When, on what, and of which state of the source. */
async function circumstances(options: SimulatorOptions) {
  const gpus = await gpusOf(options);
  return {
    synfire: packageVersion(),
    commit: commit(),
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      cores: availableParallelism(),
      memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
      platform: `${platform()} ${process.arch}`,
      node: process.version,
      ...(gpus ? { gpus } : {}),
      /** runnable processes in the minute before: above 0.5, something else took part of the machine */
      load: Math.round(loadavg()[0]! * 100) / 100,
    },
  };
}

/** what the device "cuda" would take */
async function gpusOf({ device }: SimulatorOptions): Promise<readonly string[] | undefined> {
  if (device === undefined || !isCudaName(device)) return undefined;
  const { openDriver } = await import("../engine/cuda/ffi-driver.js");
  const driver = await openDriver();
  return [
    ...chooseDevices(driver, parseCudaDevices(device)).map((d) => d.name),
    `CUDA ${(driver.version / 1000).toFixed(0)}.${(driver.version % 1000) / 10}`,
  ];
}

function commit(): string | undefined {
  // a bundle has no repository, but says what it was made of
  const bundled = fileURLToPath(new URL("../../commit", import.meta.url));
  if (existsSync(bundled)) return readFileSync(bundled, "utf8");
  const git = (...words: string[]) =>
    execFileSync("git", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return (
      git("rev-parse", "--short=12", "HEAD") + (git("status", "--porcelain", "-uno") === "" ? "" : "+changes")
    );
  } catch {
    return undefined;
  }
}
