import { describe, expect, test } from "vitest";
import { binomial } from "../../src/random/binomial.js";
import { hypergeometric } from "../../src/random/hypergeometric.js";
import { poissonCdf48 } from "../../src/random/poisson-table.js";
import { binomialLogDensity, deviance, log1p, stirlingCorrection } from "../../src/random/saddle-point.js";
import { Purpose, streamKey, uniformSequence } from "../../src/random/streams.js";
import { chiSquareZ, logFactorial, momentsZ } from "./statistics.js";

function uniforms(id: number): () => number {
  const sequence = uniformSequence(streamKey(99, Purpose.tree, id));
  sequence.start(0, 0, 0);
  return sequence.next;
}

const logChoose = (n: number, k: number) => logFactorial(n) - logFactorial(k) - logFactorial(n - k);

describe("saddle point", () => {
  test("gives binomial probabilities", () => {
    for (const [n, p] of [
      [1, 0.3],
      [17, 0.5],
      [40, 0.01],
      [200, 0.93],
    ] as const) {
      for (let k = 0; k <= n; k++) {
        const expected = logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log(1 - p);
        expect(Math.abs(binomialLogDensity(k, n, p) - expected)).toBeLessThan(1e-11);
      }
    }
  });

  test("pieces are accurate", () => {
    expect(stirlingCorrection(15)).toBeCloseTo(0.005554733551962801, 15);
    expect(stirlingCorrection(16)).toBeCloseTo(0.005207655919609641, 15); // mpmath
    expect(deviance(1e12 + 10, 1e12)).toBeCloseTo(5e-11, 15);
    expect(deviance(0, 3)).toBe(3);
    expect(log1p(1e-20)).toBe(1e-20);
    expect(log1p(-1e-11)).toBeCloseTo(Math.log1p(-1e-11), 25);
  });
});

describe("binomial", () => {
  const cases = [
    [1, 0.5],
    [7, 0.5],
    [19, 0.5],
    [20, 0.5],
    [64, 0.5],
    [1000, 0.003],
    [300, 0.2],
    [1000, 0.4],
    [50, 0.9],
    [5000, 0.0019],
  ] as const;
  test.each(cases)("n = %d, p = %d: chi-square", (n, p) => {
    const next = uniforms(n);
    const draws = 40_000;
    const counts = new Array<number>(n + 1).fill(0);
    for (let i = 0; i < draws; i++) counts[binomial(n, p, next)]!++;
    const expected = counts.map(
      (_, k) => draws * Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log(1 - p)),
    );
    expect(Math.abs(chiSquareZ(counts, expected))).toBeLessThan(3);
  });

  test.each([
    [2 ** 40, 0.5],
    [2 ** 40, 1e-11],
    [2 ** 40, 1e-5],
    [1e6, 0.999],
    [1e9, 1 / 3],
  ])("n = %d, p = %d: mean and variance", (n, p) => {
    const next = uniforms(7);
    const values = Array.from({ length: 40_000 }, () => binomial(n, p, next));
    for (const z of momentsZ(values, n * p, n * p * (1 - p))) expect(Math.abs(z)).toBeLessThan(3.5);
  });

  test("limits", () => {
    const next = uniforms(1);
    expect([binomial(0, 0.5, next), binomial(9, 0, next), binomial(9, 1, next)]).toEqual([0, 0, 9]);
    for (const [n, p] of [
      [-1, 0.5],
      [1.5, 0.5],
      [2 ** 41, 0.5],
      [1, -0.1],
      [1, 1.1],
      [1, Number.NaN],
    ] as const) {
      expect(() => binomial(n, p, next)).toThrow(expect.objectContaining({ code: "bad-binomial" }) as Error);
    }
  });
});

