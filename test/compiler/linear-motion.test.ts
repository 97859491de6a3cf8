/**
 * Variables with linear equations that others depend on, which are integrated numerically: how exactly the others follow. Compared with
 * runs whose tolerance hides nothing.
 */

import { describe, expect, it } from "vitest";
import { Simulator } from "../../src/index.js";

/** x follows its input and drives y, which drives V; V is in no linear form */
const CHAIN = `
model chain:
    state:
        V real = 0
        x real = 0
        y real = 0.5
    equations:
        x' = (stimulus / pA - x) / tau_x
        y' = (x - 2 * y) / tau_y
        V' = (y - V - 0.3 * V * V) / tau_m
    parameters:
        tau_x ms = 0.7 ms
        tau_y ms = 0.3 ms
        tau_m ms = 4 ms
        gsl_error_tol real = 1e-6
    input:
        spikes <- spike
        stimulus pA <- continuous
    output: spike
    update:
        integrate_odes()
`;

const synapses = (tau: number) => ({
  ...{ E_rev: [0, -85], tau_rise: [tau, tau], tau_decay: [1.5 * tau, 2 * tau] },
});

async function potential(
  model: string,
  parameters: Readonly<Record<string, number | readonly number[]>>,
  resolution: number,
  tolerance: number,
) {
  const sim = await Simulator.create({ precision: "float64", threads: 1, resolution, seed: 5 });
  sim.defineModel(CHAIN);
  const neuron = sim.create(model, 1, { ...parameters, gsl_error_tol: tolerance });
  if (model === "chain") {
    const current = sim.create("step_current_generator", 1, {
      amplitude_times: [10, 20, 31],
      amplitude_values: [2, -1, 4],
    });
    sim.connect(current, neuron, "all_to_all", { delay: resolution });
  } else {
    for (const [receptor, rate] of [1500, 1000].entries()) {
      const weight = receptor === 0 ? 0.5 / (parameters.tau_rise as number[])[0]! : 1;
      sim.connect(sim.create("poisson_generator", 1, { rate }), neuron, "all_to_all", {
        ...{ weight, receptor, delay: resolution },
      });
    }
  }
  const name = model === "chain" ? "V" : "V_m";
  const trace = sim.record(neuron, { variables: [name], interval: resolution });
  await sim.simulate(200);
  const values = trace.events[name]!;
  sim.dispose();
  return values;
}

async function error(
  model: string,
  parameters: Readonly<Record<string, number | readonly number[]>>,
  resolution: number,
): Promise<number> {
  const [usual, exact] = [
    await potential(model, parameters, resolution, 1e-6),
    await potential(model, parameters, resolution, 1e-11),
  ];
  expect(Math.max(...exact) - Math.min(...exact)).toBeGreaterThan(0.5);
  return Math.max(...Array.from(usual, (v, k) => Math.abs(v - exact[k]!)));
}

describe("linear variables that others depend on", () => {
  const adaptive = "aeif_cond_beta_multisynapse";
  it.each([
    // steps are whole there: what is exact at each stage leaves nearly no error
    [adaptive, synapses(2), 0.1, 1e-9],
    [adaptive, synapses(1), 0.1, 1e-8],
    [adaptive, synapses(0.5), 0.1, 5e-7],
    // time constants as short as a step, or shorter: sub-steps
    [adaptive, synapses(0.1), 0.1, 5e-5],
    [adaptive, synapses(0.1), 0.5, 5e-5],
    ["chain", {}, 0.1, 1e-7],
    ["chain", {}, 0.5, 2e-5],
    ["chain", { tau_x: 0.2, tau_y: 0.1 }, 0.5, 2e-5],
  ] as const)("%s %j, steps of %d ms", async (model, parameters, resolution, most) => {
    expect(await error(model, parameters, resolution)).toBeLessThan(most);
  });
});
