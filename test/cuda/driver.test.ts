/** The driver and the compiler through FFI, on the emulated library; the cache of compiled kernels; the option `device`. */

import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { cachedCubin } from "../../src/engine/cuda/cubin-cache.js";
import type { Compiler, CudaDevice, CudaDriver, DeviceInfo } from "../../src/engine/cuda/driver.js";
import { cudaPresent, openDriver, releaseContexts } from "../../src/engine/cuda/ffi-driver.js";
import { openCompiler } from "../../src/engine/cuda/nvrtc.js";
import { chooseDevices, isCudaName, parseCudaDevices } from "../../src/engine/cuda/select-devices.js";
import { expectError } from "../simulator/help.js";
import { emulatedCuda } from "./emulator.js";

afterEach(() => vi.unstubAllEnvs());

describe("the option device", () => {
  test.each([
    ["cuda", true],
    ["cuda:0", true],
    ["cuda:rest", true],
    ["cudax", false],
    ["cpu", false],
  ])("%s is a name of CUDA: %s", (name, expected) => expect(isCudaName(name)).toBe(expected));

  test.each([
    ["cuda", [0]],
    ["cuda:3", [3]],
    ["cuda:0,2", [0, 2]],
    ["cuda:2,0", [2, 0]],
    ["cuda:all", "all"],
  ])("%s", (text, expected) => expect(parseCudaDevices(text)).toEqual(expected));

  test.each(["cuda:", "cuda:x", "cuda:-1", "cuda:0,", "cuda:0,0", "cuda:1.5", "cuda: 1", "cuda:al"])(
    "%s is refused",
    (text) => expectError(() => parseCudaDevices(text), "bad-option", "device", text, "cuda:all"),
  );

  const info = (index: number, architecture: number, cooperative = true): DeviceInfo => ({
    index,
    name: `GPU ${index}`,
    busId: `0000:0${index}:00.0`,
    architecture,
    multiprocessors: 1,
    threadsPerBlock: 1024,
    sharedMemory: 49152,
    l2Cache: 0,
    totalMemory: 0,
    cooperative,
  });
  const driver = (...devices: DeviceInfo[]): CudaDriver => ({
    version: 13000,
    devices,
    open: () => expect.unreachable(),
  });

  test("devices are chosen in the order asked for", () => {
    const three = driver(info(0, 70), info(1, 90), info(2, 103));
    expect(chooseDevices(three, [2, 0]).map((d) => d.index)).toEqual([2, 0]);
    expect(chooseDevices(three, "all").map((d) => d.index)).toEqual([0, 1, 2]);
  });

  test("a device that is not there", () =>
    expectError(
      () => chooseDevices(driver(info(0, 90)), [0, 1]),
      "no-cuda-device",
      "device",
      " 1;",
      "0 (GPU 0)",
    ));
  test("no device at all", () => expectError(() => chooseDevices(driver(), "all"), "no-cuda-device"));
  test("a GPU that is too old", () =>
    expectError(() => chooseDevices(driver(info(0, 61)), [0]), "old-gpu", "device", "GPU 0", "6.1", "7.0"));
  test("a GPU without cooperative launches", () =>
    expectError(
      () => chooseDevices(driver(info(0, 75, false)), [0]),
      "old-gpu",
      "device",
      "GPU 0",
      "cooperative",
    ));
});

describe("libraries that are not there", () => {
  const missing = join(tmpdir(), "synfire", "no-such-library.so");

  test("the driver", async () => {
    vi.stubEnv("SYNFIRE_CUDA_LIBRARY", missing);
    await expectError(openDriver, "no-cuda-driver", "device", missing, "SYNFIRE_CUDA_LIBRARY");
    expect(await cudaPresent()).toBe(false);
  });
  test("the compiler", async () => {
    vi.stubEnv("SYNFIRE_NVRTC_LIBRARY", missing);
    const advice = ["SYNFIRE_NVRTC_LIBRARY", "pip install nvidia-cuda-nvrtc"];
    await expectError(openCompiler, "no-nvrtc", "device", missing, ...advice);
  });
  test("a library that is something else", async () => {
    vi.stubEnv("SYNFIRE_CUDA_LIBRARY", process.platform === "linux" ? "libc.so.6" : missing);
    await expectError(openDriver, "no-cuda-driver", "device");
  });
});

