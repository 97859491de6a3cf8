import { expect, test } from "vitest";
import { GUIDE_BITS, poissonTable } from "../../src/engine/cuda/drives.js";
import { poissonCdf48 } from "../../src/random/index.js";

// what poissonCount() of kernels/drive.cu makes of a guide
test.each([
  [0, 0.01],
  [1e-4, 0.01],
  [0.05, 0.01],
  [2.3, 0.01],
  [10, 0.02],
  [80, 0.1],
])("the guide of lambda = %d leads to the thresholds, in all but %d of the cases", (lambda, seldom) => {
  const { guide, thresholds } = poissonTable(poissonCdf48(lambda));
  const count = (number: bigint) => thresholds.findIndex((t) => t > number);
  let others = 0;
  const wrong: number[] = [];
  for (let upper = 0; upper < 2 ** 16; upper++) {
    const entry = upper >> (16 - GUIDE_BITS);
    const [n, a, b, c] = guide.subarray(4 * entry, 4 * entry + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    const low = upper & (2 ** (16 - GUIDE_BITS) - 1);
    const [least, most] = [count(BigInt(upper) << 32n), count((BigInt(upper + 1) << 32n) - 1n)];
    // all thresholds from the n-th on are compared
    if (low === a || low === b || low >= c) {
      others++;
      if (n > least) wrong.push(upper);
    }
    // the upper 16 bits decide: whatever follows, the number is the same
    else if (least !== most || n + (low > a ? 1 : 0) + (low > b ? 1 : 0) !== least) wrong.push(upper);
  }
  expect(wrong).toEqual([]);
  expect(others / 2 ** 16).toBeLessThan(seldom);
});
