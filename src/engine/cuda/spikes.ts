/** Spikes of GPUs in the order (step, id). */

import type { SpikeBatch } from "../network.js";
import { MOST_RANKED } from "./structs.js";

/**
 * What a GPU has put in order, as engines give it.
 * @param columns - ids, and, with `multi`, multiplicities after them
 * @param starts - [s] is where step first + s begins
 */
export function spikeBatch(
  columns: Uint32Array,
  total: number,
  multi: boolean,
  starts: Uint32Array,
  first: number,
): SpikeBatch {
  // who keeps the ids shall not keep all columns
  const ids = multi ? columns.slice(0, total) : columns;
  const multiplicities = multi ? columns.subarray(total) : undefined;
  const steps = new Uint32Array(total);
  for (let s = 1; s + 1 < starts.length; s++) {
    const [a, b] = [starts[s]!, starts[s + 1]!];
    if (a === b) continue;
    steps.fill(first + s, a, b);
    if (b - a <= MOST_RANKED) continue;
    if (!multiplicities) {
      ids.subarray(a, b).sort();
      continue;
    }
    const keys = new Float64Array(b - a);
    for (let i = a; i < b; i++) keys[i - a] = ids[i]! * 65536 + multiplicities[i]!;
    keys.sort();
    for (let i = a; i < b; i++) {
      ids[i] = Math.floor(keys[i - a]! / 65536);
      multiplicities[i] = keys[i - a]! % 65536;
    }
  }
  return { ids, steps, multiplicities };
}
