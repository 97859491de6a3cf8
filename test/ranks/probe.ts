/**
 * One rank of a test: builds a network, runs it, and writes on rank 0 a hash of all spikes and samples as JSON. Run by `synfire run`,
 * under a launcher or alone.
 */
import { createHash } from "node:crypto";
import { Simulator } from "synfire";
import type { Run } from "synfire/cli";
import { build as brunel } from "../../examples/brunel.js";
import { build as brunel2000 } from "../../examples/brunel2000.js";
import { build as microcircuit, defaults as microcircuitDefaults } from "../../examples/microcircuit.js";
import { build as ring } from "../../examples/ring.js";

export default async function probe(run: Run) {
  const { network, order, ms, exchange, parts } = run.parameters({
    network: "W1",
    order: 100,
    ms: 100,
    exchange: "auto",
    /** the run is cut into this many calls of simulate() */
    parts: 1,
  });
  const sim = await Simulator.create({
    seed: 1234,
    device: "cpu",
    distribute: true,
    exchange: exchange as "auto",
    ...run.options,
  });
  const neurons =
    network === "W1"
      ? brunel(sim, { order }).neurons
      : network === "W2"
        ? ring(sim, { order, networks: 4 })
            .map((r) => r.neurons)
            .reduce((a, b) => a.concat(b))
        : network === "W3"
          ? microcircuit(sim, microcircuitDefaults).populations.reduce((a, b) => a.concat(b))
          : brunel2000(sim, { synapse: "delta", order }).neurons;
  const spikes = sim.record(neurons);
  const states = sim.record(neurons.slice(0, neurons.length, Math.ceil(neurons.length / 40)), {
    variables: ["V_m"],
    interval: 1,
  });
  for (let k = 0; k < parts; k++) await sim.simulate(ms / parts);
  const events = await sim.gather(spikes);
  const samples = await sim.gather(states);
  const exchanged = sim.exchange;
  const ranks = await sim.gatherValues({
    seconds: sim.timers.simulate,
    exchanged,
    threads: run.options.threads,
  });
  if (!events || !samples) return undefined;
  const hash = createHash("sha256");
  for (const e of [events, samples])
    for (const values of Object.values(e)) hash.update(Float64Array.from(values as ArrayLike<number>));
  return {
    hash: hash.digest("hex").slice(0, 16),
    spikes: events.senders.length,
    samples: samples.senders.length,
    spikeCount: sim.spikeCount,
    ranks,
  };
}
