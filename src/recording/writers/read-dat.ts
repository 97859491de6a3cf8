/** Reads NEST's ASCII recordings, so that its files can be compared with Synfire's. */
import { SynfireError } from "../../errors.js";
import type { StateChunk } from "./record-writer.js";

/** How to read. */
export interface ReadDatOptions {
  /** ms per step; needed for files written with NEST's `time_in_steps` */
  readonly resolution?: number;
}

/** A recording, and the comment lines above it. `values` is empty for spikes. */
export interface DatRecording extends StateChunk {
  /** lines that start with #, without it, e.g. "NEST version: 3.9.0" */
  readonly comments: readonly string[];
}

/**
 * Parses the text of a file of NEST's ASCII recorder (or of `datWriter`): comments, an optional line of column names, and
 * rows of numbers. Without column names (NEST 2's .gdf) there must be two columns, sender and time in ms.
 * With `time_in_steps` the time is time_step * resolution - time_offset.
 * @throws SynfireError "bad-format" naming the line for text that is none of these; "bad-argument" if the resolution is missing
 */
export function readDat(text: string, options: ReadDatOptions = {}): DatRecording {
  const { comments, names, body, firstLine } = readHeader(text);
  const rowCount = countRows(text, body);
  const columns = names.map(() => new Float64Array(rowCount));
  readRows(text, body, firstLine, columns);
  const [senders, ...rest] = columns;
  const ids = new Uint32Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    ids[row] = senders[row];
    if (ids[row] !== senders[row]) {
      throw badFormat(`row ${row + 1}`, `the sender ${senders[row]}`, "ids from 0 to 2^32 - 1");
    }
  }
  const inSteps = names[1] === "time_step";
  const times = inSteps ? stepsToTime(rest[0], rest[1], options.resolution) : rest[0];
  const first = inSteps ? 3 : 2;
  const values = Object.fromEntries(names.slice(first).map((name, i) => [name, columns[first + i]]));
  return { comments, senders: ids, times, values };
}

function badFormat(where: string, what: string, allowed: string): SynfireError {
  return new SynfireError("bad-format", `The recording has ${what} in ${where}. Allowed: ${allowed}.`, where);
}

function readHeader(text: string) {
  const comments: string[] = [];
  let names: string[] | undefined;
  let body = 0;
  let firstLine = 1;
  for (; body < text.length; firstLine++) {
    const newline = text.indexOf("\n", body);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(body, end).trim();
    const plain = line.replace(/^#\s*/, "");
    if (/^senders?\s/.test(plain)) names = plain.split(/\s+/);
    else if (line.startsWith("#")) comments.push(plain);
    else if (line !== "") break;
    body = end + 1;
  }
  names ??= ["sender", "time_ms"];
  if (!/^time(_ms|s)?$/.test(names[1]) && !(names[1] === "time_step" && names[2] === "time_offset")) {
    throw badFormat(
      "its line of column names",
      names.join(" "),
      "sender, then time_ms, or time_step and time_offset",
    );
  }
  return { comments, names, body, firstLine };
}

function countRows(text: string, body: number): number {
  let count = 0;
  for (let at = body; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    if (text.slice(at, end).trim() !== "") count++;
    at = end + 1;
  }
  return count;
}

function readRows(text: string, body: number, firstLine: number, columns: readonly Float64Array[]): void {
  let row = 0;
  let line = firstLine;
  for (let at = body; at < text.length; line++) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    const content = text.slice(at, end).trim();
    at = end + 1;
    if (content === "") continue;
    const fields = content.split(/\s+/);
    if (fields.length !== columns.length) {
      throw badFormat(`line ${line}`, `${fields.length} columns`, `${columns.length} columns in every row`);
    }
    for (let c = 0; c < fields.length; c++) columns[c][row] = parseNumber(fields[c], line);
    row++;
  }
}

const specials: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  "-nan": Number.NaN,
  inf: Infinity,
  "-inf": -Infinity,
};

function parseNumber(field: string, line: number): number {
  const value = Number(field);
  if (!Number.isNaN(value)) return value;
  const special = specials[field.toLowerCase()];
  if (special === undefined) throw badFormat(`line ${line}`, `"${field}"`, "numbers, nan and inf");
  return special;
}

function stepsToTime(
  steps: Float64Array,
  offsets: Float64Array,
  resolution: number | undefined,
): Float64Array {
  if (resolution === undefined || !(resolution > 0 && Number.isFinite(resolution))) {
    const message = `resolution is ${resolution}. Allowed: ms per step, above 0; the recording has its times in steps.`;
    throw new SynfireError("bad-argument", message, "resolution");
  }
  return steps.map((step, i) => step * resolution - offsets[i]);
}
