/** Networks in which a block has few synapses of each source: what lies in trays on a GPU. */

import { normalClipped, type Simulator, uniform } from "synfire";
import type { Network } from "./observe.js";
import { severalAtOnce } from "./parrots.js";
import { recordSpikesAndPotentials } from "./record.js";

const from = (indegree: number) => ({ rule: "fixed_indegree", indegree }) as const;

/** with long delays not all places fit into 16 bits where a block has a thousand neurons */
function balanced(sim: Simulator, size: number, longest: number) {
  const delay = uniform({ min: 0.3, max: longest });
  const e = sim.create("iaf_psc_exp", size, { I_e: 420 });
  const i = sim.create("iaf_psc_exp", size / 4, { I_e: 440, V_m: uniform({ min: -70, max: -56 }) });
  const all = e.concat(i);
  sim.connect(e, all, from(9), { weight: 20, delay: 0.8 });
  sim.connect(e, all, from(3), { weight: normalClipped({ mean: 40, std: 8, low: 30, high: 50 }), delay });
  sim.connect(i, all, from(4), { weight: -70, delay });
  // more than a tray holds, of a few sources
  sim.connect(e.slice(0, 3), e.slice(0, 200), "all_to_all", { weight: 1.5, delay: 1.1 });
  return recordSpikesAndPotentials(sim, all, all, 177);
}

/** a thread has several neurons, in two blocks */
export const manyNeurons: readonly Network[] = [
  { name: "2,500 neurons, all places in 16 bits", build: (sim) => balanced(sim, 2000, 1.5), spikes: 1000 },
  { name: "2,500 neurons, long delays", build: (sim) => balanced(sim, 2000, 9), spikes: 1000 },
];

/** no source has synapses in more than one table, and delays are too long for trays: who comes next is looked up ahead */
const oneTableEach = (size: number): Network => ({
  name: `${(1.25 * size).toLocaleString("en-US")} neurons with one table for each source`,
  build: (sim) => {
    const delay = uniform({ min: 0.3, max: 9 });
    const e = sim.create("iaf_psc_exp", size, { I_e: 420 });
    const i = sim.create("iaf_psc_exp", size / 4, { I_e: 440, V_m: uniform({ min: -70, max: -56 }) });
    const all = e.concat(i);
    sim.connect(e, all, from(9), { weight: 20, delay });
    sim.connect(i, all, from(4), { weight: -70, delay });
    return recordSpikesAndPotentials(sim, all, all, 177);
  },
  spikes: 1000,
});

export const lookedUpAhead: readonly Network[] = [
  oneTableEach(2000),
  {
    name: "several spikes of one of 2,200 neurons in a step",
    build: (sim) => {
      const delay = uniform({ min: 0.1, max: 9 });
      const sizes = { neurons: 2200, parrots: 900, every: 177 };
      return severalAtOnce(sim, sizes, { indegree: 8, delay, weight: 40 }, { indegree: 4, delay });
    },
    spikes: 1000,
  },
];

/** the same in many blocks, so that a warp looks at several mailboxes */
export const manyBlocks: Network = {
  ...oneTableEach(7400),
  run: (sim) => sim.simulate(20),
  spikes: 500,
};

/** a thread has one neuron */
export const fewNeurons: readonly Network[] = [
  { name: "1,000 neurons in short slices", build: (sim) => balanced(sim, 800, 9), spikes: 300 },
  {
    name: "several spikes of one neuron in a step",
    build: (sim) =>
      severalAtOnce(
        sim,
        { neurons: 700, every: 177 },
        { indegree: 8, delay: 0.4 },
        { indegree: 4, delay: uniform({ min: 0.1, max: 3 }) },
      ),
    spikes: 1000,
  },
];
