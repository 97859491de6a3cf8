/** The context that `synfire run` gives to a script: options, arguments, the folder for results, and a log. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SynfireError, unknownName } from "../errors.js";
import type { SimulatorOptions } from "../simulator/options.js";
import { packageVersion } from "./version.js";

/** The value of a script's argument. */
export type ScriptValue = string | number | boolean;

/** What a script returns: plain data, typed arrays included; `--json` prints it. */
export type Results = { readonly [name: string]: unknown };

/** `number` for 3, and so on: parameters may take other values than their defaults. */
type Widened<T> = T extends number ? number : T extends boolean ? boolean : T extends string ? string : T;

/** What a script's default function is called with. */
export interface Run {
  /** the simulator options of the command line, and only those; pass them on: `Simulator.create({ seed: 1234, ...run.options })` */
  readonly options: SimulatorOptions;
  /** folder for results, if `--out` was given */
  readonly out: string | undefined;
  /** arguments after the file: `order=200`, or `-- --order 200` */
  readonly args: Readonly<Record<string, ScriptValue>>;
  /** of Synfire, for the headers of files */
  readonly version: string;
  /** true after Ctrl-C: runs end early, and the script should go on to its analysis */
  readonly interrupted: boolean;
  /** Writes a line to stderr, so that stdout holds results only. */
  log(...parts: readonly unknown[]): void;
  /**
   * The script's parameters: its defaults, with the arguments in their place.
   * @throws SynfireError "bad-argument" for an argument that is not among the defaults or has another type
   */
  parameters<T extends Readonly<Record<string, ScriptValue>>>(defaults: T): { [K in keyof T]: Widened<T[K]> };
  /** The path of a file in `out`; makes the folder. @throws SynfireError "bad-argument" without `out` */
  path(name: string): string;
}

export interface RunSettings {
  readonly options?: SimulatorOptions;
  readonly out?: string | undefined;
  readonly args?: Readonly<Record<string, ScriptValue>>;
  readonly isInterrupted?: () => boolean;
  readonly log?: (...parts: readonly unknown[]) => void;
}

/** A context as the command line makes it; tests and programs can make their own. */
export function createRun(settings: RunSettings = {}): Run {
  const { options = {}, out, args = {}, isInterrupted = () => false, log = console.error } = settings;
  return {
    options,
    out,
    args,
    version: packageVersion(),
    get interrupted() {
      return isInterrupted();
    },
    log,
    parameters: (defaults) => parametersOf(defaults, args),
    path(name) {
      if (out === undefined)
        throw new SynfireError(
          "bad-argument",
          `There is no folder for "${name}"; give one with --out DIR.`,
          "out",
        );
      mkdirSync(out, { recursive: true });
      return join(out, name);
    },
  };
}

function parametersOf<T extends Readonly<Record<string, ScriptValue>>>(
  defaults: T,
  args: Readonly<Record<string, ScriptValue>>,
): { [K in keyof T]: Widened<T[K]> } {
  for (const [name, value] of Object.entries(args)) {
    if (!Object.hasOwn(defaults, name))
      throw unknownName("bad-argument", "argument of the script", name, Object.keys(defaults));
    const wanted = typeof defaults[name];
    if (wanted !== "string" && typeof value !== wanted)
      throw new SynfireError(
        "bad-argument",
        `${name} must be ${wanted === "number" ? "a number" : "true or false"}, not "${value}".`,
        name,
      );
  }
  const given = Object.entries(args).map(([name, value]) => [
    name,
    typeof defaults[name] === "string" ? String(value) : value,
  ]);
  return { ...defaults, ...Object.fromEntries(given) } as { [K in keyof T]: Widened<T[K]> };
}
