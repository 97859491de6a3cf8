import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  autocorrelationHistogram,
  type BinnedSpikeTrains,
  binSpikes,
  correlationCoefficient,
  covariance,
  crossCorrelationHistogram,
  denseRow,
  pairwiseCorrelations,
} from "../../src/analysis/index.js";
import { poissonTrain } from "./poisson.js";

/** Binned trains from their counts. */
function fromCounts(rows: readonly (readonly number[])[]): BinnedSpikeTrains {
  const trains = rows.map((row) => row.flatMap((count, bin) => new Array<number>(count).fill(bin + 0.5)));
  return binSpikes(trains, { start: 0, stop: rows[0].length, binWidth: 1 });
}

const close = (actual: ArrayLike<number>, expected: readonly number[]) => {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, 12);
  });
};

// numbers from NumPy 2.4: corrcoef, cov, correlate, convolve
const a = [0, 2, 1, 0, 0, 3, 0, 1];
const b = [1, 0, 0, 2, 1, 0, 1, 0];
const pair = fromCounts([a, b]);

describe("covariance and correlation", () => {
  it("are those of NumPy", () => {
    close(covariance(pair).values, [1.2678571428571428, -0.625, -0.625, 0.5535714285714285]);
    close(correlationCoefficient(pair).values, [1, -0.7460329735591031, -0.7460329735591031, 1]);
    close(pairwiseCorrelations(pair), [-0.7460329735591031]);
  });

  it("have no value for silent and for constant trains", () => {
    const { values } = correlationCoefficient(fromCounts([a, a.map(() => 0), a.map(() => 1), a]));
    const undefinedEntries = [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14];
    values.forEach((value, k) => {
      if (undefinedEntries.includes(k)) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(1, 14);
    });
  });

  it("list pairs row by row", () => {
    const binned = fromCounts([a, b, [1, 1, 0, 0, 0, 0, 0, 1], [0, 1, 0, 0, 2, 0, 0, 0]]);
    const { values } = correlationCoefficient(binned);
    expect([...pairwiseCorrelations(binned)]).toEqual([1, 2, 3, 6, 7, 11].map((k) => values[k]));
  });

  it("lie in [-1, 1] and are symmetric", () => {
    const counts = fc.array(fc.array(fc.nat(3), { minLength: 12, maxLength: 12 }), {
      minLength: 2,
      maxLength: 6,
    });
    fc.assert(
      fc.property(counts, (rows) => {
        const { size, values } = correlationCoefficient(fromCounts(rows));
        values.forEach((value, k) => {
          expect(value).toBe(values[(k % size) * size + Math.floor(k / size)]);
          if (!Number.isNaN(value)) expect(Math.abs(value)).toBeLessThanOrEqual(1 + 1e-12);
        });
      }),
    );
  });

  it("is small for independent trains, and fast for 250 trains of 1e5 bins", () => {
    const trains = Array.from({ length: 250 }, (_, seed) => poissonTrain(5, 200_000, seed));
    const started = performance.now();
    const pairs = pairwiseCorrelations(binSpikes(trains, { start: 0, stop: 200_000, binWidth: 2 }));
    expect(performance.now() - started).toBeLessThan(5000);
    expect(pairs).toHaveLength((250 * 249) / 2);
    expect(pairs.reduce((sum, value) => sum + value, 0) / pairs.length).toBeCloseTo(0, 3);
  });

  it("covariance needs two bins", () => {
    expect(() => covariance(fromCounts([[1]]))).toThrow(/binCount/);
  });
});

