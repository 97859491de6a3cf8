/** Small networks that together use every feature of the simulator; every engine must give the same bits for each. */

import {
  exponential,
  exponentialClipped,
  lognormal,
  lognormalClipped,
  type NodeCollection,
  normal,
  normalClipped,
  type Recorder,
  type Simulator,
  type SynapseSpec,
  uniform,
} from "synfire";
import type { Network } from "./observe.js";

/** spikes of all, and state variables of a few */
const record = (
  sim: Simulator,
  nodes: NodeCollection,
  variables: readonly string[] = ["V_m"],
): Recorder[] => [
  sim.record(nodes),
  ...(variables.length > 0
    ? [sim.record(nodes.slice(0, nodes.length, 7), { variables, interval: 0.3 })]
    : []),
];

const poisson = (sim: Simulator, targets: NodeCollection, rate: number, synapse: SynapseSpec) =>
  sim.connect(sim.create("poisson_generator", 1, { rate }), targets, "all_to_all", synapse);

/** Recurrent neurons with their own drive: what most networks below are variations of. */
function excited(
  sim: Simulator,
  n = 60,
  parameters: Parameters<Simulator["create"]>[2] = {},
  weight = 90,
): NodeCollection {
  const nodes = sim.create("iaf_psc_exp", n, { V_m: uniform({ min: -70, max: -56 }), ...parameters });
  poisson(sim, nodes, 9000, { weight, delay: 0.4 });
  return nodes;
}

/** how each model is driven: weight of the Poisson input, of recurrent excitation, of recurrent inhibition, receptors */
const DRIVEN: readonly (readonly [
  model: string,
  drive: number,
  excitation: number,
  inhibition: number,
  receptors?: readonly [number, number],
])[] = [
  ["iaf_psc_delta", 0.3, 0.4, -0.6],
  ["iaf_psc_exp", 60, 90, -120],
  ["iaf_psc_alpha", 30, 50, -60],
  ["iaf_cond_exp", 8, 10, -4],
  ["iaf_cond_alpha", 3, 4, -2],
  ["aeif_cond_alpha", 8, 9, -4],
  ["aeif_cond_alpha_multisynapse", 8, 9, 4, [0, 1]],
  ["aeif_cond_beta", 0.5, 0.6, 0.7, [0, 1]],
  ["aeif_cond_beta_multisynapse", 0.5, 0.6, 0.7, [0, 1]],
  ["izhikevich", 0.5, 0.8, -0.8],
];

const SIZED: Readonly<Record<string, Record<string, number | number[]>>> = {
  aeif_cond_alpha_multisynapse: { E_rev: [0, -85], tau_syn: [0.2, 2] },
  aeif_cond_beta_multisynapse: { E_rev: [0, -85], tau_rise: [1, 2], tau_decay: [5, 10] },
};

const models: Network[] = DRIVEN.map(([model, drive, excitation, inhibition, receptors]) => ({
  name: `model ${model}`,
  build: (sim) => {
    const nodes = sim.create(model, 50, {
      V_m: uniform({ min: -70, max: -62 }),
      ...SIZED[model],
    });
    const [ex, inh] = receptors ? [{ receptor: receptors[0] }, { receptor: receptors[1] }] : [{}, {}];
    poisson(sim, nodes, 20_000, { weight: drive, delay: 0.2, ...ex });
    sim.connect(
      nodes.slice(0, 40),
      nodes,
      { rule: "fixed_indegree", indegree: 8 },
      { weight: excitation, delay: uniform({ min: 0.5, max: 2 }), ...ex },
    );
    sim.connect(
      nodes.slice(40),
      nodes,
      { rule: "fixed_indegree", indegree: 3 },
      { weight: inhibition, delay: 0.8, ...inh },
    );
    const all = sim.create("multimeter", 1).get("model"); // a device in between must not disturb ids
    if (all !== "multimeter") throw new Error("not a multimeter");
    const variables =
      model === "izhikevich" ? ["V_m", "U_m"] : model.startsWith("aeif") ? ["V_m", "w"] : ["V_m"];
    return record(sim, nodes, variables);
  },
}));

