import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cv, cv2, fanoFactor, isi, lv, lvR, mean, standardDeviation } from "../../src/analysis/index.js";
import { poissonTrain } from "./poisson.js";

// the intervals of Elephant's doc strings
const intervals = [0.3, 4.5, 6.7, 9.3];

describe("measures of interval variability", () => {
  it("give the numbers of Elephant's doc strings, and of scipy.stats.variation", () => {
    expect(cv2(intervals)).toBeCloseTo(0.8226190476190478, 14);
    expect(lv(intervals)).toBeCloseTo(0.8306154336734695, 14);
    expect(lvR(intervals, 0.005)).toBeCloseTo(0.833907445980624, 14);
    expect(cv(intervals)).toBeCloseTo(0.6346153846153847, 14);
  });

  it("are 1 for a Poisson process (LvR without refractoriness)", () => {
    const poisson = isi(poissonTrain(100, 1e6, 1));
    for (const measure of [cv, cv2, lv, (i: Float64Array) => lvR(i, 0)])
      expect(measure(poisson)).toBeCloseTo(1, 1);
  });

  it("are 0 for a clock", () => {
    for (const measure of [cv, cv2, lv, lvR]) expect(measure([5, 5, 5, 5])).toBe(0);
  });

  it("are undefined for too few intervals", () => {
    expect(cv([])).toBeNaN();
    expect(cv([1])).toBe(0);
    for (const measure of [cv2, lv, lvR]) expect(measure([1])).toBeNaN();
  });

  it("do not depend on the unit of time (LvR without refractoriness)", () => {
    const interval = fc.double({ min: 0.1, max: 1000, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(interval, { minLength: 2 }),
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        (values, unit) => {
          const scaled = values.map((value) => value * unit);
          for (const measure of [cv, cv2, lv, (i: number[]) => lvR(i, 0)]) {
            expect(measure(scaled)).toBeCloseTo(measure(values), 6);
          }
        },
      ),
    );
  });

  it("reject intervals that are none", () => {
    for (const measure of [cv, cv2, lv, lvR]) {
      expect(() => measure([1, -1])).toThrow(
        expect.objectContaining({ code: "bad-argument", key: "intervals[1]" }),
      );
    }
    expect(() => lvR([1, 2], -1)).toThrow(/refractoriness/);
    expect(() => isi([2, 1])).toThrow(/ascending/);
  });
});

describe("isi", () => {
  it("is the difference of successive times", () => {
    expect([...isi([1, 3, 3, 7])]).toEqual([2, 0, 4]);
    expect(isi([])).toHaveLength(0);
    expect(isi([1])).toHaveLength(0);
  });
});

describe("fanoFactor", () => {
  it("gives the number of Elephant's doc string for trains of 4 and 3 spikes", () => {
    const trains = [intervals, [1.4, 3.3, 8.2]];
    expect(fanoFactor(trains)).toBeCloseTo(0.07142857142857142, 14);
    expect(fanoFactor(trains, { start: 0, stop: 5 })).toBe(0);
    expect(fanoFactor([])).toBeNaN();
    expect(fanoFactor([[], []])).toBeNaN();
  });

  it("is 1 for Poisson processes", () => {
    const trains = Array.from({ length: 2000 }, (_, seed) => poissonTrain(20, 1000, seed));
    expect(fanoFactor(trains)).toBeCloseTo(1, 1);
  });
});

describe("moments", () => {
  it("divide by n, or by n - 1", () => {
    expect(mean([1, 2, 3, 6])).toBe(3);
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBe(2);
    expect(standardDeviation([1, 2, 3], 1)).toBe(1);
    expect(standardDeviation([1], 1)).toBeNaN();
  });
});
