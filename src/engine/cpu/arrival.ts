/**
 * Plans delivery at arrival. Where delays vary and rings of many rows would not stay in a core's cache, the synapses of all tiles
 * of a thread are joined, by source and delay, and each step adds what arrives to one row of sums. Tiles remain the units of
 * construction and update.
 */

import { SynfireError } from "../../errors.js";
import type { Calibration } from "../calibration.js";
import type { Network } from "../network.js";
import type { Arena } from "./arena.js";
import type { BlockPlanner, BlockShape, PlannedBlock } from "./blocks.js";
import type { TileShape } from "./partition.js";
import { Block, BlockKind, BYTES_PER_SYNAPSE, Domain, Fixed, REMEMBERED } from "./tile-format.js";

export type Delivery = "auto" | "emission" | "arrival";

/** One call while a network is built: a pass of a block's kernel, or a function of the build module. */
export type BuildStep =
  | { readonly pass: "count" | "fill"; readonly block: PlannedBlock; readonly job: number }
  | readonly [name: string, ...args: number[]];

export interface ArrivalBlock {
  readonly projections: readonly number[];
  readonly receptor: number;
  readonly kind: number;
  readonly firstSource: number;
  readonly sourceCount: number;
  readonly pointers: number;
  readonly data: number;
  readonly unit: number;
  readonly minDelay: number;
  readonly delayCount: number;
  readonly bytes: number;
}

export interface ArrivalDomain {
  /** indices of the thread's tiles, and where the neurons of each begin in a row */
  readonly tiles: readonly number[];
  readonly offsets: readonly number[];
  readonly neurons: number;
  readonly receptors: number;
  readonly row: number;
  readonly pending: number;
  readonly pendingRows: number;
  readonly descriptor: number;
  readonly blocks: readonly ArrivalBlock[];
}

/** Rings of a thread that are larger than this, in bytes, make delivery at emission miss the cache. */
const RINGS_TOO_LARGE = 2 * 2 ** 20;
/** Slices shorter than this on average cost more to find than to walk. */
const WORTH_A_SLICE = 4;
const DOMAIN_NEURONS = 65536;

/** @throws SynfireError "bad-option" if arrival is asked for and impossible */
export function chooseDelivery(
  wanted: Delivery,
  network: Network,
  calibration: Calibration,
  planner: BlockPlanner,
  tiles: readonly TileShape[],
  threads: number,
): "emission" | "arrival" {
  if (wanted === "emission") return "emission";
  const shapes = tiles.flatMap((tile) => network.projections.flatMap((_, k) => planner.shapes(k, tile)));
  const possible =
    calibration.rings.flat().every((r) => r.form === "i32") &&
    shapes.every(
      (s) =>
        s.sign === 0 &&
        (s.encoding === "constant" || (s.encoding === "packed" && s.recipe.sources === "drawn")),
    );
  if (wanted === "arrival") {
    if (!possible)
      throw new SynfireError(
        "bad-option",
        "delivery: arrival needs float32 and synapses of two or four bytes.",
        "delivery",
      );
    return "arrival";
  }
  const packed = shapes.filter((s) => s.encoding === "packed");
  if (!possible || packed.length === 0) return "emission";
  const ringBytes = tiles.reduce(
    (n, t) => n + 2 ** (t.rowCountBits + t.targetBits) * 4 * calibration.rings[t.population]!.length,
    0,
  );
  const synapses = packed.reduce((n, s) => n + s.capacity, 0);
  const neurons = tiles.reduce((n, t) => n + t.padded, 0);
  const domains = Math.max(threads, Math.ceil(neurons / DOMAIN_NEURONS));
  const slices = network.idCount * domains * calibration.maxDelay;
  return ringBytes / threads > RINGS_TOO_LARGE && synapses / slices >= WORTH_A_SLICE ? "arrival" : "emission";
}

export interface ArrivalPlan {
  readonly domains: readonly ArrivalDomain[];
  /** by tile of the thread, by receptor */
  readonly rings: readonly (readonly number[])[];
  readonly steps: readonly BuildStep[];
  /** blocks that the host generates, by tile */
  readonly given: readonly (readonly PlannedBlock[])[];
  readonly shapes: readonly BlockShape[];
  readonly ringBytes: number;
}

