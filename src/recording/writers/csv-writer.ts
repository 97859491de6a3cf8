/** Comma-separated values with a line of column names, for spreadsheets, pandas and R. */
import { fixedDecimals, shortest } from "./format-number.js";
import type { RecordWriter, TextSink } from "./record-writer.js";
import { rowWriter } from "./row-writer.js";

/** How to write. */
export interface CsvOptions {
  /** recorded variables in file order; empty for spikes; default: the columns of the first chunk */
  readonly recordables?: readonly string[];
  /** decimals; default: as many as it takes to read back the same number */
  readonly precision?: number;
}

/**
 * Writes `sender,time_ms` and the recorded variables, one row per spike or sample (RFC 4180, with newlines as line ends).
 * Values that are not finite are nan, inf and -inf.
 * @throws SynfireError "bad-argument" for a precision that is not 0 to 15
 */
export function csvWriter(sink: TextSink, options: CsvOptions = {}): RecordWriter {
  const format = options.precision === undefined ? shortest : fixedDecimals(options.precision);
  return rowWriter(
    sink,
    {
      separator: ",",
      forbidden: /[",\r\n]/,
      formatTime: format,
      formatValue: format,
      header: (names) => `${["sender", "time_ms", ...names].join(",")}\n`,
    },
    options.recordables,
  );
}
