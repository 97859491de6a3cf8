/** Plans the memory of every thread: arrays and rings of its tiles, blocks of synapses, drives, samples, buffers. */

import { isIntegrated } from "../../compiler/program.js";
import { SynfireError } from "../../errors.js";
import type { Calibration } from "../calibration.js";
import type { Network, SampleRequest, Values } from "../network.js";
import { Arena } from "./arena.js";
import {
  type ArrivalPlan,
  type BuildStep,
  chooseDelivery,
  type Delivery,
  passes,
  planArrival,
} from "./arrival.js";
import { BlockPlanner, type PlannedBlock } from "./blocks.js";
import { type PlacedDrive, writeDrives } from "./drives.js";
import { type Recipe, recipeKey } from "./kernels/build.js";
import { lanesOf, planArrays, type Variant } from "./kernels/update.js";
import type { TileShape } from "./partition.js";
import { Block, BYTES_PER_SYNAPSE, Fixed, SampleType, SampleWord, SPIKE_BYTES, Tile } from "./tile-format.js";

/** Addresses of what belongs to one tile. */
export interface TileArrays {
  readonly state: readonly number[];
  readonly constant: readonly ({ readonly address: number; readonly uniform: boolean } | undefined)[];
  readonly continuous: readonly (number | undefined)[];
  readonly rings: readonly number[];
}

export interface ThreadPlan {
  readonly arena: Arena;
  readonly bytes: number;
  readonly neuronBytes: number;
  readonly ringBytes: number;
  readonly tiles: readonly TileShape[];
  readonly arrays: readonly TileArrays[];
  /** by tile */
  readonly blocks: readonly (readonly (PlannedBlock & { readonly bytes: number })[])[];
  readonly drives: readonly PlacedDrive[];
  readonly sampleGroups: readonly {
    readonly request: number;
    readonly descriptor: number;
    readonly buffer: number;
    readonly rows: number;
    /** position of each value of a row in the request's row */
    readonly columns: readonly number[];
  }[];
  readonly tileList: number;
  readonly groupOf: number;
  readonly outbox: number;
  readonly outboxEnd: number;
  readonly outboxWorst: number;
  readonly inbox: number;
  readonly inboxEnd: number;
  readonly interval: number;
  /** room for synapses that the host generates */
  readonly staging: number;
  /** delivery at arrival; undefined: at emission */
  readonly arrival: ArrivalPlan | undefined;
  /** what the kernels do to build the thread's synapses */
  readonly steps: readonly BuildStep[];
}

/** Sub-steps that all neurons of a vector wait for; those that need more are collected. */
const ROUNDS = 1;
export const STAGED = 65536;
/** Bytes of what one interval can publish at most; longer intervals are cut. */
const MOST_PUBLISHED = 32 * 2 ** 20;
/** Room for recorded spikes, in bytes, beside what three intervals can publish. */
const RECORDED = 4 * 2 ** 20;
const INBOX = 256 * 1024;
const SAMPLE_BYTES = 4 * 2 ** 20;

/** Steps between two exchanges of spikes: the shortest delay, or fewer where threads have very many neurons. */
export function intervalOf(calibration: Calibration, tiles: readonly TileShape[], threads: number): number {
  const neurons = new Float64Array(threads);
  for (const tile of tiles) neurons[tile.thread]! += tile.size;
  const most = neurons.reduce((a, b) => Math.max(a, b), 1);
  return Math.max(1, Math.min(calibration.minDelay, Math.floor(MOST_PUBLISHED / (most * SPIKE_BYTES))));
}

