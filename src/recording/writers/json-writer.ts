/**
 * JSON that can be streamed. NEST Desktop's events are one array per column, which can only be written when the run is over;
 * so a file holds one such events object per chunk, each on a line of its own:
 *
 *     {"format":"synfire-events","version":1,"chunks":[
 *     {"senders":[1,2],"times":[0.1,0.2],"V_m":[-70,-69.9]},
 *     {"senders":[1,2],"times":[0.3,0.4],"V_m":[-70,-69.8]}
 *     ]}
 *
 * The file is valid JSON once closed; of a run that was cut short, every complete line between the brackets is valid by itself.
 * `readJsonEvents` joins the chunks to one events object.
 */
import { columnCheck } from "./columns.js";
import type { RecordWriter, SpikeChunk, StateChunk, TextSink } from "./record-writer.js";

/** What the first line of a file says. */
export const jsonHeader = { format: "synfire-events", version: 1 } as const;

/** events per line, at most: a larger chunk is split into several lines of some 100 kB */
const EVENTS_PER_LINE = 8192;

/** How to write. */
export interface JsonOptions {
  /** recorded variables in file order; empty for spikes; default: the columns of the first chunk */
  readonly recordables?: readonly string[];
}

/**
 * Writes the format above. Numbers read back exactly; JSON has no numbers that are not finite, so those are null.
 * @throws SynfireError "bad-argument" from the writing methods for columns that do not fit
 */
export function jsonWriter(sink: TextSink, options: JsonOptions = {}): RecordWriter {
  const columns = columnCheck(options.recordables, /[^\s\S]/);
  let separator = `${JSON.stringify(jsonHeader).slice(0, -1)},"chunks":[\n`;
  let isEmpty = true;

  async function writeChunk(chunk: SpikeChunk | StateChunk): Promise<void> {
    const { names, arrays } = columns.accept(chunk);
    for (let from = 0; from < chunk.senders.length; from += EVENTS_PER_LINE) {
      const part = (array: Uint32Array | Float64Array) => array.subarray(from, from + EVENTS_PER_LINE);
      let line = `{"senders":[${part(chunk.senders).join()}],"times":${numbers(part(chunk.times))}`;
      for (let c = 0; c < names.length; c++)
        line += `,${JSON.stringify(names[c])}:${numbers(part(arrays[c]))}`;
      await sink.write(`${separator}${line}}`);
      separator = ",\n";
      isEmpty = false;
    }
  }

  return {
    writeSpikes: writeChunk,
    writeStates: writeChunk,
    async close() {
      if (!columns.close()) return;
      await sink.write(isEmpty ? `${separator}]}\n` : "\n]}\n");
      await sink.close();
    },
  };
}

/** A JSON array; JSON.stringify writes null for what is not finite. */
function numbers(values: Uint32Array | Float64Array): string {
  return JSON.stringify(Array.from(values));
}
