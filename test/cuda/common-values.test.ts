/** Constants that populations share, until they do not, and again: kernels of both kinds give the reference's spikes. */

import type { NodeCollection } from "synfire";
import { describe, expect, test } from "vitest";
import { calibrate } from "../../src/engine/calibration.js";
import { CommonValues } from "../../src/engine/cuda/common-values.js";
import { planVariants } from "../../src/engine/cuda/variants.js";
import { expectSame, type Network, observe } from "../conformance/observe.js";
import { enginesPresent } from "../conformance/setups.js";
import { lowered } from "./lowered.js";

let neurons: NodeCollection;

const network: Network = {
  name: "two populations of one model, one of another",
  build: (sim) => {
    const [a, b] = [sim.create("iaf_psc_exp", 40, { I_e: 500 }), sim.create("iaf_psc_exp", 30, { I_e: 450 })];
    const c = sim.create("iaf_psc_alpha", 20, { I_e: 600, t_ref: 1 });
    neurons = a.concat(b);
    const all = neurons.concat(c);
    sim.connect(all, all, { rule: "fixed_indegree", indegree: 8 }, { weight: -20, delay: 0.7 });
    return [sim.record(all), sim.record(all.slice(0, 90, 7), { variables: ["V_m"], interval: 0.5 })];
  },
  run: async (sim) => {
    await sim.simulate(20);
    neurons.slice(0, 40).set({ tau_m: 12, t_ref: 1 });
    await sim.simulate(20);
    neurons.slice(40, 70).set({ tau_m: 12, t_ref: 1 });
    await sim.simulate(20);
    neurons.set({ V_th: -56 });
    await sim.simulate(20);
  },
};

test("which constants are common", async () => {
  const net = await lowered(network, "float32");
  const { variants, variantOf } = planVariants(net, calibrate(net));
  const values = new CommonValues(net, variants, variantOf);
  const { places, program } = variants[variantOf[0]!]!;
  const [first, second] = net.populations.map((p) => p.constants as number[]) as [number[], number[]];
  const placeOf = (slot: number) =>
    places[program.bindings.findIndex((b) => b.kind === "constant" && b.index === slot)]!;
  const slots = first.map((_, slot) => slot).filter((slot) => placeOf(slot) >= 0);
  const isInteger = (slot: number) =>
    program.update.inputs[program.bindings.findIndex((b) => b.kind === "constant" && b.index === slot)]!
      .variable.type === "i32";
  const reals = slots.filter((slot) => !isInteger(slot));
  const plan = values.plan.reals[variantOf[0]!]!;
  for (const slot of reals) expect(plan[placeOf(slot)]! >= 0).toBe(first[slot] === second[slot]);
  const [same, differs] = [true, false].map((want) =>
    placeOf(reals.find((slot) => (first[slot] === second[slot]) === want)!),
  ) as [number, number];
  const used = [...values.plan.reals, ...values.plan.ints].flat().filter((at) => at >= 0);
  expect(new Set(used).size).toBe(used.length);
  const now = () => new Float32Array(values.words()!.buffer)[plan[same]!];
  expect(now()).toBe(Math.fround(first[reals.find((slot) => placeOf(slot) === same)!]!));
  values.set(0, false, same, -50);
  expect(values.words()).toBeUndefined();
  values.set(1, false, same, -50);
  expect(now()).toBe(-50);
  // what was not common need not agree
  values.set(1, false, differs, 1);
  expect(now()).toBe(-50);
});

describe.skipIf(!enginesPresent.includes("cuda"))("changes while a network runs", () => {
  test.each([
    ["float32", 1],
    ["float32", 3],
    ["float64", 3],
  ] as const)("%s, %i blocks", async (precision, blocks) => {
    const reference = await observe({ device: "reference", precision }, network);
    expect(reference.spikeCount).toBeGreaterThan(100);
    expectSame(reference, await observe({ device: "cuda", precision, blocks }, network), "cuda");
  });
});
