/** Loading of native libraries with koffi, which is loaded itself only when a GPU or MPI is asked for. */

import type { LibraryHandle } from "koffi";
import { SynfireError } from "../errors.js";

export type Koffi = typeof import("koffi");

/** An argument of a native function, by the C type it is declared with. Bytes are passed where they lie, without a copy. */
export interface Native {
  readonly int: number;
  readonly uint: number;
  readonly size_t: number;
  /** an integer, a handle or an address in device memory: numbers are exact below 2^53 */
  readonly uint64: number | bigint;
  /** an address in host memory: input or output, as the function has it */
  readonly "void *": ArrayBufferView | bigint | null;
  readonly str: string;
  readonly "const char **": readonly string[];
}

export type Arguments<S extends readonly (keyof Native)[]> = { -readonly [I in keyof S]: Native[S[I]] };

/**
 * koffi calls native functions on a stack of its own, by default of 2 MiB. NVRTC overflows it (and the process dies) with
 * expressions that are nested about a thousand times; with 16 MiB, koffi's maximum, it compiles them.
 */
const STACK_BYTES = 16 * 2 ** 20;

let loading: Promise<Koffi> | undefined;

async function importKoffi(): Promise<Koffi> {
  const koffi = await import("koffi");
  try {
    koffi.config({ sync_stack_size: STACK_BYTES });
  } catch {
    // somebody else in this process has loaded a library with it: the size stays as it is
  }
  return koffi;
}

/**
 * @param what - what is reached with it, for the message: "GPUs are"
 * @throws SynfireError with the code given if there is no koffi for this system
 */
export async function loadKoffi(code: string, what: string): Promise<Koffi> {
  loading ??= importKoffi();
  try {
    return await loading;
  } catch (error) {
    loading = undefined;
    throw new SynfireError(
      code,
      `${what} reached through the npm package "koffi", which cannot be loaded here: ${messageOf(error)}. Install Synfire's dependencies again, the optional ones included.`,
    );
  }
}

/**
 * @param options - `global`: its symbols serve libraries that it loads itself
 * @returns the library, which stays loaded to the end of the process, or why it cannot be loaded
 */
export function tryLibrary(
  koffi: Koffi,
  path: string,
  options: { readonly global?: boolean } = {},
): LibraryHandle | string {
  try {
    const library = koffi.load(path, options);
    keep(koffi, path);
    return library;
  } catch (error) {
    return messageOf(error).replace(/^Failed to load shared library: /, "");
  }
}

/**
 * koffi unloads its libraries when Node shuts down, under the feet of threads that they have started: UCX's ended one run of MPICH in
 * fifty in a fault. A second handle, which nobody closes, keeps a library where it is. From glibc 2.34 on dlopen is in libc.so.6.
 */
function keep(koffi: Koffi, path: string): void {
  if (process.platform !== "linux") return;
  const [lazy, noDelete] = [0x1, 0x1000];
  for (const name of ["libc.so.6", "libdl.so.2"])
    try {
      const dlopen = koffi.load(name).func("void *dlopen(const char *, int)");
      if (dlopen(path, lazy | noDelete)) return;
    } catch {
      // it is in the other one, or this is another C library: then nothing is kept
    }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A variable of the environment; set to nothing counts as not set. */
export function environment(name: string): string | undefined {
  return process.env[name] || undefined;
}
