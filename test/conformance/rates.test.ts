/** The rate of a Poisson generator changes between runs: in place where that is possible, with the spikes of a network built anew. */

import { normalClipped, type Simulator } from "synfire";
import { describe, expect, test } from "vitest";
import { enginesPresent, withSimulator } from "./setups.js";

async function spikes(
  sim: Simulator,
  rates: readonly number[],
): Promise<{ events: number[]; builds: number }> {
  const neurons = sim.create("iaf_psc_exp", 120);
  const even = sim.create("poisson_generator", 1, { rate: 12_000 });
  const drawn = sim.create("poisson_generator", 1, { rate: 3000, start: 5 });
  sim.connect(even, neurons, "all_to_all", { weight: 40, delay: 0.7 });
  const weight = normalClipped({ mean: 20, std: 10, low: 1, high: 60 });
  sim.connect(drawn, neurons, { rule: "fixed_total_number", N: 500 }, { weight, delay: 1.1 });
  sim.connect(neurons, neurons, { rule: "fixed_indegree", indegree: 12 }, { weight: 60, delay: 1.5 });
  const recorder = sim.record(neurons);
  await sim.simulate(20);
  let builds = 0;
  for (const rate of rates) {
    even.set({ rate });
    drawn.set({ rate: rate / 5 });
    const before = sim.timers.calibrate;
    await sim.simulate(17.3);
    if (sim.timers.calibrate > before) builds++;
  }
  const { senders, times } = recorder.events;
  return { events: Array.from(times, (t, k) => Math.round(t * 10) * 1000 + senders[k]!), builds };
}

describe.each([
  ["a little", [11_500, 12_000, 12_300, 11_000], 0],
  ["so much that sums need other units", [9000, 400_000, 6_000_000, 9000], 4],
] as const)("by %s", (_, rates, most) => {
  test.each(enginesPresent.filter((device) => device !== "reference"))("%s", async (device) => {
    const reference = await withSimulator({ device: "reference", seed: 7 }, (sim) => spikes(sim, rates));
    expect(reference.events.length).toBeGreaterThan(100);
    expect(reference.builds).toBe(rates.length);
    for (const precision of ["float32", "float64"] as const) {
      const expected =
        precision === "float32"
          ? reference
          : await withSimulator({ device: "reference", seed: 7, precision }, (sim) => spikes(sim, rates));
      const own = await withSimulator({ device, seed: 7, precision }, (sim) => spikes(sim, rates));
      expect(own.events).toEqual(expected.events);
      expect(own.builds).toBeLessThanOrEqual(most);
    }
  });
});
