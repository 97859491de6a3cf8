/** Models that users define as text, against integrations of the same equations with tiny steps, written by hand here. */

import type { SimulatorOptions } from "synfire";
import { NestmlError, type Simulator } from "synfire";
import { describe, expect, test } from "vitest";
import { enginesPresent } from "../conformance/setups.js";
import { errorOf, expectError, using } from "./help.js";

/** an exponential current as a kernel, a refractory timer as an equation */
const KERNEL = `
model kernel_neuron:
    state:
        V_m mV = E_L
        timer ms = 0 ms
    equations:
        kernel K = exp(-t / tau_syn)
        recordable inline I_syn pA = convolve(K, spikes) * pA
        V_m' = -(V_m - E_L) / tau_m + (I_syn + I_e) / C_m
        timer' = -1
    parameters:
        C_m pF = 250 pF
        tau_m ms = 10 ms
        tau_syn ms = 2 ms
        E_L mV = -70 mV
        V_th mV = -55 mV
        t_ref ms = 2 ms
        I_e pA = 0 pA
    input:
        spikes <- spike
    output: spike
    update:
        if timer > 0 ms:
            integrate_odes(timer)
        else:
            integrate_odes(V_m)
    onCondition(timer <= 0 ms and V_m >= V_th):
        V_m = E_L
        timer = t_ref
        emit_spike()
`;

/** a threshold that jumps with every spike and decays */
const ADAPTIVE = `
model adaptive_threshold:
    state:
        V_m mV = E_L
        theta mV = 0 mV
    equations:
        V_m' = -(V_m - E_L) / tau_m + I_e / C_m
        theta' = -theta / tau_theta
    parameters:
        C_m pF = 250 pF
        tau_m ms = 10 ms
        tau_theta ms = 50 ms
        jump mV = 3 mV
        E_L mV = -70 mV
        V_th mV = -55 mV
        I_e pA = 600 pA
    output: spike
    update:
        integrate_odes()
    onCondition(V_m >= V_th + theta):
        V_m = E_L
        theta += jump
        emit_spike()
`;

const HODGKIN_HUXLEY = `
model hodgkin_huxley:
    state:
        V_m mV = -65 mV
        n real = 0.32
        m real = 0.05
        h real = 0.6
        above integer = 0
    equations:
        inline I_Na pA = g_Na * m**3 * h * (V_m - E_Na)
        inline I_K pA = g_K * n**4 * (V_m - E_K)
        V_m' = (I_e - I_Na - I_K - g_L * (V_m - E_L)) / C_m
        n' = rate(0.01, 10, -55, V_m) * (1 - n) / ms - 0.125 * exp(-(V_m / mV + 65) / 80) * n / ms
        m' = rate(0.1, 10, -40, V_m) * (1 - m) / ms - 4 * exp(-(V_m / mV + 65) / 18) * m / ms
        h' = 0.07 * exp(-(V_m / mV + 65) / 20) * (1 - h) / ms - h / (1 + exp(-(V_m / mV + 35) / 10)) / ms
    parameters:
        C_m pF = 100 pF
        g_Na nS = 12000 nS
        g_K nS = 3600 nS
        g_L nS = 30 nS
        E_Na mV = 50 mV
        E_K mV = -77 mV
        E_L mV = -54.4 mV
        I_e pA = 1000 pA
    output: spike
    function rate(scale real, width real, middle real, V mV) real:
        x real = (V / mV - middle) / width
        if abs(x) < 1e-6:
            return scale * width
        return scale * width * x / (1 - exp(-x))
    update:
        integrate_odes()
        if V_m > 0 mV and above == 0:
            emit_spike()
        above = V_m > 0 mV ? 1 : 0
`;

/** classical Runge-Kutta with steps of 0.005 ms, sampled every 0.1 ms */
function hodgkinHuxley(samples: number): number[] {
  const rate = (scale: number, middle: number, v: number) => {
    const x = (v - middle) / 10;
    return Math.abs(x) < 1e-6 ? scale * 10 : (scale * 10 * x) / (1 - Math.exp(-x));
  };
  const slope = ([v, n, m, h]: number[]): number[] => [
    (1000 - 12000 * m! ** 3 * h! * (v! - 50) - 3600 * n! ** 4 * (v! + 77) - 30 * (v! + 54.4)) / 100,
    rate(0.01, -55, v!) * (1 - n!) - 0.125 * Math.exp(-(v! + 65) / 80) * n!,
    rate(0.1, -40, v!) * (1 - m!) - 4 * Math.exp(-(v! + 65) / 18) * m!,
    0.07 * Math.exp(-(v! + 65) / 20) * (1 - h!) - h! / (1 + Math.exp(-(v! + 35) / 10)),
  ];
  const dt = 0.005;
  const move = (y: number[], k: number[], by: number) => y.map((x, i) => x + by * k[i]!);
  let y = [-65, 0.32, 0.05, 0.6];
  return Array.from({ length: samples }, () => {
    for (let s = 0; s < 20; s++) {
      const a = slope(y);
      const b = slope(move(y, a, dt / 2));
      const c = slope(move(y, b, dt / 2));
      const d = slope(move(y, c, dt));
      y = y.map((x, i) => x + (dt / 6) * (a[i]! + 2 * b[i]! + 2 * c[i]! + d[i]!));
    }
    return y[0]!;
  });
}

const crossings = (v: readonly number[]) =>
  v.flatMap((x, k) => (x > 0 && (k === 0 || v[k - 1]! <= 0) ? [k + 1] : []));

