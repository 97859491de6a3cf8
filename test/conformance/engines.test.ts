/**
 * Every engine and every configuration against the reference engine, bit for bit: spikes (senders, times) and sampled state
 * variables of small networks that use every feature.
 */

import type { SimulatorOptions } from "synfire";
import { describe, expect, test } from "vitest";
import { broadNetworks, networks } from "./networks.js";
import { expectLively, expectSame, observe } from "./observe.js";
import { enginesPresent, nameAbsentEngines } from "./setups.js";

const others = enginesPresent.filter((e) => e !== "reference");
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

test("names the engines that are absent", () => {
  expect(nameAbsentEngines()).toBe("absent here: webgpu, cuda");
});

describe.each(PRECISIONS)("%s", (precision) => {
  for (const [list, configurations] of [
    [networks, SOME],
    [broadNetworks, ALL],
  ] as const) {
    test.each(
      list.map((network) => [`${network.name}, ${configurations.length} configurations`, network] as const),
    )("%s", async (_, network) => {
      const reference = await observe({ device: "reference", precision }, network);
      expectLively(reference, network);
      for (const device of others) {
        for (const configuration of configurations) {
          const label = `${device}, ${configuration.threads} threads, tiles of ${configuration.tileSize}`;
          expectSame(reference, await observe({ device, precision, ...configuration }, network), label);
        }
      }
    });
  }
});
