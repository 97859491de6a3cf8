/** Neurons in their upstroke move to warps of their own, and what arrives in a step is added before the next one: results are the same. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { networks } from "../conformance/networks.js";
import { expectSame, type Network, observe } from "../conformance/observe.js";
import { receivers } from "../conformance/receivers.js";
import { cudaHere, enginesPresent } from "../conformance/setups.js";
import { upstrokes } from "../conformance/upstrokes.js";
import { onLargeGpu } from "./lowered.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

const named = (name: string) => networks.find((n) => n.name === name)!;
const shapeOf = async (network: Network, blocks?: number) =>
  (await onLargeGpu(network, "float32", 38, blocks === undefined ? {} : { blocks })).shape;

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
      const { shape } = await onLargeGpu(upstrokes[0]!, precision, slots);
      expect(shape.threads).toBe(threads);
      expect(shape.asideBytes > 0).toBe(aside);
    },
  );

  test("only models with an upstroke", async () => {
    expect((await shapeOf(named("model iaf_cond_exp"))).asideBytes).toBe(0);
  });

  test("messages are read as late as the shortest delay where nothing of a step depends on what arrives in it", async () => {
    const late = await shapeOf(upstrokes[0]!);
    expect([late.lateInput, late.lag]).toEqual([true, 1]);
    // its potential is raised, and compared with the threshold, in the same step
    const delta = await shapeOf(named("model iaf_psc_delta"));
    expect(delta.lateInput).toBe(false);
    // so far as it may be asked for later: what is added does not depend on the step, or on its random numbers
    expect((await shapeOf(receivers[0]!)).lateInput).toBe(true);
    expect((await shapeOf(receivers[1]!)).lateInput).toBe(false);
    // a block alone has no messages
    expect((await shapeOf(upstrokes[0]!, 1)).lateInput).toBe(false);
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
