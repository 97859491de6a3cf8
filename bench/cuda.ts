/**
 * The figures of the CUDA engine: microcircuit with both inputs, with and without recording; its construction; the ring benchmark's
 * network and Brunel's at several sizes; the floor of a step; the largest networks. `parts` chooses among them.
 */
import { Simulator } from "synfire";
import type { Bench, BenchResult } from "synfire/cli";
import { advance, build as brunel } from "../examples/brunel.js";
import { build as brunel2000 } from "../examples/brunel2000.js";
import { build as fiveNeurons } from "../examples/five-neurons.js";
import { build as microcircuit, populations, referenceRates } from "../examples/microcircuit.js";

export const onRequest = true;

const parts = ["microcircuit", "recording", "five", "brunel2000", "ring", "large"] as const;

export default async function cuda(bench: Bench): Promise<BenchResult> {
  const settings = bench.parameters({
    parts: parts.join(),
    t_sim: 10_000,
    sizes: "12500,100000,1000000",
    scales: "1000,10000,100000",
    ring_ms: 100,
  });
  const options = { seed: 1, device: "cuda" as const, ...bench.options };
  const figures: Record<string, unknown> = {};
  const chosen = settings.parts.split(",");

  /** builds, warms up, simulates */
  const run = (
    make: (sim: Simulator) => { readonly synapses: number },
    { presim, simtime }: { presim: number; simtime: number },
  ) =>
    bench.repeat(async () => {
      const sim = await Simulator.create(options);
      try {
        const { synapses } = make(sim);
        await sim.prepare();
        const { connect, calibrate } = sim.timers;
        if (presim > 0) await sim.simulate(presim);
        const [before, spikesBefore] = [sim.timers.simulate, sim.spikeCount];
        await sim.simulate(simtime);
        const seconds = sim.timers.simulate - before;
        const memory = await sim.memory();
        return {
          // from the first connect() to ready
          construction_s: connect + calibrate,
          realTimeFactor: (seconds * 1000) / simtime,
          microsecondsPerStep: (seconds * 1e6 * sim.options.resolution) / simtime,
          spikes_per_s: ((sim.spikeCount - spikesBefore) * 1000) / simtime,
          bytesPerSynapse: memory.synapses / synapses,
          memory_GiB: memory.total / 2 ** 30,
        };
      } finally {
        sim.dispose();
      }
    });

  // the first simulator of a process starts the driver, and compiles what is not cached
  const first = await Simulator.create(options);
  first.create("iaf_psc_exp", 1);
  await first.prepare();
  first.dispose();

  const full = { N_scaling: 1, K_scaling: 1 };
  if (chosen.includes("microcircuit"))
    for (const poisson of [true, false])
      figures[`microcircuit, ${poisson ? "Poisson" : "DC"}`] = await run(
        (sim) => microcircuit(sim, { ...full, poisson }),
        { presim: 500, simtime: settings.t_sim },
      );
  if (chosen.includes("recording"))
    figures["microcircuit, Poisson, all spikes recorded"] = await bench.repeat(async () => {
      const sim = await Simulator.create(options);
      const network = microcircuit(sim, { ...full, poisson: true });
      const recorders = network.populations.map((p) => sim.record(p, { start: 500 }));
      await sim.simulate(500);
      const before = sim.timers.simulate;
      await sim.simulate(settings.t_sim);
      const seconds = sim.timers.simulate - before;
      const rates = Object.fromEntries(
        populations.map((name, k) => {
          const rate = (recorders[k]!.nEvents * 1000) / settings.t_sim / network.populations[k]!.length;
          return [`deviation_percent_${name}`, 100 * (rate / referenceRates[k]! - 1)];
        }),
      );
      sim.dispose();
      return { realTimeFactor: (seconds * 1000) / settings.t_sim, ...rates };
    });
  if (chosen.includes("five"))
    figures["five neurons"] = await run(
      (sim) => {
        fiveNeurons(sim, { delay: 1 });
        return { synapses: 5 };
      },
      { presim: 1000, simtime: 10_000 },
    );
  if (chosen.includes("brunel2000"))
    for (const size of settings.sizes.split(",").map(Number))
      figures[`Brunel (2000), delta, ${size} neurons, 1000 inputs each`] = await run(
        (sim) => brunel2000(sim, { synapse: "delta", order: size / 5, indegree: 800 }),
        { presim: 100, simtime: size > 500_000 ? 200 : 1000 },
      );
  if (chosen.includes("ring"))
    for (const order of settings.scales.split(",").map(Number))
      figures[`ring of one, scale ${order}`] = await bench.repeat(async () => {
        const sim = await Simulator.create(options);
        const { neurons, drive } = brunel(sim, { order, network: "rank" });
        await sim.prepare();
        const { connect, calibrate } = sim.timers;
        await sim.simulate(50);
        const [before, spikes] = [sim.timers.simulate, sim.spikeCount];
        await advance(sim, drive, settings.ring_ms, false);
        const seconds = sim.timers.simulate - before;
        const rate = ((sim.spikeCount - spikes) * 1000) / settings.ring_ms / neurons.length;
        sim.dispose();
        return {
          construction_s: connect + calibrate,
          realTimeFactor: (seconds * 1000) / settings.ring_ms,
          spikes_per_s_and_neuron: rate,
        };
      });
  if (chosen.includes("large"))
    figures["Brunel (2000), delta, 1,000,000 neurons, 5000 inputs each"] = await run(
      (sim) => brunel2000(sim, { synapse: "delta", order: 200_000, indegree: 4000 }),
      { presim: 20, simtime: 50 },
    );
  return { settings, figures };
}