export function planArrival(
  arena: Arena,
  network: Network,
  calibration: Calibration,
  planner: BlockPlanner,
  tiles: readonly TileShape[],
  boundaries: readonly number[],
  interval: number,
): ArrivalPlan {
  const begin = arena.end;
  const domains: { tiles: number[]; offsets: number[]; neurons: number }[] = [];
  tiles.forEach((tile, i) => {
    let last = domains[domains.length - 1];
    if (!last || last.neurons + tile.padded > DOMAIN_NEURONS)
      domains.push((last = { tiles: [], offsets: [], neurons: 0 }));
    last.offsets.push(last.neurons);
    last.tiles.push(i);
    last.neurons += tile.padded;
  });
  const rings: number[][] = tiles.map(() => []);
  const steps: BuildStep[] = [];
  const given: PlannedBlock[][] = tiles.map(() => []);
  const allShapes: BlockShape[] = [];
  let scratchBytes = 0;
  const scratchUsers: ((scratch: number) => void)[] = [];
  const placed = domains.map((domain): Omit<ArrivalDomain, "descriptor"> => {
    const receptors = Math.max(
      1,
      ...domain.tiles.map((t) => calibration.rings[tiles[t]!.population]!.length),
    );
    const row = arena.alloc(4 * receptors * domain.neurons, 64);
    const pendingRows = calibration.maxDelay;
    const pending = arena.alloc(4 * receptors * domain.neurons * pendingRows, 64);
    domain.tiles.forEach((t, k) => {
      rings[t] = calibration.rings[tiles[t]!.population]!.map(
        (_, r) => row + 4 * (r * domain.neurons + domain.offsets[k]!),
      );
    });
    const shapes = domain.tiles.flatMap((t, k) =>
      network.projections.flatMap((_, projection) =>
        planner
          .shapes(projection, tiles[t]!)
          .map((shape) => ({ shape, tile: t, offset: domain.offsets[k]! })),
      ),
    );
    allShapes.push(...shapes.map((s) => s.shape));
    const groups = new Map<string, typeof shapes>();
    for (const s of shapes) {
      const { projection, firstSource, sourceCount, receptor, unit, encoding, delay } = s.shape;
      const key = JSON.stringify([
        firstSource,
        sourceCount,
        receptor,
        unit,
        encoding,
        encoding === "constant" ? [projection, delay] : 0,
      ]);
      const members = groups.get(key);
      if (members) members.push(s);
      else groups.set(key, [s]);
    }
    const blocks = [...groups.values()].map((members): ArrivalBlock => {
      const first = members[0]!.shape;
      const synapses = members.reduce((n, m) => n + m.shape.capacity, 0);
      const delays = members.map(
        (m) => calibration.projections.get(network.projections[m.shape.projection]!)!,
      );
      const minDelay = Math.min(...delays.map((d) => d.minDelay));
      const delayCount = Math.max(...delays.map((d) => d.maxDelay)) - minDelay + 1;
      const before = arena.end;
      const pointers = arena.alloc(4 * (first.sourceCount * delayCount + 2), 64);
      const data = arena.alloc(BYTES_PER_SYNAPSE[first.kind]! * synapses, 64);
      const block = {
        projections: [...new Set(members.map((m) => m.shape.projection))],
        receptor: first.receptor,
        kind: first.kind,
        firstSource: first.firstSource,
        sourceCount: first.sourceCount,
        pointers,
        data,
        unit: first.unit,
        minDelay,
        delayCount,
        bytes: arena.end - before,
      };
      if (first.encoding === "constant") {
        const ready = members.map((m) => ({
          ...m,
          block: planner.place(m.shape, pointers, data, arena, m.offset),
        }));
        // synapses of the host and of the kernels never mix in one projection
        if (first.recipe.sources === "given") ready.forEach((m) => given[m.tile]!.push(m.block));
        else
          steps.push(
            ...passes(
              ready.map((m) => m.block),
              pointers,
              first.sourceCount,
            ),
          );
        return block;
      }
      const list = arena.alloc(16 * members.length, 16);
      let used = 0;
      const places = members.map((m) => {
        const at = used;
        used += aligned(4 * (first.sourceCount + 2)) + aligned(4 * m.shape.capacity);
        return at;
      });
      scratchBytes = Math.max(scratchBytes, used);
      const position = steps.length;
      steps.push(["placeholder"]);
      scratchUsers.push((scratch) => {
        const own: BuildStep[] = [];
        const words: number[] = [];
        members.forEach((m, k) => {
          const tilePointers = scratch + places[k]!;
          const tileData = tilePointers + aligned(4 * (first.sourceCount + 2));
          const placedBlock = planner.place(m.shape, tilePointers, tileData, arena);
          own.push(
            ["clear", tilePointers, 4 * (first.sourceCount + 2)],
            ...passes([placedBlock], tilePointers, first.sourceCount),
          );
          words.push(tilePointers, tileData, m.shape.tile.targetBits, m.offset);
        });
        arena.later((buffer) => new Uint32Array(buffer, list, words.length).set(words));
        own.push(["merge", list, members.length, first.sourceCount, delayCount, minDelay, pointers, data]);
        replacements.set(position, own);
      });
      return block;
    });
    return { ...domain, receptors, row, pending, pendingRows, blocks };
  });
  const replacements = new Map<number, BuildStep[]>();
  const scratch = arena.alloc(scratchBytes, 64);
  for (const use of scratchUsers) use(scratch);
  const written = placed.map((d) => ({ ...d, groups: writeGroups(arena, boundaries, d) }));
  const descriptors = arena.alloc(4 * Domain.words * Math.max(1, written.length), 64);
  const history = planHistory(arena, network, calibration, interval);
  arena.later((buffer) => {
    written.forEach((d, i) => {
      const w = new Uint32Array(buffer, descriptors + 4 * Domain.words * i, Domain.words);
      w[Domain.groups] = d.groups;
      w[Domain.minDelay] = Math.min(...d.blocks.map((b) => b.minDelay), calibration.maxDelay);
      w[Domain.maxDelay] = Math.max(...d.blocks.map((b) => b.minDelay + b.delayCount - 1), 0);
      w[Domain.row] = d.row;
      w[Domain.rowBytes] = 4 * d.receptors * d.neurons;
      w[Domain.pending] = d.pending;
    });
    const fixed = new Uint32Array(buffer, 0, Fixed.end / 4);
    fixed[Fixed.domainCount / 4] = written.length;
    fixed[Fixed.domains / 4] = descriptors;
    fixed[Fixed.entries / 4] = history.entries;
    fixed[Fixed.entryMask / 4] = history.entryCount - 1;
    fixed[Fixed.heads / 4] = history.heads;
    fixed[Fixed.headMask / 4] = history.headCount - 1;
    fixed[Fixed.longest / 4] = calibration.maxDelay;
  });
  return {
    domains: written.map((d, i) => ({ ...d, descriptor: descriptors + 4 * Domain.words * i })),
    rings,
    steps: steps.flatMap((s, i) => replacements.get(i) ?? [s]),
    given,
    shapes: allShapes,
    ringBytes: arena.end - begin,
  };
}