describe.each(enginesPresent)("%s", (device) => {
  const on = (use: (sim: Simulator) => Promise<void>, options: SimulatorOptions = {}) =>
    using(use, { device, precision: "float64", ...options });

  test(
    "a kernel and a refractory timer do what iaf_psc_exp does",
    on(async (sim) => {
      expect(sim.defineModel(KERNEL)).toEqual(["kernel_neuron"]);
      expect(sim.models).toContain("kernel_neuron");
      const own = sim.create("kernel_neuron", 1, { I_e: 100 });
      const shipped = sim.create("iaf_psc_exp", 1, { I_e: 100 });
      const times = [3, 5, 5.5, 20, 20.1, 21, 22, 23, 24, 25, 40];
      const input = sim.create("spike_generator", 1, { spike_times: times });
      sim.connect(input, own.concat(shipped), "all_to_all", { weight: 1500, delay: 1 });
      const v = sim.record(own.concat(shipped), { variables: ["V_m"], interval: 0.1 });
      const spikes = sim.record(own.concat(shipped));
      const current = sim.record(own, { variables: ["I_syn"], interval: 0.1 });
      await sim.simulate(60);
      const of = (id: number) => [...v.events.V_m!].filter((_, i) => v.events.senders[i] === id);
      const when = (id: number) => [...spikes.events.times].filter((_, i) => spikes.events.senders[i] === id);
      expect(when(0).length).toBeGreaterThan(2);
      expect(when(0)).toEqual(when(1));
      of(0).forEach((x, k) => {
        expect(x, `sample ${k}`).toBeCloseTo(of(1)[k]!, 9);
      });
      // arrives at 4 ms with its full height
      expect(current.events.I_syn![38]).toBe(0);
      expect(current.events.I_syn![39]).toBeCloseTo(1500, 9);
      expect(current.events.I_syn![49]).toBeCloseTo(1500 * Math.exp(-0.5), 9);
    }),
  );

  test(
    "an adaptive threshold, against its exact solution",
    on(async (sim) => {
      sim.defineModel(ADAPTIVE);
      const n = sim.create("adaptive_threshold");
      const spikes = sim.record(n);
      const states = sim.record(n, { variables: ["V_m", "theta"], interval: 0.1 });
      await sim.simulate(200);
      let [v, theta] = [-70, 0];
      const expected: number[] = [];
      for (let k = 0; k < 2000; k++) {
        v = -46 + (v + 46) * Math.exp(-0.01); // -70 + 600 * 10 / 250
        theta *= Math.exp(-0.002);
        if (v >= -55 + theta) {
          v = -70;
          theta += 3;
          expected.push(k + 1);
        }
        expect(states.events.V_m![k]).toBeCloseTo(v, 8);
        expect(states.events.theta![k]).toBeCloseTo(theta, 8);
      }
      expect(expected.length).toBeGreaterThan(5);
      expect([...spikes.events.times].map((t) => Math.round(t / 0.1))).toEqual(expected);
      const intervals = expected.slice(1).map((t, i) => t - expected[i]!);
      expect(intervals.at(-1)).toBeGreaterThan(intervals[0]!);
    }),
  );

  test(
    "a Hodgkin-Huxley cell with functions and inlines, against tiny steps",
    on(async (sim) => {
      sim.defineModel(HODGKIN_HUXLEY);
      const n = sim.create("hodgkin_huxley");
      const spikes = sim.record(n);
      const v = sim.record(n, { variables: ["V_m"], interval: 0.1 });
      await sim.simulate(60);
      const truth = hodgkinHuxley(600);
      expect(crossings(truth).length).toBeGreaterThan(3);
      expect([...spikes.events.times].map((t) => Math.round(t / 0.1))).toEqual(crossings(truth));
      truth.forEach((x, k) => {
        expect(Math.abs(v.events.V_m![k]! - x), `sample ${k}`).toBeLessThan(0.01);
      });
    }),
  );

  test(
    "the same in float32: spikes within a step",
    on(
      async (sim) => {
        sim.defineModel(HODGKIN_HUXLEY);
        const spikes = sim.record(sim.create("hodgkin_huxley", 9));
        await sim.simulate(60);
        const truth = crossings(hodgkinHuxley(600));
        const first = [...spikes.events.times].filter((_, i) => spikes.events.senders[i] === 0);
        expect(first.length).toBe(truth.length);
        first.forEach((t, i) => {
          expect(Math.abs(t / 0.1 - truth[i]!)).toBeLessThanOrEqual(1.01);
        });
      },
      { precision: "float32" },
    ),
  );
});

test(
  "a text with errors names file, line and column, and defines nothing",
  using(async (sim) => {
    const models = sim.models;
    let error: unknown;
    try {
      sim.defineModel(KERNEL.replace("V_m >= V_th", "V_m >= V_thr"), "mine.nestml");
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(NestmlError);
    expect((error as Error).message).toMatch(/mine\.nestml:\d+:\d+/);
    expect((error as Error).message).toMatch(/V_th/);
    expect(sim.models).toEqual(models);
    await expectError(() => sim.create("kernel_neuron"), "unknown-model");
  }),
);

test(
  "models stay after reset, belong to their simulator, and cannot be defined twice",
  using(async (sim) => {
    sim.defineModel(ADAPTIVE);
    sim.reset();
    sim.create("adaptive_threshold");
    expect((await errorOf(() => sim.defineModel(ADAPTIVE))).code).toBe("model-exists");
    await using((other) => {
      expect(other.models).not.toContain("adaptive_threshold");
    })();
  }),
);