const heterogeneous: Network[] = [
  {
    name: "parameters of their own: arrays and distributions, exact model",
    build: (sim) => {
      const n = 61;
      const nodes = excited(sim, n, {
        tau_m: Array.from({ length: n }, (_, i) => 8 + (i % 13)),
        C_m: normalClipped({ mean: 250, std: 30, low: 150, high: 350 }),
        t_ref: Array.from({ length: n }, (_, i) => 0.5 + 0.3 * (i % 5)),
        tau_syn_ex: uniform({ min: 0.5, max: 3 }),
        I_e: Float64Array.from({ length: n }, (_, i) => 4 * i),
        E_L: lognormal({ mean: 4.2, std: 0.02 }).mean * -16,
      });
      nodes.slice(10, 20).set({ V_th: -58 });
      nodes.slice(20, 50, 3).set({ V_th: uniform({ min: -60, max: -56 }) });
      sim.connect(nodes, nodes, { rule: "fixed_indegree", indegree: 9 }, { weight: 40, delay: 1 });
      return record(sim, nodes, ["V_m", "I_syn_ex"]);
    },
  },
  {
    name: "parameters of their own: vectors, Runge-Kutta model",
    build: (sim) => {
      const n = 30;
      const nodes = sim.create("aeif_cond_beta", n, {
        E_rev: Array.from({ length: n }, (_, i) => [i % 4, -85 + (i % 3)]),
        tau_rise: [0.8, 1.5],
        tau_decay: Array.from({ length: n }, (_, i) => [3 + (i % 5), 9]),
        tau_w: normalClipped({ mean: 144, std: 20, low: 80, high: 200 }),
        a: Array.from({ length: n }, (_, i) => 3 + (i % 4)),
        V_m: uniform({ min: -75, max: -60 }),
      });
      poisson(sim, nodes, 20_000, { weight: 0.6, delay: 0.2, receptor: 0 });
      sim.connect(
        nodes,
        nodes,
        { rule: "fixed_indegree", indegree: 4 },
        { weight: 1, delay: 1, receptor: 1 },
      );
      return record(sim, nodes, ["V_m", "w", "g_1", "g_2"]);
    },
  },
];

const RULES: readonly (readonly [string, Record<string, unknown>])[] = [
  ["one_to_one", {}],
  ["all_to_all", {}],
  ["fixed_indegree", { indegree: 7 }],
  ["fixed_outdegree", { outdegree: 6 }],
  ["fixed_total_number", { N: 231 }],
  ["pairwise_bernoulli", { p: 0.15 }],
];
const SWITCHES = [
  [true, true],
  [true, false],
  [false, true],
  [false, false],
] as const;

/** every rule with autapses and multapses allowed and not; sources and targets overlap in part */
export const ruleNetworks: Network[] = RULES.flatMap(([rule, parameters]) =>
  SWITCHES.filter(([, multapses]) => multapses || !["one_to_one", "all_to_all"].includes(rule)).map(
    ([autapses, multapses]): Network => ({
      name: `rule ${rule}${autapses ? "" : ", no autapses"}${multapses ? "" : ", no multapses"}`,
      build: (sim) => {
        const nodes = excited(sim, 60);
        sim.connect(
          nodes.slice(0, 35),
          nodes.slice(20, 55),
          { rule, ...parameters, allow_autapses: autapses, allow_multapses: multapses },
          { weight: uniform({ min: 20, max: 60 }), delay: uniform({ min: 0.3, max: 1.7 }) },
        );
        return record(sim, nodes);
      },
    }),
  ),
);
ruleNetworks.push({
  name: "rule explicit, with weights and delays of its own",
  build: (sim) => {
    const nodes = excited(sim, 60);
    const pairs = Array.from({ length: 300 }, (_, k) => [(k * k + 3) % 41, (7 * k + (k >> 3)) % 30]);
    sim.connect(
      nodes.slice(0, 41),
      nodes.slice(30),
      { rule: "explicit", sources: pairs.map((p) => p[0]!), targets: pairs.map((p) => p[1]!) },
      {
        weight: Float64Array.from(pairs, (_, k) => ((k % 17) - 3) * 6.3),
        delay: Float64Array.from(pairs, (_, k) => 0.2 + 0.1 * (k % 23)),
      },
    );
    return record(sim, nodes);
  },
});