export function planThreads(
  network: Network,
  calibration: Calibration,
  tiles: readonly TileShape[],
  threads: number,
  samples: readonly SampleRequest[],
  wanted: Delivery,
  interval: number,
): { plans: ThreadPlan[]; recipes: Recipe[]; variants: Variant[]; delivery: "emission" | "arrival" } {
  const planner = new BlockPlanner(network, calibration);
  const delivery = chooseDelivery(wanted, network, calibration, planner, tiles, threads);
  const { boundaries, groupOf } = groupSources(network, planner);
  const variants: Variant[] = [];
  const variantOf = network.populations.map((p): number => {
    const variant: Variant = {
      program: p.program,
      uniform: p.constants.map((c) => typeof c === "number"),
      rings: calibration.rings[p.index]!.map((r) => r.form),
    };
    const same = variants.findIndex(
      (v) =>
        v.program === variant.program &&
        String(v.uniform) === String(variant.uniform) &&
        String(v.rings) === String(variant.rings),
    );
    return same >= 0 ? same : variants.push(variant) - 1;
  });
  const recipes = new Map<string, Recipe>();
  const neuronsOf = (t: number) => tiles.reduce((n, tile) => n + (tile.thread === t ? tile.size : 0), 0);
  const plans = Array.from({ length: threads }, (_, t): ThreadPlan => {
    const arena = new Arena(Fixed.end);
    const own = tiles.filter((tile) => tile.thread === t);
    const drives: PlacedDrive[] = [];
    const sampleGroups: ThreadPlan["sampleGroups"][number][] = [];
    const arrays: TileArrays[] = [];
    const blocks: (PlannedBlock & { bytes: number })[][] = [];
    const addresses: number[] = [];
    let [neuronBytes, ringBytes] = [0, 0];
    const arrival =
      delivery === "arrival"
        ? planArrival(arena, network, calibration, planner, own, boundaries, interval)
        : undefined;
    for (const shape of arrival?.shapes ?? []) recipes.set(recipeKey(shape.recipe), shape.recipe);
    const steps: BuildStep[] = [...(arrival?.steps ?? [])];
    for (const [position, tile] of own.entries()) {
      const population = network.populations[tile.population]!;
      const variant = variants[variantOf[tile.population]!]!;
      const start = arena.end;
      const { layout, list, uniforms } = planTileArrays(arena, network, calibration, tile, variant);
      neuronBytes += arena.end - start;
      const ringStart = arena.end;
      const rings = arrival
        ? arrival.rings[position]!
        : calibration.rings[tile.population]!.map((r) =>
            arena.alloc(2 ** (tile.rowCountBits + tile.targetBits) * (r.form === "f64" ? 8 : 4), 64),
          );
      ringBytes += arena.end - ringStart;
      const planned = arrival
        ? arrival.given[position]!.map((b) => ({ ...b, bytes: 0 }))
        : network.projections.flatMap((_, k) =>
            planner.shapes(k, tile).map((shape) => {
              const before = arena.end;
              const pointers = arena.alloc(4 * (shape.sourceCount + 2), 64);
              const data = arena.alloc(BYTES_PER_SYNAPSE[shape.kind]! * shape.capacity, 64);
              return { ...planner.place(shape, pointers, data, arena), bytes: arena.end - before };
            }),
          );
      for (const b of planned) {
        recipes.set(recipeKey(b.recipe), b.recipe);
        if (b.recipe.sources === "drawn") steps.push(...passes([b], b.pointers, b.sourceCount));
      }
      const groups = arrival ? 0 : writeBlocks(arena, boundaries, planned, rings);
      const driveWords = writeDrives(arena, network, calibration, planner, tile, rings, drives);
      const sampleWords = planSamples(arena, network, tile, samples, layout.state, sampleGroups);
      const descriptor = new Uint32Array(Tile.rings + rings.length + list.length);
      descriptor[Tile.size] = tile.size;
      descriptor[Tile.padded] = tile.padded;
      descriptor[Tile.firstId] = population.first + tile.from;
      descriptor[Tile.update] = variantOf[tile.population]!;
      descriptor[Tile.driveCount] = driveWords.count;
      descriptor[Tile.drives] = driveWords.address;
      descriptor[Tile.groups] = groups;
      descriptor[Tile.sampleCount] = sampleWords.count;
      descriptor[Tile.samples] = sampleWords.address;
      descriptor[Tile.uniforms] = uniforms;
      descriptor[Tile.rowMask] = arrival ? 0 : 2 ** tile.rowCountBits - 1;
      descriptor[Tile.rowBits] = arrival ? 0 : tile.targetBits;
      descriptor[Tile.ringMask] = 2 ** (tile.rowCountBits + tile.targetBits) - 1;
      descriptor[Tile.maxEmission] = Math.min(population.maxEmission, 65535);
      descriptor[Tile.key0] = population.key[0];
      descriptor[Tile.key1] = population.key[1];
      const elements = [
        ...calibration.rings[tile.population]!.map((r) => (r.form === "f64" ? 8 : 4)),
        ...planArrays(variant).arrays.map((a) => (a.wide ? 8 : 4)),
      ];
      descriptor[Tile.laneMask] = lanesOf(population.program) - 1;
      descriptor[Tile.limit] = ROUNDS;
      descriptor[Tile.ringCount] = rings.length;
      descriptor[Tile.arrayCount] = list.length;
      descriptor[Tile.elementBytes] = arena.words(elements);
      if (isIntegrated(variant.program)) {
        descriptor[Tile.late] = arena.alloc(4 * (tile.padded + 8), 16);
        descriptor[Tile.collector] = planCollector(arena, descriptor, tile, elements);
      }
      descriptor.set(rings, Tile.rings);
      descriptor.set(list, Tile.rings + rings.length);
      addresses.push(arena.words(descriptor));
      arrays.push({ ...layout, rings });
      blocks.push(planned);
    }
    const outboxWorst = Math.max(SPIKE_BYTES, neuronsOf(t) * interval * SPIKE_BYTES);
    const outbox = arena.alloc(3 * outboxWorst + RECORDED);
    const outboxEnd = arena.end;
    const inbox = arena.alloc(INBOX);
    const inboxEnd = arena.end;
    const tileList = arena.words(addresses);
    const groupTable = arena.alloc(2 * Math.max(1, network.idCount));
    arena.later((buffer) => {
      new Uint16Array(buffer, groupTable, groupOf.length).set(groupOf);
      new Uint32Array(buffer)[Fixed.groupOf / 4] = groupTable;
    });
    const given = blocks.flat().some((b) => b.recipe.sources === "given");
    const staging = given ? arena.alloc(STAGED * 28) : 0;
    return {
      arena,
      bytes: arena.end + 64,
      neuronBytes,
      ringBytes:
        ringBytes +
        (arrival?.ringBytes ?? 0) -
        (arrival ? arrival.domains.reduce((n, d) => n + d.blocks.reduce((m, b) => m + b.bytes, 0), 0) : 0),
      arrival,
      steps,
      tiles: own,
      arrays,
      blocks,
      drives,
      sampleGroups,
      tileList,
      groupOf: groupTable,
      outbox,
      outboxEnd,
      outboxWorst,
      inbox,
      inboxEnd,
      interval,
      staging,
    };
  });
  return { plans, recipes: [...recipes.values()], variants, delivery };
}

