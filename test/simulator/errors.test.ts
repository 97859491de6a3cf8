/** Bad input: every case is an error before anything changes, with a code, the offending key, and the nearest name. */

import { lognormal, normal, normalClipped, Simulator, type SynapseSpec, uniform } from "synfire";
import { describe, expect, test } from "vitest";
import { enginesPresent, withSimulator } from "../conformance/setups.js";
import { errorOf, expectError, using } from "./help.js";

interface Net {
  readonly sim: Simulator;
  readonly a: ReturnType<Simulator["create"]>;
  readonly b: ReturnType<Simulator["create"]>;
  readonly beta: ReturnType<Simulator["create"]>;
  readonly parrots: ReturnType<Simulator["create"]>;
  readonly poisson: ReturnType<Simulator["create"]>;
  readonly spikes: ReturnType<Simulator["create"]>;
  readonly dc: ReturnType<Simulator["create"]>;
  readonly meter: ReturnType<Simulator["create"]>;
  readonly recorder: ReturnType<Simulator["create"]>;
}

function build(sim: Simulator): Net {
  return {
    sim,
    a: sim.create("iaf_psc_exp", 5, { I_e: 500 }),
    b: sim.create("iaf_psc_exp", 4),
    beta: sim.create("aeif_cond_beta", 3),
    parrots: sim.create("parrot_neuron", 2),
    poisson: sim.create("poisson_generator", 1, { rate: 9000 }),
    spikes: sim.create("spike_generator", 1, { spike_times: [1, 2] }),
    dc: sim.create("dc_generator", 1, { amplitude: 100 }),
    meter: sim.create("multimeter", 1, { record_from: ["V_m"] }),
    recorder: sim.create("spike_recorder"),
  };
}

/** what a network does after a call that failed: later draws, nodes and connections included */
async function sequel({ sim, a, b, poisson, recorder }: Net): Promise<unknown> {
  const more = sim.create("iaf_psc_exp", 6, { V_m: uniform({ min: -70, max: -56 }) });
  sim.connect(poisson, a.concat(more), "all_to_all", { weight: 90 });
  sim.connect(a, more, { rule: "fixed_indegree", indegree: 3 }, { weight: uniform({ min: 10, max: 90 }) });
  sim.connect(a.concat(more), recorder);
  await sim.simulate(15);
  const connections = await sim.getConnections();
  const events = sim.events(recorder);
  return [
    [...more],
    a.get(),
    b.get(),
    [...events.senders],
    [...events.times],
    [...connections.sources],
    [...connections.weights],
    Array.from(more.get("V_m") as Float64Array),
    sim.time,
    sim.models,
  ];
}

let untouched: Promise<unknown> | undefined;

type Case = readonly [
  name: string,
  call: (n: Net) => unknown,
  code: string,
  key?: string,
  ...parts: (string | RegExp)[],
];

const connect =
  (rule: Parameters<Simulator["connect"]>[2], synapse?: SynapseSpec) =>
  ({ sim, a, b }: Net) =>
    sim.connect(a, b, rule, synapse);

