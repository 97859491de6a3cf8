/**
 * One rank of a test: builds each of the networks that the engines are compared on, runs it, and writes on rank 0, as JSON, a hash of
 * all spikes and samples. Run by `synfire run`, under a launcher or alone.
 */
import { createHash } from "node:crypto";
import { type NodeCollection, Simulator, uniform } from "synfire";
import type { Run } from "synfire/cli";
import { build as brunel } from "../../examples/brunel.js";
import { build as brunel2000 } from "../../examples/brunel2000.js";
import { build as microcircuit, defaults as microcircuitDefaults } from "../../examples/microcircuit.js";
import { build as ring } from "../../examples/ring.js";

const joined = (parts: readonly NodeCollection[]) => parts.reduce((a, b) => a.concat(b));

/** neurons, ms, and in how many calls of simulate() */
const networks: Readonly<
  Record<string, { build: (sim: Simulator) => NodeCollection; ms: number; parts?: number }>
> = {
  "W1: adaptive neurons": { build: (sim) => brunel(sim, { order: 100 }).neurons, ms: 99, parts: 3 },
  "W2: a ring of four networks, placed on ranks": {
    build: (sim) => joined(ring(sim, { order: 50, networks: 4 }).map((r) => r.neurons)),
    ms: 100,
  },
  "W3: microcircuit at 10 %": {
    build: (sim) => joined(microcircuit(sim, microcircuitDefaults).populations),
    ms: 50,
  },
  "neurons that fill the last places of all blocks": {
    build: (sim) => {
      // dealt over two ranks with three blocks each
      const parts = [24, 24].map((n) =>
        sim.create("iaf_psc_delta", n, { I_e: 500, t_ref: 1, V_m: uniform({ min: -70, max: -56 }) }),
      );
      const [from, to] = parts as [NodeCollection, NodeCollection];
      sim.connect(from, to, { rule: "fixed_indegree", indegree: 7 }, { weight: 1.5, delay: 0.7 });
      sim.connect(
        to.slice(0, 24, 2),
        from,
        { rule: "fixed_indegree", indegree: 3 },
        { weight: -0.7, delay: 0.3 },
      );
      return joined(parts);
    },
    ms: 200,
  },
  "a table for each source, and spikes from outside": {
    build: (sim) => {
      const neurons = sim.create("iaf_psc_exp", 1500, { I_e: 400 });
      const others = sim.create("iaf_psc_exp", 301, { V_m: uniform({ min: -70, max: -56 }) });
      const all = neurons.concat(others);
      const given = sim.create("spike_generator", 3, { spike_times: [1, 7.3, 20] });
      const delay = uniform({ min: 0.3, max: 9 });
      sim.connect(neurons, all, { rule: "fixed_indegree", indegree: 12 }, { weight: 20, delay });
      sim.connect(others, all, { rule: "fixed_indegree", indegree: 4 }, { weight: -70, delay });
      sim.connect(given, others, "all_to_all", { weight: 900, delay: 1.5 });
      return all;
    },
    ms: 60,
  },
  "W5: Brunel (2000)": {
    build: (sim) => brunel2000(sim, { synapse: "delta", order: 400 }).neurons,
    ms: 100,
  },
};

export default async function probe(run: Run) {
  const { threads, device, blocks } = run.parameters({ threads: "1,2", device: "cpu", blocks: 0 });
  const results: Record<string, unknown> = {};
  for (const [name, { build, ms, parts = 1 }] of Object.entries(networks))
    for (const n of threads.split(",").map(Number)) {
      const sim = await Simulator.create({
        seed: 1234,
        device: device as "cpu",
        distribute: true,
        ...run.options,
        threads: n,
        ...(blocks > 0 ? { blocks } : {}),
        // both, over all numbers of ranks and threads
        exchange: (n + (Object.keys(results).length >> 1)) % 2 === 0 ? "collective" : "point-to-point",
      });
      const neurons = build(sim);
      const spikes = sim.record(neurons);
      const sample = neurons.slice(0, neurons.length, Math.ceil(neurons.length / 40));
      const states = sim.record(sample, { variables: ["V_m"], interval: 1 });
      for (let part = 0; part < parts; part++) await sim.simulate(ms / parts);
      const gathered = [await sim.gather(spikes), await sim.gather(states)];
      const modes = await sim.gatherValues(sim.exchange?.mode ?? "none");
      const hash = createHash("sha256");
      for (const events of gathered)
        for (const values of Object.values(events ?? {}))
          hash.update(Float64Array.from(values as ArrayLike<number>));
      results[`${name}, ${n} threads`] = {
        hash: hash.digest("hex").slice(0, 16),
        spikes: gathered[0]?.senders.length,
        spikeCount: sim.spikeCount,
        modes,
      };
      sim.dispose();
    }
  return (await Simulator.create({ ...run.options })).rank() === 0 ? results : undefined;
}
