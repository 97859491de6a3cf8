/** What is on its way in a thread that delivers at arrival: remembered spikes and rows that were pending when a state was taken up. */

import type { ArrivalDomain } from "./arrival.js";
import type { ThreadPlan } from "./plan.js";
import { BlockKind, Domain, Fixed } from "./tile-format.js";

/** Adds, for the sums of one receptor that arrive in step + 1 + row: `add(row, tile, neuron, sum)` in units of the ring. */
export function readPending(
  plan: ThreadPlan,
  buffer: ArrayBufferLike,
  step: number,
  receptor: number,
  rows: number,
  add: (row: number, tile: number, neuron: number, sum: number) => void,
): void {
  const words = new Uint32Array(buffer);
  for (const domain of plan.arrival!.domains) {
    const toTile = tileFinder(plan, domain);
    const visit = (row: number, place: number, sum: number) => {
      const found = toTile(place);
      if (found) add(row, found.tile, found.neuron, sum);
    };
    const from = words[domain.descriptor / 4 + Domain.pendingFrom]!;
    const until = words[domain.descriptor / 4 + Domain.pendingUntil]!;
    for (let t = step + 1; t <= until; t++) {
      const row = new Int32Array(
        buffer,
        domain.pending + 4 * ((t - from - 1) * domain.receptors + receptor) * domain.neurons,
        domain.neurons,
      );
      row.forEach((sum, place) => {
        if (sum !== 0) visit(t - step - 1, place, sum);
      });
    }
    const headMask = words[Fixed.headMask / 4]!;
    for (let t = Math.max(1, step - rows + 1); t <= step; t++) {
      let entry = words[words[Fixed.heads / 4]! / 4 + 2 * (t & headMask)]!;
      for (; entry !== 0; entry = words[entry / 4 + 2]!) {
        remembered(
          domain,
          buffer,
          receptor,
          words[entry / 4]!,
          words[entry / 4 + 1]!,
          (delay, place, sum) => {
            if (t + delay > step) visit(t + delay - step - 1, place, sum);
          },
        );
      }
    }
  }
}

function remembered(
  domain: ArrivalDomain,
  buffer: ArrayBufferLike,
  receptor: number,
  id: number,
  multiplicity: number,
  visit: (delay: number, place: number, sum: number) => void,
): void {
  for (const b of domain.blocks) {
    if (b.receptor !== receptor || id < b.firstSource || id >= b.firstSource + b.sourceCount) continue;
    const pointers = new Uint32Array(buffer, b.pointers, b.sourceCount * b.delayCount + 1);
    for (let k = 0; k < b.delayCount; k++) {
      const at = (id - b.firstSource) * b.delayCount + k;
      const [from, to] = [pointers[at]!, pointers[at + 1]!];
      if (b.kind === BlockKind.constant32) {
        for (const place of new Uint16Array(buffer, b.data + 2 * from, to - from))
          visit(b.minDelay + k, place, b.unit * multiplicity);
      } else {
        for (const x of new Int32Array(buffer, b.data + 4 * from, to - from))
          visit(b.minDelay + k, x & 0xffff, (x >> 16) * b.unit * multiplicity);
      }
    }
  }
}

/** the tile and neuron at a place in a domain's row */
function tileFinder(
  plan: ThreadPlan,
  domain: ArrivalDomain,
): (place: number) => { tile: number; neuron: number } | undefined {
  return (place) => {
    let k = domain.offsets.length - 1;
    while (domain.offsets[k]! > place) k--;
    const tile = domain.tiles[k]!;
    const neuron = place - domain.offsets[k]!;
    return neuron < plan.tiles[tile]!.size ? { tile, neuron } : undefined;
  };
}

/** Forgets what is on its way and takes up rows of sums: `sum(row, tile, receptor, neuron)` in units of the ring. */
export function writePending(
  plan: ThreadPlan,
  buffer: ArrayBufferLike,
  step: number,
  rows: number,
  receptorsOf: (tile: number) => number,
  sum: (row: number, tile: number, receptor: number, neuron: number) => number,
): void {
  const words = new Uint32Array(buffer);
  words.fill(
    0,
    words[Fixed.heads / 4]! / 4,
    words[Fixed.heads / 4]! / 4 + 2 * (words[Fixed.headMask / 4]! + 1),
  );
  for (const domain of plan.arrival!.domains) {
    new Int32Array(buffer, domain.row, domain.receptors * domain.neurons).fill(0);
    const all = new Int32Array(
      buffer,
      domain.pending,
      domain.pendingRows * domain.receptors * domain.neurons,
    );
    all.fill(0);
    const n = Math.min(rows, domain.pendingRows);
    domain.tiles.forEach((tile, k) => {
      for (let r = 0; r < n; r++) {
        for (let receptor = 0; receptor < receptorsOf(tile); receptor++) {
          const at = (r * domain.receptors + receptor) * domain.neurons + domain.offsets[k]!;
          for (let i = 0; i < plan.tiles[tile]!.size; i++) all[at + i] = sum(r, tile, receptor, i);
        }
      }
    });
    words[domain.descriptor / 4 + Domain.pendingFrom] = step;
    words[domain.descriptor / 4 + Domain.pendingUntil] = step + n;
  }
}
