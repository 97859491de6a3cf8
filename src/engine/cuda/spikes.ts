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
  const ids = columns.subarray(0, total);
  const multiplicities = multi ? columns.subarray(total) : new Uint32Array(total).fill(1);
  const steps = new Uint32Array(total);
  for (let s = 1; s + 1 < starts.length; s++) {
    const [a, b] = [starts[s]!, starts[s + 1]!];
    if (a === b) continue;
    steps.fill(first + s, a, b);
    if (b - a <= MOST_RANKED) continue;
    const keys = Float64Array.from({ length: b - a }, (_, i) => ids[a + i]! * 65536 + multiplicities[a + i]!);
    keys.sort();
    for (let i = a; i < b; i++) {
      ids[i] = Math.floor(keys[i - a]! / 65536);
      multiplicities[i] = keys[i - a]! % 65536;
    }
  }
  return { ids, steps, multiplicities };
}