describe("the cache of compiled kernels", () => {
  let folder = "";
  let compiled = 0;
  const compiler = async (): Promise<Compiler> => ({
    version: "1.0",
    compile: (source) => {
      compiled++;
      return new TextEncoder().encode(`image of ${source}`);
    },
  });
  const source = { text: "source", name: "kernel.cu", architecture: 90 };
  const get = async (s = source, at = folder) => new TextDecoder().decode(await cachedCubin(compiler, s, at));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "synfire-cache-"));
    compiled = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("compiles once, and needs no compiler then", async () => {
    expect(await get()).toBe("image of source");
    expect(await get()).toBe("image of source");
    expect(compiled).toBe(1);
    const kept = await cachedCubin(() => Promise.reject(new Error("no compiler")), source, folder);
    expect(new TextDecoder().decode(kept)).toBe("image of source");
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test("tells sources, architectures and compilers named by hand apart", async () => {
    await get();
    await get({ ...source, text: "other" });
    await get({ ...source, architecture: 80 });
    vi.stubEnv("SYNFIRE_NVRTC_LIBRARY", "/another/compiler");
    await get();
    expect(compiled).toBe(4);
  });

  test.each([
    ["cut short", (path: string) => truncateSync(path, 40)],
    ["empty", (path: string) => truncateSync(path, 0)],
    [
      "changed",
      (path: string) => {
        const bytes = readFileSync(path);
        bytes[bytes.length - 1]! ^= 1;
        writeFileSync(path, bytes);
      },
    ],
  ])("a file that is %s is made anew", async (_, damage) => {
    await get();
    damage(join(folder, readdirSync(folder)[0]!));
    expect(await get()).toBe("image of source");
    expect(await get()).toBe("image of source");
    expect(compiled).toBe(2);
  });

  test("a folder that cannot be written costs only time", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    expect(await get(source, join(file, "cubin"))).toBe("image of source");
    expect(compiled).toBe(1);
  });

  test("the oldest files go when there is too much", async () => {
    const old = join(folder, "old.cubin");
    writeFileSync(old, "");
    // without contents on disk
    truncateSync(old, 257 * 2 ** 20);
    utimesSync(old, 1000, 1000);
    await get();
    expect(readdirSync(folder)).toHaveLength(1);
    await get();
    expect(compiled).toBe(1);
  });
});

const library = emulatedCuda();

