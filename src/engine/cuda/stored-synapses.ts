/** Reads synapses back as they lie in device memory: for tests, which compare them with the reference's. */

import type { Network } from "../network.js";
import type { BuiltTable } from "./construct.js";
import type { CudaDevice } from "./driver.js";
import type { RankLayout } from "./layout.js";
import { FORMAT_BYTES, Format, TRAY_MARKS } from "./structs.js";
import { entryBytes } from "./trays.js";

export interface StoredSynapse {
  readonly source: number;
  readonly target: number;
  readonly delay: number;
  readonly value: bigint;
  readonly receptor: number;
}

/** @param ids - of the neurons of the device, by block and place */
export function readTable(
  device: CudaDevice,
  t: BuiltTable,
  { layout, ids, network }: { layout: RankLayout; ids: Uint32Array; network: Network },
): StoredSynapse[] {
  const idOf = new Map<number, number>();
  for (let id = 0; id < network.idCount; id++) {
    const at = layout.sourceIndex(id);
    if (at >= 0) idOf.set(at, id);
  }
  const { format } = t.plan;
  const size = FORMAT_BYTES[format]!;
  const entry = entryBytes(t.plan);
  const read = (from: number, bytes: number): DataView => {
    const out = new Uint8Array(bytes);
    if (bytes > 0) device.download(from, out);
    return new DataView(out.buffer);
  };
  const data = read(t.data, t.rest * size);
  const rows = read(t.rows, t.rowBytes * t.sources.count);
  // rows of processes without synapses have no trays
  const { first } = t.sources.ofProcesses(t.processes.length > 0 ? t.processes : [0]);
  const trays = read(t.trays + first * layout.blocks * t.trayBytes, t.trayBytes * t.trayCount);
  const bits = 2 ** layout.localBits;
  const placeAt = (from: DataView, at: number, bytes: number) =>
    bytes === 2 ? from.getUint16(at, true) : from.getUint32(at, true);
  const out: StoredSynapse[] = [];
  /** @param targets - places for targets: what the delay is multiplied with */
  const add = (row: number, block: number, from: DataView, at: number, bytes: number, targets: number) => {
    const place = placeAt(from, at, bytes);
    const packed = format === Format.packed;
    const where = packed ? place & 0xffff : place;
    const stored = packed
      ? BigInt(place >>> 16)
      : format === Format.wide32
        ? BigInt(from.getInt32(at + 4, true))
        : format === Format.wide64
          ? from.getBigInt64(at + 8, true)
          : 1n;
    out.push({
      source: idOf.get(t.sources.source(row))!,
      target: ids[block * layout.slots + (where % targets)]!,
      delay: t.plan.firstDelay + Math.floor(where / targets),
      value: BigInt(t.plan.weight) * stored,
      receptor: t.plan.receptor,
    });
  };
  for (let row = 0; row < t.sources.count; row++) {
    const at = row * t.rowBytes;
    const base = Number(rows.getBigUint64(at, true));
    const offset = (b: number) =>
      t.narrow ? rows.getUint16(at + 8 + 2 * b, true) : rows.getUint32(at + 8 + 4 * b, true);
    for (let block = 0; block < layout.blocks; block++) {
      const tray = ((row - first) * layout.blocks + block) * t.trayBytes;
      const end = t.all[row]! > 0 ? tray + t.trayBytes : tray;
      for (let k = tray; k < end; k += entry)
        if (placeAt(trays, k, entry) < 2 ** (8 * entry) - TRAY_MARKS)
          add(row, block, trays, k, entry, layout.slots);
      for (let i = offset(block); i < offset(block + 1); i++)
        add(row, block, data, (base + i) * size, size, bits);
    }
  }
  return out;
}
