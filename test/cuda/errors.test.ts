/** What the CUDA engine refuses, before it allocates; and that the CPU is there where no GPU is. */

import { Simulator } from "synfire";
import { describe, expect, test } from "vitest";
import { cudaHere, withSimulator } from "../conformance/setups.js";

test.each(["cuda:", "cuda:x", "cuda:0,0", "cuda:-1", "gpu"])(
  'device "%s" is refused, with what is allowed',
  async (device) => {
    await expect(Simulator.create({ device: device as "cuda" })).rejects.toMatchObject({
      code: "bad-option",
      key: "device",
      message: expect.stringContaining("cuda:0"),
    });
  },
);

test.each([0, 1.5, 2000])("blocks %f are refused", async (blocks) => {
  await expect(Simulator.create({ blocks })).rejects.toMatchObject({ code: "bad-option", key: "blocks" });
});

describe.skipIf(!cudaHere)("with a device", () => {
  test("a device that is not there is named, with those that are", async () => {
    await withSimulator({ device: "cuda:15" }, async (sim) => {
      sim.create("iaf_psc_exp", 3);
      await expect(sim.simulate(1)).rejects.toMatchObject({
        code: "no-cuda-device",
        message: expect.stringMatching(/15.*0 \(/),
      });
    });
  });

  test("a network that does not fit is refused before its synapses are allocated", async () => {
    await withSimulator({ device: "cuda" }, async (sim) => {
      const n = cudaHere === "gpu" ? 600_000 : 90_000;
      const nodes = sim.create("iaf_psc_delta", n);
      // 3.6e11 synapses of two bytes, more than any GPU holds; 8.1e9 for the emulator, which has 1 GiB
      sim.connect(nodes, nodes, "all_to_all", { weight: 0.1, delay: 1 });
      await expect(sim.prepare()).rejects.toMatchObject({
        code: "out-of-memory",
        message: expect.stringMatching(/GiB on each GPU/),
      });
      // the simulator is as it was
      expect(nodes.length).toBe(n);
    });
  });

  test("several simulators live side by side, and each gives its memory back", async () => {
    const counts: number[] = [];
    for (let round = 0; round < 3; round++) {
      const sims = await Promise.all([1, 2].map((seed) => Simulator.create({ device: "cuda", seed })));
      for (const sim of sims) {
        const nodes = sim.create("iaf_psc_exp", 40, { I_e: 500 });
        sim.connect(nodes, nodes, { rule: "fixed_indegree", indegree: 5 }, { weight: 30, delay: 1 });
      }
      for (const sim of sims) await sim.simulate(20);
      for (const sim of sims) await sim.simulate(20);
      counts.push(sims[0]!.spikeCount);
      for (const sim of sims) sim.dispose();
    }
    expect(counts[0]).toBeGreaterThan(20);
    expect(new Set(counts).size).toBe(1);
  });
});
