/** Options of a simulator, and their checks. */

import { isCudaName, parseCudaDevices } from "../engine/cuda/select-devices.js";
import { SynfireError, unknownName } from "../errors.js";

/** What `simulate` reports while it runs. */
export interface Progress {
  /** model time in ms, and when the run will end */
  readonly time: number;
  readonly end: number;
  /** wall-clock seconds since the run began */
  readonly elapsed: number;
  /** spike events so far in this run */
  readonly spikes: number;
}

export interface SimulatorOptions {
  /** ms; default 0.1 */
  readonly resolution?: number;
  /** integer from 0 to 2^53 - 1; default 1 */
  readonly seed?: number;
  /** default: the number of cores; results do not depend on it */
  readonly threads?: number | "auto";
  /** default "float32" */
  readonly precision?: "float32" | "float64";
  /**
   * "cuda" (the first NVIDIA GPU), "cuda:1", "cuda:0,1", "cuda:all"; "cpu": WebAssembly; "reference": plain TypeScript, slow;
   * "auto" (default): an NVIDIA GPU if there is one that can be used, else the CPU
   */
  readonly device?: "auto" | "cpu" | "reference" | "cuda" | `cuda:${string}`;
  /** neurons per tile at most, for tests; results do not depend on it */
  readonly tileSize?: number | "auto";
  /** resident blocks per GPU, for tests; results do not depend on it */
  readonly blocks?: number | "auto";
  /** when the cpu engine adds spikes to their targets; results do not depend on it */
  readonly delivery?: "auto" | "emission" | "arrival";
  /** several ranks: deal the neurons of every `create` to all of them, instead of n to each; default false */
  readonly distribute?: boolean;
  /**
   * "auto" (default): takes part in a run of several ranks if the process was started by a launcher such as `mpirun`; "mpi": also
   * without one; "none": this simulator stands alone
   */
  readonly ranks?: "auto" | "mpi" | "none";
  /** several ranks: how spikes are exchanged, for tests; results do not depend on it */
  readonly exchange?: "auto" | "point-to-point" | "collective";
  /** builds and runs the share of one rank of a run that does not take place; the others fire at `rate` (1/s, default 5) */
  readonly rehearse?: Rehearsal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface Rehearsal {
  readonly rank: number;
  readonly size: number;
  readonly rate?: number;
}

/** Options with all defaults. */
export type CheckedOptions = Required<Omit<SimulatorOptions, "onProgress" | "rehearse">> & {
  readonly rehearse: Required<Rehearsal> | undefined;
};

export const defaultOptions = {
  resolution: 0.1,
  seed: 1,
  threads: "auto",
  precision: "float32",
  device: "auto",
  tileSize: "auto",
  blocks: "auto",
  delivery: "auto",
  distribute: false,
  ranks: "auto",
  exchange: "auto",
} as const;

const ALLOWED = [...Object.keys(defaultOptions), "rehearse", "onProgress"];

/** @throws SynfireError "bad-option" naming the option */
export function checkedOptions(options: SimulatorOptions): CheckedOptions {
  for (const key of Object.keys(options))
    if (!ALLOWED.includes(key)) throw unknownName("bad-option", "option", key, ALLOWED);
  const o = {
    ...defaultOptions,
    ...Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined)),
  } as CheckedOptions;
  const bad = (key: keyof SimulatorOptions, allowed: string): never => {
    throw new SynfireError(
      "bad-option",
      `${key} must be ${allowed}, not ${String(o[key as keyof typeof o])}.`,
      key,
    );
  };
  if (!(typeof o.resolution === "number" && o.resolution > 0 && Number.isFinite(o.resolution)))
    bad("resolution", "a positive number of ms");
  if (!(Number.isSafeInteger(o.seed) && o.seed >= 0)) bad("seed", "an integer from 0 to 2^53 - 1");
  if (o.threads !== "auto" && !(Number.isInteger(o.threads) && o.threads >= 1 && o.threads <= 256))
    bad("threads", '"auto" or an integer from 1 to 256');
  if (o.precision !== "float32" && o.precision !== "float64") bad("precision", '"float32" or "float64"');
  if (isCudaName(o.device)) parseCudaDevices(o.device);
  else if (o.device !== "auto" && o.device !== "cpu" && o.device !== "reference")
    bad(
      "device",
      '"auto", "cpu", "cuda", "cuda:0" (or another number, or a list), "cuda:all" or "reference"',
    );
  if (o.blocks !== "auto" && !(Number.isInteger(o.blocks) && o.blocks >= 1 && o.blocks <= 1024))
    bad("blocks", '"auto" or an integer from 1 to 1024');
  if (o.tileSize !== "auto" && !(Number.isInteger(o.tileSize) && o.tileSize >= 1 && o.tileSize <= 65536))
    bad("tileSize", '"auto" or an integer from 1 to 65536');
  if (!["auto", "emission", "arrival"].includes(o.delivery))
    bad("delivery", '"auto", "emission" or "arrival"');
  if (typeof o.distribute !== "boolean") bad("distribute", "true or false");
  if (!["auto", "mpi", "none"].includes(o.ranks)) bad("ranks", '"auto", "mpi" or "none"');
  if (!["auto", "point-to-point", "collective"].includes(o.exchange))
    bad("exchange", '"auto", "point-to-point" or "collective"');
  const rehearse = options.rehearse && checkedRehearsal(options.rehearse);
  return {
    resolution: o.resolution,
    seed: o.seed,
    threads: o.threads,
    precision: o.precision,
    device: o.device,
    tileSize: o.tileSize,
    blocks: o.blocks,
    delivery: o.delivery,
    distribute: o.distribute,
    ranks: o.ranks,
    exchange: o.exchange,
    rehearse,
  };
}

function checkedRehearsal(given: Rehearsal): Required<Rehearsal> {
  const { rank, size, rate = 5, ...others } = given;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw unknownName("bad-option", "key of rehearse", unknown, ["rank", "size", "rate"]);
  const integers = Number.isInteger(size) && size >= 1 && Number.isInteger(rank) && rank >= 0 && rank < size;
  if (!integers || !(Number.isFinite(rate) && rate >= 0))
    throw new SynfireError(
      "bad-option",
      `rehearse: { rank, size, rate } must be a rank below the size, a positive size, and a rate in 1/s; not ${JSON.stringify(given)}.`,
      "rehearse",
    );
  return { rank, size, rate };
}
