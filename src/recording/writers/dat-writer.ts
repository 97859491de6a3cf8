/** NEST 3's ASCII recorder format: three header lines, then tab-separated rows, so that scripts that skip three lines read it. */
import { SynfireError } from "../../errors.js";
import { fixedDecimals } from "./format-number.js";
import type { RecordWriter, TextSink } from "./record-writer.js";
import { rowWriter } from "./row-writer.js";

/** What the header says, and how numbers are written. */
export interface DatHeader {
  /** version of Synfire */
  readonly version: string;
  /** recorded variables in file order; empty for spikes; default: the columns of the first chunk */
  readonly recordables?: readonly string[];
  /** decimals of times and values; default 3, as in NEST */
  readonly precision?: number;
}

/**
 * Writes NEST 3's ASCII recorder format, version 2:
 * ```
 * # Synfire version: 0.1.0
 * # RecordingBackendASCII version: 2
 * sender	time_ms	V_m
 * 1	0.100	-70.000
 * ```
 * Numbers have a fixed number of decimals, so times finer than 0.001 ms need a higher precision.
 * @throws SynfireError "bad-argument" for a version of more than one line or a precision that is not 0 to 15
 */
export function datWriter(sink: TextSink, header: DatHeader): RecordWriter {
  const { version, precision = 3, recordables } = header;
  if (/[\r\n]/.test(version)) {
    throw new SynfireError("bad-argument", "version has a line break. Allowed: one line.", "version");
  }
  const format = fixedDecimals(precision);
  return rowWriter(
    sink,
    {
      separator: "\t",
      forbidden: /\s/,
      formatTime: format,
      formatValue: format,
      header(names) {
        const columns = ["sender", "time_ms", ...names].join("\t");
        return `# Synfire version: ${version}\n# RecordingBackendASCII version: 2\n${columns}\n`;
      },
    },
    recordables,
  );
}
