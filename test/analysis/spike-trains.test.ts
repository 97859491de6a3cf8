import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binSpikes, clipBins, countSpikes, denseRow, spikeTrains } from "../../src/analysis/index.js";
import { SynfireError } from "../../src/errors.js";

const data = { senders: [3, 1, 3, 7, 1], times: [5, 2, 1, 4, 9] };

describe("spikeTrains", () => {
  it("gives one ascending train per id, in the order of the ids, empty ones included", () => {
    expect(spikeTrains(data, [1, 2, 3]).map((train) => [...train])).toEqual([[2, 9], [], [1, 5]]);
  });

  it("takes a window closed on the left by default, on the right as NEST's recorders on request", () => {
    const spikes = { senders: [1, 1, 1], times: [10, 15, 20] };
    expect([...spikeTrains(spikes, [1], { start: 10, stop: 20 })[0]]).toEqual([10, 15]);
    expect([...spikeTrains(spikes, [1], { start: 10, stop: 20, closed: "right" })[0]]).toEqual([15, 20]);
  });

  it("puts steps that are inexact in binary into the window they belong to", () => {
    const spikes = { senders: [1, 1], times: [3 * 0.1, 0.7 + 0.1] }; // 0.30000000000000004, 0.7999999999999999
    expect([...countSpikes(spikes, [1], { start: 0, stop: 0.3 })]).toEqual([0]);
    expect([...countSpikes(spikes, [1], { start: 0.3, stop: 0.8 })]).toEqual([1]);
    expect([...countSpikes(spikes, [1], { start: 0, stop: 0.3, closed: "right" })]).toEqual([1]);
  });

  it("takes ids of any size", () => {
    const far = { senders: [4e9, 2, 4e9], times: [2, 1, 1] };
    expect(spikeTrains(far, [2, 4e9]).map((train) => [...train])).toEqual([[1], [1, 2]]);
  });

  it("loses and invents no spike, whatever the order of the data", () => {
    const spike = fc.record({ sender: fc.nat(5), time: fc.nat(1000) });
    fc.assert(
      fc.property(fc.array(spike), (spikes) => {
        const trains = spikeTrains(
          { senders: spikes.map((s) => s.sender), times: spikes.map((s) => s.time / 10) },
          [0, 1, 2, 3, 4, 5],
        );
        for (let id = 0; id < 6; id++) {
          const expected = spikes.filter((s) => s.sender === id).map((s) => s.time / 10);
          expect([...trains[id]]).toEqual(expected.sort((a, b) => a - b));
        }
      }),
    );
  });

  it.each([
    ["times", () => spikeTrains({ senders: [1], times: [] }, [1])],
    ["times[0]", () => spikeTrains({ senders: [1], times: [Number.NaN] }, [1])],
    ["ids[1]", () => spikeTrains(data, [1, 1])],
    ["ids[0]", () => spikeTrains(data, [0.5])],
    ["stop", () => spikeTrains(data, [1], { start: 2, stop: 2 })],
    ["binWidth", () => binSpikes([[1]], { start: 0, stop: 10, binWidth: 3 })],
    ["trains[0][1]", () => binSpikes([[2, 1]], { start: 0, stop: 10, binWidth: 1 })],
  ])("names %s when it is wrong", (key, call) => {
    expect(call).toThrow(SynfireError);
    expect(call).toThrow(expect.objectContaining({ code: "bad-argument", key }));
  });
});

describe("binSpikes", () => {
  it("counts per bin and clips on request", () => {
    const binned = binSpikes([[0.5, 0.7, 2], [], [3.9]], { start: 0, stop: 4, binWidth: 1 });
    expect([...denseRow(binned, 0)]).toEqual([2, 0, 1, 0]);
    expect([...denseRow(binned, 1)]).toEqual([0, 0, 0, 0]);
    expect([...denseRow(binned, 2)]).toEqual([0, 0, 0, 1]);
    expect([...denseRow(clipBins(binned), 0)]).toEqual([1, 0, 1, 0]);
    const clipped = binSpikes([[0.5, 0.7, 2], [], [3.9]], { start: 0, stop: 4, binWidth: 1, clip: true });
    expect(clipped).toEqual(clipBins(binned));
  });

  it("gives every step its bin, although steps are inexact in binary", () => {
    const steps = Float64Array.from({ length: 10_000 }, (_, k) => k * 0.1);
    const binned = binSpikes([steps], { start: 0, stop: 1000, binWidth: 2 });
    expect([...denseRow(binned, 0)]).toEqual(new Array(500).fill(20));
    const stamps = Float64Array.from({ length: 10_000 }, (_, k) => (k + 1) * 0.1);
    const nest = binSpikes([stamps], { start: 0, stop: 1000, binWidth: 2, closed: "right" });
    expect([...denseRow(nest, 0)]).toEqual(new Array(500).fill(20));
  });
});
