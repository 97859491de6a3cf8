/** Parameters and state variables: getting and setting them, of neurons and of devices. */

import { normalClipped, uniform } from "synfire";
import { describe, expect, test } from "vitest";
import { expectError, using } from "./help.js";

const numbers = (v: unknown) => Array.from(v as ArrayLike<number>);

describe("neurons", () => {
  test(
    "defaults, a value for all, one per node",
    using((sim) => {
      const n = sim.create("iaf_psc_exp", 3, { tau_m: 12, C_m: [200, 250, 300] });
      expect(n.get("V_th")).toBe(-55);
      expect(n.get("tau_m")).toBe(12);
      expect(numbers(n.get("C_m"))).toEqual([200, 250, 300]);
      expect(n.get("model")).toBe("iaf_psc_exp");
      expect(n.at(1).get("C_m")).toBe(250);
      const all = n.get();
      expect(all.t_ref).toBe(2);
      expect(Object.keys(all)).toContain("I_syn_ex");
    }),
  );

  test(
    "some nodes are set, the others keep theirs",
    using((sim) => {
      const n = sim.create("iaf_psc_exp", 6);
      n.slice(0, 6, 2).set({ tau_m: [1, 2, 3], V_m: -60 });
      expect(numbers(n.get("tau_m"))).toEqual([1, 10, 2, 10, 3, 10]);
      expect(numbers(n.get("V_m"))).toEqual([-60, -70, -60, -70, -60, -70]);
      n.set({ tau_m: 7 });
      expect(n.get("tau_m")).toBe(7);
    }),
  );

  test(
    "the order of the collection counts, also if it holds the whole population",
    using((sim) => {
      const n = sim.create("iaf_psc_exp", 3);
      n.pick([2, 0, 1]).set({ V_m: [-62, -60, -61], tau_m: [12, 10, 11] });
      expect(numbers(n.get("V_m"))).toEqual([-60, -61, -62]);
      expect(numbers(n.get("tau_m"))).toEqual([10, 11, 12]);
      expect(numbers(n.pick([1, 2, 0]).get("tau_m"))).toEqual([11, 12, 10]);
      n.pick([0, 2, 1]).set({ V_m: [-1, -2, -3] });
      expect(numbers(n.get("V_m"))).toEqual([-1, -3, -2]);
    }),
  );

  test(
    "several populations at once",
    using((sim) => {
      const a = sim.create("iaf_psc_exp", 2, { tau_m: 5 });
      const b = sim.create("iaf_psc_alpha", 3);
      const both = b.at(2).concat(a, b.slice(0, 2));
      both.set({ V_m: [-61, -62, -63, -64, -65] });
      expect(numbers(a.get("V_m"))).toEqual([-62, -63]);
      expect(numbers(b.get("V_m"))).toEqual([-64, -65, -61]);
      expect(numbers(both.get("tau_m"))).toEqual([10, 5, 5, 10, 10]);
      expect(both.get("C_m")).toBe(250);
      expect(both.get("model")).toEqual([
        "iaf_psc_alpha",
        "iaf_psc_exp",
        "iaf_psc_exp",
        "iaf_psc_alpha",
        "iaf_psc_alpha",
      ]);
      expect(both.get("model")).not.toContain(Number.NaN);
      expect(Object.keys(both.get())).not.toContain("V_min"); // only what all have
      both.set({ t_ref: 3 });
      expect([a.get("t_ref"), b.get("t_ref")]).toEqual([3, 3]);
    }),
  );

  test(
    "booleans and integers",
    using(async (sim) => {
      const n = sim.create("iaf_psc_delta", 2, { refractory_input: true });
      expect(n.get("refractory_input")).toBe(true);
      const m = sim.create("iaf_psc_delta", 1);
      expect(numbers(n.concat(m).get("refractory_input"))).toEqual([1, 1, 0]);
      n.set({ refractory_steps: 3 });
      expect(n.get("refractory_steps")).toBe(3);
      await expectError(
        () => n.set({ refractory_steps: 1.5 }),
        "bad-parameter",
        "refractory_steps",
        "integer",
      );
      expect(n.get("refractory_steps")).toBe(3);
    }),
  );

  test(
    "vectors: one for all, one per node, of several populations",
    using(async (sim) => {
      const n = sim.create("aeif_cond_beta", 3, { E_rev: [0, -85, -20], tau_rise: 1 });
      expect(n.get("n_receptors")).toBe(3);
      expect(numbers(n.get("E_rev"))).toEqual([0, -85, -20]);
      expect(numbers(n.get("tau_rise"))).toEqual([1, 1, 1]);
      n.at(1).set({ E_rev: [1, 2, 3] });
      expect((n.get("E_rev") as Float64Array[]).map(numbers)).toEqual([
        [0, -85, -20],
        [1, 2, 3],
        [0, -85, -20],
      ]);
      n.set({
        tau_decay: [
          [1, 2, 3],
          [4, 5, 6],
          [7, 8, 9],
        ],
      });
      expect(numbers(n.at(2).get("tau_decay"))).toEqual([7, 8, 9]);
      const typed = sim.create("aeif_cond_beta_multisynapse", 1, { E_rev: Float64Array.of(0, -70) });
      expect(typed.get("n_receptors")).toBe(2);
      const one = sim.create("aeif_cond_beta", 1, { E_rev: [-5, -6, -7] });
      expect((n.concat(one).get("E_rev") as Float64Array[]).map(numbers)).toEqual([
        [0, -85, -20],
        [1, 2, 3],
        [0, -85, -20],
        [-5, -6, -7],
      ]);
      await expectError(() => n.set({ E_rev: [1, 2] }), "bad-parameter", "E_rev");
      await expectError(() => n.set({ n_receptors: 2 }), "bad-parameter", "n_receptors", "fixed");
      await expectError(() => sim.create("aeif_cond_beta", 1, { n_receptors: 3 }), "bad-parameter", "E_rev");
      await expectError(
        () => sim.create("aeif_cond_beta", 1, { n_receptors: 0 }),
        "bad-parameter",
        "n_receptors",
      );
      await expectError(
        () => sim.create("aeif_cond_beta", 1, { n_receptors: 1.5 }),
        "bad-parameter",
        "n_receptors",
      );
    }),
  );

  test(
    "distributions: of the seed and the node, new with every call",
    using(async (sim) => {
      const spec = {
        V_m: uniform({ min: -70, max: -55 }),
        tau_m: normalClipped({ mean: 10, std: 1, low: 8, high: 12 }),
      };
      const n = sim.create("iaf_psc_exp", 200, spec);
      const v = numbers(n.get("V_m"));
      const tau = numbers(n.get("tau_m"));
      expect(new Set(v).size).toBe(200);
      expect(Math.min(...v)).toBeGreaterThanOrEqual(-70);
      expect(Math.max(...v)).toBeLessThanOrEqual(-55);
      expect(Math.min(...tau)).toBeGreaterThanOrEqual(8);
      expect(v.reduce((s, x) => s + x, 0) / 200).toBeCloseTo(-62.5, -0.5);
      n.set({ V_m: spec.V_m });
      expect(numbers(n.get("V_m"))).not.toEqual(v);
      await using(
        (other) => {
          expect(numbers(other.create("iaf_psc_exp", 200, spec).get("V_m"))).toEqual(v);
        },
        { threads: 2 },
      )();
      await using(
        (other) => {
          expect(numbers(other.create("iaf_psc_exp", 200, spec).get("V_m"))).not.toEqual(v);
        },
        { seed: 2 },
      )();
    }),
  );

  test(
    "defaults follow parameters: V_m starts at E_L",
    using((sim) => {
      const n = sim.create("iaf_psc_exp", 2, { E_L: [-65, -60] });
      expect(numbers(n.get("V_m"))).toEqual([-65, -60]);
    }),
  );

  test(
    "states are read back while the network exists, in declared units",
    using(async (sim) => {
      const n = sim.create("iaf_psc_exp", 2, { I_e: [0, 100] });
      await sim.simulate(300);
      const v = numbers(n.get("V_m"));
      expect(v[0]).toBeCloseTo(-70, 2);
      expect(v[1]).toBeCloseTo(-66, 2);
      n.at(0).set({ V_m: -58 });
      expect(numbers(n.get("V_m"))[0]).toBe(-58);
      expect(numbers(n.get("V_m"))[1]).toBeCloseTo(-66, 2);
    }),
  );
});

