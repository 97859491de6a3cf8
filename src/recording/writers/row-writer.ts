/** What the writers of rows (dat, csv) share: a header once, then one line per spike or sample. */
import { columnCheck } from "./columns.js";
import type { RecordWriter, SpikeChunk, StateChunk, TextSink } from "./record-writer.js";

/** A text format of rows. */
export interface RowFormat {
  readonly separator: string;
  /** characters that a column's name must not contain */
  readonly forbidden: RegExp;
  /** the lines before the first row, ending in a newline */
  header(recordables: readonly string[]): string;
  formatTime(time: number): string;
  formatValue(value: number): string;
}

/** rows joined before they go to the sink: some 100 kB */
const ROWS_PER_WRITE = 8192;

/**
 * A writer of rows. The header is written with the first chunk, or on close if there was none.
 * @param recordables - columns after sender and time; empty for spikes; undefined: those of the first chunk
 */
export function rowWriter(sink: TextSink, format: RowFormat, recordables?: readonly string[]): RecordWriter {
  const columns = columnCheck(recordables, format.forbidden);
  const { separator, formatTime, formatValue } = format;
  let hasHeader = false;

  async function writeHeader(): Promise<void> {
    if (hasHeader) return;
    hasHeader = true;
    await sink.write(format.header(columns.names() ?? []));
  }

  async function writeChunk(chunk: SpikeChunk | StateChunk): Promise<void> {
    const { arrays } = columns.accept(chunk);
    await writeHeader();
    const { senders, times } = chunk;
    for (let from = 0; from < senders.length; from += ROWS_PER_WRITE) {
      const to = Math.min(senders.length, from + ROWS_PER_WRITE);
      let text = "";
      for (let row = from; row < to; row++) {
        text += senders[row] + separator + formatTime(times[row]);
        for (let c = 0; c < arrays.length; c++) text += separator + formatValue(arrays[c][row]);
        text += "\n";
      }
      await sink.write(text);
    }
  }

  return {
    writeSpikes: writeChunk,
    writeStates: writeChunk,
    async close() {
      if (!columns.close()) return;
      await writeHeader();
      await sink.close();
    },
  };
}
