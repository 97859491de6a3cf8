/** Puts the texts of the kernels together with what is printed for a network. */

import type { CommonPlan } from "./common-values.js";
import { debugs } from "./debug.js";
import { GUIDE_BITS } from "./drives.js";
import { texts } from "./kernels/texts.generated.js";
import {
  BuildJob,
  Drive,
  DriveEntry,
  Format,
  NOWHERE,
  PopulationInfo,
  RecordJob,
  RowJob,
  RunParams,
  SampleInfo,
  SampleItem,
  SplitJob,
  SplitLevel,
  Summary,
  Table,
  TRAY_MARKS,
} from "./structs.js";
import { TRAY_SIZES } from "./trays.js";
import { mostOf, printDraws, printPhilox, printUpdate, type Variant } from "./variants.js";

const kernel = (name: string): string => texts[`${name}.cu`]!;

const formats = [
  ...Object.entries(Format).map(([name, value]) => `#define FORMAT_${name.toUpperCase()} ${value}`),
  // in the last place of a tray, its lower 16 bits where places have 16: there is more elsewhere
  `#define TRAY_MORE ${2 ** 32 - TRAY_MARKS}u`,
  `#define TRAY_SIZES ${TRAY_SIZES.join(", ")}`,
].join("\n");

let builders: string | undefined;

/** Construction: the same for every network, so that it is printed and compiled once. */
export function buildSource(): string {
  builders ??= [
    kernel("prelude"),
    formats,
    ...[BuildJob, SplitJob, SplitLevel, Summary, RowJob].map((s) => s.declaration),
    printDraws(),
    kernel("chance"),
    kernel("split"),
    kernel("build"),
    kernel("rows"),
  ].join("\n");
  return builders;
}

/** A ring of one receptor, in every block. */
export interface RingPlan {
  readonly wide: boolean;
  readonly rows: number;
  readonly shared: boolean;
  readonly sharedOffset: number;
  /** in the block's part of global memory */
  readonly offset: number;
}

/** Lists of events by step, in place of rings that do not fit into shared memory. */
export interface InboxPlan {
  readonly rows: number;
  /** events of a step that one block has room for */
  readonly capacity: number;
  /** do events tell what the weight of their table is multiplied with? */
  readonly times: boolean;
  /** in shared memory: counts and marks, and the sums of the step that is updated */
  readonly offset: number;
  readonly sumsOffset: number;
}

/** What the resident loop is compiled for. */
export interface RunShape {
  readonly real: "f32" | "f64";
  readonly threads: number;
  /** neurons per thread at most */
  readonly tiles: number;
  /** are models integrated numerically? */
  readonly heavy: boolean;
  /** lanes that share a slice of synapses, and synapses that each reads at a time */
  readonly group: number;
  readonly loads: number;
  /** do the lanes of a warp share the synapses of all slices that they have found, one by one? (if these are not in trays) */
  readonly shares: boolean;
  /** in shared memory: the slices that they have found, if there are no trays, to share the synapses of all */
  readonly sharesOffset: number;
  /** generators in shared memory: all, or none */
  readonly sharedDrives: number;
  readonly drivesOffset: number;
  readonly solo: boolean;
  readonly multi: boolean;
  /** do place and number of spikes of a neuron take more than 16 bits? */
  readonly wideEntries: boolean;
  readonly variants: readonly Variant[];
  readonly devices: number;
  /** per device, and of all */
  readonly blocks: number;
  readonly allBlocks: number;
  readonly processBlocks: number;
  readonly slots: number;
  /** is what arrives in a step added before the next one only? */
  readonly lateInput: boolean;
  /** steps that messages are read late: those of the own process, and those of others */
  readonly lag: number;
  readonly farLag: number;
  readonly mailDepth: number;
  readonly mailWords: number;
  readonly rings: readonly RingPlan[];
  readonly ringBytes: number;
  readonly inbox: InboxPlan | undefined;
  readonly localBits: number;
  readonly listOffset: number;
  readonly tableOffset: number;
  readonly sharedTables: number;
  readonly lateOffset: number;
  /** do neurons in their upstroke move to warps that have no others? Through so many bytes of shared memory */
  readonly asideBytes: number;
  readonly asideOffset: number;
  readonly formats: readonly number[];
}

