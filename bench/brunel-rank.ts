/**
 * The rate of the network of adaptive neurons as one rank of the scaling benchmark: weights 0.05 / 0.25 nS, drive 0.35 nS, 100 ms of
 * pre-run, then 1000 ms with a lower drive from 400 to 500 ms; mean of five seeds. NEST GPU's scaling benchmark reports 26.4 spikes/s.
 */

import { Simulator } from "synfire";
import type { Bench, BenchResult } from "synfire/cli";
import { advance, build } from "../examples/brunel.js";

export const onRequest = true;

export default async function brunelRank(bench: Bench): Promise<BenchResult> {
  const settings = bench.parameters({ order: 1000, simtime: 1000 });
  const rates: number[] = [];
  const seconds: number[] = [];
  for (const seed of [1, 2, 3, 4, 5]) {
    const begin = performance.now();
    const sim = await Simulator.create({ ...bench.options, seed });
    const { neurons, drive, presim } = build(sim, { ...settings, network: "rank" });
    await sim.simulate(presim);
    const before = sim.spikeCount;
    await advance(sim, drive, settings.simtime, true);
    rates.push(((sim.spikeCount - before) / neurons.length / settings.simtime) * 1000);
    seconds.push((performance.now() - begin) / 1000);
    sim.dispose();
  }
  const mean = rates.reduce((a, b) => a + b, 0) / rates.length;
  return {
    settings,
    figures: {
      rate: { median: mean, values: rates },
      wall_s: { median: [...seconds].sort((a, b) => a - b)[2]!, values: seconds },
    },
  };
}