/** Ids that the same projections have as sources form a group: a spike finds its blocks by the group of its id. */
function groupSources(
  network: Network,
  planner: BlockPlanner,
): { boundaries: number[]; groupOf: Uint16Array } {
  const cuts = new Set<number>([0]);
  for (const p of network.projections) {
    const runs = planner.sourceRuns(p);
    if (runs.length === 0) continue;
    cuts.add(Math.min(...runs.map((r) => r.first)));
    cuts.add(Math.max(...runs.map((r) => r.first + r.length)));
  }
  const boundaries = [...cuts].filter((c) => c < network.idCount).sort((a, b) => a - b);
  if (boundaries.length > 65535) {
    throw new SynfireError(
      "too-many-projections",
      `connect() was called with ${boundaries.length} different ranges of sources; 65,535 is the most. Connect larger collections, or use lists.`,
    );
  }
  const groupOf = new Uint16Array(network.idCount);
  boundaries.forEach((from, g) => {
    groupOf.fill(g, from, boundaries[g + 1] ?? network.idCount);
  });
  return { boundaries, groupOf };
}

/** @returns the address of the table from group to blocks */
function writeBlocks(
  arena: Arena,
  boundaries: readonly number[],
  blocks: readonly PlannedBlock[],
  rings: readonly number[],
): number {
  const rows: number[][] = [];
  const starts: number[] = [];
  for (const from of boundaries) {
    starts.push(rows.length);
    for (const b of blocks) {
      if (from < b.firstSource || from >= b.firstSource + b.sourceCount) continue;
      const row = new Uint32Array(Block.words);
      row[Block.kind] = b.kind;
      row[Block.pointers] = b.pointers;
      row[Block.firstSource] = b.firstSource;
      row[Block.sourceCount] = b.sourceCount;
      row[Block.data] = b.data;
      row[Block.ring] = rings[b.receptor]!;
      row[Block.delay] = b.delay;
      row[Block.weight] = b.unit | 0;
      new Float64Array(row.buffer, 4 * Block.weight64, 1)[0] = b.unit;
      rows.push([...row]);
    }
  }
  starts.push(rows.length);
  const address = arena.words(rows.flat());
  return arena.words(starts.map((s) => address + 4 * Block.words * s));
}

