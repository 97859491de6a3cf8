/** A sink that writes a file through a stream. Node only: load it with a dynamic import. */
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { SynfireError } from "../../errors.js";
import type { TextSink } from "./record-writer.js";

/** How to open the file. */
export interface FileSinkOptions {
  /** what to do with a file that is there: replace it (default), add to it, or fail */
  readonly existing?: "replace" | "append" | "fail";
}

const flags = { replace: "w", append: "a", fail: "wx" } as const;

/**
 * Opens a file for text. `write` resolves when the stream has room again, so a slow disk slows the run instead of filling memory.
 * @param path - of the file; its folder must exist
 * @throws SynfireError "cannot-write" from `write` and `close` if the file cannot be opened or written
 */
export function fileSink(path: string, options: FileSinkOptions = {}): TextSink {
  const stream = createWriteStream(path, { encoding: "utf8", flags: flags[options.existing ?? "replace"] });
  let failure: SynfireError | undefined;
  let wake = () => {};
  const done = finished(stream).catch((cause: Error) => {
    failure = new SynfireError("cannot-write", `Cannot write "${path}": ${cause.message}.`, "path");
    wake();
  });
  return {
    async write(text) {
      if (failure) throw failure;
      if (!stream.write(text)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          stream.once("drain", resolve);
        });
        wake = () => {};
      }
      if (failure) throw failure;
    },
    async close() {
      stream.end();
      await done;
      if (failure) throw failure;
    },
  };
}