const CASES: readonly Case[] = [
  // names
  ["unknown model", ({ sim }) => sim.create("iaf_psc_epx"), "unknown-model", "iaf_psc_epx", '"iaf_psc_exp"'],
  ["model named like a method of objects", ({ sim }) => sim.create("toString"), "unknown-model", "toString"],
  [
    "unknown device",
    ({ sim }) => sim.create("poison_generator"),
    "unknown-model",
    "poison_generator",
    '"poisson_generator"',
  ],
  [
    "unknown parameter",
    ({ sim }) => sim.create("iaf_psc_exp", 1, { tau_n: 3 }),
    "bad-parameter",
    "tau_n",
    '"tau_m"',
  ],
  ["unknown parameter set", ({ a }) => a.set({ V_m: -60, E_K: 3 }), "bad-parameter", "E_K"],
  ["unknown parameter got", ({ a }) => a.get("V_n"), "bad-parameter", "V_n", '"V_m"'],
  [
    "unknown parameter of a device",
    ({ poisson }) => poisson.set({ rat: 3 }),
    "bad-parameter",
    "rat",
    '"rate"',
  ],
  [
    "parameter named like a method",
    ({ poisson }) => poisson.set({ constructor: 3 }),
    "bad-parameter",
    "constructor",
  ],
  ["unknown rule", connect("fixed_in_degree"), "unknown-rule", "fixed_in_degree", '"fixed_indegree"'],
  [
    "unknown key of a rule",
    connect({ rule: "fixed_indegree", indegre: 3 }),
    "bad-rule",
    "indegre",
    '"indegree"',
  ],
  ["no rule", connect({}), "bad-rule", "rule"],
  [
    "unknown key of a synapse",
    connect("all_to_all", { wight: 3 } as SynapseSpec),
    "bad-synapse",
    "wight",
    '"weight"',
  ],
  [
    "unknown synapse model",
    connect("all_to_all", { synapse_model: "static" } as unknown as SynapseSpec),
    "unknown-model",
    "static",
    "static_synapse",
  ],
  ["unknown receptor name", connect("all_to_all", { receptor: "inn" }), "bad-receptor", "inn", '"inh"'],
  [
    "receptor index too large",
    connect("all_to_all", { receptor: 2 }),
    "bad-receptor",
    "receptor",
    /0 .ex., 1 .inh./,
  ],
  ["receptor index negative", connect("all_to_all", { receptor: -1 }), "bad-receptor", "receptor"],
  ["receptor index not whole", connect("all_to_all", { receptor: 0.5 }), "bad-receptor", "receptor"],
  [
    "receptor of a vector out of range",
    ({ sim, a, beta }) => sim.connect(a, beta, "all_to_all", { receptor: 2 }),
    "bad-receptor",
  ],
  [
    "receptor that only some targets have",
    ({ sim, a, beta }) => sim.connect(a, beta.concat(a), "all_to_all", { receptor: "ex" }),
    "bad-receptor",
  ],
  [
    "unknown recordable",
    ({ sim, a }) => sim.record(a, { variables: ["V_mm"] }),
    "bad-parameter",
    "V_mm",
    '"V_m"',
  ],
  [
    "recordable that only some have",
    ({ sim, a, beta }) => sim.record(a.concat(beta), { variables: ["V_m", "I_syn_ex"] }),
    "bad-parameter",
    "I_syn_ex",
  ],
  [
    "unknown record option",
    ({ sim, a }) => sim.record(a, { intervall: 1 } as object),
    "bad-parameter",
    "intervall",
  ],
  // numbers
  ["zero nodes", ({ sim }) => sim.create("iaf_psc_exp", 0), "bad-parameter", "n"],
  ["half a node", ({ sim }) => sim.create("iaf_psc_exp", 1.5), "bad-parameter", "n"],
  ["too many nodes", ({ sim }) => sim.create("parrot_neuron", 2 ** 32), "bad-parameter", "n"],
  ["NaN", ({ sim }) => sim.create("iaf_psc_exp", 2, { tau_m: Number.NaN }), "bad-parameter", "tau_m", "NaN"],
  ["infinite", ({ a }) => a.set({ I_e: Number.POSITIVE_INFINITY }), "bad-parameter", "I_e", "Infinity"],
  ["NaN in an array", ({ a }) => a.set({ V_m: [-60, -61, Number.NaN, -60, -60] }), "bad-parameter", "V_m"],
  ["a string", ({ a }) => a.set({ V_m: "low" }), "bad-parameter", "V_m"],
  ["an object", ({ a }) => a.set({ V_m: { mean: 3 } as never }), "bad-parameter", "V_m"],
  [
    "array too short",
    ({ sim }) => sim.create("iaf_psc_exp", 3, { V_m: [1, 2] }),
    "bad-parameter",
    "V_m",
    /2 values for 3/,
  ],
  ["array too long", ({ a }) => a.slice(1).set({ V_m: [1, 2, 3, 4, 5] }), "bad-parameter", "V_m"],
  ["out of its range", ({ sim }) => sim.create("iaf_psc_exp", 1, { tau_m: -1 }), "bad-parameter", "tau_m"],
  ["out of its range for one node", ({ a }) => a.set({ C_m: [1, 1, 1, 0, 1] }), "bad-parameter", "C_m"],
  ["a threshold below the reset", ({ a }) => a.set({ V_th: -71 }), "bad-parameter", "V_reset"],
  [
    "a distribution that leaves the range",
    ({ a }) => a.set({ tau_m: normal({ mean: 0, std: 1 }) }),
    "bad-parameter",
    "tau_m",
  ],
  [
    "a good and a bad value at once",
    ({ sim }) => sim.create("iaf_psc_exp", 9, { V_m: uniform({ min: -70, max: -60 }), nope: 1 }),
    "bad-parameter",
    "nope",
  ],
  [
    "the second population refuses",
    ({ a, beta }) => a.concat(beta).set({ I_e: 7, V_m: uniform({ min: -70, max: -60 }), V_th: -1e3 }),
    "bad-parameter",
  ],
  ["negative rate", ({ poisson }) => poisson.set({ rate: -1 }), "bad-parameter", "rate"],
  [
    "spike times off the grid",
    ({ spikes }) => spikes.set({ spike_times: [1, 2.05] }),
    "bad-parameter",
    "spike_times",
    "2.05",
  ],
  [
    "spike times at zero",
    ({ spikes }) => spikes.set({ spike_times: [0, 1] }),
    "bad-parameter",
    "spike_times",
  ],
  [
    "spike times that descend",
    ({ spikes }) => spikes.set({ spike_times: [3, 2] }),
    "bad-parameter",
    "spike_times",
  ],
  [
    "spike weights of another length",
    ({ spikes }) => spikes.set({ spike_weights: [1] }),
    "bad-parameter",
    "spike_weights",
  ],
  [
    "multiplicities that are not counts",
    ({ spikes }) => spikes.set({ spike_multiplicities: [1, -1] }),
    "bad-parameter",
    "spike_multiplicities",
  ],
  ["start after stop", ({ dc }) => dc.set({ start: 5, stop: 4 }), "bad-parameter", "stop"],
  ["start off the grid", ({ dc }) => dc.set({ start: 0.15 }), "bad-parameter", "start"],
  [
    "amplitude times without values",
    ({ sim }) => sim.create("step_current_generator", 1, { amplitude_times: [1, 2] }),
    "bad-parameter",
    "amplitude_values",
  ],
  [
    "interval below the resolution",
    ({ sim, a }) => sim.record(a, { variables: ["V_m"], interval: 0.04 }),
    "bad-parameter",
    "interval",
  ],
  ["interval of zero", ({ meter }) => meter.set({ interval: 0 }), "bad-parameter", "interval"],
  // distributions
  [
    "clipped to nothing",
    ({ a }) => a.set({ V_m: { distribution: "normal_clipped", mean: 0, std: 1, low: 2, high: 1 } }),
    "bad-distribution",
    "low",
    "empty",
  ],
  [
    "unknown distribution",
    ({ a }) => a.set({ V_m: { distribution: "norml", mean: 0, std: 1 } as never }),
    "bad-distribution",
    "norml",
    '"normal"',
  ],
  // rules
  ["one_to_one of unequal sizes", connect("one_to_one"), "bad-rule"],
  [
    "in-degree without multapses",
    connect({ rule: "fixed_indegree", indegree: 6, allow_multapses: false }),
    "bad-rule",
    "indegree",
  ],
  [
    "in-degree without autapses",
    ({ sim, a }) =>
      sim.connect(a, a, {
        rule: "fixed_indegree",
        indegree: 5,
        allow_multapses: false,
        allow_autapses: false,
      }),
    "bad-rule",
    "indegree",
  ],
  [
    "out-degree without multapses",
    connect({ rule: "fixed_outdegree", outdegree: 5, allow_multapses: false }),
    "bad-rule",
    "outdegree",
  ],
  [
    "total number without multapses",
    connect({ rule: "fixed_total_number", N: 21, allow_multapses: false }),
    "bad-rule",
    "N",
  ],
  ["probability above one", connect({ rule: "pairwise_bernoulli", p: 1.1 }), "bad-rule", "p"],
  ["negative in-degree", connect({ rule: "fixed_indegree", indegree: -1 }), "bad-rule", "indegree"],
  [
    "list out of range",
    connect({ rule: "explicit", sources: [0, 5], targets: [0, 1] }),
    "bad-rule",
    "sources",
  ],
  [
    "lists of unequal length",
    connect({ rule: "explicit", sources: [0], targets: [0, 1] }),
    "bad-rule",
    "targets",
  ],
  // synapses
  ["delay zero", connect("all_to_all", { delay: 0 }), "bad-delay", "delay"],
  ["delay below the resolution", connect("all_to_all", { delay: 0.04 }), "bad-delay", "delay", "0.1"],
  ["delay negative", connect("all_to_all", { delay: -1 }), "bad-delay", "delay"],
  ["delay NaN", connect("all_to_all", { delay: Number.NaN }), "bad-delay", "delay"],
  [
    "delay in an array",
    connect({ rule: "fixed_indegree", indegree: 1 }, { delay: [1, 1, 0.01, 1] }),
    "bad-delay",
    "delay",
  ],
  [
    "delays that reach below",
    connect("all_to_all", { delay: normal({ mean: 1, std: 0.5 }) }),
    "bad-delay",
    "delay",
    "clipped",
  ],
  [
    "delays that reach just below",
    connect("all_to_all", { delay: uniform({ min: 0.049, max: 1 }) }),
    "bad-delay",
    "delay",
  ],
  [
    "lognormal delays",
    connect("all_to_all", { delay: lognormal({ mean: 0, std: 1 }) }),
    "bad-delay",
    "delay",
  ],
  ["weight NaN", connect("all_to_all", { weight: Number.NaN }), "bad-weight", "weight"],
  ["weight infinite", connect("all_to_all", { weight: Number.POSITIVE_INFINITY }), "bad-weight", "weight"],
  ["weight a string", connect("all_to_all", { weight: "3" as never }), "bad-weight", "weight"],
  [
    "weights of another length",
    connect({ rule: "fixed_indegree", indegree: 2 }, { weight: [1, 2, 3] }),
    "bad-weight",
    "weight",
    /3 values.*8 synapses/,
  ],
  [
    "weights for a rule without an order",
    connect({ rule: "pairwise_bernoulli", p: 0.5 }, { weight: [1] }),
    "bad-weight",
    "weight",
  ],
  [
    "a negative weight to an excitatory receptor",
    connect("all_to_all", { weight: -1, receptor: "ex" }),
    "bad-weight",
    "weight",
  ],
  [
    "a positive weight to an inhibitory receptor",
    connect("all_to_all", { weight: 1, receptor: "inh" }),
    "bad-weight",
    "weight",
  ],
  [
    "a negative weight to a conductance",
    ({ sim, a, beta }) => sim.connect(a, beta, "all_to_all", { weight: -1, receptor: 1 }),
    "bad-weight",
    "weight",
  ],
  [
    "weights that reach below zero",
    ({ sim, a, beta }) =>
      sim.connect(a, beta, "all_to_all", { weight: normal({ mean: 5, std: 1 }), receptor: 0 }),
    "bad-weight",
    "weight",
  ],
  // what cannot be connected
  ["current into a parrot", ({ sim, dc, parrots }) => sim.connect(dc, parrots), "bad-receptor"],
  [
    "Poisson into a recorder",
    ({ sim, poisson, recorder }) => sim.connect(poisson, recorder),
    "bad-connection",
    "sources",
    "parrot",
  ],
  ["recording a Poisson generator", ({ sim, poisson }) => sim.record(poisson), "bad-connection"],
  [
    "recording states of a generator",
    ({ sim, spikes }) => sim.record(spikes, { variables: ["V_m"] }),
    "bad-connection",
  ],
  ["neurons into a multimeter", ({ sim, a, meter }) => sim.connect(a, meter), "bad-connection", "targets"],
  ["neurons into a generator", ({ sim, a, poisson }) => sim.connect(a, poisson), "bad-connection", "targets"],
  ["a recorder as a source", ({ sim, a, recorder }) => sim.connect(recorder, a), "bad-connection"],
  [
    "a mixture of sources",
    ({ sim, a, poisson }) => sim.connect(a.concat(poisson), a),
    "bad-connection",
    "sources",
  ],
  ["no collection", ({ sim, a }) => sim.connect(3 as never, a), "bad-nodes", "sources"],
  ["events of a neuron", ({ sim, a }) => sim.events(a), "bad-nodes"],
  [
    "record_from of a connected multimeter",
    ({ sim, a, meter }) => {
      sim.connect(meter, a);
      meter.set({ record_from: ["I_syn_ex"] });
    },
    "bad-parameter",
    "record_from",
  ],
  // runs and models
  ["duration off the grid", ({ sim }) => sim.simulate(0.25), "bad-duration", "duration"],
  ["duration negative", ({ sim }) => sim.simulate(-1), "bad-duration", "duration"],
  ["duration infinite", ({ sim }) => sim.simulate(Number.POSITIVE_INFINITY), "bad-duration", "duration"],
  ["duration NaN", ({ sim }) => sim.simulate(Number.NaN), "bad-duration", "duration"],
  [
    "a model that exists",
    ({ sim }) => sim.defineModel(sim.modelText("iaf_psc_exp")),
    "model-exists",
    "iaf_psc_exp",
  ],
  [
    "two models, one of which exists",
    ({ sim }) =>
      sim.defineModel(
        `${sim.modelText("izhikevich").replaceAll("izhikevich", "own")}\n${sim.modelText("iaf_psc_exp").replace(/"""[\s\S]*?"""/, "")}`,
      ),
    "model-exists",
  ],
];

