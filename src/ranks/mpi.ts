/**
 * MPI through FFI: the few functions that Synfire needs, all of them non-blocking, since whoever waits must notice that another rank
 * has ended. Open MPI, MPICH and libraries with the ABI of MPI 5 differ in what a handle is; that is all that differs here.
 */

import { SynfireError } from "../errors.js";
import { environment, type Koffi, loadKoffi, tryLibrary } from "../native/foreign.js";
import type { Launched } from "./launcher.js";

/** Tags of messages. */
export const Tag = { farewell: 1, size: 2, data: 3, spikes: 4, moreSpikes: 5, post: 6 } as const;

/** memory that does not move while MPI works on it */
export const bytes = (n: number): Uint8Array => new Uint8Array(new ArrayBuffer(Math.max(64, n)), 0, n);

type Library = Exclude<ReturnType<typeof tryLibrary>, string>;

/** Handles of one implementation: numbers or addresses. */
interface Dialect {
  readonly name: string;
  /** C type of MPI_Comm and MPI_Datatype */
  readonly handle: "int" | "uint64";
  /** bytes of an MPI_Request */
  readonly requestBytes: 4 | 8;
  readonly world: number | bigint;
  readonly byte: number | bigint;
  /** MPI_THREAD_FUNNELED */
  readonly funneled: number;
}

/** One call for each function; buffers are passed where they lie and must stay alive until the operation is done. */
export interface Mpi {
  readonly rank: number;
  readonly size: number;
  /** Room for `count` operations; `test` may be asked once all that it asks for have begun. */
  requests(count: number): Requests;
  /** MPI_Finalize, once all ranks call it, or what ends a run where that may never return. */
  finalize(): void;
}

/** A list of outstanding operations. */
export interface Requests {
  isend(slot: number, buffer: Uint8Array, bytes: number, to: number, tag: number): void;
  irecv(slot: number, buffer: Uint8Array, bytes: number, from: number, tag: number): void;
  iallgather(slot: number, from: Uint8Array, bytes: number, into: Uint8Array): void;
  /** True once the first `count` operations are done; their handles are null then. */
  test(count: number): boolean;
}

const STATUS_BYTES = 64;

/**
 * UCX, which carries the messages of some MPICH, rewrites the system's memory calls while the process runs and takes over its
 * signals. JavaScript engines do both themselves: with it, one run in 40 ended in a fault inside the garbage collector.
 */
const QUIET = { UCX_MEM_EVENTS: "n", UCX_ERROR_SIGNALS: "" };

/** Names under which systems install MPI, those that fit the launcher first. */
function candidates(by: Launched["by"] | undefined): string[] {
  const chosen = environment("SYNFIRE_MPI_LIBRARY");
  if (chosen) return [chosen];
  const open = ["libmpi.so.40", "libmpi.40.dylib"];
  const mpich = ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"];
  const abi = ["libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.1.dylib", "libmpi_abi.0.dylib"];
  // one with the common ABI may be of either kind
  return by === "PMI" ? [...mpich, ...abi, ...open] : [...open, ...abi, ...mpich];
}

/**
 * Loads MPI and starts it.
 * @param by - what has started this process, if anything has
 * @throws SynfireError "no-mpi" if there is no library, naming those that were looked for; "mpi-failed" if it does not start, or knows
 * nothing of the launcher
 */
export async function openMpi(by: Launched | undefined): Promise<Mpi> {
  for (const [name, value] of Object.entries(QUIET)) process.env[name] ??= value;
  const koffi = await loadKoffi("no-mpi", "MPI is");
  const { dismissLauncher } = await import("./pmi.js");
  const refused: string[] = [];
  for (const name of candidates(by?.by)) {
    const library = tryLibrary(koffi, name, { global: true });
    if (typeof library === "string") refused.push(`${name}: ${library}`);
    else return meeting(by, name, start(library, dialectOf(koffi, library, name), dismissLauncher));
  }
  throw new SynfireError(
    "no-mpi",
    `No MPI library was found. Install one (Debian: apt-get install openmpi-bin), or name it in SYNFIRE_MPI_LIBRARY. Looked for ${refused.join("; ")}.`,
    "SYNFIRE_MPI_LIBRARY",
  );
}

/** A library that does not understand its launcher takes each process for a run of its own. */
function meeting(by: Launched | undefined, library: string, mpi: Mpi): Mpi {
  if (!by || by.size === 1 || mpi.size > 1) return mpi;
  throw new SynfireError(
    "mpi-failed",
    `The launcher has started ${by.size} processes, but ${library} takes this one to be alone: launcher and library are of different implementations. Name the launcher's library in SYNFIRE_MPI_LIBRARY, or ask for \`ranks: "none"\` if each process is to run by itself.`,
    "SYNFIRE_MPI_LIBRARY",
  );
}

