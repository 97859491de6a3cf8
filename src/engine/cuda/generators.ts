/** The Poisson generators of one GPU's neurons, in its memory. */

import type { DeviceNetworkParts } from "./device-network.js";
import type { CudaDevice, DevicePointer } from "./driver.js";
import { type DrivePlan, poissonTable } from "./drives.js";
import type { Cells, Memory } from "./samples.js";
import { type FieldValue, packAll } from "./struct.js";
import { Drive, DriveEntry } from "./structs.js";

export class Generators {
  /** address of the descriptors, those of one population after the other */
  readonly drives: DevicePointer;
  readonly #device: CudaDevice;
  readonly #plans: readonly DrivePlan[];
  readonly #rows: Record<string, FieldValue>[];
  readonly #memory: Memory;

  constructor({ device, drives, network }: DeviceNetworkParts, cells: Cells, memory: Memory) {
    this.#device = device;
    this.#memory = memory;
    const tables = new Map<BigUint64Array, { thresholds: DevicePointer; guide: DevicePointer }>();
    const sorted = [...drives].sort((a, b) => a.population - b.population);
    this.#plans = sorted;
    this.#rows = sorted.map((d) => {
      let table = tables.get(d.thresholds);
      if (!table)
        tables.set(
          d.thresholds,
          (table = { thresholds: memory.put(d.thresholds), guide: memory.put(d.guide) }),
        );
      const { start, stop } = network.drives[d.drive]!;
      const row: Record<string, FieldValue> = {
        ...{ start: Math.min(start, 2 ** 32 - 1), stop: Math.min(stop, 2 ** 32 - 1), delay: d.delay },
        ...{ receptor: d.receptor, key0: d.key[0], key1: d.key[1], first: d.first },
        ...{ count: d.thresholds.length, weight: BigInt(d.weight), ...table },
      };
      if (d.entries) {
        const counts = new Uint32Array(cells.count + 1);
        const lists = new Map<number, readonly { ordinal: number; delay: number; weight: number }[]>();
        cells.each(d.population, (i, cell) => {
          const list = d.entries!.get(i);
          if (list) lists.set(cell, list);
        });
        const rows: { ordinal: number; delay: number; weight: bigint }[] = [];
        for (let cell = 0; cell < cells.count; cell++) {
          for (const e of lists.get(cell) ?? []) rows.push({ ...e, weight: BigInt(e.weight) });
          counts[cell + 1] = rows.length;
        }
        row.entryStarts = memory.put(counts);
        row.entries = memory.put(packAll(DriveEntry, rows));
      }
      return row;
    });
    this.drives = memory.put(packAll(Drive, this.#rows));
  }

  /** which descriptors are a population's */
  of(population: number): { firstDrive: number; driveCount: number } {
    const first = this.#plans.findIndex((d) => d.population === population);
    const count = this.#plans.filter((d) => d.population === population).length;
    return { firstDrive: Math.max(0, first), driveCount: count };
  }

  /** another rate of a generator */
  setRate(drive: number, table: { readonly first: number; readonly thresholds: Float64Array }): void {
    const { first, guide, thresholds } = poissonTable(table);
    // the old table stays until the engine goes: rates change seldom, and a table is small
    const fields = {
      ...{ first, count: thresholds.length },
      ...{ thresholds: this.#memory.put(thresholds), guide: this.#memory.put(guide) },
    };
    this.#rows.forEach((row, k) => {
      if (this.#plans[k]!.drive === drive) Object.assign(row, fields);
    });
    this.#device.upload(this.drives, packAll(Drive, this.#rows));
  }

  /** the steps in which a generator sends */
  setWindow(drive: number, start: number, stop: number): void {
    this.#rows.forEach((row, k) => {
      if (this.#plans[k]!.drive !== drive) return;
      row.start = Math.min(start, 2 ** 32 - 1);
      row.stop = Math.min(stop, 2 ** 32 - 1);
    });
    this.#device.upload(this.drives, packAll(Drive, this.#rows));
  }
}
