/** Spikes that blocks recorded in any order come out in the order (step, id), few or many per step, with multiplicities or without. */

import { expect, test } from "vitest";
import { orderSpikes } from "../../src/engine/order-spikes.js";

/** a shuffled record of `n` different (step, id) pairs */
function record(n: number, count: number, idCount: number) {
  let state = 12345;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const pairs = new Set<number>();
  while (pairs.size < n) pairs.add(Math.floor(random() * count) * idCount + Math.floor(random() * idCount));
  return [...pairs].map((p) => ({ step: 101 + Math.floor(p / idCount), id: p % idCount, m: 1 + (p % 7) }));
}

test.each([
  [0, 10, 50],
  [1, 1, 1],
  [300, 100, 1000],
  [4000, 20, 1000],
  [900, 2, 5000],
])("%i spikes in %i steps of %i neurons", (n, count, idCount) => {
  const list = record(n, count, idCount);
  const sorted = [...list].sort((a, b) => a.step - b.step || a.id - b.id);
  for (const multi of [false, true]) {
    const out = orderSpikes(
      Uint32Array.from(list, (s) => s.id),
      Uint32Array.from(list, (s) => s.step),
      multi ? Uint32Array.from(list, (s) => s.m) : undefined,
      100,
      count,
      idCount,
    );
    expect([...out.ids]).toEqual(sorted.map((s) => s.id));
    expect([...out.steps]).toEqual(sorted.map((s) => s.step));
    expect(out.multiplicities && [...out.multiplicities]).toEqual(multi ? sorted.map((s) => s.m) : undefined);
  }
});