const synapse = (name: string, spec: SynapseSpec | ((n: number) => SynapseSpec)): Network => ({
  name,
  build: (sim) => {
    const nodes = excited(sim, 48);
    const rule = { rule: "fixed_indegree", indegree: 10 };
    sim.connect(nodes, nodes, rule, typeof spec === "function" ? spec(480) : spec);
    return record(sim, nodes, ["V_m", "I_syn_ex", "I_syn_in"]);
  },
});

/** weights and delays of every kind */
export const synapseNetworks: Network[] = [
  synapse("weight constant", { weight: 40, delay: 1 }),
  synapse("weight negative", { weight: -40, delay: 1 }),
  synapse("weight zero", { weight: 0, delay: 1 }),
  synapse("weight array of mixed signs", (n) => ({
    weight: Float64Array.from({ length: n }, (_, k) => 30 * Math.sin(k)),
  })),
  synapse("weight normal, reaching both signs", { weight: normal({ mean: 10, std: 30 }), delay: 0.7 }),
  synapse("weight normal_clipped", { weight: normalClipped({ mean: 40, std: 10, low: 20, high: 60 }) }),
  synapse("weight lognormal", { weight: lognormal({ mean: 3, std: 0.5 }), delay: 1.1 }),
  synapse("weight lognormal_clipped", { weight: lognormalClipped({ mean: 3, std: 1, low: 5, high: 90 }) }),
  synapse("weight uniform over zero", { weight: uniform({ min: -50, max: 70 }) }),
  synapse("weight exponential", { weight: exponential({ beta: 25 }) }),
  synapse("weight exponential_clipped", { weight: exponentialClipped({ beta: 25, low: 10, high: 80 }) }),
  synapse("weights from 1e-6 to 100", (n) => ({
    weight: Float64Array.from({ length: n }, (_, k) => 10 ** (-6 + (8 * k) / (n - 1))),
  })),
  synapse("delay constant, not a multiple of the step", { weight: 40, delay: 1.2345 }),
  synapse("delay uniform", { weight: 40, delay: uniform({ min: 0.1, max: 5 }) }),
  synapse("delay normal_clipped", {
    weight: 40,
    delay: normalClipped({ mean: 1, std: 0.7, low: 0.1, high: 3 }),
  }),
  synapse("delay and weight drawn", {
    weight: normalClipped({ mean: 40, std: 10, low: 20, high: 60 }),
    delay: lognormalClipped({ mean: 0, std: 0.6, low: 0.2, high: 12 }),
  }),
  synapse("delay array", (n) => ({
    weight: 35,
    delay: Float64Array.from({ length: n }, (_, k) => 0.1 + 0.1 * (k % 31)),
  })),
  synapse("delay array between steps, where rounding matters", (n) => ({
    weight: 35,
    delay: Float64Array.from({ length: n }, (_, k) => 0.15 + 0.1 * (k % 29)),
  })),
  synapse("delay long", { weight: 40, delay: 17.3 }),
];

const receptors: Network[] = [
  {
    name: "receptors by name and by index",
    build: (sim) => {
      const nodes = excited(sim, 40);
      sim.connect(
        nodes.slice(0, 20),
        nodes,
        { rule: "fixed_indegree", indegree: 5 },
        { weight: 50, receptor: "ex" },
      );
      sim.connect(
        nodes.slice(20),
        nodes,
        { rule: "fixed_indegree", indegree: 4 },
        { weight: -60, receptor: "inh" },
      );
      sim.connect(
        nodes.slice(5, 15),
        nodes,
        { rule: "fixed_indegree", indegree: 3 },
        { weight: -20, receptor: 1 },
      );
      sim.connect(nodes.slice(10, 30), nodes, "all_to_all", { weight: 9, receptor: 0, delay: 2 });
      return record(sim, nodes, ["V_m", "I_syn_ex", "I_syn_in"]);
    },
  },
  {
    name: "three receptors by name and by index",
    build: (sim) => {
      const nodes = sim.create("aeif_cond_alpha_multisynapse", 20, {
        E_rev: [0, -85, -30],
        tau_syn: [0.3, 2, 5],
      });
      poisson(sim, nodes, 20_000, { weight: 7, delay: 0.2, receptor: "spikes[0]" });
      sim.connect(nodes, nodes, { rule: "fixed_indegree", indegree: 4 }, { weight: 2, receptor: 1 });
      sim.connect(
        nodes,
        nodes,
        { rule: "fixed_indegree", indegree: 4 },
        { weight: 3, receptor: 2, delay: 1.5 },
      );
      return record(sim, nodes, ["V_m", "g_1", "g_2", "g_3"]);
    },
  },
];

