/**
 * Neurons with an exponential spike current: the compiler integrates their upstroke in another variable if it recognises it. The
 * same equations, written so that it does not, and integrated with a tolerance that hides nothing, must give the same.
 */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Simulator } from "../../src/index.js";

const text = readFileSync(new URL("../../src/models/aeif_cond_beta.nestml", import.meta.url), "utf8");
const RECOGNISED = "(V_bounded - V_th) / Delta_T)";
const other = text
  .replace(RECOGNISED, "(V_bounded - V_th) * (1 / Delta_T))")
  .replace("model aeif_cond_beta:", "model written_differently:");

/** a leak that is not linear, and an exponential whose factor changes: of the latter the closed form knows nothing */
const LEAK = "-g_L * (V_bounded - E_L)";
const bent = (model: string, from: string) =>
  from.replace(LEAK, `${LEAK} * (1 + (V_bounded - E_L) / (150 mV))`).replace(/model \w+:/, `model ${model}:`);
const FACTOR = "g_L * Delta_T * exp";
const mixed = text
  .replace(FACTOR, `(1 + w / (1000 pA)) * ${FACTOR}`)
  .replace("model aeif_cond_beta:", "model mixed:");

const n = 48;
const each = (value: (i: number) => number) => Float64Array.from({ length: n }, (_, i) => value(i));
/** from below threshold to many spikes */
const common = { I_e: each((i) => 300 + 60 * i), t_ref: each((i) => [0, 2, 0.1][i % 3]!) };
const far = {
  ...common,
  Delta_T: each((i) => [2, 1.5, 4, 3][i % 4]!),
  V_peak: each((i) => [0, -20, 20, -10][i % 4]!),
};
const near = { ...common, V_peak: each((i) => [-50, -48, -46][i % 3]!) };

async function run(model: string, parameters: Parameters, tolerance: number) {
  const sim = await Simulator.create({ precision: "float64", threads: 1 });
  const defined: Readonly<Record<string, string>> = {
    written_differently: other,
    bent: bent("bent", text),
    bent_differently: bent("bent_differently", other),
  };
  if (defined[model] !== undefined) sim.defineModel(defined[model]);
  const neurons = sim.create(model, n, { ...parameters, gsl_error_tol: tolerance });
  const spikes = sim.record(neurons);
  const states = sim.record(neurons, { variables: ["V_m", "w"], interval: 1 });
  await sim.simulate(120);
  // in the order of steps and neurons
  const events = Array.from(
    spikes.events.times,
    (t, k) => Math.round(t * 10) * n + spikes.events.senders[k]!,
  );
  events.sort((a, b) => a - b);
  const outcome = { events, V_m: states.events.V_m!, w: states.events.w! };
  sim.dispose();
  return outcome;
}
type Parameters = Readonly<Record<string, Float64Array>>;

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, x, k) => Math.max(most, Math.abs(x - b[k]!)), 0);

/** a model gives what another does whose equations are taken as they stand, with a hundred-thousandth of the tolerance */
async function expectAgreement(model: string, asItStands: string): Promise<void> {
  const plain = await run(asItStands, far, 1e-11);
  const own = await run(model, far, 1e-6);
  expect(plain.events.length).toBeGreaterThan(500);
  expect(own.events).toEqual(plain.events);
  expect(largestDifference(own.V_m, plain.V_m)).toBeLessThan(2e-2);
  expect(largestDifference(own.w, plain.w)).toBeLessThan(1e-3);
}

describe("an exponential upstroke", () => {
  it("is recognised where it is written as a quotient", async () => {
    expect(other).not.toContain(RECOGNISED);
    const sim = await Simulator.create();
    sim.defineModel(other);
    expect(sim.describeModel("aeif_cond_beta")).toContain("upstroke of V_m");
    expect(sim.describeModel("written_differently")).not.toContain("upstroke");
  });

  it("gives the spikes and potentials of the plain equations, integrated with a hundred-thousandth of the tolerance", async () => {
    await expectAgreement("aeif_cond_beta", "written_differently");
  });

  it("is as exact as it is asked to be", async () => {
    const plain = await run("written_differently", far, 1e-12);
    let before = Number.POSITIVE_INFINITY;
    for (const tolerance of [1e-4, 1e-6, 1e-8, 1e-10]) {
      const own = await run("aeif_cond_beta", far, tolerance);
      expect(own.events).toEqual(plain.events);
      const error = largestDifference(own.w, plain.w);
      expect(error).toBeLessThan(1e4 * tolerance);
      expect(error).toBeLessThan(before);
      before = error;
    }
  });

  it("is found where the rest of the equation is not linear in the potential, too", async () => {
    await expectAgreement("bent", "bent_differently");
  });

  it("is not looked for where other variables multiply the exponential", async () => {
    expect(mixed).not.toBe(text);
    const sim = await Simulator.create();
    sim.defineModel(mixed);
    sim.defineModel(bent("bent", text));
    expect(sim.describeModel("mixed")).not.toContain("upstroke");
    expect(sim.describeModel("bent")).toContain("upstroke of V_m");
  });

  it("leaves neurons alone whose threshold is low: the sub-step that passes it decides", async () => {
    const plain = await run("written_differently", near, 1e-6);
    const own = await run("aeif_cond_beta", near, 1e-6);
    expect(plain.events.length).toBeGreaterThan(500);
    expect(own.events).toEqual(plain.events);
    expect(largestDifference(own.V_m, plain.V_m)).toBeLessThan(1e-9);
  });

  it("goes on where the plain equations overflow", async () => {
    const sharp = { I_e: common.I_e, Delta_T: each(() => 0.2), V_peak: each(() => 20) };
    await expect(run("written_differently", sharp, 1e-6)).rejects.toThrow("could not be integrated");
    expect((await run("aeif_cond_beta", sharp, 1e-6)).events.length).toBeGreaterThan(500);
  });
});
