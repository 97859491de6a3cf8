/**
 * Five neurons, each connected to all: how long is a step in which there is almost nothing to do? NEST GPU takes 41.6
 * microseconds per step for five neurons on an A100.
 *
 *     synfire run examples/five-neurons.ts [simtime=10000] [delay=1]
 */
import { Simulator } from "synfire";
import type { Run } from "synfire/cli";

export const defaults = {
  /** ms */
  simtime: 10_000,
  /** of all synapses, ms; the shorter, the more often threads would have to meet */
  delay: 1,
};

/** Creates and connects the network in a simulator. */
export function build(sim: Simulator, parameters: { delay: number } = defaults) {
  // currents above rheobase, so that each neuron fires at a rate of its own
  const neurons = sim.create("iaf_psc_exp", 5, { I_e: [400, 410, 420, 430, 440] });
  sim.connect(neurons, neurons, "all_to_all", { weight: 20, delay: parameters.delay });
  return { neurons };
}

export default async function fiveNeurons(run: Run) {
  const parameters = run.parameters(defaults);
  const sim = await Simulator.create(run.options);
  const { neurons } = build(sim, parameters);
  const spikes = sim.record(neurons);
  await sim.simulate(parameters.simtime);
  const results = {
    simulated_ms: sim.time,
    rate: (spikes.nEvents / neurons.length / sim.time) * 1000,
    microsecondsPerStep: (sim.timers.simulate * 1e6) / sim.steps,
    realTimeFactor: (sim.timers.simulate * 1000) / sim.time,
    timers: { ...sim.timers },
  };
  sim.dispose();
  return results;
}
