/** Neurons in their upstroke move to warps of their own, and what arrives in a step is added before the next one: results are the same. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { calibrate } from "../../src/engine/calibration.js";
import { shapeFor, wideRings } from "../../src/engine/cuda/shape.js";
import { planTables } from "../../src/engine/cuda/tables.js";
import { planVariants } from "../../src/engine/cuda/variants.js";
import { networks } from "../conformance/networks.js";
import { expectSame, type Network, observe } from "../conformance/observe.js";
import { receivers } from "../conformance/receivers.js";
import { cudaHere, enginesPresent } from "../conformance/setups.js";
import { upstrokes } from "../conformance/upstrokes.js";
import { lowered } from "./lowered.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

const named = (name: string) => networks.find((n) => n.name === name)!;

async function planOf(network: Network, precision: "float32" | "float64", slots: number, blocks = 132) {
  const net = await lowered(network, precision);
  const calibration = calibrate(net);
  const { variants } = planVariants(net, calibration);
  const wide = wideRings(net, calibration);
  return shapeFor({
    ...{ network: net, calibration, variants, wide, slots, synapsesPerSlice: 4 },
    info: {
      ...{ index: 0, name: "GPU", busId: "", architecture: 90, multiprocessors: 132, threadsPerBlock: 1024 },
      ...{ sharedMemory: 232_448, l2Cache: 50 * 2 ** 20, totalMemory: 80 * 2 ** 30, cooperative: true },
    },
    tables: planTables(net, calibration, wide, Math.ceil(Math.log2(slots)), (p) => p.plan),
    layout: { devices: 1, blocks, processBlocks: blocks },
    farDelay: Number.POSITIVE_INFINITY,
    trays: false,
    drives: 1,
  });
}

describe("which networks", () => {
  test.each([
    ["float32", 38, 384, true],
    ["float32", 379, 512, true],
    // no warps are left for them
    ["float32", 449, 480, false],
    ["float32", 3788, 384, false],
    ["float64", 38, 256, true],
    ["float64", 379, 384, false],
  ] as const)(
    "%s, %d neurons in a block: %d threads, aside: %s",
    async (precision, slots, threads, aside) => {
      const shape = await planOf(upstrokes[0]!, precision, slots);
      expect(shape.threads).toBe(threads);
      expect(shape.asideBytes > 0).toBe(aside);
    },
  );

  test("only models with an upstroke", async () => {
    expect((await planOf(named("model iaf_cond_exp"), "float32", 38)).asideBytes).toBe(0);
  });

  test("messages are read as late as the shortest delay where nothing of a step depends on what arrives in it", async () => {
    const late = await planOf(upstrokes[0]!, "float32", 38);
    expect([late.lateInput, late.lag]).toEqual([true, 1]);
    // its potential is raised, and compared with the threshold, in the same step
    const delta = await planOf(named("model iaf_psc_delta"), "float32", 38);
    expect(delta.lateInput).toBe(false);
    // so far as it may be asked for later: what is added does not depend on the step, or on its random numbers
    expect((await planOf(receivers[0]!, "float32", 38)).lateInput).toBe(true);
    expect((await planOf(receivers[1]!, "float32", 38)).lateInput).toBe(false);
    // a block alone has no messages
    expect((await planOf(upstrokes[0]!, "float32", 38, 1)).lateInput).toBe(false);
  });
});

describe.skipIf(!enginesPresent.includes("cuda"))("the same results", () => {
  const two = cudaHere === "emulated" ? "cuda:0,1" : "cuda";
  // with 128 threads in a block, up to 64 neurons have warps beside them
  const all = [
    ["cuda", 3, ""],
    ["cuda", 3, "together"],
    ["cuda", 2, "full"],
    ["cuda", 1, ""],
    [two, 3, ""],
  ] as const;
  test.each([
    ...upstrokes.map((n) => [n.name, "float32", n, all] as const),
    ...upstrokes.map((n) => [n.name, "float64", n, [all[0]]] as const),
    ...receivers.map((n) => [n.name, "float32", n, [all[0], all[4]]] as const),
  ])("%s, %s", async (_, precision, network, configurations) => {
    const reference = await observe({ device: "reference", precision }, network);
    expect(reference.spikeCount).toBeGreaterThan(network.spikes!);
    for (const [device, blocks, debug] of configurations) {
      vi.stubEnv("SYNFIRE_DEBUG", debug);
      expectSame(
        reference,
        await observe({ device, precision, blocks }, network),
        `${device}, ${blocks}, ${debug}`,
      );
    }
  });
});