describe("bad input", () => {
  test.each(CASES.map(([name, ...rest]) => [name, rest] as const))(
    "%s",
    async (name, [call, code, key, ...parts]) => {
      untouched ??= withSimulator({}, (sim) => sequel(build(sim)));
      await withSimulator({}, async (sim) => {
        const net = build(sim);
        const count = () => [...sim.create("parrot_neuron")][0];
        await expectError(() => call(net), code, key, ...parts);
        if (name.startsWith("record_from")) return; // its connection is there
        expect(await sequel(net)).toEqual(await untouched);
        expect(count()).toBe(25);
      });
    },
  );

  test("a clipped distribution with an empty interval", async () => {
    await expectError(
      () => normalClipped({ mean: 0, std: 1, low: 1, high: 1 }),
      "bad-distribution",
      "low",
      "empty",
    );
    await withSimulator({}, async (sim) => {
      const n = sim.create("iaf_psc_exp", 3);
      const nothing = { distribution: "normal_clipped", mean: 0, std: 0, low: 1, high: 2 } as const;
      await expectError(() => n.set({ V_m: nothing }), "bad-distribution");
      await expectError(() => sim.connect(n, n, "all_to_all", { weight: nothing }), "bad-distribution");
    });
  });

  test("options", async () => {
    const bad = (options: object, key: string, ...parts: (string | RegExp)[]) =>
      expectError(() => Simulator.create(options), "bad-option", key, ...parts);
    await bad({ thread: 2 }, "thread", '"threads"');
    await bad({ resolution: 0 }, "resolution");
    await bad({ resolution: Number.NaN }, "resolution");
    await bad({ seed: -1 }, "seed");
    await bad({ seed: 1.5 }, "seed");
    await bad({ seed: 2 ** 53 }, "seed");
    await bad({ threads: 0 }, "threads");
    await bad({ threads: 1.5 }, "threads");
    await bad({ precision: "float16" }, "precision");
    await bad({ device: "gpu" }, "device");
    await bad({ tileSize: 0 }, "tileSize");
  });

  test("nodes of another simulator, and nodes that are gone", () =>
    using(async (sim) => {
      const n = sim.create("iaf_psc_exp", 2);
      const other = await Simulator.create();
      const foreign = other.create("iaf_psc_exp", 2);
      await expectError(() => sim.connect(foreign, n), "bad-nodes", "sources", "another simulator");
      await expectError(() => sim.connect(n, foreign), "bad-nodes", "targets");
      await expectError(() => sim.setStatus(foreign, { V_m: 1 }), "bad-nodes");
      await expectError(() => sim.record(foreign), "bad-nodes");
      await expectError(() => sim.getConnections({ sources: foreign }), "bad-nodes");
      sim.reset();
      await expectError(() => n.set({ V_m: 1 }), "bad-nodes", undefined, "reset");
    })());

  test("nothing to simulate", () =>
    using(async (sim) => {
      await expectError(() => sim.simulate(1), "empty-network");
      sim.create("poisson_generator");
      await expectError(() => sim.simulate(1), "empty-network");
    })());

  test("changes while a run goes on, also while it is being prepared", () =>
    using(async (sim) => {
      const n = sim.create("iaf_psc_exp", 3);
      const run = sim.simulate(30);
      for (const call of [
        () => sim.create("iaf_psc_exp"),
        () => sim.connect(n, n),
        () => n.set({ V_m: 0 }),
        () => sim.record(n),
        () => sim.reset(),
        () => sim.simulate(1),
        () => sim.prepare(),
        () => sim.save(),
        () => sim.getConnections(),
      ])
        await expectError(call, "running");
      await run;
      expect(sim.time).toBeCloseTo(30, 9);
      expect([...sim.create("iaf_psc_exp")]).toEqual([3]);
    })());

  test("two runs begun at once: the second is refused, the first is whole", () =>
    using(async (sim) => {
      sim.create("iaf_psc_exp", 300);
      const [first, second] = await Promise.allSettled([sim.simulate(5), sim.simulate(5)]);
      expect(first.status).toBe("fulfilled");
      expect(second).toMatchObject({ status: "rejected", reason: { code: "running" } });
      expect(sim.time).toBeCloseTo(5, 9);
      await sim.simulate(1);
    })());
});