function dialectOf(koffi: Koffi, library: Library, name: string): Dialect {
  // MPI 5.0, section 20.3
  if (name.includes("libmpi_abi"))
    return {
      name: "MPI ABI",
      handle: "uint64",
      requestBytes: 8,
      world: 0x101,
      byte: 0x247,
      funneled: 1024,
    };
  try {
    const address = (symbol: string) => koffi.address(library.symbol(symbol, "void *"));
    const [world, byte] = [address("ompi_mpi_comm_world"), address("ompi_mpi_byte")];
    return { name: "Open MPI", handle: "uint64", requestBytes: 8, world, byte, funneled: 1 };
  } catch {
    return {
      name: "MPICH",
      handle: "int",
      requestBytes: 4,
      world: 0x44000000,
      byte: 0x4c00010d,
      funneled: 1,
    };
  }
}

type Call = (name: string, parameters: string) => (...args: unknown[]) => void;

function libraryVersion(call: Call): string {
  const [text, length] = [new Uint8Array(new ArrayBuffer(8192)), new Int32Array(new ArrayBuffer(64))];
  call("MPI_Get_library_version", "void *version, void *length")(text, length);
  return new TextDecoder().decode(text.subarray(0, length[0]));
}

/**
 * Does MPI_Finalize of this MPICH wait for a message from a rank that has stopped listening? Before 4.2, where UCX carries messages,
 * ranks that are done wait in a barrier of the launcher, and those that have still to disconnect from them spin forever
 * (https://github.com/pmodels/mpich/pull/6596).
 */
export const neverReturns = (version: string): boolean =>
  /^MPICH Version:\s*(3|4\.[01])\b/.test(version) && /^MPICH Device:\s*ch4:ucx/m.test(version);

/** @param dismiss - tells the launcher of the end, if it can be told */
function start(library: Library, d: Dialect, dismiss: () => boolean): Mpi {
  const bind = (name: string, parameters: string) =>
    library.func(
      `int ${name}(${parameters.replaceAll("handle", d.handle === "int" ? "int" : "uint64_t")})`,
    ) as (...args: unknown[]) => number;
  const call: Call = (name, parameters) => {
    const f = bind(name, parameters);
    return (...args: unknown[]) => {
      const code = f(...args);
      if (code !== 0) throw new SynfireError("mpi-failed", `${name} failed with error ${code} (${d.name}).`);
    };
  };
  const integer = new Int32Array(new ArrayBuffer(64));
  call("MPI_Init_thread", "void *argc, void *argv, int required, void *provided")(
    null,
    null,
    d.funneled,
    integer,
  );
  const read = (name: string): number => {
    call(name, "handle comm, void *value")(d.world, integer);
    return integer[0]!;
  };
  const [rank, size] = [read("MPI_Comm_rank"), read("MPI_Comm_size")];
  const isend = call(
    "MPI_Isend",
    "void *data, int count, handle type, int to, int tag, handle comm, void *request",
  );
  const irecv = call(
    "MPI_Irecv",
    "void *data, int count, handle type, int from, int tag, handle comm, void *request",
  );
  const iallgather = call(
    "MPI_Iallgather",
    "void *data, int count, handle type, void *into, int each, handle typeInto, handle comm, void *request",
  );
  const testall = bind("MPI_Testall", "int count, void *requests, void *flag, void *statuses");
  return {
    rank,
    size,
    requests(count) {
      const handles = new Uint8Array(new ArrayBuffer(Math.max(64, count * d.requestBytes)));
      const statuses = new Uint8Array(new ArrayBuffer(Math.max(64, count * STATUS_BYTES)));
      const slots = Array.from({ length: count }, (_, k) => handles.subarray(k * d.requestBytes));
      const flag = new Int32Array(new ArrayBuffer(64));
      return {
        isend: (slot, buffer, bytes, to, tag) => isend(buffer, bytes, d.byte, to, tag, d.world, slots[slot]),
        irecv: (slot, buffer, bytes, from, tag) =>
          irecv(buffer, bytes, d.byte, from, tag, d.world, slots[slot]),
        iallgather: (slot, from, bytes, into) =>
          iallgather(from, bytes, d.byte, into, bytes, d.byte, d.world, slots[slot]),
        test(n) {
          const code = testall(n, handles, flag, statuses);
          if (code !== 0)
            throw new SynfireError("mpi-failed", `MPI_Testall failed with error ${code} (${d.name}).`);
          return flag[0] !== 0;
        },
      };
    },
    finalize() {
      if (d.name === "MPICH" && neverReturns(libraryVersion(call)) && dismiss()) return;
      call("MPI_Finalize", "")();
    },
  };
}
