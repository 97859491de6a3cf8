/** Builds the synapses of one GPU in its own memory: counts by source and block, rows, and the synapses themselves. */

import type { NodeIds } from "../../connectivity/index.js";
import { log1p } from "../../random/saddle-point.js";
import { Purpose, streamKey } from "../../random/streams.js";
import type { SynapseCounts } from "../calibration.js";
import { SAMPLER_FIELDS } from "../draw.js";
import type { Network, Projection, SynapseValue } from "../network.js";
import { type Run, runsOfIds } from "../runs.js";
import type { CudaDevice, DevicePointer, Kernel, Module } from "./driver.js";
import { populationFinder, type RankLayout } from "./layout.js";
import { SourceRows } from "./source-rows.js";
import { type FieldValue, packAll } from "./struct.js";
import { BuildJob, FORMAT_BYTES, NOWHERE, RowJob, Rule, SplitJob, SplitLevel, Summary } from "./structs.js";
import type { Part, TablePlan } from "./tables.js";
import { entryBytes, type MeasuredSlices, TRAY_SIZES, traySizes } from "./trays.js";

type Job = Partial<Record<keyof typeof BuildJob.offsets, FieldValue>>;

interface WalkJob {
  readonly values: Job;
  readonly p: Projection;
}

/** A table whose synapses have been counted. */
export interface CountedTable {
  readonly plan: TablePlan;
  readonly sources: SourceRows;
  readonly jobs: readonly WalkJob[];
  /** by row and block */
  readonly counts: DevicePointer;
  /** if there shall be trays: their size, their rows, and the synapses of each row */
  readonly trays: TrayPlan | undefined;
}

interface TrayPlan {
  readonly bytes: number;
  /** whose neurons have synapses in the table */
  readonly processes: readonly number[];
  readonly first: number;
  readonly rows: number;
  readonly all: Uint32Array;
}

/** The trays of a table: for each row one for each block. Rows of processes without synapses have none. */
export interface Trays {
  /** that of row 0, whether it has any or not */
  readonly trays: DevicePointer;
  readonly trayBytes: number;
}

/** A table in device memory. */
export interface BuiltTable extends Trays {
  readonly plan: TablePlan;
  readonly sources: SourceRows;
  /** whose neurons have synapses in it */
  readonly processes: readonly number[];
  readonly rowBytes: number;
  readonly narrow: boolean;
  readonly rows: DevicePointer;
  readonly data: DevicePointer;
  /** synapses that are not in trays */
  readonly rest: number;
  /** trays of all blocks */
  readonly trayCount: number;
  /** by row: synapses, and, of those that are not in trays, the index of the first and how many there are */
  readonly all: Uint32Array;
  readonly bases: BigUint64Array;
  readonly totals: Uint32Array;
}

export const tableBytes = (
  t: Pick<BuiltTable, "plan" | "sources" | "rowBytes" | "rest" | "trayBytes" | "trayCount">,
): number => t.rest * FORMAT_BYTES[t.plan.format]! + t.sources.count * t.rowBytes + t.trayCount * t.trayBytes;

const THREADS = 256;
/** Cells of the tree of fixed_outdegree, and bits of sources without multapses, that are held at a time. */
const MOST_CELLS = 2 ** 24;
const MOST_BIT_WORDS = 2 ** 26;
/** Bytes: pieces of up to SMALL are cut from allocations of CHUNK. */
const SMALL = 2 ** 20;
const CHUNK = 32 * 2 ** 20;
const LEAF = 64;
/** Entries of a list that the host generates and uploads at a time. */
const LISTED = 2 ** 22;

const KINDS = ["constant", "normal", "lognormal", "uniform", "exponential"] as const;

export class Construction {
  readonly #device: CudaDevice;
  readonly #kernels = new Map<string, Kernel>();
  readonly #module: Module;
  readonly #network: Network;
  readonly #threads: number;
  /** freed when construction ends */
  readonly #temporary: DevicePointer[] = [];
  /** in-degrees of rules that must be drawn to be known */
  readonly #degrees = new Map<number, DevicePointer>();
  readonly #counts = new Map<Projection, SynapseCounts>();
  readonly #selves = new Map<number, Uint32Array | undefined>();

