/** What callers of the engine rely on beside its results. */

import { expect, test, vi } from "vitest";
import { cudaEngine } from "../../src/engine/cuda/cuda-engine.js";
import { openDriver } from "../../src/engine/cuda/ffi-driver.js";
import { networks } from "../conformance/networks.js";
import { cudaHere } from "../conformance/setups.js";
import { lowered } from "./lowered.js";

test.skipIf(!cudaHere)(
  "a GPU is at work before run() returns, so that the host can do something else",
  async () => {
    const net = await lowered(networks.find((n) => n.name === "model iaf_psc_exp")!, "float32");
    const device = (await openDriver()).open(0);
    const launch = vi.spyOn(Object.getPrototypeOf(device), "launch");
    const engine = await cudaEngine(net, [], {
      ...{ threads: 1, tileSize: undefined, delivery: "auto", gpus: [0], blocks: 2 },
    });
    try {
      for (let k = 0; k < 2; k++) {
        launch.mockClear();
        const outcome = engine.run({ steps: 10, record: true, scheduled: [] });
        expect(launch).toHaveBeenCalledTimes(1);
        expect((await outcome).steps).toBe(10);
      }
    } finally {
      engine.dispose();
      device.dispose();
      launch.mockRestore();
    }
  },
);
