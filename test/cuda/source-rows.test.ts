import fc from "fast-check";
import { expect, test } from "vitest";
import { groupsOf } from "../../src/engine/cuda/device-network.js";
import { SourceRows } from "../../src/engine/cuda/source-rows.js";

const layouts = fc.record({
  processes: fc.integer({ min: 1, max: 4 }),
  processBlocks: fc.integer({ min: 1, max: 6 }),
});

test("each source has a row of its own, and so has every other between them of a process that has sources", () => {
  fc.assert(
    fc.property(
      layouts,
      fc.array(fc.nat(143), { minLength: 1, maxLength: 6 }),
      ({ processes, processBlocks }, sources) => {
        const allBlocks = processes * processBlocks;
        const processOf = (source: number) => Math.floor((source % allBlocks) / processBlocks);
        const rows = new SourceRows({ allBlocks, processBlocks }, [sources]);
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
      },
    ),
    { numRuns: 2000 },
  );
});

test("of neighbours in one process the first and the last are enough", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 24 }), fc.nat(143), fc.nat(60), (allBlocks, first, more) => {
      const all = Array.from({ length: more + 1 }, (_, k) => first + k);
      const [some, every] = [[first, first + more], all].map(
        (list) => new SourceRows({ allBlocks, processBlocks: allBlocks }, [list]),
      );
      expect(some).toEqual(every);
      expect(some!.count).toBe(every!.count);
      expect(some!.source(some!.count - 1)).toBe(every!.source(every!.count - 1));
    }),
  );
});

test("what a block sends lies together", () => {
  const rows = new SourceRows({ allBlocks: 4, processBlocks: 4 }, [[0, 11]]);
  expect(Array.from({ length: rows.count }, (_, row) => rows.source(row))).toEqual([
    0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11,
  ]);
});

test("no sources, no rows", () => {
  expect(new SourceRows({ allBlocks: 4, processBlocks: 2 }, [[]]).count).toBe(0);
});

test("a process's sources are counted place by place in its own blocks, with their first and last", () => {
  fc.assert(
    fc.property(layouts, fc.array(fc.nat(143), { maxLength: 8 }), ({ processes, processBlocks }, sources) => {
      const allBlocks = processes * processBlocks;
      const rows = new SourceRows({ allBlocks, processBlocks }, [sources]);
      for (let process = 0; process < processes; process++) {
        const own = sources
          .filter((s) => Math.floor((s % allBlocks) / processBlocks) === process)
          .map((s) => Math.floor(s / allBlocks) * processBlocks + (s % processBlocks));
        const expected =
          own.length > 0 ? { first: Math.min(...own), end: Math.max(...own) + 1 } : { first: 0, end: 0 };
        expect(rows.rangeOf(process)).toEqual(expected);
      }
    }),
  );
});

test("where two processes have a population each in the same table, each source is in one group, whatever the sizes", () => {
  // two populations in each process, of 7 and 4 neurons in 3 blocks: 0, 1, 2, 6, 7, 8, ... are the first process's
  const indices = (process: number, from: number, to: number) =>
    Array.from(
      { length: to - from },
      (_, k) => Math.floor((from + k) / 3) * 6 + 3 * process + ((from + k) % 3),
    );
  const layout = { allBlocks: 6, processBlocks: 3 };
  const table = (processes: number[], from: number, to: number) => ({
    sources: new SourceRows(
      layout,
      [0, 1].map((process) => indices(process, from, to)),
    ),
    processes,
    rowBytes: 24,
  });
  const tables = [table([0], 0, 7), table([0], 7, 11), table([1], 0, 7), table([1], 7, 11)];
  expect(groupsOf(tables, 2)).toEqual({
    starts: [0, 7, 11],
    tables: [[0], [1], [], [2], [3], []],
    rowBytes: 24,
  });
});
