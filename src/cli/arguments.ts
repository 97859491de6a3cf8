/** The command line: options that are checked against those a command knows, and the arguments of scripts. */

import type { Command } from "cac";
import { SynfireError, unknownName } from "../errors.js";
import type { SimulatorOptions } from "../simulator/options.js";
import type { ScriptValue } from "./run-context.js";

/** Options as they were parsed: camelCase, numbers as numbers. */
export type ParsedOptions = Readonly<Record<string, unknown>>;

/** @throws SynfireError "bad-option" with the nearest name */
export function checkOptionNames(command: Command, options: ParsedOptions): void {
  const taken = new Set([...command.options, ...command.cli.globalCommand.options]);
  const known = [...taken].flatMap((o) => o.names);
  for (const name of Object.keys(options)) {
    if (name === "--" || known.includes(name)) continue;
    const dashed = name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
    const long = known.filter((n) => n.length > 1).map((n) => `--${n}`);
    throw unknownName("bad-option", "option", dashed.length > 1 ? `--${dashed}` : `-${dashed}`, long);
  }
}

/** The value of an option that takes text. @throws SynfireError "bad-option" if it was given without one, or twice */
export function textOption(options: ParsedOptions, name: string): string | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  if (typeof value === "string" || typeof value === "number") return String(value);
  const fault = Array.isArray(value) ? "is given twice" : "needs a value";
  throw new SynfireError("bad-option", `--${name} ${fault}.`, name);
}

/** The value of an option that takes a number. @throws SynfireError "bad-option" */
export function numberOption(options: ParsedOptions, name: string): number | undefined {
  const text = textOption(options, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value))
    throw new SynfireError("bad-option", `--${name} must be a number, not "${text}".`, name);
  return value;
}

/** Simulator options that were given; their values are checked by the simulator. @throws SynfireError "bad-option" */
export function simulatorOptions(options: ParsedOptions): SimulatorOptions {
  const threads = textOption(options, "threads");
  const given = {
    threads: threads === "auto" ? "auto" : numberOption(options, "threads"),
    device: textOption(options, "device"),
    seed: numberOption(options, "seed"),
    precision: textOption(options, "precision"),
    rehearse: rehearsalOption(options),
  };
  return Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)) as SimulatorOptions;
}

/** `--rehearse 113/640` or, with the rate of all others, `113/640@7.5` */
function rehearsalOption(options: ParsedOptions): SimulatorOptions["rehearse"] {
  const text = textOption(options, "rehearse");
  if (text === undefined) return undefined;
  const match = /^(\d+)\/(\d+)(?:@([\d.]+))?$/.exec(text);
  if (!match)
    throw new SynfireError(
      "bad-option",
      `--rehearse must be RANK/SIZE or RANK/SIZE@RATE, as 113/640@7.5, not "${text}".`,
      "rehearse",
    );
  const [rank, size] = [Number(match[1]), Number(match[2])];
  return match[3] === undefined ? { rank, size } : { rank, size, rate: Number(match[3]) };
}

function scriptValue(text: string): ScriptValue {
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return text.trim() !== "" && !Number.isNaN(number) ? number : text;
}

/**
 * Arguments of a script.
 * @param words - as `order=200`
 * @param dashed - what stood behind `--`: `--order 200`, `--order=200`, `--flag`, `--no-flag`, or as `words`
 * @throws SynfireError "bad-argument" for a word that is neither
 */
export function scriptArguments(
  words: readonly string[],
  dashed: readonly string[],
): Record<string, ScriptValue> {
  const args: Record<string, ScriptValue> = {};
  const word = (text: string) => {
    const match = /^(?:--)?([A-Za-z_][\w-]*)=(.*)$/s.exec(text);
    if (!match)
      throw new SynfireError(
        "bad-argument",
        `Cannot read the argument "${text}". Arguments of a script are name=value, or --name value behind "--".`,
        text,
      );
    args[match[1]!] = scriptValue(match[2]!);
  };
  words.forEach(word);
  for (let i = 0; i < dashed.length; i++) {
    const flag = /^--([A-Za-z_][\w-]*)$/.exec(dashed[i]!)?.[1];
    const next = dashed[i + 1];
    if (flag === undefined) word(dashed[i]!);
    else if (next !== undefined && !next.startsWith("--")) args[flag] = scriptValue(dashed[++i]!);
    else if (flag.startsWith("no-")) args[flag.slice(3)] = false;
    else args[flag] = true;
  }
  return args;
}
