import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { philox } from "../../src/random/philox.js";

type Words = readonly [number, number, number, number];

/** The known-answer vectors that the authors publish with Random123 (philox4x32, 10 rounds). */
const KNOWN: readonly { counter: Words; key: readonly [number, number]; words: Words }[] = [
  { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

/** Philox in big integers, as the paper writes it. */
function philoxBig(counter: Words, key: readonly [number, number]): number[] {
  const mask = 0xffffffffn;
  let [x0, x1, x2, x3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * x0;
    const p1 = 0xcd9e8d57n * x2;
    [x0, x1, x2, x3] = [(p1 >> 32n) ^ x1 ^ k0, p1 & mask, (p0 >> 32n) ^ x3 ^ k1, p0 & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return [x0, x1, x2, x3].map(Number);
}

function words(counter: Words, key: readonly [number, number]): number[] {
  const out = new Uint32Array(4);
  philox(...counter, ...key, out);
  return [...out];
}

describe("philox", () => {
  test.each(KNOWN)("gives the published words for counter $counter", ({ counter, key, words: expected }) => {
    expect(words(counter, key)).toEqual([...expected]);
  });

  test("equals the paper's definition in big integers", () => {
    const word = fc.oneof(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.constantFrom(0xffff, 0x10000, 0xffff0000),
    );
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        expect(words(counter, key)).toEqual(philoxBig(counter, key));
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
