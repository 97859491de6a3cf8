/** Reads the synapses of a projection back from the tiles. */

import type { Calibration } from "../calibration.js";
import type { SynapseTable } from "../engine.js";
import type { Network } from "../network.js";
import type { PlannedBlock } from "./blocks.js";
import type { TileShape } from "./partition.js";
import type { ThreadPlan } from "./plan.js";

export function readSynapses(
  network: Network,
  calibration: Calibration,
  plans: readonly ThreadPlan[],
  buffers: readonly ArrayBufferLike[],
  projection: number,
): SynapseTable {
  const p = network.projections[projection]!;
  const parts: { tile: TileShape; block: PlannedBlock; buffer: ArrayBufferLike; first: number }[] = [];
  plans.forEach((plan, t) => {
    plan.tiles.forEach((tile, i) => {
      const first = network.populations[tile.population]!.first + tile.from;
      for (const block of plan.blocks[i]!)
        if (block.projection === projection) parts.push({ tile, block, buffer: buffers[t]!, first });
    });
  });
  parts.sort((a, b) => a.first - b.first || a.block.receptor - b.block.receptor);
  const firstSource = Math.min(...parts.map((q) => q.block.firstSource));
  const sourceCount = Math.max(0, ...parts.map((q) => q.block.sourceCount));
  const starts = new Float64Array(sourceCount + 1);
  for (const { block, buffer } of parts) {
    const pointers = new Uint32Array(buffer, block.pointers, block.sourceCount + 1);
    for (let s = 0; s < block.sourceCount; s++) starts[s + 1]! += pointers[s + 1]! - pointers[s]!;
  }
  for (let s = 0; s < sourceCount; s++) starts[s + 1]! += starts[s]!;
  const total = starts[sourceCount]!;
  const out = {
    sources: new Uint32Array(total),
    targets: new Uint32Array(total),
    weights: new Float64Array(total),
    delays: new Float64Array(total),
    receptors: new Uint8Array(total),
  };
  // an alias publishes under other ids than its source's own
  const shift = p.alias === undefined ? 0 : p.endpoints.sources.id(0) - p.alias;
  for (let s = 0; s < sourceCount; s++) out.sources.fill(firstSource + s + shift, starts[s]!, starts[s + 1]!);
  const cursor = starts.slice(0, sourceCount);
  for (const part of parts) decode(network, calibration, projection, part, cursor, out);
  return out;
}

function decode(
  network: Network,
  calibration: Calibration,
  projection: number,
  {
    tile,
    block,
    buffer,
    first,
  }: { tile: TileShape; block: PlannedBlock; buffer: ArrayBufferLike; first: number },
  cursor: Float64Array,
  out: { readonly [K in keyof SynapseTable]: SynapseTable[K] },
): void {
  const p = network.projections[projection]!;
  const h = network.resolution;
  const ring = calibration.rings[tile.population]![block.receptor]!;
  const choice = p.receptors.get(tile.population)!;
  const negative =
    choice.mode === "magnitude" && block.receptor === choice.negative && choice.positive !== choice.negative;
  const scale = 2 ** ring.exponent * (negative ? -1 : 1);
  const constant = p.weight.kind === "constant" ? p.weight.value * p.factor : undefined;
  const pointers = new Uint32Array(buffer, block.pointers, block.sourceCount + 1);
  const targetMask = 2 ** tile.targetBits - 1;
  const n = pointers[block.sourceCount]!;
  const read: (i: number) => [place: number, weight: number] = (() => {
    switch (block.encoding) {
      case "constant": {
        const data = new Uint16Array(buffer, block.data, n);
        return (i) => [data[i]!, 0];
      }
      case "packed": {
        const data = new Int32Array(buffer, block.data, n);
        return (i) => [data[i]! & 0xffff, (data[i]! >> 16) * block.unit];
      }
      case "wide32": {
        const data = new Int32Array(buffer, block.data, 2 * n);
        return (i) => [data[2 * i]! >>> 0, data[2 * i + 1]!];
      }
      case "wide64": {
        const view = new DataView(buffer, block.data, 12 * n);
        return (i) => [view.getUint32(12 * i, true), view.getFloat64(12 * i + 4, true)];
      }
      default:
        return block.encoding satisfies never;
    }
  })();
  for (let s = 0; s < block.sourceCount; s++) {
    let at = cursor[s]!;
    for (let i = pointers[s]!; i < pointers[s + 1]!; i++, at++) {
      const [place, weight] = read(i);
      out.targets[at] = first + (block.encoding === "constant" ? place : place & targetMask);
      out.weights[at] = constant ?? weight * scale;
      out.delays[at] = (block.encoding === "constant" ? block.delay : place >>> tile.targetBits) * h;
      out.receptors[at] = block.receptor;
    }
    cursor[s] = at;
  }
}

/**
 * Slices come in the order of targets and ordinals, unless weights of both signs went to two blocks or targets were listed in
 * disorder: then what was stored does not tell the order.
 */
export function inOrder(network: Network, plans: readonly ThreadPlan[], projection: number): boolean {
  const { targets } = network.projections[projection]!.endpoints;
  if (plans.some((p) => p.blocks.flat().some((b) => b.projection === projection && b.sign !== 0)))
    return false;
  for (let i = 1; i < targets.length; i++) if (targets.id(i) < targets.id(i - 1)) return false;
  return true;
}
