import { expect, test } from "vitest";
import { SourceRows } from "../../src/engine/cuda/source-rows.js";

/** a generator of numbers that always gives the same */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("each source has a row of its own, and so has every other between them of a process that has sources", () => {
  const below = numbers(7);
  for (let n = 0; n < 2000; n++) {
    const processes = 1 + below(4);
    const processBlocks = 1 + below(6);
    const allBlocks = processes * processBlocks;
    const processOf = (source: number) => Math.floor((source % allBlocks) / processBlocks);
    const list = Array.from({ length: 1 + below(5) }, () => below(6 * allBlocks));
    const lists =
      processes === 1 && below(2) === 0
        ? list.map((first) => ({ first, end: first + 1 + below(9) }))
        : [list];
    const sources = lists.flatMap((l) =>
      "first" in l ? Array.from({ length: l.end - l.first }, (_, k) => l.first + k) : l,
    );
    const rows = new SourceRows({ allBlocks, processBlocks }, lists);
    const has = new Set(sources.map(processOf));
    const row = (s: number) => (s % allBlocks) * rows.places + Math.floor(s / allBlocks) - rows.origin;
    expect(rows.first).toBe(Math.min(...sources));
    expect(rows.end).toBe(Math.max(...sources) + 1);
    for (let s = rows.first; s < rows.end; s++) {
      if (!has.has(processOf(s))) continue;
      expect(row(s)).toBeGreaterThanOrEqual(0);
      expect(row(s)).toBeLessThan(rows.count);
      expect(rows.source(row(s))).toBe(s);
    }
  }
});

test("what a block sends lies together", () => {
  const rows = new SourceRows({ allBlocks: 4, processBlocks: 4 }, [{ first: 0, end: 12 }]);
  expect(Array.from({ length: rows.count }, (_, row) => rows.source(row))).toEqual([
    0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11,
  ]);
});

test("no sources, no rows", () => {
  expect(new SourceRows({ allBlocks: 4, processBlocks: 2 }, [[]]).count).toBe(0);
});
