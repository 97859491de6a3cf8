/** Sources that are looked up ahead, of several mailboxes: one, two or four lanes look at each. */

import { expect, test, vi } from "vitest";
import { expectSame, observe } from "../conformance/observe.js";
import { cudaHere } from "../conformance/setups.js";
import { manyBlocks } from "../conformance/short-slices.js";

test.skipIf(cudaHere !== "emulated").each([20, 40, 70])("in %d blocks", async (blocks) => {
  vi.stubEnv("SYNFIRE_EMULATED_MULTIPROCESSORS", "70");
  const reference = await observe({ device: "reference" }, manyBlocks);
  expect(reference.spikeCount).toBeGreaterThan(manyBlocks.spikes!);
  expectSame(reference, await observe({ device: "cuda", blocks }, manyBlocks), `${blocks} blocks`);
});
