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

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (v, k) => Math.abs(v - b[k]!)));

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
  return largestDifference(usual, exact);
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

/** a neuron whose equation reads g, with its own spike port */
const withPort = (name: string, equation: string, handler: string) => `
model ${name}:
    state:
        V real = 0
        g real = 0
    equations:
        g' = ${equation}
        V' = (g - V - 0.01 * V * V) / (4 ms)
    input:
        spk <- spike
    output: spike
    update:
        integrate_odes()
    ${handler}
`;

describe("input", () => {
  /** iaf_cond_alpha with one spike of weight 30 nS, a tolerance for Runge-Kutta */
  async function response(resolution: number, tau: number, tolerance: number) {
    const sim = await Simulator.create({ precision: "float64", threads: 1, resolution });
    const neuron = sim.create("iaf_cond_alpha", 1, { tau_syn_ex: tau, gsl_error_tol: tolerance });
    const spikes = sim.create("spike_generator", 1, { spike_times: [5, 12, 13] });
    sim.connect(spikes, neuron, "all_to_all", { weight: 30, delay: resolution });
    const trace = sim.record(neuron, { variables: ["V_m"], interval: resolution });
    await sim.simulate(30);
    const values = trace.events.V_m!;
    sim.dispose();
    return values as Float64Array;
  }

  it.each([
    [0.1, 0.2],
    [0.1, 0.02],
    [0.1, 0.002],
    [1, 0.2],
    [1, 0.05],
    [1, 0.02],
  ])("is not missed between stages: steps of %d ms, time constant %d ms", async (resolution, tau) => {
    const [usual, exact] = [await response(resolution, tau, 1e-6), await response(resolution, tau, 1e-11)];
    // it is there: its integral over time is e tau for every nS
    const expected = (30 * Math.E * tau * 70) / 250;
    expect(Math.max(...exact) - exact[0]!).toBeGreaterThan(0.5 * Math.min(expected, 5));
    expect(largestDifference(usual, exact)).toBeLessThan(1e-5);
  });

  it("that enters an equation as delta functions comes at the end of a step, however long sub-steps are", async () => {
    const run = async (model: string, text: string) => {
      const sim = await Simulator.create({ precision: "float64", threads: 1, resolution: 1 });
      sim.defineModel(text);
      const neuron = sim.create(model);
      const spikes = sim.create("spike_generator", 1, { spike_times: [2, 3, 4, 5] });
      sim.connect(spikes, neuron, "all_to_all", { weight: 10, delay: 1 });
      const trace = sim.record(neuron, { variables: ["V"], interval: 1 });
      await sim.simulate(20);
      const values = Array.from(trace.events.V!);
      sim.dispose();
      return values;
    };
    const inEquation = await run("a", withPort("a", "-g / (2 ms) + spk", ""));
    const onReceive = await run("b", withPort("b", "-g / (2 ms)", "onReceive(spk):\n        g += spk * s"));
    expect(Math.max(...onReceive)).toBeGreaterThan(5);
    inEquation.forEach((v, k) => {
      expect(v).toBeCloseTo(onReceive[k]!, 5);
    });
  });
});

describe("what would be integrated wrongly", () => {
  it("a linear variable that changes in the middle of a step is integrated with the others", async () => {
    const sim = await Simulator.create({ precision: "float64", threads: 1 });
    sim.defineModel(`
model adapting:
    state:
        V real = 0 @synfire::substep
        w real = 0
    equations:
        V' = (3 - V - 0.1 * V * V) / (5 ms)
        w' = -w / (50 ms)
    output: spike
    update:
        integrate_odes()
    onCondition(V >= 1):
        V = 0
        w += 1
        emit_spike()
`);
    const neuron = sim.create("adapting");
    const trace = sim.record(neuron, { variables: ["w"], interval: 0.1 });
    const spikes = sim.record(neuron);
    await sim.simulate(20);
    const expected = spikes.events.times.reduce((w, t) => w + Math.exp(-(20 - t) / 50), 0);
    expect(spikes.nEvents).toBeGreaterThan(5);
    // a spike's time is that of the end of its step
    const last = trace.events.w![trace.events.w!.length - 1]!;
    expect(Math.abs(last - expected)).toBeLessThan(0.002 * spikes.nEvents);
    sim.dispose();
  });

  it("a function that reads a variable by itself is refused", async () => {
    const sim = await Simulator.create();
    expect(() => {
      sim.defineModel(`
model hidden:
    state:
        V real = 0
        x real = 1
    equations:
        V' = f(V) / (5 ms)
        x' = -x / (2 ms)
    output: spike
    update:
        integrate_odes()
    function f(v real) real:
        return x - v
`);
      sim.create("hidden");
    }).toThrow("give x to f as an argument");
  });
});
