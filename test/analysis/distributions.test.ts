import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  histogram,
  kernelDensity,
  ksDistance,
  quantiles,
  wassersteinDistance,
} from "../../src/analysis/index.js";
import { sample } from "./poisson.js";

const values = [1, 2, 2, 3, 4, 8, 9, 12, 15.5, 20];
const reversed = (array: readonly number[]) => [...array].reverse();

describe("ksDistance", () => {
  it("equals scipy.stats.ks_2samp", () => {
    expect(ksDistance([1, 2, 3, 4, 5], [2.5, 3.5, 6.5])).toBeCloseTo(0.4, 14);
    expect(ksDistance([0, 1, 3, 3, 3, 9], [3, 3, 4, 4, 9, 9, 9])).toBeCloseTo(0.5476190476190477, 14);
  });

  it("is a distance in [0, 1] that ignores order, and 1 for separate samples", () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const distance = ksDistance(a, b);
        expect(distance).toBeGreaterThanOrEqual(0);
        expect(distance).toBeLessThanOrEqual(1);
        expect(ksDistance(b, a)).toBe(distance);
        expect(ksDistance(reversed(a), b)).toBe(distance);
        expect(ksDistance(a, a)).toBe(0);
      }),
    );
    expect(ksDistance([1, 2], [3, 4])).toBe(1);
  });
});

describe("wassersteinDistance", () => {
  it("gives the examples of scipy.stats.wasserstein_distance", () => {
    expect(wassersteinDistance([0, 1, 3], [5, 6, 8])).toBeCloseTo(5, 14);
    expect(wassersteinDistance([0, 1], [0, 1], [3, 1], [2, 2])).toBe(0.25);
    const weighted = wassersteinDistance([3.4, 3.9, 7.5, 7.8], [4.5, 1.4], [1.4, 0.9, 3.1, 7.2], [3.2, 3.5]);
    expect(weighted).toBeCloseTo(4.078133143804786, 12);
  });

  it("is symmetric, ignores order, and is the shift of a shifted sample", () => {
    fc.assert(
      fc.property(sample, sample, fc.integer({ min: -50, max: 50 }), (a, b, shift) => {
        const distance = wassersteinDistance(a, b);
        expect(wassersteinDistance(b, a)).toBeCloseTo(distance, 9);
        expect(wassersteinDistance(reversed(a), b)).toBe(distance);
        const shifted = a.map((x) => x + shift);
        expect(wassersteinDistance(a, shifted)).toBeCloseTo(Math.abs(shift), 8);
      }),
    );
  });

  it("names weights that are not allowed", () => {
    expect(() => wassersteinDistance([1, 2], [1], [1])).toThrow(/firstWeights/);
    expect(() => wassersteinDistance([1, 2], [1], [1, -1])).toThrow(/firstWeights/);
    expect(() => wassersteinDistance([1, 2], [1], undefined, [0])).toThrow(/secondWeights/);
  });
});

describe("quantiles", () => {
  it("equal numpy.quantile", () => {
    const expected = [1, 1.9, 2.25, 6, 15.95, 20];
    quantiles(values, [0, 0.1, 0.25, 0.5, 0.9, 1]).forEach((q, i) => {
      expect(q).toBeCloseTo(expected[i], 12);
    });
  });

  it("reject a probability outside [0, 1]", () => {
    expect(() => quantiles(values, [1.5])).toThrow(/probabilities/);
  });
});

describe("histogram", () => {
  it("equals numpy.histogram with the rule of Freedman and Diaconis", () => {
    const { edges, counts } = histogram(values);
    expect([...counts]).toEqual([5, 3, 2]);
    [1, 22 / 3, 41 / 3, 20].forEach((edge, i) => {
      expect(edges[i]).toBeCloseTo(edge, 12);
    });
  });

  it("takes a number of bins, a range, and edges, and says what lies outside", () => {
    expect([...histogram(values, { bins: 2, range: [0, 10] }).counts]).toEqual([5, 2]);
    const { counts, below, above, density } = histogram(values, { bins: [2, 3, 9] });
    expect([...counts]).toEqual([2, 4]);
    expect([below, above]).toEqual([1, 3]);
    expect(density[0] * 1 + density[1] * 6).toBeCloseTo(1, 14);
  });

  it("copes with equal values", () => {
    expect([...histogram([3, 3, 3], { bins: 1 }).edges]).toEqual([2.5, 3.5]);
    expect(histogram([3, 3, 3]).counts.reduce((sum, count) => sum + count)).toBe(3);
  });

  it("puts every value into a bin", () => {
    fc.assert(
      fc.property(sample, fc.integer({ min: 1, max: 20 }), (numbers, bins) => {
        const { counts, below, above } = histogram(numbers, { bins });
        expect(counts.reduce((sum, count) => sum + count)).toBe(numbers.length);
        expect(below + above).toBe(0);
      }),
    );
  });

  it.each([
    ["bins", { bins: 0 }],
    ["bins", { bins: [1, 1] }],
    ["bins", { bins: [1] }],
    ["range", { range: [2, 1] as const }],
  ])("names %s when it is wrong", (key, options) => {
    expect(() => histogram(values, options)).toThrow(expect.objectContaining({ key }));
  });
});

describe("kernelDensity", () => {
  it("equals scipy.stats.gaussian_kde", () => {
    const scott = kernelDensity([1, 2, 2, 5, 9], { points: [0, 2, 5] });
    expect(scott.bandwidth).toBeCloseTo(2.370816209963156, 12);
    const expected = [0.0816122660422012, 0.11364216905333419, 0.08009604618379759];
    expected.forEach((value, i) => {
      expect(scott.density[i]).toBeCloseTo(value, 12);
    });
    const silverman = kernelDensity([1, 2, 2, 5, 9], { points: [0, 2, 5], bandwidth: "silverman" });
    expect(silverman.bandwidth).toBeCloseTo(2.5112250523379616, 12);
    expect(silverman.density[1]).toBeCloseTo(0.10911422744557008, 12);
  });

  it("has unit area", () => {
    const { points, density } = kernelDensity(values, { reach: 6, points: 500 });
    const area = density.reduce((sum, value) => sum + value * (points[1] - points[0]), 0);
    expect(area).toBeCloseTo(1, 6);
  });

  it("needs spread or a bandwidth", () => {
    expect(() => kernelDensity([1, 1])).toThrow(/bandwidth/);
    expect(kernelDensity([1, 1], { bandwidth: 2 }).bandwidth).toBe(2);
  });
});

it("an empty sample and a value that is not finite are named", () => {
  expect(() => ksDistance([], [1])).toThrow(expect.objectContaining({ key: "first" }));
  expect(() => wassersteinDistance([1], [Number.NaN])).toThrow(expect.objectContaining({ key: "second[0]" }));
  for (const statistic of [(v: number[]) => histogram(v), (v: number[]) => kernelDensity(v)]) {
    expect(() => statistic([])).toThrow(expect.objectContaining({ key: "values" }));
    expect(() => statistic([Number.POSITIVE_INFINITY])).toThrow(
      expect.objectContaining({ key: "values[0]" }),
    );
  }
});
