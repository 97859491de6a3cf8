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

test.skipIf(!cudaHere)(
  "what a run recorded can be asked for while the next one is at work, and after it",
  async () => {
    const net = await lowered(networks.find((n) => n.name === "model iaf_psc_exp")!, "float32");
    const options = { threads: 1, tileSize: undefined, delivery: "auto", gpus: [0], blocks: 2 } as const;
    const request = { steps: 100, record: true, scheduled: [] };
    const spikes = async (asked: "at once" | "during the next" | "after the next") => {
      const engine = await cudaEngine(net, [], options);
      try {
        const out: number[][] = [];
        const ask = (outcome: Awaited<ReturnType<typeof engine.run>>) =>
          out.push([...outcome.spikes.steps], [...outcome.spikes.ids]);
        let before: Awaited<ReturnType<typeof engine.run>> | undefined;
        for (let k = 0; k < 4; k++) {
          const running = engine.run(request);
          if (asked === "during the next" && before) ask(before);
          const outcome = await running;
          if (asked === "after the next" && before) ask(before);
          if (asked === "at once") ask(outcome);
          before = outcome;
        }
        if (asked !== "at once") ask(before!);
        return out;
      } finally {
        engine.dispose();
      }
    };
    const expected = await spikes("at once");
    expect(Math.max(...expected.map((list) => list.length))).toBeGreaterThan(10);
    expect(await spikes("during the next")).toEqual(expected);
    expect(await spikes("after the next")).toEqual(expected);
  },
);