const aligned = (bytes: number) => Math.ceil(bytes / 64) * 64;
const nextPower = (n: number) => 2 ** Math.ceil(Math.log2(Math.max(2, n)));

/** counts, positions, and fills blocks that share their pointers */
export function passes(blocks: readonly PlannedBlock[], pointers: number, sources: number): BuildStep[] {
  const all = (pass: "count" | "fill"): BuildStep[] =>
    blocks.flatMap((block) => block.jobs.map((j) => ({ pass, block, job: j.address })));
  return [...all("count"), ["prefix", pointers, sources], ...all("fill")];
}

/** spikes of the last steps, by step: room for four of every neuron */
function planHistory(arena: Arena, network: Network, calibration: Calibration, interval: number) {
  const headCount = nextPower(calibration.maxDelay + interval + 2);
  const entryCount = nextPower(Math.max(65536, Math.min(2 ** 24, 4 * network.idCount)));
  return {
    headCount,
    entryCount,
    heads: arena.alloc(8 * headCount, 64),
    entries: arena.alloc(REMEMBERED * entryCount, 64),
  };
}

function writeGroups(
  arena: Arena,
  boundaries: readonly number[],
  d: Omit<ArrivalDomain, "descriptor">,
): number {
  const rows: number[][] = [];
  const starts: number[] = [];
  for (const from of boundaries) {
    starts.push(rows.length);
    for (const b of d.blocks) {
      if (from < b.firstSource || from >= b.firstSource + b.sourceCount) continue;
      const row = new Uint32Array(Block.words);
      row[Block.kind] = b.kind === BlockKind.constant32 ? BlockKind.constant32 : BlockKind.packed32;
      row[Block.pointers] = b.pointers;
      row[Block.firstSource] = b.firstSource;
      row[Block.sourceCount] = b.sourceCount;
      row[Block.data] = b.data;
      row[Block.ring] = d.row + 4 * b.receptor * d.neurons;
      row[Block.delay] = b.minDelay;
      row[Block.delayCount] = b.delayCount;
      row[Block.weight] = b.unit | 0;
      rows.push([...row]);
    }
  }
  starts.push(rows.length);
  const address = arena.words(rows.flat());
  return arena.words(starts.map((s) => address + 4 * Block.words * s));
}