describe("crossCorrelationHistogram", () => {
  it("is positive in lag where the second train follows (Elephant's example: lag 3)", () => {
    const binned = fromCounts([
      [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
    ]);
    const { lags, values } = crossCorrelationHistogram(binned, 0, 1);
    expect([...lags].filter((_, i) => values[i] !== 0)).toEqual([3]);
  });

  it("counts pairs as numpy.correlate, at all lags or some", () => {
    const full = [1, 0, 3, 2, 1, 7, 6, 0, 5, 5, 2, 1, 2, 0, 0];
    const histogram = crossCorrelationHistogram(pair, 0, 1);
    expect([...histogram.values]).toEqual(full);
    expect([...histogram.lags]).toEqual([-7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7]);
    const some = crossCorrelationHistogram(pair, 0, 1, { lags: [2, 5] });
    expect([...some.values]).toEqual(full.slice(9, 13));
    expect([...some.times]).toEqual([2, 3, 4, 5]);
  });

  it("does the same for the trains of Elephant's tests", () => {
    const trains = [
      [1.3, 7.56, 15.87, 28.23, 30.9, 34.2, 38.2, 43.2],
      [1.02, 2.71, 18.82, 28.46, 28.79, 43.6],
    ];
    const binned = binSpikes(trains, { start: 0, stop: 50, binWidth: 1 });
    const [x, y] = [denseRow(binned, 0), denseRow(binned, 1)];
    const { lags, values } = crossCorrelationHistogram(binned, 0, 1, { lags: [-30, 30] });
    lags.forEach((lag, i) => {
      expect(values[i]).toBe(x.reduce((sum, count, bin) => sum + count * (y[bin + lag] ?? 0), 0));
    });
  });

  it("corrects for borders", () => {
    const corrected = [8, 0, 8, 4, 1.6, 28 / 3, 48 / 7, 0, 40 / 7, 20 / 3, 3.2, 2, 16 / 3, 0, 0];
    close(crossCorrelationHistogram(pair, 0, 1, { borderCorrection: true }).values, corrected);
  });

  it("smooths as numpy.convolve in mode same, with odd and even kernels", () => {
    const odd = [0.5, 1, 2, 2, 2.75, 5.25, 4.75, 2.75, 3.75, 4.25, 2.5, 1.5, 1.25, 0.5, 0];
    close(crossCorrelationHistogram(pair, 0, 1, { kernel: [1, 2, 1] }).values, odd);
    const even = [0.2, 0.6, 1.2, 1.4, 2.7, 3.1, 3.7, 5.1, 3.9, 2.7, 4, 3, 1.5, 1, 0.8];
    close(crossCorrelationHistogram(pair, 0, 1, { kernel: [1, 2, 3, 4] }).values, even);
  });

  it("normalises to correlation coefficients: at lag 0 Pearson's", () => {
    const { values } = crossCorrelationHistogram(pair, 0, 1, { coefficient: true });
    expect(values[7]).toBeCloseTo(-0.7460329735591031, 12);
    expect(values[0]).toBeCloseTo(-0.5755111510313081, 12);
  });

  it("mirrors when the trains are exchanged, and autocorrelations are symmetric", () => {
    const there = crossCorrelationHistogram(pair, 0, 1).values;
    expect([...crossCorrelationHistogram(pair, 1, 0).values]).toEqual([...there].reverse());
    const auto = autocorrelationHistogram(pair, 0);
    expect([...auto.values]).toEqual([...auto.values].reverse());
    expect(auto.values[7]).toBe(15); // sum of squares
  });

  it.each([
    ["lags", () => crossCorrelationHistogram(pair, 0, 1, { lags: [-8, 0] })],
    ["lags", () => crossCorrelationHistogram(pair, 0, 1, { lags: [-1.5, 1.5] })],
    ["second", () => crossCorrelationHistogram(pair, 0, 2)],
    ["kernel", () => crossCorrelationHistogram(pair, 0, 1, { kernel: new Array(16).fill(1) })],
    ["kernel", () => crossCorrelationHistogram(pair, 0, 1, { kernel: [1, -1] })],
  ])("names %s when it is wrong", (key, call) => {
    expect(call).toThrow(expect.objectContaining({ code: "bad-argument", key }));
  });
});
