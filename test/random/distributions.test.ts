import { describe, expect, test } from "vitest";
import { SynfireError } from "../../src/errors.js";
import {
  type Distribution,
  exponential,
  exponentialClipped,
  isDistribution,
  lognormal,
  lognormalClipped,
  normal,
  normalClipped,
  uniform,
} from "../../src/random/distributions.js";
import { normalCdf } from "../../src/random/normal-cdf.js";
import { philox } from "../../src/random/philox.js";
import { compileDistribution } from "../../src/random/sampler.js";
import { uniform as uniformOfWord } from "../../src/random/streams.js";
import { ksDistance } from "./statistics.js";

/** 20,000 values, from words of Philox. */
function draw(distribution: Distribution): number[] {
  const { sample } = compileDistribution(distribution);
  const words = new Uint32Array(4);
  return Array.from({ length: 20_000 }, (_, i) => {
    philox(i, 0, 0, 0, 12, 34, words);
    return sample(uniformOfWord(words[i % 4]!));
  });
}

const gauss = (mean: number, std: number) => (x: number) => normalCdf((x - mean) / std);
const logGauss = (mean: number, std: number) => (x: number) => normalCdf((Math.log(x) - mean) / std);
const decay = (beta: number) => (x: number) => 1 - Math.exp(-x / beta);
function clipped(cdf: (x: number) => number, low: number, high: number) {
  return (x: number) => (cdf(x) - cdf(low)) / (cdf(high) - cdf(low));
}

describe("normalCdf", () => {
  /** Computed with mpmath 1.3 at 30 digits. */
  test.each([
    [-37, 5.725571222524577e-300],
    [-8, 6.220960574271784e-16],
    [-2, 0.02275013194817921],
    [-1, 0.15865525393145705],
    [-0.5, 0.3085375387259869],
    [0, 0.5],
    [0.5, 0.6914624612740131],
    [3, 0.9986501019683699],
    [Number.NEGATIVE_INFINITY, 0],
    [Number.POSITIVE_INFINITY, 1],
  ])("at %d", (x, expected) => {
    expect(Math.abs(normalCdf(x) - expected)).toBeLessThanOrEqual(2e-15 * expected);
  });
});

