/** Runs: time, counts, recordings, stopping, progress, memory. */

import { type Progress, type Simulator, uniform } from "synfire";
import { datWriter, memorySink } from "synfire/recording";
import { describe, expect, test } from "vitest";
import { enginesPresent } from "../conformance/setups.js";
import { using } from "./help.js";

const lively = (sim: Simulator, n = 20) =>
  sim.create("iaf_psc_exp", n, { I_e: uniform({ min: 400, max: 900 }) });

describe.each(enginesPresent)("%s", (device) => {
  const on = (use: (sim: Simulator) => void | Promise<void>) => using(use, { device });

  test(
    "time, steps and spike count add up",
    on(async (sim) => {
      const r = sim.record(lively(sim));
      await sim.simulate(0);
      expect([sim.time, sim.steps, sim.spikeCount]).toEqual([0, 0, 0]);
      await sim.simulate(33.3);
      await sim.simulate(16.7);
      expect(sim.time).toBeCloseTo(50, 9);
      expect(sim.steps).toBe(500);
      expect(sim.spikeCount).toBe(r.events.times.length);
      expect(sim.spikeCount).toBeGreaterThan(10);
    }),
  );

  test(
    "spike times are multiples of the resolution without noise, ascending, and of recorded nodes only",
    on(async (sim) => {
      const n = lively(sim);
      const r = sim.record(n.slice(3, 17, 2), { start: 20, stop: 40 });
      await sim.simulate(60);
      const times = [...r.events.times];
      expect(times.length).toBeGreaterThan(5);
      times.forEach((t, i) => {
        expect(t).toBe(Number(t.toFixed(1)));
        expect(t).toBeGreaterThan(20);
        expect(t).toBeLessThanOrEqual(40);
        if (i > 0) expect(t).toBeGreaterThanOrEqual(times[i - 1]!);
      });
      for (const s of r.events.senders) expect(n.slice(3, 17, 2).position(s)).toBeGreaterThanOrEqual(0);
    }),
  );

  test(
    "samples come at offset + k interval with start < t <= stop, step by step over all populations",
    on(async (sim) => {
      const a = lively(sim, 3);
      const b = sim.create("iaf_psc_alpha", 2);
      const r = sim.record(a.concat(b), {
        variables: ["V_m"],
        interval: 2,
        offset: 0.5,
        start: 2.5,
        stop: 9,
      });
      for (const ms of [1, 3, 0.1, 8.9]) await sim.simulate(ms);
      expect([...r.events.times]).toEqual([4.5, 6.5, 8.5].flatMap((t) => Array(5).fill(t)));
      expect([...r.events.senders]).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    }),
  );

  test(
    "a spike emitted in the step that ends at t has the stamp t, and V_m is sampled after it",
    on(async (sim) => {
      const n = sim.create("iaf_psc_exp", 1, { I_e: 1000 });
      const spikes = sim.record(n);
      const v = sim.record(n, { variables: ["V_m", "refractory_steps"], interval: 0.1 });
      await sim.simulate(20);
      const at = v.events.times.indexOf(spikes.events.times[0]!);
      expect(v.events.V_m![at]).toBe(-70);
      expect(v.events.V_m![at - 1]).toBeLessThan(-55);
      expect(v.events.refractory_steps![at]).toBe(20);
      expect(v.events.refractory_steps![at - 1]).toBe(0);
    }),
  );

  test(
    "a writer gets everything; nothing is kept unless asked for",
    on(async (sim) => {
      const n = lively(sim);
      const [text, kept] = [memorySink(), memorySink()];
      const plain = sim.record(n);
      const streamed = sim.record(n, { writer: datWriter(text, { version: "1" }) });
      const both = sim.record(n, { writer: datWriter(kept, { version: "1" }), keep: true });
      await sim.simulate(50);
      expect(streamed.events.times.length).toBe(0);
      expect(streamed.nEvents).toBe(plain.nEvents);
      expect([...both.events.times]).toEqual([...plain.events.times]);
    }),
  );

  test(
    "what was there can be forgotten; recorders made later begin then",
    on(async (sim) => {
      const n = lively(sim);
      const r = sim.record(n);
      await sim.simulate(30);
      expect(r.nEvents).toBeGreaterThan(0);
      r.clear();
      expect([r.nEvents, r.events.times.length]).toEqual([0, 0]);
      const late = sim.record(n);
      await sim.simulate(30);
      expect([...late.events.times]).toEqual([...r.events.times]);
      expect(Math.min(...r.events.times)).toBeGreaterThan(30);
    }),
  );

  test(
    "stop ends a run early and keeps what was recorded; the next run goes on from there",
    on(async (sim) => {
      const r = sim.record(lively(sim));
      const seen: Progress[] = [];
      sim.onProgress = (p) => {
        seen.push(p);
        if (seen.length === 3) sim.stop();
      };
      await sim.simulate(100_000);
      const stopped = sim.time;
      expect(stopped).toBeGreaterThan(0);
      expect(stopped).toBeLessThan(100_000);
      expect(r.nEvents).toBe(sim.spikeCount);
      expect(seen.length).toBe(3);
      expect(seen[2]!.end).toBeCloseTo(100_000, 3);
      expect(seen[2]!.time).toBeCloseTo(stopped, 6);
      expect(seen[0]!.time).toBeLessThan(seen[1]!.time);
      expect(seen[2]!.spikes).toBe(sim.spikeCount);
      await sim.simulate(1);
      expect(sim.time).toBeCloseTo(stopped + 1, 6);
    }),
  );

  test(
    "stop while a run is being prepared",
    on(async (sim) => {
      lively(sim);
      const run = sim.simulate(1000);
      sim.stop();
      await run;
      expect(sim.time).toBeLessThan(1000);
    }),
  );

  test(
    "the memory report says which layout and why",
    on(async (sim) => {
      const sources = lively(sim, 100);
      const rule = { rule: "fixed_indegree", indegree: 50 };
      // to neurons of their own: wide weights would make the sums of all others finer, too
      for (const synapse of [
        { weight: 2, delay: 1 },
        { weight: 2, delay: uniform({ min: 1, max: 2 }) },
        { weight: uniform({ min: 1, max: 2 }), delay: 1 },
        { weight: uniform({ min: 0.001, max: 2 }), delay: 1 },
        { weight: new Array<number>(5000).fill(3), delay: 1 },
      ])
        sim.connect(sources, sim.create("iaf_psc_exp", 100), rule, synapse);
      const m = await sim.memory();
      expect(m.projections.map((p) => p.layout)).toEqual(["constant", "packed", "packed", "wide", "wide"]);
      for (const p of m.projections) {
        expect(p.synapses).toBe(5000);
        expect(p.reason.length).toBeGreaterThan(5);
      }
      expect(m.total).toBeGreaterThanOrEqual(m.synapses + m.neurons + m.rings);
      if (device === "cpu") {
        // 2, 4 and 8 bytes, and 4 bytes per source for where its slice begins
        const each = m.projections.map((p) => Math.round((p.bytes - 4 * 101) / 5000));
        expect(each).toEqual([2, 4, 4, 8, 8]);
      }
    }),
  );

  test(
    "the shortest delay is that of the connections",
    on(async (sim) => {
      const n = lively(sim);
      sim.connect(n, n, "one_to_one", { delay: uniform({ min: 0.7, max: 2 }) });
      expect(await sim.minDelay()).toBeCloseTo(0.7, 9);
    }),
  );
});

test(
  "models are listed, described and defined",
  using((sim) => {
    for (const name of ["iaf_psc_exp", "parrot_neuron", "poisson_generator", "multimeter"])
      expect(sim.models).toContain(name);
    expect(sim.describeModel("iaf_psc_exp")).toMatch(/exact propagators: I_syn_ex, I_syn_in, V_m/);
    expect(sim.describeModel("aeif_cond_alpha")).toMatch(/Runge-Kutta 4\(5\): .*V_m/);
    expect(sim.modelText("izhikevich")).toMatch(/model izhikevich:/);
    expect(() => sim.modelText("izhikevic")).toThrow(/izhikevich/);
  }),
);
