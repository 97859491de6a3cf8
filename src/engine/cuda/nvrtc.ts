/** NVIDIA's run-time compiler through FFI: CUDA C++ to a CUBIN. */

import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import type { LibraryHandle } from "koffi";
import { SynfireError } from "../../errors.js";
import { environment, type Koffi, loadKoffi, tryLibrary } from "../../native/foreign.js";
import type { Compiler } from "./driver.js";

/** Arithmetic as IEEE 754 has it and nothing else: the same bits as on the CPU. */
export const OPTIONS = ["--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true", "--std=c++17"];

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
    // what pyenv puts on the PATH are scripts
    ...folders(environment("PYENV_ROOT") ?? join(homedir(), ".pyenv"), "versions", /./),
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

interface Nvrtc extends Compiler {
  readonly major: number;
  /** that it can compile for, ascending; undefined if it does not tell */
  readonly architectures: readonly number[] | undefined;
}

/** NVRTC_ERROR_INVALID_OPTION */
const INVALID_OPTION = 5;

/** Architectures that it knows; versions before 11.2 do not tell. */
function supported(library: LibraryHandle): readonly number[] | undefined {
  try {
    const count = new Int32Array(1);
    library.func("nvrtcGetNumSupportedArchs", "int", ["void *"])(count);
    const architectures = new Int32Array(count[0]!);
    library.func("nvrtcGetSupportedArchs", "int", ["void *"])(architectures);
    return [...architectures].sort((a, b) => a - b);
  } catch {
    return undefined;
  }
}

/** Why it refuses an architecture, if it does. */
function refusal({ architectures = [] }: Nvrtc, architecture: number): string {
  const [oldest, newest] = [architectures[0], architectures.at(-1)];
  if (oldest !== undefined && architecture < oldest)
    return `it no longer knows sm_${architecture}, only sm_${oldest} and newer: use the NVRTC of an older CUDA`;
  const known = newest === undefined ? "" : `, it knows up to sm_${newest}`;
  return `too old an NVRTC for sm_${architecture}${known}: use the NVRTC of a newer CUDA`;
}

function bind(library: LibraryHandle): Nvrtc {
  const f = (name: string, ...parameters: readonly string[]) =>
    library.func(name, "int", [...parameters]) as unknown as Call;
  const version = f("nvrtcVersion", "void *", "void *");
  const create = f("nvrtcCreateProgram", "void *", "str", "str", "int", "void *", "void *");
  const compile = f("nvrtcCompileProgram", "uint64", "int", "const char **");
  const describe = library.func("nvrtcGetErrorString", "str", ["int"]);
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
  const nvrtc: Nvrtc = {
    version: `${major[0]}.${minor[0]}`,
    major: major[0]!,
    architectures: supported(library),
    compile(source, name, architecture, options = []) {
      const program = new BigUint64Array(1);
      const made = create(program, source, name, 0, null, null);
      if (made !== 0)
        throw new SynfireError("cuda-compile", `NVRTC ${nvrtc.version} does not start: ${describe(made)}.`);
      const part = (what: keyof typeof gets): Uint8Array => {
        const size = new BigUint64Array(1);
        if (sizes[what](program[0], size) !== 0) return new Uint8Array(0);
        const bytes = new Uint8Array(Number(size[0]));
        if (bytes.length > 0) gets[what](program[0], bytes);
        return bytes;
      };
      try {
        const all = [`--gpu-architecture=sm_${architecture}`, ...OPTIONS, ...options];
        const code = compile(program[0], all.length, all);
        if (code === 0) return part("CUBIN");
        const log = new TextDecoder().decode(part("ProgramLog")).replace(/\0+$/, "").trim();
        const unknown = code === INVALID_OPTION && /gpu-architecture/.test(log);
        const why = unknown ? refusal(nvrtc, architecture) : describe(code);
        throw new SynfireError(
          "cuda-compile",
          `NVRTC ${nvrtc.version} cannot compile ${name}: ${why}.\n${log}`,
        );
      } finally {
        destroy(program);
      }
    },
  };
  return nvrtc;
}

/**
 * NVRTC opens a library of built-in declarations by its bare name, and that of the Python wheels does not look in its own folder.
 * Once it is loaded from there, the name is known.
 */
function loadBuiltins(koffi: Koffi, path: string, { version }: Nvrtc): void {
  if (!isAbsolute(path)) return;
  const name =
    process.platform === "win32"
      ? `nvrtc-builtins64_${version.replace(".", "")}.dll`
      : `libnvrtc-builtins.so.${version}`;
  tryLibrary(koffi, join(dirname(path), name));
}

/** What the compiler is wanted for, if several are there to choose from. */
export interface CompilerNeeds {
  /** version of the driver: it does not load what a compiler of a later major version makes */
  readonly driver?: number;
  readonly architectures?: readonly number[];
}

const fits = (nvrtc: Nvrtc, { driver = Number.POSITIVE_INFINITY, architectures = [] }: CompilerNeeds) =>
  nvrtc.major <= Math.floor(driver / 1000) &&
  architectures.every((a) => nvrtc.architectures?.includes(a) ?? true);

const opened = new Map<string, Promise<Compiler>>();

/**
 * NVIDIA's run-time compiler, loaded once per process; the first one found that serves the needs, else the first one found.
 * @throws SynfireError "no-nvrtc" naming where it was looked for and how to get it
 */
export function openCompiler(needs: CompilerNeeds = {}): Promise<Compiler> {
  const named = environment("SYNFIRE_NVRTC_LIBRARY");
  const key = JSON.stringify([named, needs]);
  let compiler = opened.get(key);
  if (compiler === undefined) {
    compiler = findCompiler(named, needs);
    opened.set(key, compiler);
    compiler.catch(() => opened.delete(key));
  }
  return compiler;
}

async function findCompiler(named: string | undefined, needs: CompilerNeeds): Promise<Compiler> {
  const koffi = await loadKoffi("no-nvrtc", "GPUs are");
  const plain =
    process.platform === "win32"
      ? []
      : ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"];
  const places = named === undefined ? searched() : [];
  const reasons: string[] = [];
  let other: Compiler | undefined;
  for (const path of named !== undefined ? [named] : [...places.flatMap(candidates), ...plain]) {
    const library = tryLibrary(koffi, path);
    if (typeof library === "string") {
      reasons.push(`${path} (${library})`);
      continue;
    }
    const nvrtc = bind(library);
    loadBuiltins(koffi, path, nvrtc);
    if (fits(nvrtc, needs)) return nvrtc;
    other ??= nvrtc;
  }
  if (other !== undefined) return other;
  const folders = places.length > 0 ? `, and files of that name in ${places.join(", ")}` : "";
  throw new SynfireError(
    "no-nvrtc",
    `NVIDIA's run-time compiler (NVRTC) cannot be loaded. Looked for: ${reasons.join(", ")}${folders}. It comes with the CUDA toolkit, with Debian's package libnvrtc, and with "pip install nvidia-cuda-nvrtc"; or name the file in SYNFIRE_NVRTC_LIBRARY.`,
    "device",
  );
}