describe.skipIf(library === undefined)("the emulated library", () => {
  // job: target, count, factor; every thread writes count values of factor * index, and block 0 the size of the grid
  const SOURCE = `
    struct Job { unsigned long long target; unsigned int count; unsigned int factor; };
    extern "C" __global__ void multiples(Job* job) {
      unsigned int* target = (unsigned int*)job->target;
      const unsigned int all = gridDim.x * blockDim.x;
      for (unsigned int i = blockIdx.x * blockDim.x + threadIdx.x; i < job->count; i += all)
        target[i] = i * job->factor + (all << 16);
    }
    extern "C" __global__ void astray(Job* job) { *(unsigned int*)(job->target + (1ull << 40)) = 1; }
  `;
  let driver: CudaDriver;
  let compiler: Compiler;
  let device: CudaDevice;

  const useLibrary = () => {
    vi.stubEnv("SYNFIRE_CUDA_LIBRARY", library);
    vi.stubEnv("SYNFIRE_NVRTC_LIBRARY", library);
    vi.stubEnv("SYNFIRE_EMULATED_DEVICES", "2");
    vi.stubEnv("SYNFIRE_EMULATED_SHARED", "131072");
  };
  const job = (target: number, count: number, factor: number): number => {
    const bytes = new DataView(new ArrayBuffer(16));
    bytes.setBigUint64(0, BigInt(target), true);
    bytes.setUint32(8, count, true);
    bytes.setUint32(12, factor, true);
    const address = device.alloc(16);
    device.stage(address, bytes);
    return address;
  };
  let image: Uint8Array;

  beforeAll(async () => {
    useLibrary();
    driver = await openDriver();
    compiler = await openCompiler();
    image = compiler.compile(SOURCE, "multiples.cu", driver.devices[0]!.architecture);
  });
  beforeEach(() => {
    useLibrary();
    device = driver.open(0);
  });
  afterEach(() => {
    device.dispose();
    // the emulator reads its settings anew when no context is left
    releaseContexts();
  });
  afterAll(() => vi.unstubAllEnvs());

  test("is opened once and describes its devices", async () => {
    expect(await openDriver()).toBe(driver);
    expect(await openCompiler()).toBe(compiler);
    expect(await cudaPresent()).toBe(true);
    expect(driver.version).toBeGreaterThanOrEqual(11000);
    expect(compiler.version).toMatch(/^\d+\.\d+$/);
    expect(driver.devices).toHaveLength(2);
    expect(driver.devices[1]).toMatchObject({ index: 1, architecture: 90, cooperative: true });
    expect(driver.devices[0]!.totalMemory).toBeGreaterThan(2 ** 20);
    expect(() => driver.open(2)).toThrow("2");
  });

  test("copies arrays of every kind, whole and in part", () => {
    const address = device.alloc(1 << 16);
    const arrays = [
      new Uint8Array([1, 2, 3]),
      new Float64Array([Math.PI, -0, Number.NaN]),
      new BigUint64Array([2n ** 63n + 1n]),
      new Uint32Array(10_000).map((_, i) => i * 7),
      new Uint16Array([1, 2, 3, 4, 5]).subarray(1, 4),
      new Int32Array(new SharedArrayBuffer(16)).fill(-5),
      new Float32Array(0),
    ];
    for (const array of arrays) {
      device.fill(address, 0xaa, 1 << 16);
      device.upload(address, array);
      const back = new Uint8Array(array.byteLength + 1);
      device.download(address, back);
      expect(back.subarray(0, -1)).toEqual(
        new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice(),
      );
      expect(back.at(-1)).toBe(0xaa);
    }
    device.upload(address, new Uint8Array([9, 8, 7, 6]));
    device.copy(address + 100, address + 1, 2);
    const middle = new Uint8Array(4);
    device.download(address + 100, middle.subarray(1, 3));
    expect([...middle]).toEqual([0, 8, 7, 0]);
  });

  test("stages copies in their turn, in more pieces than there is room for at once", () => {
    const words = 3 * 2 ** 20;
    const address = device.alloc(4 * words + 64);
    device.fill(address, 0xaa, 4 * words + 64);
    const sent = new Uint32Array(words + 1).map((_, i) => i * 2654435761);
    device.stage(address, sent.subarray(1));
    // the data may be changed as soon as they are staged
    const kept = sent.slice(1);
    sent.fill(0);
    for (let k = 0; k < 1000; k++) device.stage(address + 4 * words + (k % 10), Uint8Array.of(k));
    device.stage(address, new Uint8Array(0));
    const back = new Uint32Array(words + 16);
    device.download(address, back);
    expect(Buffer.from(kept.buffer).equals(Buffer.from(back.buffer, 0, 4 * words))).toBe(true);
    const last = new Uint8Array(back.buffer, 4 * words, 11);
    expect([...last]).toEqual([...Array.from({ length: 10 }, (_, i) => (990 + i) & 255), 0xaa]);
  });

  test("copies at once what cannot be staged, and says that the host refuses memory", async () => {
    vi.stubEnv("SYNFIRE_EMULATED_PAGE_LOCKED", "0");
    const address = device.alloc(8);
    device.stage(address, Float64Array.of(0.1));
    const back = new Float64Array(1);
    device.download(address, back);
    expect(back[0]).toBe(0.1);
    await expectError(() => device.allocHost(2 ** 20), "out-of-memory", undefined, "page-locked");
  });

  test.each([false, true])("runs kernels (cooperative: %s)", (cooperative) => {
    const module = device.load(image);
    const kernel = module.kernel("multiples");
    expect(kernel).toMatchObject({ name: "multiples" });
    expect(kernel.registers).toBeGreaterThan(0);
    const target = device.alloc(400);
    device.fill(target, 0, 400);
    for (const shared of [0, 1000, 100_000])
      device.launch(kernel, { blocks: 2, threads: 32, shared, argument: job(target, 90, 3), cooperative });
    device.synchronize();
    expect(device.idle()).toBe(true);
    const values = new Uint32Array(100);
    device.download(target, values);
    expect([...values]).toEqual(Array.from(values, (_, i) => (i < 90 ? i * 3 + (64 << 16) : 0)));
    module.unload();
    module.unload();
  });

  test("memory: counted, refused when there is none, given back", () => {
    const before = device.freeMemory();
    const nothing = device.alloc(0);
    expect(nothing).toBeGreaterThan(0);
    device.free(nothing);
    device.alloc(1 << 20);
    expect(device.freeMemory()).toBeLessThanOrEqual(before - (1 << 20));
    return expectError(() => device.alloc(2 ** 40), "out-of-memory", undefined, "1024.00 GiB", "free").then(
      () => {
        device.dispose();
        device.dispose();
        device = driver.open(0);
        expect(device.freeMemory()).toBe(before);
      },
    );
  });

  test("two devices at once", () => {
    const other = driver.open(1);
    try {
      device.enablePeer(other);
      device.enablePeer(other);
      const [here, there] = [device.alloc(4), other.alloc(4)];
      device.upload(here, new Uint32Array([11]));
      other.upload(there, new Uint32Array([22]));
      const kernel = device.load(image).kernel("multiples");
      device.launch(kernel, { blocks: 1, threads: 1, shared: 0, argument: job(there, 1, 5) });
      device.synchronize();
      const out = new Uint32Array(1);
      other.download(there, out);
      expect(out[0]).toBe(1 << 16);
      device.download(here, out);
      expect(out[0]).toBe(11);
    } finally {
      other.dispose();
    }
  });

  test("a kernel that fails is told, and the device opens again", async () => {
    const kernel = device.load(image).kernel("astray");
    device.launch(kernel, { blocks: 1, threads: 1, shared: 0, argument: job(device.alloc(4), 1, 1) });
    await expectError(() => device.synchronize(), "cuda-failed", undefined, "CUDA_ERROR_ILLEGAL_ADDRESS");
    await expectError(() => device.alloc(4), "cuda-failed");
    device.dispose();
    device = driver.open(0);
    device.synchronize();
    await expectError(() => device.load(image).kernel("none"), "cuda-failed", undefined, "NOT_FOUND");
    await expectError(() => device.load(new Uint8Array(64)), "cuda-failed", undefined, "cuModuleLoadData");
    device.dispose();
    await expectError(() => device.freeMemory(), "cuda-failed", undefined, "disposed");
  });

  test("sources and options that do not compile", async () => {
    const compile = (source: string, options?: string[]) => () =>
      compiler.compile(source, "bad.cu", 90, options);
    await expectError(compile("garbage;"), "cuda-compile", undefined, "bad.cu", "COMPILATION", "garbage");
    await expectError(compile("", ["--nonsense"]), "cuda-compile", undefined, "OPTION", "--nonsense");
  });

  test("no device", async () => {
    device.dispose();
    vi.resetModules();
    device.dispose();
    releaseContexts();
    vi.stubEnv("SYNFIRE_EMULATED_DEVICES", "0");
    const fresh = await import("../../src/engine/cuda/ffi-driver.js");
    await expect(fresh.openDriver()).rejects.toMatchObject({
      code: "no-cuda-device",
      message: expect.stringContaining("CUDA_ERROR_NO_DEVICE"),
    });
    expect(await fresh.cudaPresent()).toBe(false);
  });
});
