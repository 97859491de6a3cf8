/** Networks whose rings of sums do not fit into the shared memory of a GPU's block, if it has a third of the neurons. */

import { uniform } from "synfire";
import type { Network } from "./observe.js";
import { severalAtOnce } from "./parrots.js";
import { recordSpikesAndPotentials } from "./record.js";

const from = (indegree: number) => ({ rule: "fixed_indegree", indegree }) as const;
const delay = uniform({ min: 0.3, max: 25 });

/** delays so long that rings need more than the 227 KiB that a block of any GPU has; volleys arrive 10 ms after they were fired */
export const longDelays: readonly Network[] = [
  {
    name: "long delays, one weight for each projection: events of 16 bits",
    run: (sim) => sim.simulate(60),
    build: (sim) => {
      const e = sim.create("iaf_psc_exp", 480, { I_e: 420 });
      const i = sim.create("iaf_psc_exp", 120, { I_e: 440, V_m: uniform({ min: -70, max: -56 }) });
      const all = e.concat(i);
      sim.connect(e, all, from(30), { weight: 6, delay: 9.7 });
      sim.connect(e, all, from(10), { weight: 40, delay });
      sim.connect(i, all, from(8), { weight: -70, delay });
      return recordSpikesAndPotentials(sim, all, all, 77);
    },
  },
  {
    name: "long delays, weights of 16 bits, and several spikes of one neuron in a step",
    run: (sim) => sim.simulate(60),
    build: (sim) =>
      severalAtOnce(sim, { neurons: 300, every: 77 }, { indegree: 10, delay }, { indegree: 10, delay }),
  },
];
