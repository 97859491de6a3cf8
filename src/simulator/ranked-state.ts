/** The state of a network that several ranks hold, brought together. */

import type { EngineState } from "../engine/engine.js";
import type { Network, Population } from "../engine/network.js";
import type { Ranks } from "./join-ranks.js";

/** The whole state, on every rank, from the parts that they hold. A collective call. */
export function gatherState(ranks: Ranks | undefined, network: Network, own: EngineState): EngineState {
  if (!ranks) return own;
  /** rows of one value per neuron */
  const whole = (p: Population, values: Float64Array, rows: number): Float64Array => {
    const shares = p.shares;
    if (!shares) return values;
    const [from, to] = [shares[ranks.rank]!, shares[ranks.rank + 1]!];
    const part = new Float64Array(rows * (to - from));
    for (let r = 0; r < rows; r++)
      part.set(values.subarray(r * p.size + from, r * p.size + to), r * (to - from));
    const out = new Float64Array(rows * p.size);
    ranks.gatherBytes(new Uint8Array(part.buffer)).forEach((bytes, rank) => {
      const theirs = new Float64Array(bytes.slice().buffer);
      const [first, end] = [shares[rank]!, shares[rank + 1]!];
      for (let r = 0; r < rows; r++)
        out.set(theirs.subarray(r * (end - first), (r + 1) * (end - first)), r * p.size + first);
    });
    return out;
  };
  return {
    step: own.step,
    states: own.states.map((slots, k) => slots.map((v) => whole(network.populations[k]!, v, 1))),
    pending: own.pending.map((receptors, k) =>
      receptors.map(({ rows, values }) => ({ rows, values: whole(network.populations[k]!, values, rows) })),
    ),
  };
}
