import { expect, test } from "vitest";
import { poissonTable } from "../../src/engine/cuda/drives.js";
import { poissonCdf48 } from "../../src/random/counts.js";

// what poissonCount() of kernels/drive.cu makes of it
test.each([0, 1e-4, 0.05, 0.8, 2.3, 10, 80, 700])(
  "the guide of lambda = %d leads to the thresholds",
  (lambda) => {
    const { guide, thresholds } = poissonTable(poissonCdf48(lambda));
    let exact = 0;
    for (let upper = 0; upper < 2 ** 16; upper++) {
      const [n, ...next] = guide.subarray(4 * (upper >> 8), 4 * (upper >> 8) + 4);
      const low = upper & 0xff;
      // where the upper 16 bits decide, all numbers that begin so have the same count
      const count = (number: bigint) => thresholds.findIndex((t) => t > number);
      const [least, most] = [BigInt(upper) << 32n, ((BigInt(upper) + 1n) << 32n) - 1n].map(count);
      expect(n, `${upper}`).toBeLessThanOrEqual(least!);
      if (next.includes(low) || low >= next[2]!) {
        exact++;
        continue;
      }
      expect(n! + (low > next[0]! ? 1 : 0) + (low > next[1]! ? 1 : 0), `${upper}`).toBe(least);
      expect(most).toBe(least);
    }
    // the slow way is seldom needed
    expect(exact).toBeLessThan(2 ** 16 / 50);
  },
);
