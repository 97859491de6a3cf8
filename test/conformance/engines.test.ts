/**
 * Every engine and every configuration against the reference engine, bit for bit: spikes (senders, times) and sampled state
 * variables of small networks that use every feature.
 */

import type { SimulatorOptions } from "synfire";
import { describe, expect, test } from "vitest";
import { broadNetworks, networks } from "./networks.js";
import { expectLively, expectSame, observe } from "./observe.js";
import { cudaHere, enginesPresent, nameAbsentEngines } from "./setups.js";

const PRECISIONS = ["float32", "float64"] as const;

/** a few that differ in everything */
const SOME: readonly SimulatorOptions[] = [
  { threads: 1, tileSize: "auto" },
  { threads: 2, tileSize: 7 },
  { threads: 3, tileSize: 64 },
  { threads: 8, tileSize: 7 },
];
const ALL: readonly SimulatorOptions[] = [1, 2, 3, 8].flatMap((threads) =>
  (["auto", 7, 64, 1000] as const).map((tileSize) => ({ threads, tileSize })),
);

/** block counts and numbers of GPUs; the emulator has two GPUs of three multiprocessors */
const GPU: readonly SimulatorOptions[] = [
  { device: "cuda", blocks: 3 },
  { device: "cuda", blocks: 1 },
];
const GPU_ALL: readonly SimulatorOptions[] = [
  ...GPU,
  { device: "cuda", blocks: 2 },
  ...(cudaHere === "emulated" ? [{ device: "cuda:0,1", blocks: 2 } as const] : []),
];

test("names the engines that are absent", () => {
  const cuda = { gpu: "", emulated: "; cuda: emulated on the CPU, no GPU here", none: ", cuda" };
  expect(nameAbsentEngines()).toBe(`absent here: webgpu${cuda[cudaHere ?? "none"]}`);
});

describe.each(PRECISIONS)("%s", (precision) => {
  for (const [list, cpu, gpu] of [
    [networks, SOME, GPU],
    [broadNetworks, ALL, GPU_ALL],
  ] as const) {
    const configurations: SimulatorOptions[] = [
      ...cpu.map((c) => ({ device: "cpu" as const, ...c })),
      // the second precision once: compiling for the emulator takes its time
      ...(enginesPresent.includes("cuda") ? gpu.slice(0, precision === "float32" ? gpu.length : 1) : []),
    ];
    test.each(
      list.map((network) => [`${network.name}, ${configurations.length} configurations`, network] as const),
    )("%s", async (_, network) => {
      const reference = await observe({ device: "reference", precision }, network);
      expectLively(reference, network);
      for (const configuration of configurations) {
        const label = JSON.stringify(configuration);
        expectSame(reference, await observe({ precision, ...configuration }, network), label);
      }
    });
  }
});
