/** What must be refused instead of being dropped, and what spike weights do to the synapses of their generator only. */

import { describe, expect, it } from "vitest";
import { Simulator, SynfireError } from "../../src/index.js";

const make = () => Simulator.create({ threads: 1, precision: "float64" });
const refused = (act: () => unknown, code: string, key: string) => {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(SynfireError);
    expect((error as SynfireError).code).toBe(code);
    expect((error as SynfireError).key).toBe(key);
    return;
  }
  expect.unreachable();
};

describe("refusals", () => {
  it("recorders take no rule but all_to_all, and no weights", async () => {
    const sim = await make();
    const neurons = sim.create("iaf_psc_exp", 2);
    const recorders = sim.create("spike_recorder", 2);
    refused(() => sim.connect(neurons, recorders, "one_to_one"), "bad-connection", "rule");
    refused(() => sim.connect(neurons, recorders, "nonsense"), "bad-connection", "rule");
    refused(() => sim.connect(neurons, recorders, "all_to_all", { weight: 2 }), "bad-connection", "weight");
    const meter = sim.create("voltmeter");
    refused(
      () => sim.connect(meter, neurons, { rule: "fixed_indegree", indegree: 1 }),
      "bad-connection",
      "rule",
    );
  });

  it("spike times that have passed", async () => {
    const sim = await make();
    const neuron = sim.create("iaf_psc_exp");
    const generator = sim.create("spike_generator", 1, { spike_times: [2] });
    sim.connect(generator, neuron, "all_to_all", { weight: 10 });
    await sim.simulate(5);
    refused(() => generator.set({ spike_times: [3, 9] }), "bad-parameter", "spike_times");
    generator.set({ stop: 100 });
    generator.set({ spike_times: [6] });
  });

  it("collections from before a reset", async () => {
    const sim = await make();
    const old = sim.create("iaf_psc_exp", 3);
    sim.reset();
    sim.create("iaf_psc_alpha", 3);
    refused(() => old.get("V_m"), "bad-nodes", "nodes");
    refused(() => sim.connect(old, old), "bad-nodes", "sources");
  });

  it("negative spike weights at a receptor of one sign", async () => {
    const sim = await make();
    const neuron = sim.create("iaf_psc_exp");
    const generator = sim.create("spike_generator", 1, { spike_times: [2], spike_weights: [-1] });
    sim.connect(generator, neuron, "all_to_all", { weight: 10, receptor: "ex" });
    await expect(sim.simulate(1)).rejects.toMatchObject({ code: "bad-weight", key: "spike_weights" });
  });
});

it("of two generators in one connection, only the one with spike weights uses them", async () => {
  for (const device of ["reference", "cpu"] as const) {
    const sim = await Simulator.create({ threads: 1, precision: "float64", device });
    const neurons = sim.create("iaf_psc_exp", 2);
    const generators = sim.create("spike_generator", 2, { spike_times: [1] });
    generators.at(1).set({ spike_weights: [-3] });
    sim.connect(generators, neurons, "one_to_one", { weight: 10, delay: 1 });
    await sim.simulate(2);
    expect([...(neurons.get("I_syn_ex") as Float64Array)]).toEqual([10, 0]);
    expect([...(neurons.get("I_syn_in") as Float64Array)]).toEqual([0, -30]);
  }
});