describe("devices", () => {
  test(
    "get and set",
    using((sim) => {
      const g = sim.create("poisson_generator", 1, { rate: 100, start: 5 });
      expect([g.get("rate"), g.get("start"), g.get("stop"), g.get("model")]).toEqual([
        100,
        5,
        Number.POSITIVE_INFINITY,
        "poisson_generator",
      ]);
      g.set({ rate: 5 });
      expect(g.get().rate).toBe(5);
    }),
  );

  test(
    "one value per device, and lists",
    using(async (sim) => {
      const g = sim.create("poisson_generator", 3, { rate: [1, 2, 3] });
      expect(numbers(g.get("rate"))).toEqual([1, 2, 3]);
      g.set({ start: [5, 6, 7], stop: 50 });
      expect(numbers(g.get("start"))).toEqual([5, 6, 7]);
      expect(g.get("stop")).toBe(50);
      const s = sim.create("spike_generator", 2, { spike_times: [1, 2, 3] });
      expect(numbers(s.get("spike_times"))).toEqual([1, 2, 3]);
      s.at(1).set({ spike_times: [4] });
      expect((s.get("spike_times") as Float64Array[]).map(numbers)).toEqual([[1, 2, 3], [4]]);
      const apart = sim.create("spike_generator", 2, { spike_times: [[1], [2, 3]] });
      expect((apart.get("spike_times") as Float64Array[]).map(numbers)).toEqual([[1], [2, 3]]);
      await expectError(() => g.set({ rate: [1, 2] }), "bad-parameter", "rate");
      expect(numbers(g.get("rate"))).toEqual([1, 2, 3]);
    }),
  );

  test(
    "neurons and devices in one collection are not set halfway",
    using(async (sim) => {
      const mixed = sim.create("iaf_psc_exp", 2).concat(sim.create("poisson_generator"));
      await expectError(() => mixed.set({ rate: 3 }), "bad-nodes");
      await expectError(() => mixed.get("rate"), "bad-nodes");
    }),
  );
});