const collections: Network[] = [
  {
    name: "every second and every third neuron sends, with weights of their own; so do a few and a generator",
    build: (sim) => {
      const nodes = excited(sim, 72);
      sim.connect(nodes.slice(1, 72, 2), nodes, { rule: "fixed_indegree", indegree: 5 }, { weight: 31 });
      sim.connect(nodes.slice(2, 72, 3), nodes, { rule: "fixed_indegree", indegree: 4 }, { weight: 17 });
      const generator = sim.create("spike_generator", 1, { spike_times: [2, 5, 7.5] });
      for (const sources of [nodes.slice(5, 9), generator])
        sim.connect(sources, nodes, "all_to_all", { weight: 23, delay: 0.7 });
      return [sim.record(nodes)];
    },
  },
  {
    name: "sources and targets as slices, steps, concatenations and several populations at once",
    build: (sim) => {
      const a = excited(sim, 30);
      const b = sim.create("iaf_psc_alpha", 25, { I_e: 400, V_m: uniform({ min: -70, max: -56 }) });
      const c = sim.create("iaf_psc_exp", 17, { I_e: 420 });
      const d = sim.create("iaf_cond_exp", 11, { I_e: 350 });
      const spec = { weight: 12, delay: uniform({ min: 0.4, max: 1.3 }) };
      sim.connect(a.slice(0, 30, 3), b.slice(1, 25, 4), "all_to_all", spec);
      sim.connect(
        c.concat(a.slice(4, 9)),
        a.slice(20).concat(b.slice(0, 5), d),
        { rule: "fixed_indegree", indegree: 6 },
        spec,
      );
      sim.connect(a.concat(b, c), a.concat(b, c), { rule: "fixed_total_number", N: 300 }, spec);
      sim.connect(c.pick([3, 1, 16, 8]), b.pick([24, 2, 9, 0]), "one_to_one", { ...spec, weight: 99 });
      sim.connect(b.slice(0, 25, 2), d.concat(c), { rule: "pairwise_bernoulli", p: 0.3 }, spec);
      sim.connect(
        d.concat(a),
        c.slice(0, 17, 5).concat(a.slice(0, 4)),
        { rule: "fixed_outdegree", outdegree: 2 },
        spec,
      );
      const all = a.concat(b, c, d);
      return [
        sim.record(all),
        sim.record(all.slice(0, all.length, 5), { variables: ["V_m"], interval: 0.5 }),
      ];
    },
  },
];

const parrots: Network[] = [
  {
    name: "parrots with several spikes per step, and parrots of parrots",
    spikes: 500,
    build: (sim) => {
      const first = sim.create("parrot_neuron", 5);
      const second = sim.create("parrot_neuron", 4);
      const nodes = sim.create("iaf_psc_exp", 20);
      poisson(sim, first, 50_000, { weight: 1, delay: 0.3 });
      sim.connect(first, second, { rule: "fixed_indegree", indegree: 3 }, { weight: 7, delay: 0.5 });
      sim.connect(second, nodes, { rule: "fixed_indegree", indegree: 2 }, { weight: 6, delay: 0.6 });
      sim.connect(first, nodes, "all_to_all", { weight: -0.5, delay: uniform({ min: 0.3, max: 1 }) });
      return [...record(sim, nodes), sim.record(first), sim.record(second)];
    },
  },
  {
    name: "a parrot's second port is ignored",
    spikes: 10,
    build: (sim) => {
      const p = sim.create("parrot_neuron", 3);
      const g = sim.create("spike_generator", 1, { spike_times: [1, 2, 3, 5.5] });
      sim.connect(g, p, "all_to_all", { delay: 0.5 });
      poisson(sim, p, 50_000, { receptor: 1 });
      return [sim.record(p), sim.record(g)];
    },
  },
];

