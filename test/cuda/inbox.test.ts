/** Networks whose rings do not fit into shared memory: lists of events, and the ways out when these are full. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { longDelays } from "../conformance/long-delays.js";
import { expectSame, observe } from "../conformance/observe.js";
import { cudaHere, enginesPresent } from "../conformance/setups.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.skipIf(!enginesPresent.includes("cuda"))("rings that shared memory does not hold", () => {
  test.each(longDelays.map((n) => [n.name, n] as const))("%s", async (_, network) => {
    const reference = await observe({ device: "reference" }, network);
    expect(reference.spikeCount).toBeGreaterThan(500);
    for (const [debug, gpus] of [
      ["", "cuda"],
      ["inbox", "cuda"],
      ["inbox,crowded", "cuda"],
      ["inbox,crowded", cudaHere === "emulated" ? "cuda:0,1" : "cuda"],
    ] as const) {
      vi.stubEnv("SYNFIRE_DEBUG", debug);
      const label = `${debug} ${gpus}`;
      expectSame(reference, await observe({ device: gpus, blocks: 3 }, network), label);
    }
  });
});