describe.each(enginesPresent)("%s", (device) => {
  test("memory that will not fit is refused before it is taken, and quickly", async () => {
    await withSimulator({ device, threads: 2 }, async (sim) => {
      const begin = performance.now();
      const before = process.memoryUsage().rss;
      const n = sim.create("iaf_psc_exp", 1_000_000);
      sim.connect(
        n,
        n,
        { rule: "fixed_indegree", indegree: 100_000 },
        { weight: uniform({ min: 1, max: 2 }) },
      );
      const error = await errorOf(() => sim.simulate(1));
      expect(error.code, error.message).toBe("out-of-memory");
      expect(performance.now() - begin).toBeLessThan(5000);
      expect(process.memoryUsage().rss - before).toBeLessThan(600e6);
      sim.reset();
      sim.create("iaf_psc_exp", 2, { I_e: 900 });
      await sim.simulate(50);
      expect(sim.spikeCount).toBeGreaterThan(1);
    });
  });

  test("equations that cannot be integrated stop the run and keep what was recorded", async () => {
    await withSimulator({ device, precision: "float64" }, async (sim) => {
      sim.defineModel(`
model explodes:
    state:
        x real = x0
    equations:
        x' = x * x / ms
    parameters:
        x0 real = 0.05
    input:
        spikes <- spike
    output: spike
    update:
        integrate_odes()
`);
      const n = sim.create("explodes", 3, { x0: [0.01, 0.2, 0.02] }); // 1 / (1 / x0 - t): the second is infinite at 5 ms
      const recorder = sim.record(n, { variables: ["x"], interval: 1 });
      const error = await errorOf(() => sim.simulate(20));
      expect(error.code).toBe("numerical-instability");
      expect(error.message).toMatch(/node 1 \(explodes\).* (4\.9|5\.0|5\.1)00 ms/);
      const { times, x, senders } = recorder.events;
      expect([...times].filter((_, i) => senders[i] === 1)).toEqual([1, 2, 3, 4]);
      [...senders].forEach((s, i) => {
        expect(x![i]).toBeCloseTo(1 / (1 / [0.01, 0.2, 0.02][s]! - times[i]!), 3);
      });
    });
  });

  test("more spikes than can be held stop the run and keep what was recorded", async () => {
    await withSimulator({ device }, async (sim) => {
      const p = sim.create("parrot_neuron", 1);
      const g = sim.create("spike_generator", 1, {
        spike_times: [1, 3, 3],
        spike_multiplicities: [2, 65535, 65535],
      });
      sim.connect(g, p, "all_to_all", { delay: 1 });
      const recorder = sim.record(p);
      const error = await errorOf(() => sim.simulate(20));
      expect(error.code).toBe("too-many-spikes");
      expect(error.message).toMatch(/4\.000 ms/);
      expect([...recorder.events.times]).toEqual([2, 2]);
    });
  });
});
