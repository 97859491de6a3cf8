/**
 * What the CUDA engine needs of a machine with NVIDIA GPUs: devices, memory, modules, launches and a compiler. Types only.
 *
 * It is not a binding of CUDA: one stream per device (and one to copy beside it), kernels that take one address, no events, graphs, textures or managed memory.
 * It knows nothing of networks. Calls block until the host's part is done; only kernels run on their own, in the order of
 * their launches, and copies wait for those launched before them. Two implementations are meant to exist: NVIDIA's driver through FFI
 * (ffi-driver.ts, nvrtc.ts) and whatever a test puts in its place.
 */

/** Address in device memory; below 2^53, so a number holds it. */
export type DevicePointer = number;

export interface DeviceInfo {
  readonly index: number;
  readonly name: string;
  /** of the card on its host, as "0000:1b:00.0" */
  readonly busId: string;
  /** compute capability: major * 10 + minor */
  readonly architecture: number;
  readonly multiprocessors: number;
  /** the most threads that one block may have */
  readonly threadsPerBlock: number;
  /** bytes of shared memory that one block can opt in to */
  readonly sharedMemory: number;
  /** bytes */
  readonly l2Cache: number;
  /** bytes */
  readonly totalMemory: number;
  /** whether all blocks of a launch can be resident at once, on request */
  readonly cooperative: boolean;
}

export interface Kernel {
  readonly name: string;
  /** per thread */
  readonly registers: number;
  /** bytes per thread: stack and spilled registers */
  readonly localBytes: number;
}

export interface Module {
  /**
   * @param name - as declared `extern "C"`
   * @throws SynfireError "cuda-failed" if the module has no such kernel
   */
  kernel(name: string): Kernel;
  /** Its kernels must not be launched afterwards. */
  unload(): void;
}

export interface Launch {
  readonly blocks: number;
  /** per block */
  readonly threads: number;
  /** bytes of dynamic shared memory per block */
  readonly shared: number;
  /** the kernel's only parameter: an address, or a struct by value */
  readonly argument: DevicePointer | Uint8Array;
  /** all blocks must be resident at once; default false */
  readonly cooperative?: boolean;
}

/** Memory of the host that kernels and the host use at the same time. */
export interface HostMemory {
  /** for kernels of all devices of the process */
  readonly pointer: DevicePointer;
  readonly words: Uint32Array;
}

/** One GPU, opened. Every method throws SynfireError "cuda-failed" if CUDA fails, also with what an earlier kernel has done. */
export interface CudaDevice {
  readonly info: DeviceInfo;
  /** bytes */
  freeMemory(): number;
  /**
   * Memory with undefined contents; for 0 bytes a valid small piece.
   * @throws SynfireError "out-of-memory"
   */
  alloc(bytes: number): DevicePointer;
  /** Page-locked memory of the host, until this device is disposed of. @throws SynfireError "out-of-memory" */
  allocHost(bytes: number): HostMemory;
  free(pointer: DevicePointer): void;
  /** returns when the data may be changed */
  upload(to: DevicePointer, data: ArrayBufferView): void;
  /** The same in its turn among kernels: it is there for those that are launched later, and nobody waits for those launched before. */
  stage(to: DevicePointer, data: ArrayBufferView): void;
  /** returns when the data is there: waits for the kernels launched before */
  download(from: DevicePointer, into: ArrayBufferView): void;
  /** The same while kernels run that were launched later; what earlier ones have written must be there: `synchronize()` first. */
  downloadBeside(from: DevicePointer, into: ArrayBufferView): void;
  /** Writes a few bytes at once, while kernels run. */
  interrupt(to: DevicePointer, data: ArrayBufferView): void;
  fill(at: DevicePointer, byte: number, bytes: number): void;
  copy(to: DevicePointer, from: DevicePointer, bytes: number): void;
  /** @param image - a CUBIN */
  load(image: Uint8Array): Module;
  /** returns as soon as the kernel is queued */
  launch(kernel: Kernel, how: Launch): void;
  /** true if everything launched has ended; throws what a kernel failed with */
  idle(): boolean;
  /** waits until everything launched has ended; throws what a kernel failed with */
  synchronize(): void;
  /**
   * Lets kernels of this device use the other's memory; not the other way round.
   * @throws SynfireError "no-peer-access" if the two are not connected
   */
  enablePeer(other: CudaDevice): void;
  /** A handle of an allocation with which another process of this host can use it: 64 bytes. */
  exportMemory(pointer: DevicePointer): Uint8Array;
  /**
   * Memory of another process, for kernels of this device to read and write, until this device is disposed of.
   * @throws SynfireError "no-peer-access" if this device cannot reach it
   */
  importMemory(handle: Uint8Array): DevicePointer;
  /** Gives up without waiting for kernels that will not end; nothing is freed before the process ends. */
  abandon(): void;
  /** Frees all that is still allocated and loaded. Never throws; a second call does nothing. */
  dispose(): void;
}

export interface CudaDriver {
  /** of CUDA: major * 1000 + minor * 10 */
  readonly version: number;
  readonly devices: readonly DeviceInfo[];
  /** @throws SynfireError "no-cuda-device" if there is no such device, "cuda-failed" if it cannot be used now */
  open(index: number): CudaDevice;
}

export interface Compiler {
  /** as "13.0" */
  readonly version: string;
  /**
   * @param source - CUDA C++
   * @param name - of the source, for its error messages
   * @param architecture - major * 10 + minor
   * @returns a CUBIN
   * @throws SynfireError "cuda-compile" with the compiler's log
   */
  compile(source: string, name: string, architecture: number, options?: readonly string[]): Uint8Array;
}
