/** Delivery at arrival gives the spikes of delivery at emission and of the reference engine, also across saved states. */

import { describe, expect, it } from "vitest";
import { normalClipped, Simulator, type SimulatorOptions, uniform } from "../../src/index.js";

const NEURON = { C_m: 250, tau_m: 10, tau_syn_ex: 0.5, tau_syn_in: 0.5, E_L: -65, V_reset: -65, V_th: -50 };

async function build(options: SimulatorOptions) {
  const sim = await Simulator.create({ seed: 3, ...options });
  const e = sim.create("iaf_psc_exp", 240, { ...NEURON, V_m: uniform({ min: -65, max: -51 }) });
  const i = sim.create("iaf_psc_exp", 60, { ...NEURON, V_m: uniform({ min: -65, max: -51 }) });
  const parrots = sim.create("parrot_neuron", 3);
  const all = e.concat(i);
  const weight = (mean: number) =>
    normalClipped(
      mean > 0
        ? { mean, std: 0.1 * mean, low: 0, high: 2 * mean }
        : { mean, std: -0.1 * mean, low: 2 * mean, high: 0 },
    );
  const delay = (mean: number) => normalClipped({ mean, std: mean / 2, low: 0.1, high: 3 * mean });
  sim.connect(e, all, { rule: "fixed_indegree", indegree: 40 }, { weight: weight(60), delay: delay(1.5) });
  sim.connect(i, e, { rule: "fixed_total_number", N: 3000 }, { weight: weight(-240), delay: delay(0.8) });
  sim.connect(
    i,
    i,
    { rule: "fixed_indegree", indegree: 10, allow_autapses: false },
    { weight: -240, delay: delay(0.8) },
  );
  // one weight and delay; a rule that only the host knows; sources in disorder
  sim.connect(e.slice(0, 100, 7), i, { rule: "pairwise_bernoulli", p: 0.3 }, { weight: 80, delay: 2 });
  const fast = sim.create("poisson_generator", 1, { rate: 30_000 });
  sim.connect(fast, parrots, "all_to_all", { delay: 0.5 });
  sim.connect(parrots, e, { rule: "fixed_indegree", indegree: 2 }, { weight: weight(20), delay: delay(1) });
  const noise = sim.create("poisson_generator", 1, { rate: 8000 });
  sim.connect(noise, all, "all_to_all", { weight: 60, delay: 1.5 });
  return { sim, spikes: sim.record(all.concat(parrots)), e };
}

const list = ({ spikes }: Awaited<ReturnType<typeof build>>) => ({
  senders: [...spikes.events.senders],
  times: [...spikes.events.times],
});

describe("delivery at arrival", () => {
  it("gives the spikes of the reference engine, for any threads and tiles", async () => {
    const reference = await build({ device: "reference" });
    await reference.sim.simulate(30);
    const expected = list(reference);
    expect(expected.senders.length).toBeGreaterThan(200);
    for (const delivery of ["emission", "arrival"] as const) {
      for (const [threads, tileSize] of [
        [1, "auto"],
        [2, 64],
        [3, 16],
        [8, 40],
      ] as const) {
        const other = await build({ delivery, threads, tileSize });
        await other.sim.simulate(17.3);
        await other.sim.simulate(12.7);
        expect(list(other), `${delivery}, ${threads} threads`).toEqual(expected);
        other.sim.dispose();
      }
    }
  });

  it("saved states continue from either kind of delivery to the other", async () => {
    const whole = await build({ delivery: "emission", threads: 1 });
    await whole.sim.simulate(10);
    whole.spikes.clear();
    await whole.sim.simulate(10);
    for (const [from, to] of [
      ["arrival", "emission"],
      ["emission", "arrival"],
      ["arrival", "arrival"],
    ] as const) {
      const first = await build({ delivery: from, threads: 2 });
      await first.sim.simulate(10);
      const second = await build({ delivery: to, threads: 3, tileSize: 32 });
      await second.sim.restore(await first.sim.save());
      await second.sim.simulate(6);
      // once more, while something taken up is still on its way
      const third = await build({ delivery: from, threads: 1 });
      await third.sim.restore(await second.sim.save());
      await third.sim.simulate(4);
      const joined = {
        senders: [...list(second).senders, ...list(third).senders],
        times: [...list(second).times, ...list(third).times],
      };
      expect(joined, `${from} to ${to}`).toEqual(list(whole));
      for (const { sim } of [first, second, third]) sim.dispose();
    }
  });

  it("keeps the connections, and is refused where it cannot be", async () => {
    const [a, b] = [
      await build({ delivery: "emission", threads: 2 }),
      await build({ delivery: "arrival", threads: 2 }),
    ];
    expect(await b.sim.getConnections()).toEqual(await a.sim.getConnections());
    const wide = await build({ delivery: "arrival", precision: "float64" });
    await expect(wide.sim.simulate(1)).rejects.toMatchObject({ code: "bad-option", key: "delivery" });
  });
});
