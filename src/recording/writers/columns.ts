/** Checks that chunks fit the columns of a file, and the names of those columns. */
import { SynfireError } from "../../errors.js";
import type { SpikeChunk, StateChunk } from "./record-writer.js";

/** The columns of a chunk beside senders and times. */
export interface ValueColumns {
  readonly names: readonly string[];
  readonly arrays: readonly Float64Array[];
}

/** Remembers what a writer's columns are: given beforehand, or taken from the first chunk. */
export interface ColumnCheck {
  /** names of the recorded variables, undefined until known; empty for spikes */
  names(): readonly string[] | undefined;
  /** the columns of a chunk in file order; throws if they do not fit, or if the writer is closed */
  accept(chunk: SpikeChunk | StateChunk): ValueColumns;
  /** throws from now on; returns false if it was closed already */
  close(): boolean;
}

/**
 * @param recordables - names of the columns in file order; empty for spikes; undefined: those of the first chunk
 * @param forbidden - characters that a name must not contain in this format
 */
export function columnCheck(recordables: readonly string[] | undefined, forbidden: RegExp): ColumnCheck {
  let expected = recordables;
  let closed = false;
  for (const name of recordables ?? []) checkName(name, forbidden);
  return {
    names: () => expected,
    accept(chunk) {
      if (closed)
        throw new SynfireError("writer-closed", "The writer is closed. Allowed: writing before close().");
      const values: Readonly<Record<string, Float64Array>> = "values" in chunk ? chunk.values : {};
      const given = Object.keys(values);
      if ("values" in chunk && given.length === 0) {
        throw mismatch("values", "A chunk of states has no values", "at least one recorded variable");
      }
      const names = expected ?? given;
      if (expected === undefined) for (const name of given) checkName(name, forbidden);
      const missing = names.find((name) => !Object.hasOwn(values, name));
      if (missing !== undefined || given.length !== names.length) {
        const columns = names.length === 0 ? "spikes, without values" : names.join(", ");
        const what = given.length === 0 ? "spikes" : given.join(", ");
        throw mismatch("values", `A chunk has the columns ${what}`, `the columns of this file (${columns})`);
      }
      checkLength("times", chunk.times.length, chunk.senders.length);
      for (const name of names) checkLength(name, values[name].length, chunk.senders.length);
      expected = names; // only now: a rejected chunk decides nothing
      return { names, arrays: names.map((name) => values[name]) };
    },
    close() {
      const open = !closed;
      closed = true;
      return open;
    },
  };
}

function mismatch(key: string, what: string, allowed: string): SynfireError {
  return new SynfireError("bad-argument", `${what}. Allowed: ${allowed}.`, key);
}

function checkLength(key: string, given: number, senders: number): void {
  if (given !== senders) throw mismatch(key, `${key} is ${given} long`, `as long as senders (${senders})`);
}

function checkName(name: string, forbidden: RegExp): void {
  if (name === "" || name === "senders" || name === "times" || forbidden.test(name)) {
    const allowed = `a name without ${forbidden.source}, other than "senders" and "times"`;
    throw mismatch(name, `A recorded variable is called "${name}"`, allowed);
  }
}
