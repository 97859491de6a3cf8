/** `synfire run FILE`: runs a script, shows progress, prints what it returns. */

import { launched } from "../ranks/launcher.js";
import { checkedOptions, type SimulatorOptions } from "../simulator/options.js";
import { Simulator } from "../simulator/simulator.js";
import { watchRuns } from "./live-runs.js";
import { loadScript } from "./load-script.js";
import { resultsJson, resultsText } from "./print-results.js";
import { createRun, type ScriptValue } from "./run-context.js";

export interface RunCommand {
  readonly file: string;
  readonly options: SimulatorOptions;
  readonly out: string | undefined;
  readonly json: boolean;
  readonly args: Readonly<Record<string, ScriptValue>>;
  /** the arguments as they were written, for scripts that read `process.argv` */
  readonly words: readonly string[];
}

export async function runCommand({ file, options, out, json, args, words }: RunCommand): Promise<void> {
  setDefaults(options);
  process.argv = [process.argv[0]!, file, ...words];
  const restore = json ? stdoutToStderr() : undefined;
  const runs = watchRuns();
  let results: unknown;
  try {
    const script = await loadScript(file);
    if (typeof script.default === "function") {
      const log = (...parts: readonly unknown[]) => {
        runs.clear();
        console.error(...parts);
      };
      const context = createRun({ options, out, args, log, isInterrupted: () => runs.interrupted });
      results = await script.default(context);
    }
  } finally {
    runs.end();
    restore?.();
  }
  // of several ranks, those that return nothing have nothing to say
  if (results === undefined && (launched()?.rank ?? 0) > 0) return;
  process.stdout.write(json ? `${resultsJson(results)}\n` : resultsText(results));
}

/** @throws SynfireError "bad-option" */
export function setDefaults(options: SimulatorOptions): void {
  checkedOptions(options);
  Simulator.defaults = { ...Simulator.defaults, ...options };
}

/** Sends what scripts print to stderr, so that stdout holds JSON only. @returns what undoes it */
export function stdoutToStderr(): () => void {
  const { write } = process.stdout;
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof write;
  return () => {
    process.stdout.write = write;
  };
}
