/** NVIDIA's run-time compiler through FFI: CUDA C++ to a CUBIN. */

import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { LibraryHandle } from "koffi";
import { SynfireError } from "../../errors.js";
import type { Compiler } from "./driver.js";
import { environment, loadKoffi, tryLibrary } from "./foreign.js";

/** Arithmetic as IEEE 754 has it and nothing else: the same bits as on the CPU. */
const OPTIONS = ["--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true", "--std=c++17"];

const isLibrary = (file: string) =>
  process.platform === "win32" ? /^nvrtc64_\d+_\d+\.dll$/.test(file) : /^libnvrtc\.so(\.\d+)*$/.test(file);

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** folders that match a path whose parts may be patterns */
function folders(...parts: readonly (string | RegExp)[]): string[] {
  let found = [""];
  for (const part of parts) {
    found = found.flatMap((base) =>
      typeof part === "string"
        ? [base === "" ? part : join(base, part)]
        : list(base)
            .filter((name) => part.test(name))
            .map((name) => join(base, name)),
    );
  }
  return found.filter(existsSync);
}

/** Where the toolkit, distributions and Python wheels put it. */
function searched(): string[] {
  const home = environment("CUDA_HOME") ?? environment("CUDA_PATH");
  const toolkits = [...(home ? [home] : []), ...folders("/usr/local", /^cuda/)];
  const python = /^python3/;
  const packages = /^(site|dist)-packages$/;
  const prefixes = [
    environment("VIRTUAL_ENV"),
    environment("CONDA_PREFIX"),
    join(homedir(), ".local"),
    "/usr/local",
    "/usr",
    ...(environment("PATH") ?? "")
      .split(delimiter)
      .filter((p) => list(p).some((f) => python.test(f)))
      .map(dirname),
    ...folders("/opt", /./),
    ...folders("/opt", /./, /^\.?venv$/),
  ].filter((p): p is string => p !== undefined && p !== "");
  const wheels = [...new Set(prefixes)].flatMap((prefix) => [
    ...folders(prefix, "lib", python, packages, "nvidia", /^(cuda_nvrtc|cu\d+)$/, "lib"),
    ...folders(prefix, "lib", /^python3$/, packages, "nvidia", /^(cuda_nvrtc|cu\d+)$/, "lib"),
    ...folders(prefix, "Lib", packages, "nvidia", /^(cuda_nvrtc|cu\d+)$/, "bin"),
  ]);
  return [
    ...toolkits.flatMap((t) => [join(t, "lib64"), join(t, "bin"), ...folders(t, "targets", /./, "lib")]),
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    ...wheels,
  ].filter(existsSync);
}

/** the newest last name of a folder first: libnvrtc.so.13 before libnvrtc.so.12 */
const candidates = (folder: string): string[] =>
  list(folder)
    .filter(isLibrary)
    .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
    .map((file) => join(folder, file));

type Call = (...args: readonly unknown[]) => number;

function bind(library: LibraryHandle): Compiler {
  const f = (name: string, ...parameters: readonly string[]) =>
    library.func(name, "int", [...parameters]) as unknown as Call;
  const version = f("nvrtcVersion", "void *", "void *");
  const create = f("nvrtcCreateProgram", "void *", "str", "str", "int", "void *", "void *");
  const compile = f("nvrtcCompileProgram", "uint64", "int", "const char **");
  const sizes = {
    CUBIN: f("nvrtcGetCUBINSize", "uint64", "void *"),
    ProgramLog: f("nvrtcGetProgramLogSize", "uint64", "void *"),
  };
  const gets = {
    CUBIN: f("nvrtcGetCUBIN", "uint64", "void *"),
    ProgramLog: f("nvrtcGetProgramLog", "uint64", "void *"),
  };
  const destroy = f("nvrtcDestroyProgram", "void *");
  const [major, minor] = [new Int32Array(1), new Int32Array(1)];
  version(major, minor);
  return {
    version: `${major[0]}.${minor[0]}`,
    compile(source, name, architecture, options = []) {
      const program = new BigUint64Array(1);
      const made = create(program, source, name, 0, null, null);
      if (made !== 0) throw new SynfireError("cuda-compile", `NVRTC cannot start (error ${made}).`);
      const part = (what: keyof typeof gets): Uint8Array => {
        const size = new BigUint64Array(1);
        if (sizes[what](program[0], size) !== 0) return new Uint8Array(0);
        const bytes = new Uint8Array(Number(size[0]));
        if (bytes.length > 0) gets[what](program[0], bytes);
        return bytes;
      };
      const all = [`--gpu-architecture=sm_${architecture}`, ...OPTIONS, ...options];
      const code = compile(program[0], all.length, all);
      try {
        if (code !== 0) {
          const log = new TextDecoder().decode(part("ProgramLog")).replace(/\0+$/, "").trim();
          const old = /gpu-architecture|unsupported gpu|invalid value/i.test(log) || code === 5;
          throw new SynfireError(
            "cuda-compile",
            `NVRTC ${this.version} cannot compile ${name} (error ${code})${old ? `; it may be too old for sm_${architecture}` : ""}:\n${log}`,
          );
        }
        return part("CUBIN");
      } finally {
        destroy(program);
      }
    },
  };
}

let opened: { readonly path: string; readonly compiler: Compiler } | undefined;

/** @throws SynfireError "no-nvrtc" naming where it was looked for and how to get it */
export async function openCompiler(): Promise<Compiler> {
  const named = environment("SYNFIRE_NVRTC_LIBRARY");
  if (opened && (named === undefined || opened.path === named)) return opened.compiler;
  const koffi = await loadKoffi("no-nvrtc");
  const plain = process.platform === "win32" ? [] : ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"];
  const places = named === undefined ? searched() : [];
  for (const path of named !== undefined ? [named] : [...places.flatMap(candidates), ...plain]) {
    const library = tryLibrary(koffi, path);
    if (typeof library === "string") continue;
    opened = { path, compiler: bind(library) };
    return opened.compiler;
  }
  throw new SynfireError(
    "no-nvrtc",
    `NVIDIA's run-time compiler (NVRTC) was not found${named === undefined ? ` on the library path and in ${places.join(", ")}` : ` at ${named}`}. It comes with the CUDA toolkit, with Debian's package libnvrtc, and with "pip install nvidia-cuda-nvrtc"; or name the file in SYNFIRE_NVRTC_LIBRARY.`,
    "device",
  );
}
