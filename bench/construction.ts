/** How fast synapses are drawn: the rules that draw at random, with constant and with distributed weights and delays. */
import { type NodeCollection, normalClipped, Simulator } from "synfire";
import type { Bench, BenchResult } from "synfire/cli";

type Connect = (sim: Simulator, neurons: NodeCollection, indegree: number) => void;

const constant = { weight: 1, delay: 1.5 };
const distributed = {
  weight: normalClipped({ mean: 1, std: 0.1, low: 0, high: 1.3 }),
  delay: normalClipped({ mean: 1.5, std: 0.75, low: 0.1, high: 3.75 }),
};

const rules: Readonly<Record<string, Connect>> = {
  fixed_indegree: (sim, n, indegree) => sim.connect(n, n, { rule: "fixed_indegree", indegree }, constant),
  "fixed_indegree, distributed": (sim, n, indegree) =>
    sim.connect(n, n, { rule: "fixed_indegree", indegree }, distributed),
  fixed_outdegree: (sim, n, outdegree) => sim.connect(n, n, { rule: "fixed_outdegree", outdegree }, constant),
  fixed_total_number: (sim, n, indegree) =>
    sim.connect(n, n, { rule: "fixed_total_number", N: indegree * n.length }, constant),
  pairwise_bernoulli: (sim, n, indegree) =>
    sim.connect(n, n, { rule: "pairwise_bernoulli", p: indegree / n.length }, constant),
};

export default async function construction(bench: Bench): Promise<BenchResult> {
  const settings = bench.parameters({ neurons: 10_000, indegree: 500 });
  const figures: Record<string, unknown> = {};
  for (const [name, connect] of Object.entries(rules)) {
    figures[name] = await bench.repeat(async () => {
      const sim = await Simulator.create(bench.options);
      const neurons = sim.create("iaf_psc_exp", settings.neurons);
      const begin = performance.now();
      connect(sim, neurons, settings.indegree);
      await sim.prepare();
      const seconds = (performance.now() - begin) / 1000;
      const { synapses } = await sim.memory();
      sim.dispose();
      const count = settings.neurons * settings.indegree;
      return { millionSynapses_per_s: count / seconds / 1e6, bytesPerSynapse: synapses / count };
    });
  }
  return { settings, figures };
}
