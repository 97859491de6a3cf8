/** Compiled kernels on disk, by what they were compiled from: the second run of a network compiles nothing. */

import { createHash, randomUUID } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { environment } from "../../native/foreign.js";
import type { Compiler } from "./driver.js";
import { OPTIONS } from "./nvrtc.js";

/** Changes when the same source must be compiled anew. The compiler's version is no part of the key: with a cache, none is needed. */
const FORMAT = "synfire-cubin-1";
const MOST_BYTES = 256 * 2 ** 20;
const DIGEST_BYTES = 32;

export function cacheFolder(): string {
  const base =
    environment("SYNFIRE_CACHE") ??
    (process.platform === "win32" && environment("LOCALAPPDATA")
      ? join(environment("LOCALAPPDATA")!, "synfire")
      : join(environment("XDG_CACHE_HOME") ?? join(homedir(), ".cache"), "synfire"));
  return join(base, "cubin");
}

export interface Source {
  readonly text: string;
  /** for messages of the compiler */
  readonly name: string;
  readonly architecture: number;
}

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

/** A file that is damaged counts as none. */
function read(path: string): Uint8Array | undefined {
  try {
    const bytes = readFileSync(path);
    const image = bytes.subarray(DIGEST_BYTES);
    return image.length > 0 && digest(image).equals(bytes.subarray(0, DIGEST_BYTES))
      ? new Uint8Array(image)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Never fails a run: a folder that cannot be written costs only time. */
function write(folder: string, path: string, image: Uint8Array): void {
  try {
    mkdirSync(folder, { recursive: true });
    const temporary = `${path}.${randomUUID()}`;
    writeFileSync(temporary, Buffer.concat([digest(image), image]));
    renameSync(temporary, path);
    const files = readdirSync(folder)
      .map((name) => ({ path: join(folder, name), ...statSync(join(folder, name)) }))
      .sort((a, b) => b.mtimeMs - a.mtimeMs);
    let kept = 0;
    for (const f of files) if ((kept += f.size) > MOST_BYTES) unlinkSync(f.path);
  } catch {
    // told by the time that the next run takes
  }
}

/** @param compiler - asked for only if the kernel is not there */
export async function cachedCubin(
  compiler: () => Promise<Compiler>,
  source: Source,
  folder = cacheFolder(),
): Promise<Uint8Array> {
  // an emulated compiler makes other images
  const flavour = environment("SYNFIRE_NVRTC_LIBRARY") ?? "";
  const key = createHash("sha256")
    .update([FORMAT, flavour, ...OPTIONS, source.architecture, source.text].join("\0"))
    .digest("hex");
  const path = join(folder, `${key}.cubin`);
  const known = read(path);
  if (known) return known;
  const image = (await compiler()).compile(source.text, source.name, source.architecture);
  write(folder, path, image);
  return image;
}
