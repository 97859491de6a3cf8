/** Puts the texts of the kernels together with what is printed for a network. */

import { texts } from "./kernels/texts.generated.js";
import {
  BuildJob,
  Drive,
  DriveEntry,
  Format,
  PopulationInfo,
  RingInfo,
  RowJob,
  RunParams,
  SampleInfo,
  SampleItem,
  SplitJob,
  SplitLevel,
  Summary,
  Table,
} from "./structs.js";
import { printDraws, printPhilox, printUpdate, type Variant } from "./variants.js";

const kernel = (name: string): string => texts[`${name}.cu`]!;

const formats = Object.entries(Format)
  .map(([name, value]) => `#define FORMAT_${name.toUpperCase()} ${value}`)
  .join("\n");

/** Construction: the same for every network, so that it is compiled once. */
export function buildSource(): string {
  return [
    kernel("prelude"),
    formats,
    ...[BuildJob, SplitJob, SplitLevel, Summary, RowJob].map((s) => s.declaration),
    printDraws(),
    kernel("chance"),
    kernel("split"),
    kernel("build"),
    kernel("rows"),
  ].join("\n");
}

export interface RunShape {
  readonly real: "f32" | "f64";
  readonly threads: number;
  /** neurons per thread at most */
  readonly tiles: number;
  /** lanes that share a slice of synapses */
  readonly group: number;
  readonly solo: boolean;
  readonly multi: boolean;
  readonly wide: readonly boolean[];
  readonly shared: readonly boolean[];
  readonly variants: readonly Variant[];
}

/** The resident loop of a network. */
export function runSource(r: RunShape): string {
  const most = (pick: (v: Variant) => number) => Math.max(1, ...r.variants.map(pick));
  const late = r.tiles > 1 && r.variants.some((v) => v.program.bindings.some((b) => b.kind === "limit"));
  const flag = (x: boolean) => (x ? 1 : 0);
  const list = (name: string, values: readonly boolean[]) =>
    `__device__ constexpr bool ${name}[${values.length}] = {${values.join(", ")}};`;
  return [
    kernel("prelude"),
    formats,
    `#define THREADS ${r.threads}`,
    `#define TILES ${r.tiles}`,
    `#define RECEPTORS ${r.wide.length}`,
    `#define REALS ${most((v) => v.reals)}`,
    `#define INTS ${most((v) => v.ints)}`,
    `#define REAL_STATES ${most((v) => v.realStates)}`,
    `#define INT_STATES ${most((v) => v.intStates)}`,
    `#define GROUP ${r.group}`,
    `#define SOLO ${flag(r.solo)}`,
    `#define MULTI ${flag(r.multi)}`,
    `#define LATE ${flag(late)}`,
    `#define ANY_WIDE ${flag(r.wide.some(Boolean))}`,
    list("RING_WIDE", r.wide),
    list("RING_SHARED", r.shared),
    `typedef ${r.real === "f64" ? "double" : "float"} real;`,
    "#if ANY_WIDE\ntypedef long long Sum;\n#else\ntypedef int Sum;\n#endif",
    ...[DriveEntry, Drive, Table, RingInfo, PopulationInfo, SampleInfo, SampleItem, RunParams].map(
      (s) => s.declaration,
    ),
    printPhilox(),
    printUpdate(r.variants),
    kernel("run"),
  ].join("\n");
}
