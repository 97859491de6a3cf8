/** Writes the descriptors of Poisson input to a tile. */

import { Purpose, streamKey } from "../../random/streams.js";
import { type Calibration, delaySteps, fixedWeight, receptorOf } from "../calibration.js";
import type { Drive, Network } from "../network.js";
import type { Run } from "../runs.js";
import { forEachSynapse } from "../synapses.js";
import type { Arena } from "./arena.js";
import type { BlockPlanner } from "./blocks.js";
import type { TileShape } from "./partition.js";
import { DRIVE_ENTRY, DriveWord } from "./tile-format.js";

/** With more thresholds than this, comparing with all of them is slower than a search. */
const MOST_COMPARED = 96;
/** Thresholds of a higher rate find room for so many more. */
const SPARE = 32;

/** Where the descriptor of a drive is, and how many thresholds it has room for. */
export interface PlacedDrive {
  readonly drive: number;
  readonly address: number;
  readonly room: { readonly splats: number; readonly thresholds: number };
}

interface PoissonTable {
  readonly first: number;
  readonly thresholds: Float64Array;
}

/** upper 16 of 48 bits of the thresholds; at the top, one copy marks the draws that need more bits */
function upperBits(table: PoissonTable): number[] {
  const upper: number[] = [];
  for (const t of table.thresholds) {
    const h = Math.floor(t / 2 ** 32);
    if (h < 65535 || (h === 65535 && upper[upper.length - 1] !== 65535)) upper.push(h);
  }
  return upper;
}

/** counts of all neurons of a tile are compared with all thresholds at once */
const isDense = (table: PoissonTable, upper: readonly number[]): boolean =>
  upper.length <= MOST_COMPARED && table.first < 32768;

/** Puts another rate in place. @returns false if there is no room for its thresholds */
export function replaceRate(buffer: ArrayBufferLike, placed: PlacedDrive, table: PoissonTable): boolean {
  const words = new Uint32Array(buffer, placed.address, DriveWord.words);
  const upper = upperBits(table);
  if (upper.length > placed.room.splats || table.thresholds.length > placed.room.thresholds) return false;
  if (words[DriveWord.kind] === 0 && !isDense(table, upper)) return false;
  new Uint32Array(buffer, words[DriveWord.splats]!, upper.length).set(upper.map((h) => h * 65537));
  new Float64Array(buffer, words[DriveWord.thresholds]!, table.thresholds.length).set(table.thresholds);
  words[DriveWord.splatCount] = upper.length;
  words[DriveWord.thresholdCount] = table.thresholds.length;
  words[DriveWord.first] = table.first;
  words[DriveWord.base] = table.first;
  // what was drawn ahead was drawn with the old rate
  words[DriveWord.bufferGroup] = 0xffffffff;
  return true;
}

export function writeDrives(
  arena: Arena,
  network: Network,
  calibration: Calibration,
  planner: BlockPlanner,
  tile: TileShape,
  rings: readonly number[],
  addresses: PlacedDrive[],
): { count: number; address: number } {
  const rows: Uint32Array[] = [];
  const made: number[] = [];
  network.drives.forEach((drive, k) => {
    const runs = planner.targetsIn(drive.projection, tile);
    if (runs.length === 0) return;
    for (const row of driveRows(arena, network, calibration, tile, rings, drive, runs)) {
      rows.push(row);
      made.push(k);
    }
  });
  const address = arena.words(rows.flatMap((r) => [...r]));
  made.forEach((drive, i) => {
    const [splats, thresholds] = [DriveWord.splatCount, DriveWord.thresholdCount].map(
      (w) => rows[i]![w]! + SPARE,
    ) as [number, number];
    addresses.push({ drive, address: address + 4 * DriveWord.words * i, room: { splats, thresholds } });
  });
  return { count: rows.length, address };
}

