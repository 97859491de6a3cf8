/** Adaptive neurons of which many are in their upstroke at a time: where a GPU has threads for it, these move to warps of their own. */

import { type NodeCollection, type Simulator, uniform } from "synfire";
import type { Network } from "./observe.js";

const synapses = { E_rev: [0, -85], tau_rise: [0.8, 1.1], tau_decay: [1.6, 2] };

/** what a run changes */
const populations = new WeakMap<Simulator, NodeCollection>();

/** two populations of different constants, noise that differs, and weights of both signs; more than one call, with changes between them */
const several: Network = {
  name: "upstrokes in two populations, and changes between runs",
  build: (sim: Simulator) => {
    const fast = sim.create("aeif_cond_beta_multisynapse", 90, {
      ...synapses,
      V_m: uniform({ min: -70, max: -46 }),
      I_e: 500,
    });
    const slow = sim.create("aeif_cond_beta_multisynapse", 50, {
      ...synapses,
      ...{ Delta_T: 3.5, V_peak: -10, t_ref: 0.3, I_e: 700, V_m: -55 },
    });
    const all = fast.concat(slow);
    populations.set(sim, all);
    const noise = sim.create("poisson_generator", 1, { rate: 9000 });
    const less = sim.create("poisson_generator", 1, { rate: 2000 });
    sim.connect(noise, all, "all_to_all", { weight: 0.7, delay: 0.1, receptor: 0 });
    sim.connect(less, slow, "all_to_all", { weight: 1.5, delay: 0.4, receptor: 1 });
    const delay = uniform({ min: 0.1, max: 1.4 });
    sim.connect(
      fast,
      all,
      { rule: "fixed_indegree", indegree: 9 },
      { weight: uniform({ min: 0.2, max: 0.5 }), delay, receptor: 0 },
    );
    sim.connect(slow, all, { rule: "fixed_indegree", indegree: 4 }, { weight: 0.8, delay: 0.1, receptor: 1 });
    return [
      sim.record(all),
      sim.record(all.slice(0, 140, 9), { variables: ["V_m", "w", "g_1", "dg_2"] }),
      sim.record(all.slice(3, 140, 31), { variables: ["V_m"], interval: 0.7 }),
    ];
  },
  run: async (sim, recorders) => {
    for (const time of [0.1, 5, 0.2, 11.3]) await sim.simulate(time);
    // in the midst of many upstrokes
    populations.get(sim)!.slice(10, 60).set({ I_e: 900 });
    await sim.simulate(6.4);
    populations.get(sim)!.slice(0, 20).set({ V_m: -49 });
    recorders[2]!.clear();
    await sim.simulate(7);
  },
  spikes: 150,
};

/** all of a block in their upstroke in the same steps: more than there are places for */
const together: Network = {
  name: "all neurons in their upstroke at once",
  build: (sim: Simulator) => {
    const neurons = sim.create("aeif_cond_alpha", 130, { V_m: uniform({ min: -49.5, max: -48 }), I_e: 900 });
    sim.connect(neurons, neurons, { rule: "fixed_indegree", indegree: 5 }, { weight: 4, delay: 0.1 });
    return [sim.record(neurons), sim.record(neurons.slice(0, 130, 13), { variables: ["V_m", "w"] })];
  },
  run: (sim) => sim.simulate(25),
  spikes: 250,
};

export const upstrokes: readonly Network[] = [several, together];