describe("distributions", () => {
  test.each<[Distribution, (x: number) => number]>([
    [normal({ mean: -1, std: 2 }), gauss(-1, 2)],
    [normal({ mu: 3, sigma: 0.5 }), gauss(3, 0.5)],
    [normalClipped({ mean: 0.5, std: 0.25, low: 0.1, high: 1.25 }), clipped(gauss(0.5, 0.25), 0.1, 1.25)],
    [normalClipped({ mu: 0, sigma: 1, low: 2 }), clipped(gauss(0, 1), 2, 1e9)],
    [normalClipped({ mu: 0, sigma: 1, high: -2 }), clipped(gauss(0, 1), -1e9, -2)],
    [lognormal({ mean: 0.3, std: 0.7 }), logGauss(0.3, 0.7)],
    [lognormalClipped({ mean: 0.3, std: 0.7, low: 1, high: 3 }), clipped(logGauss(0.3, 0.7), 1, 3)],
    [lognormalClipped({ mean: 0, std: 1, low: -1, high: 2 }), clipped(logGauss(0, 1), 1e-300, 2)],
    [uniform({ min: -3, max: 5 }), (x) => (x + 3) / 8],
    [exponential({ beta: 2.5 }), decay(2.5)],
    [exponentialClipped({ beta: 2, low: 1, high: 3 }), clipped(decay(2), 1, 3)],
  ])("%j has the right distribution function", (distribution, cdf) => {
    const values = draw(distribution);
    expect(ksDistance(values, cdf)).toBeLessThan(1.7);
    const { low, high } = compileDistribution(distribution);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
    expect(Math.max(...values)).toBeLessThanOrEqual(high);
  });

  test("a far tail keeps its precision and stays inside its bounds", () => {
    const { low, high, sample, program } = compileDistribution(
      normalClipped({ mean: 0, std: 1, low: 12, high: 13 }),
    );
    expect(program.b).toBe(-1);
    expect(low).toBeGreaterThanOrEqual(12);
    expect(high).toBeLessThanOrEqual(13);
    const median = sample(0.5);
    expect(normalCdf(-median) / (normalCdf(-12) - normalCdf(-13))).toBeCloseTo(0.5, 4);
  });

  test("sample runs the program", () => {
    const { sample, program } = compileDistribution(
      normalClipped({ mean: 0.5, std: 0.25, low: 0.1, high: 1.25 }),
    );
    expect(program).toMatchObject({ kind: "normal", a: 0.5, b: 0.25, low: 0.1, high: 1.25 });
    expect(sample(0.5)).toBeGreaterThan(0.5);
    const constant = compileDistribution(3);
    expect([constant.low, constant.high, constant.sample(0.3)]).toEqual([3, 3, 3]);
    expect(constant.program.kind).toBe("constant");
    expect(compileDistribution(lognormal({ mean: 1, std: 0 })).sample(0.9)).toBeCloseTo(Math.E, 14);
    expect(compileDistribution(uniform({ min: 2, max: 4 }))).toMatchObject({
      low: 2 + 2 * 2 ** -33,
      high: 2 + 2 * (1 - 2 ** -33),
    });
  });

  test("isDistribution", () => {
    expect(isDistribution(normal({ mean: 0, std: 1 }))).toBe(true);
    expect(isDistribution({ distribution: "anything" })).toBe(true);
    for (const value of [null, 1, "normal", [1], {}, { distribution: 1 }])
      expect(isDistribution(value)).toBe(false);
  });

  const loose = (value: object) => () => compileDistribution(value as Distribution);
  test.each([
    [
      "unknown name, with the nearest",
      loose({ distribution: "nromal", mean: 0, std: 1 }),
      /Did you mean "normal"/,
    ],
    [
      "unknown parameter",
      loose({ distribution: "normal", mean: 0, std: 1, lwo: 1 }),
      /Unknown parameter of normal "lwo"/,
    ],
    ["missing parameter", loose({ distribution: "normal", mean: 0 }), /needs "std" \(or "sigma"\)/],
    ["both spellings", loose({ distribution: "normal", mean: 0, mu: 0, std: 1 }), /not both/],
    ["not a number", () => normal({ mean: Number.NaN, std: 1 }), /"mean" of normal must be a finite number/],
    [
      "infinite",
      () => normal({ mu: 0, sigma: Number.POSITIVE_INFINITY }),
      /"sigma" of normal must be a finite/,
    ],
    ["negative deviation", () => normal({ mean: 0, std: -1 }), /must not be negative/],
    ["empty interval", () => normalClipped({ mean: 0, std: 1, low: 1, high: 1 }), /empty/],
    ["no bounds", () => normalClipped({ mean: 0, std: 1 }), /needs "low" or "high"/],
    ["no mass", () => compileDistribution(normalClipped({ mean: 0, std: 1, low: 50 })), /no probability/],
    [
      "no mass, no deviation",
      () => compileDistribution(normalClipped({ mean: 0, std: 0, low: 1 })),
      /no probability/,
    ],
    [
      "negative lognormal",
      () => compileDistribution(lognormalClipped({ mean: 0, std: 1, high: 0 })),
      /no probability/,
    ],
    [
      "negative exponential",
      () => compileDistribution(exponentialClipped({ beta: 1, high: 0 })),
      /no probability/,
    ],
    ["tail too far", () => compileDistribution(exponentialClipped({ beta: 1, low: 30 })), /too little/],
    ["beta not positive", () => exponential({ beta: 0 }), /must be positive/],
    ["min above max", () => uniform({ min: 1, max: 0 }), /min <= max/],
    ["overflow", () => compileDistribution(lognormal({ mean: 800, std: 1 })), /not finite/],
    ["not finite", () => compileDistribution(Number.NaN), /not finite/],
  ])("refuses: %s", (_, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: "bad-distribution" }) as SynfireError);
    expect(make).toThrow(SynfireError);
  });
});