function driveRows(
  arena: Arena,
  network: Network,
  calibration: Calibration,
  tile: TileShape,
  rings: readonly number[],
  drive: Drive,
  runs: readonly Run[],
): Uint32Array[] {
  const p = drive.projection;
  const c = calibration.projections.get(p)!;
  const choice = p.receptors.get(tile.population)!;
  const table = calibration.poisson.get(drive.lambda)!;
  const upper = upperBits(table);
  const row = (receptor: number): { words: Uint32Array; doubles: DataView } => {
    const words = new Uint32Array(DriveWord.words);
    const [key0, key1] = streamKey(network.seed, Purpose.poisson, p.id);
    words[DriveWord.start] = drive.start;
    words[DriveWord.stop] = Math.min(drive.stop, 2 ** 32 - 1);
    words[DriveWord.ring] = rings[receptor]!;
    words[DriveWord.wide] = calibration.rings[tile.population]![receptor]!.form === "f64" ? 1 : 0;
    words[DriveWord.key0] = key0;
    words[DriveWord.key1] = key1;
    const splats = arena.alloc(4 * (upper.length + SPARE), 16);
    arena.later((buffer) => new Uint32Array(buffer, splats, upper.length).set(upper.map((h) => h * 65537)));
    words[DriveWord.splats] = splats;
    words[DriveWord.splatCount] = upper.length;
    const thresholds = arena.alloc(8 * (table.thresholds.length + SPARE), 64);
    arena.later((buffer) =>
      new Float64Array(buffer, thresholds, table.thresholds.length).set(table.thresholds),
    );
    words[DriveWord.thresholds] = thresholds;
    words[DriveWord.thresholdCount] = table.thresholds.length;
    words[DriveWord.first] = table.first;
    words[DriveWord.base] = table.first;
    words[DriveWord.bufferGroup] = 0xffffffff;
    return { words, doubles: new DataView(words.buffer) };
  };
  const whole = runs.length === 1 && runs[0]!.length === tile.size;
  const once = p.plan.maxIndegree === 1 && p.plan.total === p.endpoints.targets.length;
  if (whole && once && p.weight.kind === "constant" && p.delay.kind === "constant" && isDense(table, upper)) {
    const { receptor, value } = receptorOf(choice, p.weight.value * p.factor);
    const fixed = fixedWeight(value, c, p, calibration.rings[tile.population]![receptor]!);
    const { words, doubles } = row(receptor);
    words[DriveWord.delay] = delaySteps(p.delay.value, network.resolution);
    words[DriveWord.buffer] = arena.alloc(16 * tile.padded, 64);
    words[DriveWord.weight] = fixed | 0;
    doubles.setFloat64(4 * DriveWord.weight64, fixed, true);
    return [words];
  }
  // one list per receptor: target, ordinal, delay, weight
  const first = network.populations[tile.population]!.first + tile.from;
  const lists = new Map<number, number[]>();
  for (const run of runs) {
    forEachSynapse(
      network.seed,
      p,
      run.position,
      run.position + run.length,
      (_, target, weight, delay, ordinal) => {
        const { receptor, value } = receptorOf(choice, weight);
        let list = lists.get(receptor);
        if (!list) lists.set(receptor, (list = []));
        const fixed = fixedWeight(value, c, p, calibration.rings[tile.population]![receptor]!);
        list.push(
          p.endpoints.targets.id(target) - first,
          ordinal,
          delaySteps(delay, network.resolution),
          fixed,
        );
      },
    );
  }
  return [...lists].map(([receptor, list]) => {
    const { words } = row(receptor);
    const count = list.length / 4;
    const entries = arena.alloc(DRIVE_ENTRY * count, 64);
    arena.later((buffer) => {
      const view = new DataView(buffer, entries, DRIVE_ENTRY * count);
      for (let i = 0; i < count; i++) {
        for (let w = 0; w < 3; w++) view.setUint32(DRIVE_ENTRY * i + 4 * w, list[4 * i + w]!, true);
        view.setFloat64(DRIVE_ENTRY * i + 16, list[4 * i + 3]!, true);
      }
    });
    words[DriveWord.kind] = 1;
    words[DriveWord.entries] = entries;
    words[DriveWord.entryCount] = count;
    return words;
  });
}
