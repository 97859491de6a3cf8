/** Puts the spikes that blocks recorded into the order (step, id). */

import type { SpikeBatch } from "../network.js";

/** @param first - the step before the first one @param count - number of steps */
export function orderSpikes(
  ids: Uint32Array,
  steps: Uint32Array,
  multiplicities: Uint32Array | undefined,
  first: number,
  count: number,
): SpikeBatch {
  const n = ids.length;
  const starts = new Uint32Array(count + 2);
  for (let i = 0; i < n; i++) starts[steps[i]! - first + 1]!++;
  for (let s = 1; s < starts.length; s++) starts[s]! += starts[s - 1]!;
  const cursor = starts.slice();
  const out = { ids: new Uint32Array(n), steps: new Uint32Array(n), multiplicities: new Uint32Array(n) };
  if (!multiplicities) {
    for (let i = 0; i < n; i++) out.ids[cursor[steps[i]! - first]!++] = ids[i]!;
    out.multiplicities.fill(1);
  } else {
    const keys = new Float64Array(n);
    for (let i = 0; i < n; i++) keys[cursor[steps[i]! - first]!++] = ids[i]! * 65536 + multiplicities[i]!;
    for (let s = 1; s <= count; s++) keys.subarray(starts[s]!, starts[s + 1]!).sort();
    for (let i = 0; i < n; i++) {
      out.ids[i] = Math.floor(keys[i]! / 65536);
      out.multiplicities[i] = keys[i]! % 65536;
    }
  }
  for (let s = 1; s <= count; s++) {
    const [a, b] = [starts[s]!, starts[s + 1]!];
    if (!multiplicities && b - a > 1) out.ids.subarray(a, b).sort();
    out.steps.fill(first + s, a, b);
  }
  return out;
}
