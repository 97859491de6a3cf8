/** NVIDIA's driver library through FFI: devices, memory, modules, launches. Nothing is compiled or linked. */

import type { LibraryHandle } from "koffi";
import { SynfireError } from "../../errors.js";
import { environment, type Koffi, loadKoffi, messageOf, tryLibrary } from "../../native/foreign.js";
import type {
  CudaDevice,
  CudaDriver,
  DeviceInfo,
  DevicePointer,
  HostMemory,
  Kernel,
  Launch,
  Module,
} from "./driver.js";

/** Parameters by function; all return a CUresult. Handles and device addresses are integers of 64 bits. */
const SIGNATURES = {
  cuInit: ["uint"],
  cuDriverGetVersion: ["void *"],
  cuGetErrorName: ["int", "void *"],
  cuGetErrorString: ["int", "void *"],
  cuDeviceGetCount: ["void *"],
  cuDeviceGet: ["void *", "int"],
  cuDeviceGetName: ["void *", "int", "int"],
  cuDeviceGetAttribute: ["void *", "int", "int"],
  cuDeviceGetPCIBusId: ["void *", "int", "int"],
  cuDeviceTotalMem_v2: ["void *", "int"],
  cuDeviceCanAccessPeer: ["void *", "int", "int"],
  cuDevicePrimaryCtxRetain: ["void *", "int"],
  cuDevicePrimaryCtxRelease_v2: ["int"],
  cuCtxSetCurrent: ["uint64"],
  cuCtxEnablePeerAccess: ["uint64", "uint"],
  cuStreamCreate: ["void *", "uint"],
  cuStreamDestroy_v2: ["uint64"],
  cuStreamQuery: ["uint64"],
  cuStreamSynchronize: ["uint64"],
  cuMemGetInfo_v2: ["void *", "void *"],
  cuMemAlloc_v2: ["void *", "size_t"],
  cuMemFree_v2: ["uint64"],
  cuMemAllocHost_v2: ["void *", "size_t"],
  cuMemFreeHost: ["void *"],
  cuIpcGetMemHandle: ["void *", "uint64"],
  cuIpcOpenMemHandle_v2: ["void *", "CUipcMemHandle", "uint"],
  cuIpcCloseMemHandle: ["uint64"],
  cuMemcpyHtoDAsync_v2: ["uint64", "void *", "size_t", "uint64"],
  cuMemcpyDtoHAsync_v2: ["void *", "uint64", "size_t", "uint64"],
  cuMemcpyDtoDAsync_v2: ["uint64", "uint64", "size_t", "uint64"],
  cuMemsetD8Async: ["uint64", "uint", "size_t", "uint64"],
  cuModuleLoadData: ["void *", "void *"],
  cuModuleGetFunction: ["void *", "uint64", "str"],
  cuModuleUnload: ["uint64"],
  cuFuncGetAttribute: ["void *", "int", "uint64"],
  cuFuncSetAttribute: ["uint64", "int", "int"],
  cuLaunchKernel: [
    ...["uint64", "uint", "uint", "uint", "uint", "uint", "uint", "uint", "uint64", "void **", "void *"],
  ],
  cuLaunchCooperativeKernel: [
    ...["uint64", "uint", "uint", "uint", "uint", "uint", "uint", "uint", "uint64", "void **"],
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Name = keyof typeof SIGNATURES;
type Call = (...args: readonly unknown[]) => number;

/** Passed by value: 64 bytes that mean nothing to us. */
const IPC_HANDLE = "CUipcMemHandle";
const IPC_HANDLE_BYTES = 64;
/** Peer access is enabled when memory is opened. */
const LAZY_PEER_ACCESS = 1;

/** CUresult */
const SUCCESS = 0;
const OUT_OF_MEMORY = 2;
const ALREADY_MAPPED = 208;
const NOT_READY = 600;
const PEER_ALREADY_ENABLED = 704;

/** CUdevice_attribute and CUfunction_attribute */
const Attribute = {
  threadsPerBlock: 1,
  multiprocessors: 16,
  l2Cache: 38,
  major: 75,
  minor: 76,
  cooperative: 95,
  sharedOptIn: 97,
} as const;
const FunctionAttribute = { localBytes: 3, registers: 4, dynamicShared: 8 } as const;
/** Bytes of page-locked memory for copies that wait for their turn: room for what a network of a hundred thousand neurons has beside synapses. */
const STAGED = 8 * 2 ** 20;
/** Blocks with more shared memory than this must opt in. */
const SHARED_BY_DEFAULT = 48 * 1024;

const LIBRARIES =
  process.platform === "win32"
    ? ["nvcuda.dll"]
    : ["libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1"];

class Cuda {
  readonly #calls = new Map<Name, Call>();
  readonly #koffi: Koffi;
  current = 0n;

  constructor(koffi: Koffi, library: LibraryHandle) {
    this.#koffi = koffi;
    const ipcHandle = koffi.struct({ bytes: koffi.array("uint8", IPC_HANDLE_BYTES, "Typed") });
    for (const [name, parameters] of Object.entries(SIGNATURES)) {
      try {
        const types = parameters.map((type) => (type === IPC_HANDLE ? ipcHandle : type));
        this.#calls.set(name as Name, library.func(name, "int", types) as unknown as Call);
      } catch (error) {
        throw new SynfireError(
          "no-cuda-driver",
          `NVIDIA's driver library lacks ${name}: ${messageOf(error)}. Update the driver.`,
          "device",
        );
      }
    }
  }

  status(name: Name, ...args: readonly unknown[]): number {
    return this.#calls.get(name)!(...args);
  }

  call(name: Name, ...args: readonly unknown[]): void {
    const code = this.status(name, ...args);
    if (code !== SUCCESS) throw this.failure(name, code);
  }

  failure(name: Name, code: number): SynfireError {
    return new SynfireError("cuda-failed", `CUDA: ${name} failed: ${this.describe(code)}.`);
  }

  describe(code: number): string {
    const text = (name: "cuGetErrorName" | "cuGetErrorString") => {
      const out = new BigUint64Array(1);
      if (this.status(name, code, out) !== SUCCESS || out[0] === 0n) return "";
      return String(this.#koffi.decode(out[0]!, "char", -1));
    };
    return `${text("cuGetErrorName") || `error ${code}`} (${text("cuGetErrorString") || code})`;
  }

  /** Page-locked memory of the host, for the current context; undefined if the host refuses it. */
  pageLocked(bytes: number): { readonly address: bigint; readonly bytes: ArrayBuffer } | undefined {
    const out = new BigUint64Array(1);
    const code = this.status("cuMemAllocHost_v2", out, bytes);
    if (code === OUT_OF_MEMORY) return undefined;
    if (code !== SUCCESS) throw this.failure("cuMemAllocHost_v2", code);
    return { address: out[0]!, bytes: this.#koffi.view(out[0]!, bytes) };
  }

  readonly #contexts = new Map<number, Context>();

  /** A device's context, which lives as long as the process or until it is given back: making one takes a third of a second. */
  context(device: number): Context {
    let context = this.#contexts.get(device);
    if (context === undefined) {
      context = { handle: this.handle("cuDevicePrimaryCtxRetain", device), staging: [] };
      this.#contexts.set(device, context);
    }
    return context;
  }

  releaseContext(device: number): void {
    if (this.#contexts.delete(device)) this.status("cuDevicePrimaryCtxRelease_v2", device);
    this.current = 0n;
  }

  releaseContexts(): void {
    for (const device of [...this.#contexts.keys()]) this.releaseContext(device);
  }

  integer(name: Name, ...after: readonly unknown[]): number {
    const out = new Int32Array(1);
    this.call(name, out, ...after);
    return out[0]!;
  }

  handle(name: Name, ...after: readonly unknown[]): bigint {
    const out = new BigUint64Array(1);
    this.call(name, out, ...after);
    return out[0]!;
  }
}

interface Context {
  readonly handle: bigint;
  /** page-locked memory that no device stages anything in now: to get it takes milliseconds, and it goes with the context */
  readonly staging: ArrayBuffer[];
}

interface LoadedKernel extends Kernel {
  readonly handle: bigint;
  shared: number;
}

class Device implements CudaDevice {
  readonly info: DeviceInfo;
  readonly context: Context;
  readonly #cuda: Cuda;
  readonly #device: number;
  readonly #stream: bigint;
  /** runs beside the other */
  #aside: bigint | undefined;
  readonly #allocated = new Map<DevicePointer, number>();
  readonly #modules = new Set<bigint>();
  readonly #imported: DevicePointer[] = [];
  readonly #hostMemory: bigint[] = [];
  /** what is copied from here may not have gone yet, up to `#staged` */
  #staging: Uint8Array<ArrayBuffer> | undefined;
  #staged = 0;
  readonly #argument = new BigUint64Array(1);
  #disposed = false;

  constructor(cuda: Cuda, info: DeviceInfo) {
    this.#cuda = cuda;
    this.info = info;
    this.#device = cuda.integer("cuDeviceGet", info.index);
    this.context = cuda.context(this.#device);
    this.#enter();
    this.#stream = cuda.handle("cuStreamCreate", 1);
  }

  #enter(): void {
    if (this.#disposed)
      throw new SynfireError("cuda-failed", `CUDA device ${this.info.index} has been disposed of.`);
    const { handle } = this.context;
    if (this.#cuda.current === handle) return;
    this.#cuda.call("cuCtxSetCurrent", handle);
    this.#cuda.current = handle;
  }

  freeMemory(): number {
    this.#enter();
    const [free, total] = [new BigUint64Array(1), new BigUint64Array(1)];
    this.#cuda.call("cuMemGetInfo_v2", free, total);
    return Number(free[0]!);
  }

  alloc(bytes: number): DevicePointer {
    this.#enter();
    const out = new BigUint64Array(1);
    const size = Math.max(16, Math.ceil(bytes));
    const code = this.#cuda.status("cuMemAlloc_v2", out, size);
    if (code === OUT_OF_MEMORY)
      throw new SynfireError(
        "out-of-memory",
        `The GPU refuses ${gibibytes(size)}; ${gibibytes(this.freeMemory())} of ${gibibytes(this.info.totalMemory)} are free.`,
      );
    if (code !== SUCCESS) throw this.#cuda.failure("cuMemAlloc_v2", code);
    const pointer = Number(out[0]!);
    this.#allocated.set(pointer, size);
    return pointer;
  }

  allocHost(bytes: number): HostMemory {
    this.#enter();
    const size = Math.max(16, 4 * Math.ceil(bytes / 4));
    const memory = this.#cuda.pageLocked(size);
    if (!memory)
      throw new SynfireError("out-of-memory", `The host refuses ${gibibytes(size)} of page-locked memory.`);
    this.#hostMemory.push(memory.address);
    // addresses of such memory are the same for the host and all its devices
    return { pointer: Number(memory.address), words: new Uint32Array(memory.bytes) };
  }

  free(pointer: DevicePointer): void {
    if (!this.#allocated.delete(pointer)) return;
    this.#enter();
    this.#cuda.call("cuMemFree_v2", pointer);
  }

  upload(to: DevicePointer, data: ArrayBufferView): void {
    this.#enter();
    if (data.byteLength === 0) return;
    this.#cuda.call("cuMemcpyHtoDAsync_v2", to, data, data.byteLength, this.#stream);
    this.synchronize();
  }

  stage(to: DevicePointer, data: ArrayBufferView): void {
    this.#enter();
    if (!this.#staging) {
      const memory = this.context.staging.pop() ?? this.#cuda.pageLocked(STAGED)?.bytes;
      if (!memory) {
        // then whoever sends waits
        this.upload(to, data);
        return;
      }
      this.#staging = new Uint8Array(memory);
    }
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < bytes.length; ) {
      if (this.#staged === STAGED) this.synchronize();
      const piece = bytes.subarray(at, at + STAGED - this.#staged);
      const room = this.#staging.subarray(this.#staged, this.#staged + piece.length);
      room.set(piece);
      this.#cuda.call("cuMemcpyHtoDAsync_v2", to + at, room, piece.length, this.#stream);
      at += piece.length;
      this.#staged += Math.ceil(piece.length / 64) * 64;
    }
  }

  download(from: DevicePointer, into: ArrayBufferView): void {
    this.#enter();
    if (into.byteLength > 0)
      this.#cuda.call("cuMemcpyDtoHAsync_v2", into, from, into.byteLength, this.#stream);
    this.synchronize();
  }

  /** the stream that runs beside the other */
  #beside(): bigint {
    this.#aside ??= this.#cuda.handle("cuStreamCreate", 1);
    return this.#aside;
  }

  downloadBeside(from: DevicePointer, into: ArrayBufferView): void {
    this.#enter();
    if (into.byteLength === 0) return;
    const stream = this.#beside();
    this.#cuda.call("cuMemcpyDtoHAsync_v2", into, from, into.byteLength, stream);
    this.#cuda.call("cuStreamSynchronize", stream);
  }

  interrupt(to: DevicePointer, data: ArrayBufferView): void {
    this.#enter();
    this.#cuda.call("cuMemcpyHtoDAsync_v2", to, data, data.byteLength, this.#beside());
  }

  fill(at: DevicePointer, byte: number, bytes: number): void {
    this.#enter();
    if (bytes > 0) this.#cuda.call("cuMemsetD8Async", at, byte, bytes, this.#stream);
  }

  copy(to: DevicePointer, from: DevicePointer, bytes: number): void {
    this.#enter();
    if (bytes > 0) this.#cuda.call("cuMemcpyDtoDAsync_v2", to, from, bytes, this.#stream);
  }

  load(image: Uint8Array): Module {
    this.#enter();
    const module = this.#cuda.handle("cuModuleLoadData", image);
    this.#modules.add(module);
    return {
      kernel: (name) => {
        this.#enter();
        const handle = this.#cuda.handle("cuModuleGetFunction", module, name);
        const attribute = (a: number) => this.#cuda.integer("cuFuncGetAttribute", a, handle);
        const kernel: LoadedKernel = {
          name,
          handle,
          shared: SHARED_BY_DEFAULT,
          registers: attribute(FunctionAttribute.registers),
          localBytes: attribute(FunctionAttribute.localBytes),
        };
        return kernel;
      },
      unload: () => {
        if (!this.#modules.delete(module)) return;
        this.#enter();
        this.#cuda.call("cuModuleUnload", module);
      },
    };
  }

  launch(kernel: Kernel, { blocks, threads, shared, argument, cooperative = false }: Launch): void {
    this.#enter();
    const k = kernel as LoadedKernel;
    if (shared > k.shared) {
      this.#cuda.call("cuFuncSetAttribute", k.handle, FunctionAttribute.dynamicShared, shared);
      k.shared = shared;
    }
    if (typeof argument === "number") this.#argument[0] = BigInt(argument);
    const parameter = typeof argument === "number" ? this.#argument : argument;
    const how = [k.handle, blocks, 1, 1, threads, 1, 1, shared, this.#stream, [parameter]];
    if (cooperative) this.#cuda.call("cuLaunchCooperativeKernel", ...how);
    else this.#cuda.call("cuLaunchKernel", ...how, null);
  }

  idle(): boolean {
    this.#enter();
    const code = this.#cuda.status("cuStreamQuery", this.#stream);
    if (code === NOT_READY) return false;
    if (code !== SUCCESS) throw this.#cuda.failure("cuStreamQuery", code);
    return true;
  }

  synchronize(): void {
    this.#enter();
    this.#cuda.call("cuStreamSynchronize", this.#stream);
    this.#staged = 0;
  }

  enablePeer(other: CudaDevice): void {
    this.#enter();
    const there = other as Device;
    if (this.#cuda.integer("cuDeviceCanAccessPeer", this.#device, there.#device) === 0)
      throw new SynfireError(
        "no-peer-access",
        `The GPUs ${this.info.index} and ${other.info.index} cannot reach each other's memory. Use one of them.`,
        "device",
      );
    const code = this.#cuda.status("cuCtxEnablePeerAccess", there.context.handle, 0);
    if (code !== SUCCESS && code !== PEER_ALREADY_ENABLED)
      throw this.#cuda.failure("cuCtxEnablePeerAccess", code);
  }

  exportMemory(pointer: DevicePointer): Uint8Array {
    this.#enter();
    const handle = new Uint8Array(new ArrayBuffer(IPC_HANDLE_BYTES));
    this.#cuda.call("cuIpcGetMemHandle", handle, pointer);
    return handle;
  }

  importMemory(handle: Uint8Array): DevicePointer {
    this.#enter();
    const out = new BigUint64Array(1);
    const code = this.#cuda.status("cuIpcOpenMemHandle_v2", out, { bytes: handle }, LAZY_PEER_ACCESS);
    // a fault of ours, which must not look like one of the machine
    if (code === ALREADY_MAPPED) throw this.#cuda.failure("cuIpcOpenMemHandle_v2", code);
    if (code !== SUCCESS)
      throw new SynfireError(
        "no-peer-access",
        `GPU ${this.info.index} cannot use the memory of another rank's GPU: ${this.#cuda.describe(code)}. The GPUs of all ranks must be connected, and visible to all ranks.`,
        "device",
      );
    const pointer = Number(out[0]!);
    this.#imported.push(pointer);
    return pointer;
  }

  abandon(): void {
    this.#disposed = true;
  }

  dispose(): void {
    if (this.#disposed) return;
    try {
      this.#enter();
      // whatever still runs must end before its memory goes; if it failed, that has been told
      const ended = this.#cuda.status("cuStreamSynchronize", this.#stream);
      for (const pointer of this.#imported) this.#cuda.status("cuIpcCloseMemHandle", pointer);
      for (const pointer of this.#allocated.keys()) this.#cuda.status("cuMemFree_v2", pointer);
      for (const address of this.#hostMemory) this.#cuda.status("cuMemFreeHost", address);
      for (const module of this.#modules) this.#cuda.status("cuModuleUnload", module);
      this.#cuda.status("cuStreamDestroy_v2", this.#stream);
      if (this.#aside) this.#cuda.status("cuStreamDestroy_v2", this.#aside);
      // the context stays for the next simulator, which saves it a third of a second, unless a fault has made it useless
      if (ended !== SUCCESS) this.#cuda.releaseContext(this.#device);
      else if (this.#staging) this.context.staging.push(this.#staging.buffer);
    } catch {
      // dispose never throws
    }
    this.#cuda.current = 0n;
    this.#allocated.clear();
    this.#modules.clear();
    this.#disposed = true;
  }
}

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

function describeDevice(cuda: Cuda, index: number): DeviceInfo {
  const device = cuda.integer("cuDeviceGet", index);
  const name = new Uint8Array(256);
  cuda.call("cuDeviceGetName", name, name.length, device);
  const total = new BigUint64Array(1);
  const bus = new Uint8Array(32);
  cuda.call("cuDeviceTotalMem_v2", total, device);
  cuda.call("cuDeviceGetPCIBusId", bus, bus.length, device);
  const attribute = (a: number) => cuda.integer("cuDeviceGetAttribute", a, device);
  return {
    index,
    name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    busId: new TextDecoder().decode(bus.subarray(0, bus.indexOf(0))),
    architecture: attribute(Attribute.major) * 10 + attribute(Attribute.minor),
    multiprocessors: attribute(Attribute.multiprocessors),
    threadsPerBlock: attribute(Attribute.threadsPerBlock),
    sharedMemory: attribute(Attribute.sharedOptIn),
    l2Cache: attribute(Attribute.l2Cache),
    totalMemory: Number(total[0]!),
    cooperative: attribute(Attribute.cooperative) === 1,
  };
}

async function open(path: string | undefined): Promise<CudaDriver> {
  const koffi = await loadKoffi("no-cuda-driver", "GPUs are");
  const reasons: string[] = [];
  for (const candidate of path === undefined ? LIBRARIES : [path]) {
    const library = tryLibrary(koffi, candidate);
    if (typeof library === "string") {
      reasons.push(`${candidate} (${library})`);
      continue;
    }
    const cuda = new Cuda(koffi, library);
    started.add(cuda);
    const code = cuda.status("cuInit", 0);
    if (code !== SUCCESS)
      throw new SynfireError(
        "no-cuda-device",
        `CUDA's driver is installed but does not start: ${cuda.describe(code)}. Is there an NVIDIA GPU, and does its driver's version fit (see nvidia-smi)?`,
        "device",
      );
    const devices = Array.from({ length: cuda.integer("cuDeviceGetCount") }, (_, i) =>
      describeDevice(cuda, i),
    );
    return {
      version: cuda.integer("cuDriverGetVersion"),
      devices,
      open(index) {
        const info = devices[index];
        if (info === undefined)
          throw new SynfireError(
            "no-cuda-device",
            `There is no CUDA device ${index}; there are ${devices.length}.`,
            "device",
          );
        return new Device(cuda, info);
      },
    };
  }
  throw new SynfireError(
    "no-cuda-driver",
    `NVIDIA's driver library was not found; looked for: ${reasons.join("; ")}. Install the driver, or name the library in SYNFIRE_CUDA_LIBRARY.`,
    "device",
  );
}

const opened = new Map<string, Promise<CudaDriver>>();
const started = new Set<Cuda>();

/** Gives back what the process holds of GPUs that no simulator uses: some hundred MiB each. Open devices become useless. */
export function releaseContexts(): void {
  for (const cuda of started) cuda.releaseContexts();
}

/**
 * NVIDIA's driver, opened once per process.
 * @throws SynfireError "no-cuda-driver" naming what was looked for, "no-cuda-device"
 */
export function openDriver(): Promise<CudaDriver> {
  const path = environment("SYNFIRE_CUDA_LIBRARY");
  const key = path ?? "";
  let driver = opened.get(key);
  if (!driver) {
    driver = open(path);
    opened.set(key, driver);
    driver.catch(() => opened.delete(key));
  }
  return driver;
}

/** Whether there is a GPU that CUDA can use. Never throws. */
export async function cudaPresent(): Promise<boolean> {
  try {
    return (await openDriver()).devices.length > 0;
  } catch {
    return false;
  }
}