function planTileArrays(
  arena: Arena,
  network: Network,
  calibration: Calibration,
  tile: TileShape,
  variant: Variant,
) {
  const population = network.populations[tile.population]!;
  const { program } = population;
  const wide = program.real === "f64";
  const plan = planArrays(variant);
  const state: number[] = [];
  const constant: ({ address: number; uniform: boolean } | undefined)[] = program.constants.map(
    () => undefined,
  );
  const continuous: (number | undefined)[] = program.continuous.map(() => undefined);
  const write = (address: number, values: Values, real: boolean) => {
    arena.later((buffer) => {
      const array = real
        ? wide
          ? new Float64Array(buffer, address, tile.padded)
          : new Float32Array(buffer, address, tile.padded)
        : new Int32Array(buffer, address, tile.padded);
      if (typeof values === "number") array.fill(values);
      else {
        array.set(values.subarray(tile.from, tile.from + tile.size));
        array.fill(values[tile.from]!, tile.size);
      }
    });
  };
  const list = plan.arrays.map(({ binding, wide: w }) => {
    const address = arena.alloc(tile.padded * (w ? 8 : 4), 64);
    const b = program.bindings[binding]!;
    if (b.kind === "state") {
      state[b.index] = address;
      write(address, population.states[b.index]!, program.states[b.index]!.type === "real");
    } else if (b.kind === "constant") {
      constant[b.index] = { address, uniform: false };
      write(address, population.constants[b.index]!, program.constants[b.index]!.type === "real");
    } else if (b.kind === "continuous") continuous[b.index] = address;
    return address;
  });
  const uniforms = arena.alloc(8 * Math.max(1, plan.uniforms.length), 64);
  plan.uniforms.forEach((u, k) => {
    const address = uniforms + 8 * k;
    if (u >= 0) constant[u] = { address, uniform: true };
    arena.later((buffer) => {
      if (u < 0) {
        const ring = calibration.rings[tile.population]![-1 - u]!;
        if (ring.form === "f64") new Float64Array(buffer, address, 1)[0] = 2 ** ring.exponent;
        else new Float32Array(buffer, address, 1)[0] = 2 ** ring.exponent;
      } else if (program.constants[u]!.type === "i32")
        new Int32Array(buffer, address, 1)[0] = population.constants[u] as number;
      else if (wide) new Float64Array(buffer, address, 1)[0] = population.constants[u] as number;
      else new Float32Array(buffer, address, 1)[0] = population.constants[u] as number;
    });
  });
  return { layout: { state, constant, continuous }, list, uniforms };
}

/** A tile that takes over the neurons whose integration needs many sub-steps: room for all, with the same uniforms. */
function planCollector(
  arena: Arena,
  tile: Uint32Array,
  shape: TileShape,
  elementBytes: readonly number[],
): number {
  const collector = Uint32Array.from(tile);
  collector[Tile.limit] = 2 ** 31 - 1;
  collector[Tile.ids] = arena.alloc(4 * (shape.padded + 8), 16);
  collector[Tile.rowMask] = 0;
  collector[Tile.driveCount] = 0;
  collector[Tile.sampleCount] = 0;
  elementBytes.forEach((bytes, k) => {
    collector[Tile.rings + k] = arena.alloc(bytes * (shape.padded + 8), 64);
  });
  return arena.words(collector);
}

function planSamples(
  arena: Arena,
  network: Network,
  tile: TileShape,
  samples: readonly SampleRequest[],
  state: readonly number[],
  groups: ThreadPlan["sampleGroups"][number][],
): { count: number; address: number } {
  const { program } = network.populations[tile.population]!;
  const rows: Uint32Array[] = [];
  const made: { request: number; buffer: number; rows: number; columns: number[] }[] = [];
  samples.forEach((s, request) => {
    if (s.population !== tile.population) return;
    const items: number[] = [];
    const columns: number[] = [];
    s.neurons.forEach((neuron, n) => {
      if (neuron < tile.from || neuron >= tile.from + tile.size) return;
      s.slots.forEach((slot, k) => {
        const real = program.states[slot]!.type === "real";
        const wide = real && program.real === "f64";
        items.push(
          (state[slot]! + (neuron - tile.from) * (wide ? 8 : 4)) |
            (wide ? SampleType.f64 : real ? SampleType.f32 : SampleType.i32),
        );
        columns.push(n * s.slots.length + k);
      });
    });
    if (items.length === 0) return;
    const count = Math.max(16, Math.min(4096, Math.floor(SAMPLE_BYTES / (8 * items.length))));
    const list = arena.words(items);
    const buffer = arena.alloc(8 * items.length * count, 64);
    const row = new Uint32Array(SampleWord.words);
    row[SampleWord.interval] = s.interval;
    row[SampleWord.offset] = s.offset;
    row[SampleWord.start] = s.start;
    row[SampleWord.stop] = Math.min(s.stop, 2 ** 32 - 1);
    row[SampleWord.items] = list;
    row[SampleWord.itemCount] = items.length;
    row[SampleWord.cursor] = buffer;
    row[SampleWord.end] = buffer + 8 * items.length * count;
    rows.push(row);
    made.push({ request, buffer, rows: count, columns });
  });
  const address = arena.words(rows.flatMap((r) => [...r]));
  made.forEach((g, i) => groups.push({ ...g, descriptor: address + 4 * SampleWord.words * i }));
  return { count: rows.length, address };
}
