/** A sink that keeps the text: for tests, downloads in the browser, and small recordings. */
import type { TextSink } from "./record-writer.js";

/** A sink whose text can be read back. */
export interface MemorySink extends TextSink {
  /** everything written so far */
  text(): string;
  /** the same in pieces as written, e.g. for a Blob; a string in V8 holds 512 MB at most */
  readonly pieces: readonly string[];
  readonly closed: boolean;
}

/** Makes an empty sink in memory. */
export function memorySink(): MemorySink {
  const pieces: string[] = [];
  let closed = false;
  return {
    write(text) {
      pieces.push(text);
    },
    close() {
      closed = true;
    },
    text: () => pieces.join(""),
    pieces,
    get closed() {
      return closed;
    },
  };
}