/** Sources that have the same tables: the first of each group, and, for one process after the other, its tables. */
export interface Groups {
  readonly starts: readonly number[];
  readonly tables: readonly (readonly number[])[];
  /** bytes of the longest row */
  readonly rowBytes: number;
}

/** Receptors of which each thread keeps what its sums are multiplied with. */
const KEPT_SCALES = 4;

/** What a network does not use is not compiled: even what is never executed makes the loop slower. */
export interface Uses {
  /** places that a message is written to, and processes whose messages come through the host */
  readonly mail: { readonly targets: number; readonly relayed: readonly number[] };
  /** bytes of the largest trays; 0: there are none */
  readonly trayBytes: number;
  /** are there sources that are no neurons? */
  readonly external: boolean;
  /** are state variables recorded? */
  readonly sampled: boolean;
  /** Poisson generators of a population at most; does any send differently to its neurons? */
  readonly drives: number;
  readonly driveEntries: boolean;
  /** constants that are among the parameters */
  readonly common: CommonPlan;
}

/**
 * The resident loop of a network.
 */
export function runSource(r: RunShape, groups: Groups, uses: Uses): string {
  const most = (pick: (v: Variant) => number) => mostOf(r.variants, pick);
  const flag = (x: boolean) => (x ? 1 : 0);
  const list = (type: string, name: string, values: readonly (number | boolean)[]) =>
    `__device__ constexpr ${type} ${name}[${values.length}] = {${values.join(", ")}};`;
  // with trays nobody looks for slices
  const shortSlices = r.shares && uses.trayBytes === 0;
  const few = groups.starts.length <= 8;
  // what sums are multiplied with stays in registers if that is little, and is rounded once if it is rounded anyway
  const keptScales = r.tiles === 1 && r.rings.length <= KEPT_SCALES && !r.rings.some((x) => x.wide);
  const single = few && groups.tables.length <= 16 && groups.tables.every((list) => list.length <= 1);
  return [
    `#define SYNFIRE_SCOPE "${r.devices > 1 ? "sys" : "gpu"}"`,
    ...(debugs("profile") ? ["#define PROFILE"] : []),
    kernel("prelude"),
    formats,
    `#define THREADS ${r.threads}`,
    `#define TILES ${r.tiles}`,
    `#define RECEPTORS ${r.rings.length}`,
    `#define TARGETS ${uses.mail.targets}`,
    `#define RELAYED ${uses.mail.relayed.length}u`,
    ...(uses.mail.relayed.length > 0 ? [list("unsigned", "RELAYED_PROCESS", uses.mail.relayed)] : []),
    `#define EXTERNAL ${flag(uses.external)}`,
    `#define SAMPLED ${flag(uses.sampled)}`,
    `#define DRIVES ${uses.drives}`,
    `#define DRIVE_ENTRIES ${flag(uses.driveEntries)}`,
    `#define SHARED_DRIVES ${r.sharedDrives}u`,
    `#define DRIVES_OFFSET ${r.drivesOffset}`,
    `#define GUIDE_BITS ${GUIDE_BITS}`,
    `#define BLOCKS ${r.blocks}u`,
    `#define ALL_BLOCKS ${r.allBlocks}u`,
    `#define PROCESS_BLOCKS ${r.processBlocks}u`,
    `#define PROCESSES ${r.allBlocks / r.processBlocks}u`,
    `#define SLOTS ${r.slots}u`,
    `#define LATE_INPUT ${flag(r.lateInput)}u`,
    `#define LAG ${r.lag}u`,
    `#define FAR_LAG ${r.farLag}u`,
    `#define KINDS ${r.farLag > r.lag ? 2 : 1}u`,
    `#define MAIL_DEPTH ${r.mailDepth}u`,
    `#define MAIL_WORDS ${r.mailWords}u`,
    `#define RING_BYTES ${r.ringBytes}ull`,
    `#define LOCAL_BITS ${r.localBits}`,
    `#define INBOX_ROWS ${r.inbox?.rows ?? 0}`,
    ...(r.inbox
      ? [
          `#define INBOX_CAPACITY ${r.inbox.capacity}u`,
          `#define INBOX_TIMES ${flag(r.inbox.times)}`,
          `#define INBOX_OFFSET ${r.inbox.offset}`,
          `#define INBOX_SUMS ${r.inbox.sumsOffset}`,
        ]
      : []),
    `#define LIST_OFFSET ${r.listOffset}`,
    `#define TABLE_OFFSET ${r.tableOffset}`,
    `#define SHARED_TABLES ${r.sharedTables}`,
    `#define LATE_OFFSET ${r.lateOffset}`,
    `#define GROUPS ${groups.starts.length}`,
    `#define ROW_BYTES ${groups.rowBytes}`,
    `#define FORMATS ${r.formats.reduce((mask, f) => mask | (1 << f), 0)}`,
    `#define REALS ${most((v) => v.reals)}`,
    `#define INTS ${most((v) => v.ints)}`,
    `#define REAL_STATES ${most((v) => v.realStates)}`,
    `#define INT_STATES ${most((v) => v.intStates)}`,
    `#define GROUP ${r.group}`,
    `#define LOADS ${r.loads}`,
    `#define SHORT_SLICES ${flag(shortSlices)}`,
    `#define AHEAD ${flag(shortSlices && r.tiles > 1 && single)}`,
    // lanes with trays have one each
    `#define GROUPED ${flag(!r.shares && uses.trayBytes === 0 && r.group === 2)}`,
    `#define TRAYS ${flag(uses.trayBytes > 0)}`,
    `#define TRAY_BYTES ${uses.trayBytes}u`,
    ...(shortSlices ? [`#define SHARES_OFFSET ${r.sharesOffset}`] : []),
    `#define SOLO ${flag(r.solo)}`,
    `#define MULTI ${flag(r.multi)}`,
    `#define WIDE_ENTRIES ${flag(r.wideEntries)}`,
    `#define HEAVY ${flag(r.heavy)}`,
    `#define LATE ${flag(r.heavy && r.tiles > 1)}`,
    `#define ASIDE ${flag(r.asideBytes > 0)}`,
    ...(r.asideBytes > 0
      ? [`#define ASIDE_OFFSET ${r.asideOffset}`, `#define ASIDE_BYTES ${r.asideBytes}`]
      : []),
    `#define ANY_WIDE ${flag(r.rings.some((x) => x.wide))}`,
    `#define ANY_SHARED ${flag(r.rings.some((x) => x.shared))}`,
    `#define ALL_SHARED ${flag(r.rings.every((x) => x.shared))}`,
    list(
      "bool",
      "RING_WIDE",
      r.rings.map((x) => x.wide),
    ),
    list(
      "bool",
      "RING_SHARED",
      r.rings.map((x) => x.shared),
    ),
    ...(
      [
        ["RING_ROWS", "rows"],
        ["RING_AT", "offset"],
        ["RING_SHARED_AT", "sharedOffset"],
      ] as const
    ).map(([name, key]) =>
      list(
        key === "offset" ? "unsigned long long" : "unsigned",
        name,
        r.rings.map((x) => x[key]),
      ),
    ),
    ...(few ? [list("unsigned", "GROUP_STARTS", groups.starts)] : []),
    ...(single
      ? [
          "#define GROUP_TABLE groupTable",
          list(
            "unsigned",
            "groupTable",
            groups.tables.map((tables) => tables[0] ?? NOWHERE),
          ),
        ]
      : []),
    `typedef ${r.real === "f64" ? "double" : "float"} real;`,
    "#if ANY_WIDE\ntypedef long long Sum;\n#else\ntypedef int Sum;\n#endif",
    `#define VARIANTS ${r.variants.length}`,
    `#define KEPT_SCALES ${flag(keptScales)}`,
    `typedef ${keptScales ? "real" : "double"} Scale;`,
    ...[DriveEntry, Drive, Table, PopulationInfo, SampleInfo, SampleItem, RunParams, RecordJob].map(
      (s) => s.declaration,
    ),
    printPhilox(),
    printUpdate(r.variants, uses.common, { rolled: r.tiles === 1, late: r.lateInput }),
    ...["block", "drive", "resident", "deliver", "mail", "run", "records"].map(kernel),
  ].join("\n");
}
