/** Reads what `jsonWriter` wrote. */
import { SynfireError } from "../../errors.js";
import { jsonHeader } from "./json-writer.js";
import type { StateChunk } from "./record-writer.js";

/**
 * Joins the chunks of a file of `jsonWriter` to single columns. null reads as NaN. `values` is empty for spikes.
 * @throws SynfireError "bad-format" for text that is not such a file, or not closed
 */
export function readJsonEvents(text: string): StateChunk {
  const chunks = parseChunks(text);
  const names = Object.keys(chunks[0] ?? {}).filter((name) => name !== "senders" && name !== "times");
  const column = (name: string) =>
    chunks.flatMap((chunk, i) => {
      const values: unknown = chunk[name];
      if (!Array.isArray(values)) throw badFormat(`chunk ${i} without the column "${name}"`, name);
      return values.map((value: unknown) => {
        if (value !== null && typeof value !== "number")
          throw badFormat(`${String(value)} in "${name}"`, name);
        return value ?? Number.NaN;
      });
    });
  const senders = Uint32Array.from(column("senders"));
  const times = Float64Array.from(column("times"));
  const values = Object.fromEntries(names.map((name) => [name, Float64Array.from(column(name))]));
  const odd = [times, ...Object.values(values)].find((array) => array.length !== senders.length);
  if (odd) throw badFormat(`a column of ${odd.length} beside ${senders.length} senders`, "senders");
  return { senders, times, values };
}

function badFormat(what: string, key: string): SynfireError {
  return new SynfireError("bad-format", `The text has ${what}. Allowed: a closed file of jsonWriter.`, key);
}

function parseChunks(text: string): Readonly<Record<string, unknown>>[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw badFormat(`no valid JSON (${(cause as Error).message})`, "text");
  }
  if (
    typeof parsed !== "object" ||
    parsed === null ||
    !("chunks" in parsed) ||
    !Array.isArray(parsed.chunks)
  ) {
    throw badFormat("no chunks", "chunks");
  }
  if (!("version" in parsed) || parsed.version !== jsonHeader.version)
    throw badFormat("another version", "version");
  return parsed.chunks.map((chunk: unknown) => {
    if (typeof chunk !== "object" || chunk === null) throw badFormat("a chunk that is no object", "chunks");
    return chunk as Readonly<Record<string, unknown>>;
  });
}
