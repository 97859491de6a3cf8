import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  binSpikes,
  complexityDistribution,
  instantaneousRate,
  kernelShapes,
  meanFiringRate,
  meanRates,
  populationRate,
  psth,
  timeHistogram,
} from "../../src/analysis/index.js";

// the trains of Elephant's doc strings, in seconds there, ms here
const first = [300, 4500, 6700, 9300];
const second = [700, 4300, 8200];
const window = { start: 0, stop: 10_000 };

describe("mean rates", () => {
  it("is spikes per second", () => {
    expect(meanFiringRate(first, window)).toBeCloseTo(0.4, 12);
    expect(meanFiringRate([], window)).toBe(0);
    // Elephant: mean_firing_rate([0.3, 4.5, 6.7, 9.3]) = 0.4301..., up to and including the last spike
    const upToLast = { start: 0, stop: 9300, closed: "right" } as const;
    expect(meanFiringRate(first, upToLast)).toBeCloseTo(0.4301075268817204, 12);
  });

  it("counts silent neurons", () => {
    const data = { senders: [1, 1, 2], times: [1, 2, 3] };
    expect([...meanRates(data, [1, 2, 3], { start: 0, stop: 1000 })]).toEqual([2, 1, 0]);
    expect(populationRate(data, [1, 2, 3], { start: 0, stop: 1000 })).toBe(1);
  });
});

describe("timeHistogram", () => {
  const options = { ...window, binWidth: 1000 };

  it("gives the example of Elephant's doc string, from trains and from recorded spikes", () => {
    const expected = [2, 0, 0, 0, 2, 0, 1, 0, 1, 1];
    expect([...timeHistogram([first, second], options).values]).toEqual(expected);
    const data = { senders: [1, 1, 1, 1, 2, 2, 2], times: [...first, ...second] };
    const histogram = timeHistogram(data, options);
    expect([...histogram.values]).toEqual(expected);
    expect([...histogram.times.subarray(0, 3)]).toEqual([0, 1000, 2000]);
  });

  it("normalises to spikes per train, and per second", () => {
    expect(timeHistogram([first, second], { ...options, output: "mean" }).values[0]).toBe(1);
    expect(
      timeHistogram([[1, 2, 3], []], { start: 0, stop: 10, binWidth: 10, output: "rate" }).values[0],
    ).toBe(150);
    const data = { senders: [1], times: [1] };
    expect(() => timeHistogram(data, { ...options, output: "rate" })).toThrow(/trainCount/);
  });

  it("counts a train once per bin when binary", () => {
    const binary = timeHistogram([[1, 2], [1]], { start: 0, stop: 10, binWidth: 10, binary: true });
    expect([...binary.values]).toEqual([2]);
  });
});

describe("complexityDistribution", () => {
  it("gives the example of Elephant's doc string", () => {
    const binned = binSpikes(
      [
        [1, 4, 6],
        [1, 5, 8],
      ],
      { start: 0, stop: 10, binWidth: 1 },
    );
    expect([...complexityDistribution(binned)]).toEqual([0.5, 0.4, 0.1]);
  });
});

describe("psth", () => {
  it("aligns spikes to events, and averages over events and trains", () => {
    const trains = [[99, 105, 205, 312], [206]];
    const options = { start: -10, stop: 20, binWidth: 10 };
    const counts = psth(trains, [100, 200, 300], { ...options, output: "counts" });
    expect([...counts.times]).toEqual([-10, 0, 10]);
    expect([...counts.values]).toEqual([1, 3, 1]);
    const rates = psth(trains, [300, 100, 200], options).values;
    [1, 3, 1].forEach((count, i) => {
      expect(rates[i]).toBeCloseTo(count / 6 / 0.01, 12);
    });
  });

  it("counts a spike for each event whose window it is in", () => {
    const options = { start: 0, stop: 10, binWidth: 10, output: "counts" } as const;
    expect([...psth([[5]], [0, 2], options).values]).toEqual([2]);
  });

  it("needs an event", () => {
    expect(() => psth([[1]], [], { start: 0, stop: 1, binWidth: 1 })).toThrow(/events/);
  });
});

describe("instantaneousRate", () => {
  it("is the kernel around a single spike: Elephant's example peaks at 1.3298076 Hz", () => {
    const kernel = { shape: "gaussian", sigma: 300 } as const;
    const rate = instantaneousRate([0], { start: -1000, stop: 1000, samplingPeriod: 200, kernel });
    expect(rate.values).toHaveLength(10);
    expect(rate.values[5]).toBeCloseTo(1.3298076, 6);
    expect(rate.values[4]).toBeCloseTo(rate.values[6], 12);
  });

  it.each(kernelShapes)(
    "with the %s kernel has an integral of one spike and the standard deviation asked for",
    (shape) => {
      const options = {
        start: -500,
        stop: 1000,
        samplingPeriod: 0.01,
        kernel: { shape, sigma: 20 },
        cutoff: 20,
      };
      const { times, values } = instantaneousRate([0], options);
      const moment = (f: (t: number) => number) =>
        values.reduce((sum, rate, i) => sum + (rate / 1000) * f(times[i]) * 0.01, 0);
      const average = moment((t) => t);
      expect(moment(() => 1)).toBeCloseTo(1, 3);
      expect(Math.sqrt(moment((t) => (t - average) ** 2))).toBeCloseTo(20, 1);
    },
  );

  it.each(kernelShapes)("centres the %s kernel on its median when asked to", (shape) => {
    const options = { start: -500, stop: 500, samplingPeriod: 0.1, kernel: { shape, sigma: 20 }, cutoff: 20 };
    const { times, values } = instantaneousRate([0.05], { ...options, centred: true });
    const before = values.reduce((sum, rate, i) => sum + (times[i] <= 0.05 ? rate / 1e4 : 0), 0);
    expect(before).toBeCloseTo(0.5, 2);
  });

  it("is causal for causal kernels", () => {
    const kernel = { shape: "alpha", sigma: 10 } as const;
    const { times, values } = instantaneousRate([50], { start: 0, stop: 100, samplingPeriod: 1, kernel });
    expect(values.every((rate, i) => (times[i] <= 50 ? rate === 0 : rate > 0))).toBe(true);
  });

  it("adds up over spikes", () => {
    const options = {
      start: 0,
      stop: 100,
      samplingPeriod: 1,
      kernel: { shape: "gaussian", sigma: 5 },
    } as const;
    const time = fc.double({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.array(time), fc.array(time), (a, b) => {
        const [ra, rb, rab] = [a, b, [...a, ...b]].map((train) => instantaneousRate(train, options).values);
        rab.forEach((value, i) => {
          expect(value).toBeCloseTo(ra[i] + rb[i], 6);
        });
      }),
      { numRuns: 30 },
    );
  });

  it("names a sampling period that does not divide the window", () => {
    const options = { start: 0, stop: 10, samplingPeriod: 3, kernel: { shape: "alpha", sigma: 1 } } as const;
    expect(() => instantaneousRate([], options)).toThrow(expect.objectContaining({ key: "samplingPeriod" }));
  });

  it("names an unknown kernel", () => {
    const kernel = { shape: "box" as "alpha", sigma: 1 };
    expect(() => instantaneousRate([], { start: 0, stop: 1, samplingPeriod: 1, kernel })).toThrow(
      /rectangular/,
    );
  });
});