  constructor(device: CudaDevice, module: Module, network: Network) {
    this.#device = device;
    this.#module = module;
    this.#network = network;
    this.#threads = Math.min(THREADS, device.info.threadsPerBlock);
  }

  /** @param jobs - each gets blocks for so many items */
  #launch(
    name: string,
    argument: DevicePointer,
    items: number,
    { threads = this.#threads, shared = 0, jobs = 1 } = {},
  ): void {
    let kernel = this.#kernels.get(name);
    if (!kernel) this.#kernels.set(name, (kernel = this.#module.kernel(name)));
    const most = this.#device.info.multiprocessors * 8;
    const blocks = jobs * Math.max(1, Math.min(most, Math.ceil(items / threads)));
    this.#device.launch(kernel, { blocks, threads, shared, argument });
  }

  #chunk = { at: 0, end: 0 };

  /** small pieces share an allocation: those of the driver take a tenth of a millisecond each */
  #alloc(bytes: number): DevicePointer {
    const size = Math.ceil(Math.max(16, bytes) / 256) * 256;
    if (size > SMALL) {
      const p = this.#device.alloc(bytes);
      this.#temporary.push(p);
      return p;
    }
    if (this.#chunk.at + size > this.#chunk.end) {
      const at = this.#device.alloc(CHUNK);
      this.#temporary.push(at);
      this.#chunk = { at, end: at + CHUNK };
    }
    const p = this.#chunk.at;
    this.#chunk.at += size;
    return p;
  }

  #put(data: ArrayBufferView): DevicePointer {
    const p = this.#alloc(data.byteLength);
    this.#device.stage(p, data);
    return p;
  }

  #download<A extends BigUint64Array | Uint32Array>(from: DevicePointer, to: A): A {
    this.#device.download(from, to);
    return to;
  }

  #zeros(bytes: number): DevicePointer {
    const p = this.#alloc(bytes);
    this.#device.fill(p, 0, bytes);
    return p;
  }

  dispose(): void {
    for (const p of this.#temporary) this.#device.free(p);
    this.#temporary.length = 0;
    this.#chunk = { at: 0, end: 0 };
  }

  /** synapses and largest in-degree of a projection; all have been counted by `count` */
  counts = (p: Projection): SynapseCounts => this.#counts.get(p) ?? p.plan;

  /** Counts what must be drawn to be known: fixed_total_number all at once, others one by one. */
  count(): void {
    const totals: number[] = [];
    this.#network.projections.forEach((p, k) => {
      const formula = p.plan.formula;
      if (formula?.rule === "fixed_total_number") totals.push(k);
      else if (formula?.rule === "pairwise_bernoulli" || formula?.rule === "fixed_outdegree")
        this.#countOne(k);
    });
    this.#countTotals(totals);
  }

  #countOne(projection: number): void {
    const p = this.#network.projections[projection]!;
    const n = p.endpoints.targets.length;
    const degrees = this.#zeros(4 * n);
    const { values } = this.#ruleValues(projection, [{ position: 0, first: 0, length: n }]);
    this.#walk("degreesOfJobs", [{ values: { ...values, allBlocks: 1, degrees }, p }]);
    const results = this.#zeros(16);
    this.#launch(
      "summarize",
      this.#put(Summary.pack({ counts: degrees, length: n, most: results, sum: results + 8 })),
      n,
    );
    const out = this.#download(results, new BigUint64Array(2));
    this.#counts.set(p, { maxIndegree: Number(out[0]), total: Number(out[1]) });
  }

  #countTotals(projections: readonly number[]): void {
    if (projections.length === 0) return;
    const depth = (n: number) => Math.ceil(Math.log2(Math.max(1, n)));
    const targetsOf = (k: number) => this.#network.projections[k]!.endpoints.targets.length;
    const level = Math.max(...projections.map((k) => depth(targetsOf(k))));
    // as many trees at a time as take 1 GiB
    const most = Math.max(1, Math.floor(2 ** 30 / (16 * 2 ** level)));
    for (let from = 0; from < projections.length; from += most) {
      const some = projections.slice(from, from + most);
      const cells = this.#alloc(16 * 2 ** level * some.length);
      const mosts = this.#zeros(4 * some.length);
      const rows = some.map((k, i) => {
        const p = this.#network.projections[k]!;
        const { targets, sources } = p.endpoints;
        const degrees = this.#alloc(4 * targets.length);
        this.#degrees.set(k, degrees);
        const [key0, key1] = streamKey(this.#network.seed, Purpose.tree, p.id);
        const even = cells + 16 * 2 ** level * i;
        const selves = this.#selvesOf(k);
        let before: Uint32Array | undefined;
        if (selves) {
          before = new Uint32Array(targets.length + 1);
          for (let t = 0; t < targets.length; t++)
            before[t + 1] = before[t]! + (selves[t] === NOWHERE ? 0 : 1);
        }
        this.#device.stage(even, Float64Array.of(p.plan.formula!.value));
        return {
          ...{ key0, key1, targets: targets.length, sources: sources.length },
          multapses: p.plan.formula!.allowMultapses ? 1 : 0,
          selves: before ? this.#put(before) : 0,
          ...{ even, odd: even + 8 * 2 ** level, degrees, most: mosts + 4 * i },
        };
      });
      const jobs = this.#put(packAll(SplitJob, rows));
      for (let l = 0; l < level; l++) {
        const argument = this.#put(SplitLevel.pack({ jobs, jobCount: some.length, level: l }));
        this.#launch("splitTotals", argument, 2 ** l * some.length);
      }
      const argument = this.#put(SplitLevel.pack({ jobs, jobCount: some.length, level }));
      this.#launch("degreesOfTotals", argument, 2 ** level * some.length);
      const largest = this.#download(mosts, new Uint32Array(some.length));
      some.forEach((k, i) => {
        const p = this.#network.projections[k]!;
        this.#counts.set(p, { total: p.plan.total, maxIndegree: largest[i]! });
      });
    }
  }

  /** by target: its position among the sources, if it must not be its own source */
  #selvesOf(projection: number): Uint32Array | undefined {
    const known = this.#selves.get(projection);
    if (known || this.#selves.has(projection)) return known;
    const { plan, endpoints } = this.#network.projections[projection]!;
    let selves: Uint32Array | undefined;
    if (plan.formula && !plan.formula.allowAutapses) {
      const { sources, targets } = endpoints;
      const all = new Uint32Array(targets.length).fill(NOWHERE);
      let any = false;
      for (let t = 0; t < targets.length; t++) {
        const s = sources.position(targets.id(t));
        if (s < 0) continue;
        all[t] = s;
        any = true;
      }
      if (any) selves = all;
    }
    this.#selves.set(projection, selves);
    return selves;
  }

  /** what a rule's walk needs, for targets at some positions; `whole` if the walk must be told all targets */
  #ruleValues(projection: number, ranges: readonly Run[]): { values: Job; whole: boolean } {
    const p = this.#network.projections[projection]!;
    const { sources, targets } = p.endpoints;
    const f = p.plan.formula;
    const [key0, key1] = streamKey(this.#network.seed, Purpose.synapse, p.id);
    const rule =
      f === undefined
        ? Rule.list
        : f.rule === "all_to_all"
          ? Rule.all
          : f.rule === "one_to_one"
            ? Rule.one
            : f.rule === "pairwise_bernoulli"
              ? Rule.bernoulli
              : f.rule === "fixed_outdegree"
                ? Rule.outdegree
                : f.allowMultapses
                  ? Rule.drawn
                  : Rule.distinct;
    const purpose =
      rule === Rule.outdegree ? Purpose.tree : rule === Rule.bernoulli ? Purpose.bernoulli : Purpose.source;
    const [ruleKey0, ruleKey1] = streamKey(this.#network.seed, purpose, p.id);
    const whole = ranges.length !== 1 || rule === Rule.outdegree || rule === Rule.list;
    const from = whole ? 0 : ranges[0]!.position;
    const length = whole ? targets.length : ranges[0]!.length;
    const selves = rule === Rule.list ? undefined : this.#selvesOf(projection);
    const degrees = this.#degrees.get(projection);
    const runs = runsOfIds(targets);
    const values: Job = {
      ...{ rule, key0, key1, ruleKey0, ruleKey1, targets: length, sources: sources.length },
      indegree: f?.rule === "fixed_indegree" || f?.rule === "fixed_outdegree" ? f.value : 0,
      multapses: f?.allowMultapses ? 1 : 0,
      firstPosition: from,
      degrees: degrees && rule !== Rule.outdegree ? degrees + 4 * from : 0,
      ...(runs.length === 1
        ? { firstTargetId: runs[0]!.first + from }
        : { targetIds: this.#idsOf(targets) + 4 * from }),
    };
    if (selves && rule !== Rule.outdegree) values.selves = this.#put(selves) + 4 * from;
    if (rule === Rule.bernoulli) values.logMiss = f!.value < 1 ? log1p(-f!.value) : 0;
    if (rule === Rule.distinct) {
      const words = Math.ceil(sources.length / 32);
      const workers = Math.max(1, Math.min(length, Math.floor(MOST_BIT_WORDS / Math.max(1, words))));
      Object.assign(values, { workers, scratch: this.#alloc(4 * words * workers) });
    }
    if (rule === Rule.outdegree && selves) {
      const targetOf = new Uint32Array(sources.length).fill(NOWHERE);
      selves.forEach((s, t) => {
        if (s !== NOWHERE) targetOf[s] = t;
      });
      values.targetOfSource = this.#put(targetOf);
    }
    return { values, whole };
  }

  readonly #idArrays = new Map<NodeIds, DevicePointer>();
  #idsOf(ids: NodeIds): DevicePointer {
    let at = this.#idArrays.get(ids);
    if (at === undefined) {
      at = this.#put(Uint32Array.from({ length: ids.length }, (_, i) => ids.id(i)));
      this.#idArrays.set(ids, at);
    }
    return at;
  }

  /** Runs one walk over the synapses of projections, in one launch but for rules that take several of their own. */
  #walk(kernel: string, jobs: readonly WalkJob[]): void {
    const together: Job[] = [];
    let most = 0;
    for (const { values, p } of jobs) {
      const items = this.#itemsOf(values);
      if (items === undefined) this.#walkAlone(kernel, values, p);
      else together.push(values);
      most = Math.max(most, items ?? 0);
    }
    this.#launchJobs(kernel, together, most);
  }

  #launchJobs(kernel: string, values: readonly Job[], items: number): void {
    if (values.length === 0) return;
    const jobs = values.length;
    const argument = this.#put(
      packAll(
        BuildJob,
        values.map((v) => ({ ...v, jobs })),
      ),
    );
    this.#launch(kernel, argument, items, { jobs });
  }

  /** threads that a walk can use; undefined if it is one of several launches */
  #itemsOf(values: Job): number | undefined {
    const targets = values.targets as number;
    switch (values.rule) {
      case Rule.drawn:
      case Rule.all:
        return targets * 32;
      case Rule.distinct:
        return values.workers as number;
      case Rule.one:
      case Rule.bernoulli:
        return targets;
      default:
        return undefined;
    }
  }

  #walkAlone(kernel: string, values: Job, p: Projection): void {
    const launch = (v: Job, items: number) => this.#launchJobs(kernel, [v], items);
    const targets = values.targets as number;
    const sources = values.sources as number;
    switch (values.rule) {
      case Rule.list:
        for (const list of this.#lists(p)) launch({ ...values, ...list }, list.entries);
        return;
      default: {
        // fixed_outdegree: split the targets for some sources at a time, in their order
        let [levels, most] = [0, targets];
        for (; most > LEAF; levels++) most = Math.ceil(most / 2);
        const nodes = 2 ** levels;
        const each = Math.max(1, Math.min(sources, Math.floor(MOST_CELLS / nodes)));
        const [even, odd, before] = [0, 1, 2].map(() => this.#alloc(4 * nodes * each)) as [
          number,
          number,
          number,
        ];
        const running = this.#zeros(4 * targets);
        for (let partFirst = 0; partFirst < sources; partFirst += each) {
          const partSources = Math.min(each, sources - partFirst);
          const shares = levels % 2 === 0 ? even : odd;
          const v = { ...values, levels, partFirst, partSources, even, odd, before, running, shares };
          if (levels === 0)
            this.#device.upload(even, new Uint32Array(partSources).fill(values.indegree as number));
          for (let level = 0; level < levels; level++)
            this.#launch(
              "splitOutdegrees",
              this.#put(BuildJob.pack({ ...v, level })),
              partSources * 2 ** level,
            );
          this.#launch("sumOutdegrees", this.#put(BuildJob.pack(v)), partSources);
          launch(v, nodes);
        }
      }
    }
  }

  readonly #listed = new Map<Projection, { entries: number; [key: string]: number }[]>();
  /** synapses that only the host can generate, uploaded once */
  #lists(p: Projection): readonly ({ entries: number } & Job)[] {
    let lists = this.#listed.get(p);
    if (lists) return lists;
    lists = [];
    const size = Math.max(1, Math.min(LISTED, p.plan.total));
    const columns = [0, 1, 2, 3].map(() => new Uint32Array(size));
    let n = 0;
    const flush = () => {
      if (n === 0) return;
      const [listSources, listTargets, listOrdinals, listIndices] = columns.map((c) =>
        this.#put(c.subarray(0, n)),
      ) as [number, number, number, number];
      lists!.push({ entries: n, listSources, listTargets, listOrdinals, listIndices });
      n = 0;
    };
    p.plan.generate(0, p.endpoints.targets.length, (source, target, ordinal, index) => {
      columns[0]![n] = source;
      columns[1]![n] = target;
      columns[2]![n] = ordinal;
      columns[3]![n] = Math.max(0, index);
      if (++n === size) flush();
    });
    flush();
    this.#listed.set(p, lists);
    return lists;
  }

  /**
   * Counts the synapses of all tables, and decides whether there shall be trays.
   * @param firstBlock - of this device among all blocks
   * @param trays - false: there shall be none in any case
   * @param reserved - bytes that are needed in any case
   */
  countTables(
    tables: readonly TablePlan[],
    layout: RankLayout,
    firstBlock: number,
    trays: boolean,
    reserved: number,
  ): CountedTable[] {
    const find = populationFinder(this.#network.populations);
    const common = { allBlocks: layout.allBlocks, firstBlock, blocks: layout.blocks };
    const counted = tables.map((plan) => {
      const maps = plan.parts.map(({ part }) => this.#sourceMap(part, layout));
      const sources = new SourceRows(
        layout,
        maps.map((m) => m.sources),
      );
      const counts = this.#zeros(4 * sources.count * layout.blocks);
      const jobs = plan.parts.map(({ part, post }, i): WalkJob => {
        const p = this.#network.projections[part.projection]!;
        const ranges = targetRanges(p, part, find);
        const { values, whole } = this.#ruleValues(part.projection, ranges);
        return {
          p,
          values: {
            ...values,
            ...common,
            ...maps[i]!.values,
            ...this.#targetMap(p, part, whole ? undefined : ranges[0]!, layout, find),
            ...this.#drawn(p, part),
            ...{ places: sources.places, origin: sources.origin },
            ...{ counts, post, format: plan.format, firstDelay: plan.firstDelay },
            ...{ localBits: layout.localBits, slots: layout.slots, resolution: this.#network.resolution },
          },
        };
      });
      return { plan, sources, counts, jobs };
    });
    this.#walk(
      "countJobs",
      counted.flatMap(({ jobs }) => jobs),
    );
    const withoutTrays = counted.map((t): CountedTable => ({ ...t, trays: undefined }));
    if (!trays) return withoutTrays;
    const measured = counted.map((t) => this.#measure(t, layout));
    const sizes = traySizes(measured, layout.blocks, this.#device.freeMemory() - reserved);
    if (!sizes) return withoutTrays;
    return counted.map((t, k) => ({ ...t, trays: { ...measured[k]!, bytes: sizes[k]! } }));
  }

  /** looks at the slices of a table */
  #measure(
    { plan, sources, counts }: Pick<CountedTable, "plan" | "sources" | "counts">,
    layout: RankLayout,
  ): MeasuredSlices & Omit<TrayPlan, "bytes"> {
    const { blocks } = layout;
    const rows = sources.count;
    const all = this.#alloc(4 * rows);
    const measured = this.#zeros(8 * (2 + TRAY_SIZES.length));
    const job = { counts, all, measured, rows, blocks, entryBytes: entryBytes(plan) };
    this.#launch("measureRows", this.#put(RowJob.pack(job)), rows * 32);
    const out = this.#download(measured, new BigUint64Array(2 + TRAY_SIZES.length));
    const [synapses, withAny, ...withRest] = [...out].map(Number) as [number, number, ...number[]];
    const hostAll = this.#download(all, new Uint32Array(rows));
    const processes = processesOf(sources, hostAll, layout);
    const { first, end } = processes.length > 0 ? sources.ofProcesses(processes) : { first: 0, end: 0 };
    return { synapses, sources: withAny, withRest, processes, rows: end - first, first, all: hostAll };
  }

  readonly #fills: WalkJob[] = [];

  /** Rows of tables whose synapses have been counted, and room for these: `fill` puts them there. */
  makeRows(tables: readonly CountedTable[], layout: RankLayout): BuiltTable[] {
    const { blocks } = layout;
    const scanners = Math.min(1024, this.#device.info.threadsPerBlock);
    const summed = tables.map((t) => {
      const rowCount = t.sources.count;
      const [totals, bases] = [this.#alloc(4 * rowCount), this.#alloc(8 * rowCount)];
      const results = this.#zeros(16);
      const trays = this.#makeTrays(t.trays, blocks);
      const job = {
        ...{ counts: t.counts, totals, bases, rows: rowCount, blocks, entryBytes: entryBytes(t.plan) },
        ...trays,
        ...{ most: results, sum: results + 8 },
      };
      const argument = this.#put(RowJob.pack(job));
      this.#launch("sumRows", argument, rowCount * 32);
      this.#launch("scanRows", argument, 1, { threads: scanners, shared: 8 * scanners });
      return { ...t, job, results, made: trays };
    });
    const made = summed.map(({ job, results, ...t }) => {
      const out = this.#download(results, new BigUint64Array(2));
      const narrow = out[0]! <= 65535n;
      const rest = Number(out[1]);
      const rowBytes = Math.ceil((8 + (blocks + 1) * (narrow ? 2 : 4)) / 16) * 16;
      // room for whole 16 bytes: synapses are brought into the cache in such pieces
      const rows = this.#device.alloc(rowBytes * job.rows);
      const data = this.#device.alloc(rest * FORMAT_BYTES[t.plan.format]! + 16);
      const table = { table: rows, rowBytes, narrow: narrow ? 1 : 0 };
      this.#launch("writeRows", this.#put(RowJob.pack({ ...job, ...table })), job.rows * 32);
      for (const { values, p } of t.jobs)
        this.#fills.push({ values: { ...values, ...table, ...t.made, data }, p });
      return { ...t, job, narrow, rest, rowBytes, rows, data };
    });
    return made.map(({ plan, sources, trays, job, narrow, rest, rowBytes, rows, data, made }) => {
      const totals = this.#download(job.totals, new Uint32Array(job.rows));
      const bases = this.#download(job.bases, new BigUint64Array(job.rows));
      const all = trays?.all ?? totals;
      return {
        ...{ plan, sources, rowBytes, narrow, rows, data, rest, ...made, all, bases, totals },
        trayCount: trays ? trays.rows * blocks : 0,
        processes: trays?.processes ?? processesOf(sources, all, layout),
      };
    });
  }

  /** Draws the synapses of all tables that have rows; returns as soon as the kernels are queued. */
  fill(): void {
    this.#walk("fillJobs", this.#fills.splice(0));
  }

  #makeTrays(plan: TrayPlan | undefined, blocks: number): Trays {
    if (!plan || plan.bytes === 0) return { trays: 0, trayBytes: 0 };
    const { bytes, first, rows } = plan;
    const size = bytes * rows * blocks;
    const trays = this.#device.alloc(size);
    // without synapses
    this.#device.fill(trays, 0xff, size);
    return { trays: trays - first * blocks * bytes, trayBytes: bytes };
  }

  /** weights and delays of a part */
  #drawn(p: Projection, part: Part): Job {
    const program = (v: SynapseValue): number[] =>
      v.kind === "distribution"
        ? SAMPLER_FIELDS.map((f) => v.sampler.program[f])
        : v.kind === "constant"
          ? [v.value]
          : [];
    const kind = (v: SynapseValue): number =>
      v.kind === "array" ? KINDS.length : v.kind === "constant" ? 0 : KINDS.indexOf(v.sampler.program.kind);
    const drawn = (v: SynapseValue) => (v.kind === "distribution" ? 1 : 0);
    const values: Job = {
      ...{ splits: part.splits ? 1 : 0, sign: part.sign, storesWeight: part.storesWeight ? 1 : 0 },
      ...{ drawsWeight: drawn(p.weight), drawsDelay: drawn(p.delay) },
      ...{ weightKind: kind(p.weight), weight: program(p.weight), delayKind: kind(p.delay) },
      ...{ delay: program(p.delay), factor: p.factor, magnitude: part.magnitude, perUnit: part.perUnit },
    };
    const f = p.plan.formula;
    if (p.weight.kind === "array") values.weightList = this.#put(p.weight.values);
    if (p.delay.kind === "array") values.delayList = this.#put(p.delay.values);
    // positions in the lists of a rule whose in-degrees differ
    if ((p.weight.kind === "array" || p.delay.kind === "array") && f?.rule === "fixed_total_number") {
      const n = p.endpoints.targets.length;
      const degrees = this.#download(this.#degrees.get(part.projection)!, new Uint32Array(n));
      const starts = new BigUint64Array(n);
      for (let i = 1; i < n; i++) starts[i] = starts[i - 1]! + BigInt(degrees[i - 1]!);
      values.starts = this.#put(starts);
    }
    return values;
  }

  /** indices of the sources of a part, of neighbours the first and the last, and how kernels find them */
  #sourceMap(part: Part, layout: RankLayout): { sources: Iterable<number>; values: Job } {
    const p = this.#network.projections[part.projection]!;
    const { sources } = p.endpoints;
    const index = (i: number) => layout.sourceIndex(p.alias === undefined ? sources.id(i) : p.alias + i);
    const runs = p.alias === undefined ? runsOfIds(sources) : [];
    const n = sources.length;
    if (runs.length === 1 && layout.contiguous) {
      const [first, last] = [index(0), index(n - 1)];
      const find = populationFinder(this.#network.populations);
      const population = find(runs[0]!.first);
      if (last - first === n - 1 && population >= 0 && find(runs[0]!.first + n - 1) === population)
        return { sources: [first, last], values: { firstSourceRank: first } };
    }
    const ranks = new Uint32Array(n).fill(NOWHERE);
    for (let i = 0; i < n; i++) {
      const at = index(i);
      // of a spike generator with weights of its own only one source is used
      if (at >= 0) ranks[i] = at;
    }
    const values = { sourceRanks: this.#put(ranks) };
    return { sources: ranks.filter((at) => at !== NOWHERE), values };
  }

  #targetMap(
    p: Projection,
    part: Part,
    range: Run | undefined,
    layout: RankLayout,
    find: (id: number) => number,
  ): Job {
    const { targets } = p.endpoints;
    const from = range?.position ?? 0;
    const n = range?.length ?? targets.length;
    const [only, ...others] = runsOfIds(targets);
    if (layout.contiguous && only && others.length === 0) {
      // neighbours within one population are neighbours in index
      const id = only.first + from;
      const k = find(id);
      if (part.populations.includes(k) && find(id + n - 1) === k)
        return { firstTargetRank: layout.indexOf(k, id - this.#network.populations[k]!.first) };
    }
    const ranks = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      const id = targets.id(from + i);
      const k = find(id);
      ranks[i] = part.populations.includes(k)
        ? layout.indexOf(k, id - this.#network.populations[k]!.first)
        : NOWHERE;
    }
    return { targetRanks: this.#put(ranks) };
  }
}

/** Whose neurons have synapses in a table. */
function processesOf(sources: SourceRows, totals: Uint32Array, layout: RankLayout): number[] {
  const found = new Set<number>();
  for (let row = 0; row < totals.length && found.size < layout.processes; row++)
    if (totals[row]! > 0) found.add(layout.processOf(sources.source(row)));
  return [...found];
}

/** The positions of the targets that lie in a part's populations, as ranges. */
function targetRanges(p: Projection, part: Part, find: (id: number) => number): Run[] {
  const { targets } = p.endpoints;
  if (p.receptors.size === part.populations.length)
    return [{ position: 0, first: targets.id(0), length: targets.length }];
  const ranges: Run[] = [];
  let start = -1;
  for (let i = 0; i <= targets.length; i++) {
    const inside = i < targets.length && part.populations.includes(find(targets.id(i)));
    if (inside && start < 0) start = i;
    if (!inside && start >= 0) {
      ranges.push({ position: start, first: targets.id(start), length: i - start });
      start = -1;
    }
  }
  return ranges;
}
