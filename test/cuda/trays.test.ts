/** Short slices in trays: which tables have some, what is read back from them is tested with construction; here what they deliver. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { Format } from "../../src/engine/cuda/structs.js";
import type { TablePlan } from "../../src/engine/cuda/tables.js";
import { mayHaveTrays, traySizes } from "../../src/engine/cuda/trays.js";
import { expectSame, observe } from "../conformance/observe.js";
import { cudaHere, enginesPresent } from "../conformance/setups.js";
import { fewNeurons, manyNeurons } from "../conformance/short-slices.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("tables that may have trays", () => {
  const table = (format: number, delays: number) =>
    ({ format, firstDelay: 3, parts: [{ part: { maxDelay: 2 + delays } }] }) as unknown as TablePlan;
  test.each([
    ["places of 16 bits", [table(Format.place16, 10)], 8, true],
    ["places of 32 bits that fit into 16", [table(Format.place32, 17)], 8, true],
    ["places that do not", [table(Format.place32, 18)], 8, false],
    ["weights of 16 bits", [table(Format.packed, 10)], 8, true],
    ["weights of 32 bits", [table(Format.place16, 10), table(Format.wide32, 1)], 8, false],
    ["long slices", [table(Format.place16, 10)], 17, false],
    ["no tables", [], 8, false],
  ])("%s", (_, tables, slice, expected) => {
    expect(mayHaveTrays(tables, { solo: false, heavy: false, tiles: 5, slots: 3788 }, slice)).toBe(expected);
  });
  test.each([
    ["one block", { solo: true, heavy: false, tiles: 1 }, false],
    ["one neuron per thread", { solo: false, heavy: false, tiles: 1 }, false],
    ["several", { solo: false, heavy: false, tiles: 10 }, true],
    ["several, integrated numerically", { solo: false, heavy: true, tiles: 10 }, false],
  ])("%s", (_, shape, expected) => {
    expect(mayHaveTrays([table(Format.place16, 10)], { ...shape, slots: 300 }, 8)).toBe(expected);
  });
});

describe("sizes of trays", () => {
  const [rows, blocks, free] = [1000, 100, 2 ** 30];
  const slices = rows * blocks;
  const table = { synapses: 4 * slices, sources: rows, withRest: [0, 0], rows };
  const sparse = { ...table, synapses: slices / 10 };
  test.each([
    ["short slices: the smallest", [table], [16]],
    [
      "a rest in one slice of a hundred: the next size",
      [{ ...table, synapses: 8 * slices, withRest: [slices / 100, 0] }],
      [32],
    ],
    ["long slices: none", [{ ...table, synapses: 20 * slices, withRest: [slices, slices / 2] }], undefined],
    ["most would be empty: none", [{ ...table, synapses: slices / 2 }], undefined],
    [
      "a table with few synapses beside one with many",
      [{ ...table, synapses: 8 * slices }, sparse],
      [16, 16],
    ],
    [
      "a table without synapses beside another",
      [table, { ...table, synapses: 0, sources: 0, rows: 0 }],
      [16, 0],
    ],
    ["not for all tables: none", [table, { ...table, withRest: [slices, slices] }], undefined],
    ["no synapses: none", [{ ...table, synapses: 0, sources: 0, rows: 0 }], undefined],
  ])("%s", (_, measured, sizes) => {
    expect(traySizes(measured, blocks, free)).toEqual(sizes);
  });
  test("they take no more than an eighth of the free memory", () => {
    expect(traySizes([table], blocks, 8 * 16 * slices)).toEqual([16]);
    expect(traySizes([table], blocks, 8 * 16 * slices - 1)).toBeUndefined();
  });
});

describe.skipIf(!enginesPresent.includes("cuda"))("synapses in trays", () => {
  const two = cudaHere === "emulated" ? "cuda:0,1" : "cuda";
  const setups = [
    ...manyNeurons.map((n) => [n.name, n, [2]] as const),
    ...fewNeurons.map((n) => [n.name, n, [3, 7]] as const),
  ];
  test.each(setups)("%s", async (_, network, blocks) => {
    const reference = await observe({ device: "reference" }, network);
    expect(reference.spikeCount).toBeGreaterThan(network.spikes!);
    for (const [debug, device] of [
      ["", "cuda"],
      ["trays", "cuda"],
      ["trays,inbox", two],
    ] as const) {
      vi.stubEnv("SYNFIRE_DEBUG", debug);
      for (const n of blocks)
        expectSame(reference, await observe({ device, blocks: n }, network), `${debug} ${device} ${n}`);
    }
  });
});
