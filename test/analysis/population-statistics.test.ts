import { describe, expect, it } from "vitest";
import { populationStatistics, randomSample } from "../../src/analysis/index.js";
import { poissonTrain } from "./poisson.js";

const window = { start: 500, stop: 10_500 };
const E = Array.from({ length: 80 }, (_, i) => i + 1);
const I = Array.from({ length: 20 }, (_, i) => i + 81);

/** Neurons of E fire at 10 Hz, those of I at 20 Hz; the first of each is silent. */
function network() {
  const senders: number[] = [];
  const times: number[] = [];
  for (const id of [...E.slice(1), ...I.slice(1)]) {
    for (const time of poissonTrain(id > 80 ? 20 : 10, 11_000, id)) {
      senders.push(id);
      times.push(time);
    }
  }
  return { senders, times };
}

describe("populationStatistics", () => {
  const statistics = populationStatistics(network(), { E, I }, { ...window, sampleSize: 40, seed: 7 });

  it("says how Poisson neurons fire", () => {
    expect(statistics.E.meanRate).toBeCloseTo((10 * 79) / 80, 0);
    expect(statistics.I.meanRate).toBeCloseTo((20 * 19) / 20, 0);
    expect(statistics.E.meanCv).toBeCloseTo(1, 1);
    expect(Math.abs(statistics.E.meanCorrelation)).toBeLessThan(0.01);
  });

  it("has one rate per neuron, one CV per neuron that fires, and one correlation per sampled pair", () => {
    expect(statistics.I.neuronCount).toBe(20);
    expect(statistics.I.rates).toHaveLength(20);
    expect(statistics.I.rates[0]).toBe(0);
    expect(statistics.I.cvs).toHaveLength(19);
    expect(statistics.I.sample).toEqual(I);
    expect(statistics.I.correlations).toHaveLength((19 * 18) / 2);
    expect(statistics.I.undefinedCorrelations).toBe(19);
    expect(statistics.E.sample).toHaveLength(40);
    expect(statistics.E.spikeCount / 80 / 10).toBeCloseTo(statistics.E.meanRate, 12);
  });

  it("draws the same sample for the same seed, whatever the other populations", () => {
    const options = { ...window, sampleSize: 40, seed: 7 };
    expect(populationStatistics(network(), { E }, options).E).toEqual(statistics.E);
    const other = populationStatistics(network(), { E }, { ...options, seed: 8 });
    expect(other.E.sample).not.toEqual(statistics.E.sample);
  });

  it("leaves CV to neurons with more than two spikes", () => {
    const data = { senders: [1, 1, 2, 2, 2], times: [1, 2, 1, 2, 4] };
    const { P } = populationStatistics(data, { P: [1, 2] }, { start: 0, stop: 10 });
    expect(P.cvs).toHaveLength(1);
    expect(P.meanCv).toBeCloseTo(1 / 3, 12);
  });

  it("has no means of nothing", () => {
    const { P } = populationStatistics({ senders: [], times: [] }, { P: [1, 2] }, { start: 0, stop: 10 });
    expect(P.meanRate).toBe(0);
    expect(P.meanCv).toBeNaN();
    expect(P.meanCorrelation).toBeNaN();
  });

  it.each([
    ["populations.X", () => populationStatistics(network(), { X: [] }, window)],
    ["binWidth", () => populationStatistics(network(), { E }, { ...window, binWidth: 3 })],
    ["sampleSize", () => populationStatistics(network(), { E }, { ...window, sampleSize: 1 })],
  ])("names %s when it is wrong", (key, call) => {
    expect(call).toThrow(expect.objectContaining({ code: "bad-argument", key }));
  });
});

describe("randomSample", () => {
  it("draws each index equally often, none twice", () => {
    const hits = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 5000; seed++) {
      const drawn = randomSample(10, 3, seed);
      expect(new Set(drawn).size).toBe(3);
      for (const i of drawn) hits[i]++;
    }
    for (const count of hits) expect(Math.abs(count - 1500)).toBeLessThan(5 * Math.sqrt(1500 * 0.7));
  });

  it("cannot draw more than there are", () => {
    expect(() => randomSample(3, 4, 1)).toThrow(/size/);
  });
});
