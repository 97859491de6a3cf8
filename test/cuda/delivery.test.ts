/** What small networks meet only if they are led there: who delivers what, messages of 32-bit entries, generators outside of shared memory. */

import { type Simulator, uniform } from "synfire";
import { afterEach, describe, expect, test, vi } from "vitest";
import { expectSame, type Network, observe } from "../conformance/observe.js";
import { recordSpikesAndPotentials } from "../conformance/record.js";
import { cudaHere, enginesPresent } from "../conformance/setups.js";
import { fewNeurons, lookedUpAhead, manyNeurons } from "../conformance/short-slices.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** neurons that send so many spikes at once that place and number take more than 16 bits */
const manyAtOnce: Network = {
  name: "thousands of spikes of one neuron in a step",
  build: (sim: Simulator) => {
    const parrots = sim.create("parrot_neuron", 90);
    for (const [k, times] of [
      [1, 2.5, 8],
      [1.3, 4],
      [2.5, 3, 3.1],
    ].entries()) {
      const spike_multiplicities = times.map((_, i) => [1, 4000, 70][(k + i) % 3]!);
      const generator = sim.create("spike_generator", 1, { spike_times: times, spike_multiplicities });
      sim.connect(generator, parrots.slice(20 * k, 20 * k + 50), "all_to_all", { weight: 1, delay: 0.5 });
    }
    const neurons = sim.create("iaf_psc_exp", 200, { I_e: 380 });
    sim.connect(
      parrots,
      neurons,
      { rule: "fixed_indegree", indegree: 12 },
      { weight: 0.01, delay: uniform({ min: 0.3, max: 2 }) },
    );
    return recordSpikesAndPotentials(sim, parrots.concat(neurons), neurons, 40);
  },
  spikes: 200,
};

/** more than are copied to shared memory; one whose mean number of spikes is large */
const manyGenerators: Network = {
  name: "twenty generators",
  build: (sim: Simulator) => {
    const neurons = sim.create("iaf_psc_exp", 300);
    for (let k = 0; k < 19; k++) {
      const noise = sim.create("poisson_generator", 1, { rate: 300 * (k + 1) });
      sim.connect(noise, neurons.slice(10 * k, 10 * k + 100), "all_to_all", { weight: 25, delay: 0.3 });
    }
    const loud = sim.create("poisson_generator", 1, { rate: 2e6 });
    sim.connect(loud, neurons.slice(250), "all_to_all", { weight: 0.9, delay: 0.2 });
    return recordSpikesAndPotentials(sim, neurons, neurons, 60);
  },
  spikes: 200,
};

describe.skipIf(!enginesPresent.includes("cuda"))("delivery", () => {
  const two = cudaHere === "emulated" ? "cuda:0,1" : "cuda";
  test.each([
    ...[...manyNeurons, ...fewNeurons].map((n) => [n.name, n, ["grouped", "full", "grouped,full"]] as const),
    ...lookedUpAhead.map((n, k) => [n.name, n, k === 0 ? ["", "full"] : [""]] as const),
    ...[manyAtOnce, manyGenerators].map((n) => [n.name, n, ["", "grouped"]] as const),
  ])("%s", async (_, network, words) => {
    const reference = await observe({ device: "reference" }, network);
    expect(reference.spikeCount).toBeGreaterThan(network.spikes!);
    for (const debug of words) {
      vi.stubEnv("SYNFIRE_DEBUG", debug);
      for (const device of ["cuda", two] as const)
        expectSame(reference, await observe({ device, blocks: 3 }, network), `${debug} ${device}`);
    }
  });
});