const generators: Network[] = [
  {
    name: "spike generators with multiplicities, weights, windows",
    spikes: 5,
    build: (sim) => {
      const nodes = sim.create("iaf_psc_exp", 12);
      const parrots = sim.create("parrot_neuron", 3);
      const a = sim.create("spike_generator", 1, {
        spike_times: [0.1, 1, 1, 5, 20.3],
        spike_multiplicities: [1, 3, 2, 0, 7],
      });
      const b = sim.create("spike_generator", 1, {
        spike_times: [0.5, 2, 2, 8, 8.1, 30],
        spike_weights: [1, -2, 0.5, 1, 3, 1],
      });
      const c = sim.create("spike_generator", 2, {
        spike_times: [1, 2, 3, 4, 5, 6],
        origin: 10,
        start: 2,
        stop: 5,
      });
      sim.connect(a, nodes.concat(parrots), "all_to_all", { weight: 400, delay: 0.7 });
      sim.connect(
        b,
        nodes,
        { rule: "fixed_indegree", indegree: 2 },
        { weight: 300, delay: uniform({ min: 0.2, max: 2 }) },
      );
      sim.connect(a.concat(b, c), nodes, "all_to_all", { weight: 120, delay: 1.1 });
      return [
        ...record(sim, nodes, ["V_m", "I_syn_ex", "I_syn_in"]),
        sim.record(a.concat(b, c)),
        sim.record(parrots),
      ];
    },
  },
  {
    name: "Poisson generators: windows, several, one to one, weights of their own",
    build: (sim) => {
      const nodes = sim.create("iaf_psc_exp", 24);
      const window = sim.create("poisson_generator", 1, { rate: 60_000, origin: 3, start: 2, stop: 20 });
      const three = sim.create("poisson_generator", 3);
      three.at(0).set({ rate: 3000 });
      three.at(1).set({ rate: 12_000 });
      three.at(2).set({ rate: 3000 });
      const own = sim.create("poisson_generator", 24, { rate: 8000 });
      sim.connect(window, nodes.slice(0, 12), "all_to_all", { weight: 40, delay: 0.5 });
      sim.connect(
        three,
        nodes,
        { rule: "fixed_indegree", indegree: 2 },
        {
          weight: normalClipped({ mean: 60, std: 20, low: 0, high: 200 }),
          delay: uniform({ min: 0.2, max: 1.6 }),
        },
      );
      sim.connect(own, nodes, "one_to_one", {
        weight: Float64Array.from({ length: 24 }, (_, k) => 20 * (k % 5) - 20),
        delay: Float64Array.from({ length: 24 }, (_, k) => 0.1 * (1 + (k % 7))),
      });
      return record(sim, nodes, ["V_m", "I_syn_ex", "I_syn_in"]);
    },
  },
  {
    name: "Poisson generators of the same rate in two windows through one connection",
    build: (sim) => {
      const nodes = sim.create("iaf_psc_exp", 9);
      const g = sim.create("poisson_generator", 2, { rate: 40_000 });
      g.at(1).set({ start: 10, stop: 25 });
      sim.connect(g, nodes, "all_to_all", { weight: 20 });
      return record(sim, nodes);
    },
  },
  {
    name: "currents",
    build: (sim) => {
      const nodes = sim.create("iaf_cond_exp", 12);
      const dc = sim.create("dc_generator", 2, { amplitude: 500, start: 2.5, stop: 30 });
      const steps = sim.create("step_current_generator", 1, {
        amplitude_times: [1, 4.3, 20],
        amplitude_values: [100, 700, 300],
      });
      sim.connect(dc, nodes.slice(0, 6), { rule: "fixed_indegree", indegree: 1 }, { weight: 1, delay: 1 });
      sim.connect(steps, nodes.slice(4), "all_to_all", {
        weight: 0.9,
        delay: Float64Array.from({ length: 8 }, (_, k) => 0.1 + k * 0.3),
      });
      return record(sim, nodes);
    },
  },
];

