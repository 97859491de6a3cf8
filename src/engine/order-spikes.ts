/** Spikes of several threads or GPUs in the order (step, id). */

import type { SpikeBatch } from "./network.js";

/** Lists of up to this length are sorted in place; a call of sort() costs more. */
const SHORT = 48;

/** ascending, in place */
function sortPart(values: Uint32Array | Float64Array, from: number, to: number): void {
  if (to - from > SHORT) {
    values.subarray(from, to).sort();
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const v = values[i]!;
    let k = i - 1;
    for (; k >= from && values[k]! > v; k--) values[k + 1] = values[k]!;
    values[k + 1] = v;
  }
}

/**
 * Spikes in any order as one batch.
 * @param multiplicities - undefined: all are 1
 * @param first - the step before the first one
 * @param count - number of steps
 * @param idCount - ids are below this
 */
export function orderSpikes(
  ids: Uint32Array,
  steps: Uint32Array,
  multiplicities: Uint32Array | undefined,
  first: number,
  count: number,
  idCount: number,
): SpikeBatch {
  const n = ids.length;
  const starts = new Uint32Array(count + 2);
  for (let i = 0; i < n; i++) starts[steps[i]! - first + 1]!++;
  for (let s = 1; s < starts.length; s++) starts[s]! += starts[s - 1]!;
  const cursor = starts.slice();
  const out = {
    ids: new Uint32Array(n),
    steps: new Uint32Array(n),
    multiplicities: multiplicities && new Uint32Array(n),
  };
  if (n > SHORT * count && n > idCount / 4) {
    // many per step: by id first, then, keeping that order, by step
    const at = new Uint32Array(idCount + 1);
    for (let i = 0; i < n; i++) at[ids[i]! + 1]!++;
    for (let k = 1; k <= idCount; k++) at[k]! += at[k - 1]!;
    const order = new Uint32Array(n);
    for (let i = 0; i < n; i++) order[at[ids[i]!]!++] = i;
    for (let k = 0; k < n; k++) {
      const i = order[k]!;
      const to = cursor[steps[i]! - first]!++;
      out.ids[to] = ids[i]!;
      if (multiplicities) out.multiplicities![to] = multiplicities[i]!;
    }
  } else if (multiplicities) {
    const keys = new Float64Array(n);
    for (let i = 0; i < n; i++) keys[cursor[steps[i]! - first]!++] = ids[i]! * 65536 + multiplicities[i]!;
    for (let s = 1; s <= count; s++) sortPart(keys, starts[s]!, starts[s + 1]!);
    for (let i = 0; i < n; i++) {
      out.ids[i] = Math.floor(keys[i]! / 65536);
      out.multiplicities![i] = keys[i]! % 65536;
    }
  } else {
    for (let i = 0; i < n; i++) out.ids[cursor[steps[i]! - first]!++] = ids[i]!;
    for (let s = 1; s <= count; s++) sortPart(out.ids, starts[s]!, starts[s + 1]!);
  }
  for (let s = 1; s <= count; s++)
    if (starts[s]! < starts[s + 1]!) out.steps.fill(first + s, starts[s]!, starts[s + 1]!);
  return out;
}
