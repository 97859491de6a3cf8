import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SynfireError } from "../../src/errors.js";
import { philox } from "../../src/random/philox.js";
import {
  mulHigh,
  Purpose,
  streamKey,
  uniform,
  uniform52,
  uniformSequence,
} from "../../src/random/streams.js";
import { chiSquareZ } from "./statistics.js";

describe("streamKey", () => {
  test("is words 0 and 1 of the documented block", () => {
    const out = new Uint32Array(4);
    philox(7, Purpose.tree, 0x53594e46, 0, 1234, 3, out);
    expect(streamKey(3 * 2 ** 32 + 1234, Purpose.tree, 7)).toEqual([out[0], out[1]]);
  });

  test("differs between purposes, ids and seeds", () => {
    const keys = new Set<string>();
    for (const seed of [0, 1, 2 ** 32, 2 ** 53 - 1]) {
      for (const purpose of Object.values(Purpose)) {
        for (let id = 0; id < 10; id++) keys.add(String(streamKey(seed, purpose, id)));
      }
    }
    expect(keys.size).toBe(4 * 7 * 10);
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])("refuses the seed %s", (seed) => {
    expect(() => streamKey(seed, Purpose.synapse, 0)).toThrow(SynfireError);
  });
});

describe("uniform numbers", () => {
  test("stay inside (0, 1) and are exact at the ends", () => {
    expect(uniform(0)).toBe(2 ** -33);
    expect(uniform(0xffffffff)).toBe(1 - 2 ** -33);
    expect(uniform52(0, 0)).toBe(2 ** -53);
    expect(uniform52(0xffffffff, 0xffffffff)).toBe(1 - 2 ** -53);
  });

  test("mulHigh equals the definition in big integers", () => {
    const n = fc.oneof(
      fc.integer({ min: 1, max: 2 ** 32 }),
      fc.constantFrom(1, 2 ** 21, 2 ** 21 + 1, 2 ** 32),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), n, (word, count) => {
        expect(mulHigh(word, count)).toBe(Number((BigInt(word) * BigInt(count)) >> 32n));
      }),
      { seed: 1, numRuns: 2000 },
    );
    expect(mulHigh(0xffffffff, 2 ** 32)).toBe(0xffffffff);
  });

  test("a sequence starts over, and is uniform", () => {
    const sequence = uniformSequence(streamKey(5, Purpose.tree, 1));
    sequence.start(1, 2, 3);
    const first = [sequence.next(), sequence.next(), sequence.next()];
    sequence.start(1, 2, 4);
    expect(sequence.next()).not.toBe(first[0]);
    sequence.start(1, 2, 3);
    expect([sequence.next(), sequence.next(), sequence.next()]).toEqual(first);
    const counts = new Array<number>(64).fill(0);
    for (let i = 0; i < 64_000; i++) counts[Math.floor(sequence.next() * 64)]!++;
    expect(Math.abs(chiSquareZ(counts, new Array<number>(64).fill(1000)))).toBeLessThan(3);
  });
});
