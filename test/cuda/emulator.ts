/**
 * Where there is no GPU, CUDA's driver and compiler are emulated on the CPU (test/cuda-emulator): the same kernels, thread by
 * thread. Built once per machine and source.
 */

import { execFileSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDriver } from "../../src/engine/cuda/ffi-driver.js";
import { openCompiler } from "../../src/engine/cuda/nvrtc.js";

const folder = fileURLToPath(new URL("../cuda-emulator/", import.meta.url));

/** Path of the emulated library; undefined without a C++ compiler. */
export function emulatedCuda(): string | undefined {
  const sources = ["emulator.cpp", "cuda-on-cpu.h"].map((f) => readFileSync(join(folder, f)));
  const key = createHash("sha256").update(Buffer.concat(sources)).digest("hex").slice(0, 16);
  const cache = join(tmpdir(), "synfire-cuda-emulator");
  const library = join(cache, `${key}.so`);
  if (existsSync(library)) return library;
  mkdirSync(cache, { recursive: true });
  const temporary = join(cache, `${randomUUID()}.so`);
  try {
    execFileSync(
      process.env.SYNFIRE_EMULATOR_CXX ?? "g++",
      [
        ...["-O2", "-shared", "-fPIC", `-DEMULATOR_HEADER="${join(folder, "cuda-on-cpu.h")}"`],
        ...[join(folder, "emulator.cpp"), "-o", temporary],
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
  } catch {
    return undefined;
  }
  renameSync(temporary, library);
  return library;
}

/** Makes the device "cuda" usable in this process: a GPU if there is one, else the emulator. @returns which */
export async function provideCuda(): Promise<"gpu" | "emulated" | undefined> {
  if (process.env.SYNFIRE_CUDA_LIBRARY === undefined) {
    try {
      await openCompiler();
      if ((await openDriver()).devices.length > 0) return "gpu";
    } catch {
      // no GPU here
    }
    const library = emulatedCuda();
    if (library === undefined) return undefined;
    process.env.SYNFIRE_CUDA_LIBRARY = library;
    process.env.SYNFIRE_NVRTC_LIBRARY = library;
    process.env.SYNFIRE_EMULATED_DEVICES = "2";
    // networks of tests are so small that compiling their kernels takes longer than running them
    process.env.SYNFIRE_EMULATOR_OPT ??= "-O0";
    process.env.SYNFIRE_CACHE ??= join(tmpdir(), "synfire-cuda-emulator");
  }
  return "emulated";
}