describe("hypergeometric", () => {
  test.each([
    [5, 5, 5],
    [20, 50, 50],
    [90, 50, 60],
    [3, 1000, 7],
    [64, 64, 64],
    [1, 3, 4],
    [300, 400, 200],
  ])("%d of %d + %d: chi-square", (count, left, right) => {
    const next = uniforms(count);
    const draws = 20_000;
    const counts = new Array<number>(left + 1).fill(0);
    for (let i = 0; i < draws; i++) counts[hypergeometric(count, left, right, next)]!++;
    const expected = counts.map((_, k) =>
      k > count || count - k > right
        ? 0
        : draws * Math.exp(logChoose(left, k) + logChoose(right, count - k) - logChoose(left + right, count)),
    );
    expected.forEach((e, k) => {
      if (e === 0) expect(counts[k]).toBe(0);
    });
    expect(Math.abs(chiSquareZ(counts, expected))).toBeLessThan(3);
  });

  test("large numbers: mean and variance", () => {
    const next = uniforms(3);
    const [count, left, right] = [1e6, 5e11, 2e12];
    const p = left / (left + right);
    const values = Array.from({ length: 2000 }, () => hypergeometric(count, left, right, next));
    for (const z of momentsZ(values, count * p, count * p * (1 - p))) expect(Math.abs(z)).toBeLessThan(3.5);
  });

  test("limits", () => {
    const next = uniforms(1);
    expect(hypergeometric(0, 5, 5, next)).toBe(0);
    expect(hypergeometric(10, 5, 5, next)).toBe(5);
    expect(hypergeometric(4, 0, 5, next)).toBe(0);
    expect(hypergeometric(4, 5, 0, next)).toBe(4);
    expect(() => hypergeometric(11, 5, 5, next)).toThrow(
      expect.objectContaining({ code: "bad-hypergeometric" }) as Error,
    );
  });
});

describe("poissonCdf48", () => {
  /** floor(P(X <= k) * 2^48) in integers: e^-lambda and lambda^k / k! with 200 bits after the point, for lambda = a / b. */
  function exact(a: bigint, b: bigint, last: number): bigint[] {
    const one = 1n << 200n;
    let e = 0n;
    for (let k = 1n, term = one; term > 0n; k++) {
      e += term;
      term = (term * a) / (b * k);
    }
    const result: bigint[] = [];
    let sum = 0n;
    for (let k = 0n, term = one; k <= last; k++) {
      sum += term;
      result.push((sum << 48n) / e);
      term = (term * a) / (b * (k + 1n));
    }
    return result;
  }

  test.each([
    [1n, 1n],
    [1n, 1000n],
    [37n, 100n],
    [5n, 2n],
    [10n, 1n],
    [25n, 1n],
  ])("lambda = %d / %d equals the exact thresholds", (a, b) => {
    const { first, thresholds } = poissonCdf48(Number(a) / Number(b));
    const reference = exact(a, b, first + thresholds.length - 1);
    for (let k = 0; k < first; k++) expect(reference[k]).toBe(0n);
    let differing = 0;
    for (let i = 0; i < thresholds.length - 1; i++) {
      const difference = Math.abs(thresholds[i]! - Number(reference[first + i]!));
      if (difference > 0) differing++;
      expect(difference).toBeLessThanOrEqual(1); // a double cannot promise the last of 48 bits
    }
    expect(differing).toBeLessThanOrEqual(1);
    expect(thresholds.at(-1)).toBe(2 ** 48);
  });

  test.each([0.5, 100, 2345.678, 1e5, 1e7])("lambda = %d: mean and variance", (lambda) => {
    const { first, thresholds } = poissonCdf48(lambda);
    let mean = 0;
    let variance = 0;
    let previous = 0;
    thresholds.forEach((threshold, i) => {
      expect(threshold).toBeGreaterThanOrEqual(previous);
      expect(Number.isInteger(threshold)).toBe(true);
      const mass = (threshold - previous) / 2 ** 48;
      mean += mass * (first + i - lambda);
      variance += mass * (first + i - lambda) ** 2;
      previous = threshold;
    });
    expect(previous).toBe(2 ** 48);
    expect(Math.abs(mean)).toBeLessThan(1e-9 * Math.sqrt(lambda));
    expect(Math.abs(variance / lambda - 1)).toBeLessThan(1e-9);
  });

  test("lambda = 0 always gives 0, and bad rates are refused", () => {
    const { first, thresholds } = poissonCdf48(0);
    expect([first, ...thresholds]).toEqual([0, 2 ** 48]);
    for (const lambda of [-1, Number.NaN, 1.1e7, Number.POSITIVE_INFINITY]) {
      expect(() => poissonCdf48(lambda)).toThrow(expect.objectContaining({ code: "bad-poisson" }) as Error);
    }
  });
});