const intervals: Network[] = [0.1, 0.5, 1.5, 3.1].map((delay) => ({
  name: `shortest delay ${delay} ms`,
  build: (sim) => {
    const nodes = sim.create("iaf_psc_exp", 40, { I_e: 420, V_m: uniform({ min: -70, max: -56 }) });
    sim.connect(nodes, nodes, { rule: "fixed_indegree", indegree: 8 }, { weight: 30, delay });
    sim.connect(nodes, nodes, { rule: "fixed_indegree", indegree: 3 }, { weight: -50, delay: delay + 2.2 });
    return record(sim, nodes);
  },
}));

const others: Network[] = [
  {
    name: "no synapses at all",
    build: (sim) => record(sim, sim.create("iaf_psc_exp", 33, { I_e: uniform({ min: 380, max: 700 }) })),
  },
  {
    name: "one neuron",
    spikes: 3,
    build: (sim) => record(sim, sim.create("iaf_psc_exp", 1, { I_e: 900 })),
  },
  {
    name: "resolution 0.25 ms, seed beyond 32 bits",
    options: { resolution: 0.25, seed: 2 ** 45 + 12345 },
    build: (sim) => {
      const nodes = excited(sim, 40);
      sim.connect(
        nodes,
        nodes,
        { rule: "fixed_indegree", indegree: 8 },
        { weight: 30, delay: uniform({ min: 0.2, max: 2 }) },
      );
      return [
        sim.record(nodes),
        sim.record(nodes.slice(3, 9), { variables: ["V_m"], interval: 0.5, offset: 0.25 }),
      ];
    },
  },
  {
    name: "recorders of several kinds at once",
    build: (sim) => {
      const nodes = excited(sim, 40);
      return [
        sim.record(nodes.slice(3, 30, 2), { start: 5, stop: 25 }),
        sim.record(nodes, {
          variables: ["I_syn_ex", "V_m", "refractory_steps"],
          interval: 1,
          offset: 0.4,
          start: 3,
          stop: 31,
        }),
        sim.record(nodes.pick([9, 2, 30]), { variables: ["V_m"], interval: 0.1 }),
        sim.record(nodes),
      ];
    },
  },
];

/** the networks for which every configuration is run */
export const broadNetworks: Network[] = [
  {
    name: "balanced network of 1,700 neurons",
    spikes: 500,
    run: (sim) => sim.simulate(15),
    build: (sim) => {
      const e = sim.create("iaf_psc_exp", 1300, { V_m: uniform({ min: -70, max: -56 }) });
      const i = sim.create("iaf_psc_exp", 400, { V_m: uniform({ min: -70, max: -56 }) });
      const all = e.concat(i);
      poisson(sim, all, 9000, { weight: 100, delay: 0.4 });
      sim.connect(
        e,
        all,
        { rule: "fixed_indegree", indegree: 20 },
        {
          weight: normalClipped({ mean: 40, std: 4, low: 20, high: 60 }),
          delay: normalClipped({ mean: 1.5, std: 0.7, low: 0.3, high: 3 }),
        },
      );
      sim.connect(i, all, { rule: "fixed_indegree", indegree: 5 }, { weight: -160, delay: 0.8 });
      return [sim.record(all), sim.record(all.slice(0, 1700, 61), { variables: ["V_m"], interval: 0.3 })];
    },
  },
  {
    name: "200 adaptive neurons, more than a small block has threads",
    spikes: 100,
    run: (sim) => sim.simulate(15),
    build: (sim) => {
      const nodes = sim.create("aeif_cond_beta", 200, { V_m: uniform({ min: -70, max: -45 }) });
      poisson(sim, nodes, 20_000, { weight: 0.6, delay: 0.2, receptor: 0 });
      sim.connect(
        nodes,
        nodes,
        { rule: "fixed_indegree", indegree: 20 },
        { weight: 0.4, delay: 0.5, receptor: 0 },
      );
      return [
        sim.record(nodes),
        sim.record(nodes.slice(0, 200, 19), { variables: ["V_m", "w"], interval: 0.3 }),
      ];
    },
  },
  models[0]!,
  ...collections,
  parrots[0]!,
];

export const networks: Network[] = [
  ...models,
  ...heterogeneous,
  ...ruleNetworks,
  ...synapseNetworks,
  ...receptors,
  ...parrots,
  ...generators,
  ...intervals,
  ...others,
];
