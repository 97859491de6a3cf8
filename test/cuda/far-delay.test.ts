/** How late messages of other ranks may be read: by the shortest delay of synapses between neurons of different ranks. */

import { Simulator } from "synfire";
import { expect, test } from "vitest";
import { calibrate } from "../../src/engine/calibration.js";
import { farDelay } from "../../src/engine/cuda/far-delay.js";

const from = (indegree: number) => ({ rule: "fixed_indegree", indegree }) as const;

/** of the network that one of two ranks would have */
async function shortest(build: (sim: Simulator) => void, size = 2): Promise<number> {
  const sim = await Simulator.create({ rehearse: { rank: 0, size } });
  try {
    build(sim);
    const network = sim.loweredNetwork();
    return farDelay(network, calibrate(network));
  } finally {
    sim.dispose();
  }
}

test("placed neurons: what stays on a rank does not count", async () => {
  const build = (delay: number) => (sim: Simulator) => {
    const a = sim.remoteCreate(0, "iaf_psc_exp", 10);
    const b = sim.remoteCreate(1, "iaf_psc_exp", 10);
    sim.remoteConnect(0, a, 0, a, from(2), { weight: 1, delay: 0.1 });
    sim.remoteConnect(1, b, 1, b, from(2), { weight: 1, delay: 0.2 });
    sim.remoteConnect(0, a, 1, b, from(2), { weight: 1, delay });
    sim.remoteConnect(1, b, 0, a, from(2), { weight: 1, delay: 3 });
  };
  expect(await shortest(build(0.7))).toBe(7);
  expect(await shortest(build(5))).toBe(30);
});

test("neurons that are dealt to ranks: every synapse may cross", async () => {
  const build = (sim: Simulator) => {
    const neurons = sim.create("iaf_psc_exp", 10, {}, { distribute: true });
    sim.connect(neurons, neurons, from(2), { weight: 1, delay: 0.4 });
  };
  expect(await shortest(build)).toBe(4);
});

test("generators and a rank alone: nothing crosses", async () => {
  const build = (sim: Simulator) => {
    const neurons = sim.create("iaf_psc_exp", 10, {}, { distribute: true });
    const spikes = sim.create("spike_generator", 1, { spike_times: [1] });
    sim.connect(spikes, neurons, "all_to_all", { weight: 1, delay: 0.1 });
  };
  expect(await shortest(build)).toBe(Number.POSITIVE_INFINITY);
});
