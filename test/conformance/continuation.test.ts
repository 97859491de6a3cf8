/** What happens between runs: pieces, changes, more building, saving, resetting, several simulators; bit for bit on every engine. */

import { type NodeCollection, type Recorder, Simulator, type SimulatorOptions, uniform } from "synfire";
import { describe, expect, test } from "vitest";
import { broadNetworks, networks } from "./networks.js";
import { copyOf, expectLively, expectSame, type Network, type Observation, observe } from "./observe.js";
import { enginesPresent, withSimulator } from "./setups.js";

const CONFIGURATIONS: readonly SimulatorOptions[] = enginesPresent.flatMap((device): SimulatorOptions[] =>
  device === "reference" ? [{ device }] : [{ device }, { device, threads: 3, tileSize: 7 }],
);
const PRECISIONS = ["float32", "float64"] as const;
const label = (o: SimulatorOptions) => `${o.device}, ${o.threads ?? 1} threads, ${o.precision}`;

/** all configurations give what the first gives */
async function everywhere(network: Network): Promise<void> {
  for (const precision of PRECISIONS) {
    let first: Observation | undefined;
    for (const c of CONFIGURATIONS) {
      const options = { ...c, precision };
      const seen = await observe(options, network);
      if (first) expectSame(first, seen, label(options));
      else expectLively((first = seen), network);
    }
  }
}

const named = (part: string): Network =>
  [...networks, ...broadNetworks].find((n) => n.name.startsWith(part))!;

describe("runs in pieces", () => {
  const pieces: readonly Network[] = [
    named("model iaf_psc_exp"),
    named("model aeif_cond_beta"),
    named("parrots with"),
    named("spike generators with"),
    named("Poisson generators: windows"),
    named("delay uniform"),
    named("shortest delay 3.1"),
    named("shortest delay 1.5"),
    named("sources and targets"),
    named("currents"),
    named("recorders of several"),
  ];
  test.each(pieces.map((n) => [n.name, n] as const))("%s", async (_, network) => {
    for (const precision of PRECISIONS) {
      for (const c of CONFIGURATIONS) {
        const options = { ...c, precision };
        const whole = await observe(options, network);
        const cut = await observe(options, {
          ...network,
          run: async (sim) => {
            for (const ms of [0.1, 0.1, 0.3, 1, 0, 2.9, 0.2, 7.7, 0.1, 10, 17.6]) await sim.simulate(ms);
          },
        });
        expectSame(whole, cut, label(options));
      }
    }
  });
});

/** a network to change between runs */
const base = (sim: Simulator) => {
  const nodes = sim.create("iaf_psc_exp", 40, { V_m: uniform({ min: -70, max: -56 }), I_e: 100 });
  const drive = sim.create("poisson_generator", 1, { rate: 9000 });
  const dc = sim.create("dc_generator", 1, { amplitude: 50 });
  const times = sim.create("spike_generator", 1, { spike_times: [5, 25, 26] });
  sim.connect(drive, nodes, "all_to_all", { weight: 80, delay: 0.4 });
  sim.connect(dc, nodes.slice(0, 10));
  sim.connect(times, nodes, "all_to_all", { weight: 300, delay: 2 });
  sim.connect(
    nodes,
    nodes,
    { rule: "fixed_indegree", indegree: 8 },
    { weight: 40, delay: uniform({ min: 0.5, max: 3 }) },
  );
  return { nodes, drive, dc, times };
};

const observed = (sim: Simulator, nodes: NodeCollection): Recorder[] => [
  sim.record(nodes),
  sim.record(nodes.slice(0, 40, 3), { variables: ["V_m", "I_syn_ex"], interval: 0.2 }),
];

const changing = (name: string, change: (sim: Simulator, b: ReturnType<typeof base>) => unknown): Network => {
  let built: ReturnType<typeof base>;
  return {
    name,
    build: (sim) => observed(sim, (built = base(sim)).nodes),
    run: async (sim) => {
      await sim.simulate(20);
      await change(sim, built);
      await sim.simulate(20);
    },
  };
};

describe("changes between runs", () => {
  const changes: readonly Network[] = [
    changing("a parameter of all", (_, { nodes }) => nodes.set({ I_e: 600, tau_m: 12 })),
    changing("a parameter of some", (_, { nodes }) => nodes.slice(3, 30, 4).set({ V_th: -60, I_e: 500 })),
    changing("a parameter of each", (_, { nodes }) =>
      nodes.set({
        I_e: Array.from({ length: 40 }, (_x, i) => 10 * i),
        tau_syn_ex: uniform({ min: 1, max: 3 }),
      }),
    ),
    changing("a state variable", (_, { nodes }) => {
      nodes.set({ V_m: uniform({ min: -70, max: -55.5 }) });
      nodes.slice(5, 9).set({ I_syn_ex: 900, refractory_steps: 7 });
    }),
    changing("twice: a parameter of some, then of all", (_, { nodes }) => {
      nodes.slice(0, 20).set({ I_e: 700 });
      nodes.set({ I_e: 650 });
    }),
    changing("the rate of a generator", (_, { drive }) => drive.set({ rate: 14_000 })),
    changing("the window of a generator", (_, { drive }) => drive.set({ start: 25, stop: 31 })),
    changing("a current", (_, { dc }) => dc.set({ amplitude: 900, start: 24 })),
    changing("spike times", (_, { times }) => times.set({ spike_times: [21, 22, 39] })),
    changing("more of everything", (sim, { nodes, drive, times }) => {
      const more = sim.create("iaf_psc_alpha", 25, { V_m: uniform({ min: -70, max: -56 }) });
      sim.connect(drive, more, "all_to_all", { weight: 50, delay: 0.4 });
      sim.connect(nodes, more, { rule: "fixed_indegree", indegree: 9 }, { weight: 30, delay: 1.2 });
      sim.connect(more, nodes, { rule: "fixed_indegree", indegree: 5 }, { weight: -500, delay: 0.2 });
      sim.connect(times, more, "all_to_all", { weight: 900, delay: 6 });
      sim.record(more);
    }),
    changing("a longer delay", (sim, { nodes }) =>
      sim.connect(nodes, nodes, { rule: "fixed_indegree", indegree: 3 }, { weight: 60, delay: 9 }),
    ),
  ];
  test.each(changes.map((n) => [n.name, n] as const))("%s", async (_, network) => {
    await everywhere(network);
    const unchanged = await observe(
      { device: "reference" },
      changing("nothing", () => {}),
    );
    const changed = await observe({ device: "reference" }, network);
    expect(changed.records[1]).not.toEqual(unchanged.records[1]); // or the change had no effect
  });

  test("what was in flight when the network was built anew arrives", async () => {
    for (const options of CONFIGURATIONS) {
      const still = changing("nothing", () => {});
      const rebuilt = changing("a node that does nothing", (sim) => sim.create("iaf_psc_exp"));
      expectSame(await observe(options, still), await observe(options, rebuilt), label(options));
    }
  });

  test("a current that is set between runs needs no new network, and is felt", async () => {
    for (const options of CONFIGURATIONS) {
      await withSimulator(options, async (sim) => {
        const { dc, nodes } = base(sim);
        await sim.simulate(1);
        const before = sim.timers.calibrate;
        dc.set({ amplitude: 1e5 });
        await sim.simulate(3);
        expect(sim.timers.calibrate).toBe(before);
        expect(nodes.at(0).get("refractory_steps")).not.toBe(0);
      });
    }
  });
});

describe("save and restore", () => {
  test.each(PRECISIONS)("continue bit for bit, on other engines and thread counts, %s", async (precision) => {
    for (const saving of CONFIGURATIONS) {
      const uncut = await withSimulator({ ...saving, precision }, async (sim) => {
        const recorders = observed(sim, base(sim).nodes);
        await sim.simulate(17.3);
        const snapshot = await sim.save();
        recorders.forEach((r) => {
          r.clear();
        });
        await sim.simulate(20);
        return { snapshot, records: recorders.map(copyOf) };
      });
      expect(uncut.records[0]!.times!.length).toBeGreaterThan(20);
      for (const options of [...CONFIGURATIONS, { threads: 8, tileSize: 64 } as const]) {
        await withSimulator({ ...options, precision }, async (sim) => {
          const recorders = observed(sim, base(sim).nodes);
          await sim.simulate(3); // is forgotten
          recorders.forEach((r) => {
            r.clear();
          });
          await sim.restore(structuredClone(uncut.snapshot));
          expect(sim.time).toBeCloseTo(17.3, 9);
          await sim.simulate(20);
          expect(recorders.map(copyOf), label(options)).toEqual(uncut.records);
        });
      }
    }
  });

  test("parameters and devices that were changed come back", async () => {
    const snapshot = await withSimulator({}, async (sim) => {
      const { nodes, drive } = base(sim);
      nodes.slice(0, 5).set({ I_e: 321 });
      drive.set({ rate: 77 });
      await sim.simulate(1);
      return sim.save();
    });
    await withSimulator({}, async (sim) => {
      const { nodes, drive } = base(sim);
      await sim.restore(snapshot);
      expect(nodes.slice(0, 5).get("I_e")).toBe(321);
      expect(nodes.slice(5).get("I_e")).toBe(100);
      expect(drive.get("rate")).toBe(77);
    });
  });

  test("a snapshot is not touched by what happens afterwards", async () => {
    await withSimulator({}, async (sim) => {
      const { nodes } = base(sim);
      await sim.simulate(5);
      const snapshot = await sim.save();
      const copy = structuredClone(snapshot);
      nodes.set({ I_e: 1, V_m: -60 });
      await sim.simulate(5);
      expect(snapshot).toEqual(copy);
    });
  });

  const foreign: readonly [string, SimulatorOptions, (sim: Simulator) => void][] = [
    ["another seed", { seed: 2 }, (sim) => base(sim)],
    ["another precision", { precision: "float64" }, (sim) => base(sim)],
    ["another resolution", { resolution: 0.2 }, (sim) => base(sim)],
    ["more nodes", {}, (sim) => [base(sim), sim.create("iaf_psc_exp", 2)]],
    ["another device", {}, (sim) => [base(sim), sim.create("poisson_generator")]],
  ];
  test.each(foreign)("refuses a snapshot of %s", async (_, options, build) => {
    const snapshot = await withSimulator(options, async (sim) => {
      build(sim);
      return sim.save();
    });
    await withSimulator({}, async (sim) => {
      base(sim);
      await sim.simulate(1);
      await expect(sim.restore(snapshot)).rejects.toMatchObject({ code: "bad-snapshot" });
      expect(sim.time).toBeCloseTo(1, 9);
    });
  });

  test("refuses a snapshot of other connections, and what is none", async () => {
    const snapshot = await withSimulator({}, async (sim) => {
      const { nodes } = base(sim);
      sim.connect(nodes, nodes, "one_to_one", { delay: 30 });
      return sim.save();
    });
    await withSimulator({}, async (sim) => {
      base(sim);
      await expect(sim.restore(snapshot)).rejects.toMatchObject({ code: "bad-snapshot" });
      await expect(sim.restore({} as typeof snapshot)).rejects.toMatchObject({ code: "bad-snapshot" });
    });
  });
});

describe("reset and several simulators", () => {
  test("after reset, the same calls give the same", async () => {
    for (const options of CONFIGURATIONS) {
      await withSimulator(options, async (sim) => {
        const seen: unknown[] = [];
        for (let k = 0; k < 2; k++) {
          const recorders = observed(sim, base(sim).nodes);
          await sim.simulate(20);
          seen.push([sim.spikeCount, sim.time, recorders.map(copyOf)]);
          sim.reset();
          expect([sim.time, sim.spikeCount]).toEqual([0, 0]);
        }
        expect(seen[1]).toEqual(seen[0]);
      });
    }
  });

  test("several at once do not disturb each other", async () => {
    const network = named("model iaf_psc_exp");
    const alone = await observe({ device: "reference" }, network);
    const other = await observe({ device: "reference", seed: 5 }, network);
    expect(other.records).not.toEqual(alone.records);
    const sims: SimulatorOptions[] = [
      { threads: 2 },
      { threads: 3, seed: 5 },
      { device: "reference" },
      { threads: 1, seed: 5 },
      { threads: 2, tileSize: 7 },
    ];
    const seen = await Promise.all(sims.map((o) => observe(o, network)));
    seen.forEach((s, k) => {
      expectSame(sims[k]!.seed === 5 ? other : alone, s, `simulator ${k}`);
    });
  });

  test("two that take turns keep their own state", async () => {
    const [a, b] = [await Simulator.create({ threads: 2 }), await Simulator.create({ threads: 2, seed: 3 })];
    const [ra, rb] = [observed(a, base(a).nodes), observed(b, base(b).nodes)];
    for (let k = 0; k < 10; k++) {
      await a.simulate(2);
      await b.simulate(2);
    }
    for (const [seed, recorders, sim] of [
      [1, ra, a],
      [3, rb, b],
    ] as const) {
      const whole = await withSimulator({ seed }, async (s) => {
        const r = observed(s, base(s).nodes);
        await s.simulate(20);
        return r.map(copyOf);
      });
      expect(recorders.map(copyOf)).toEqual(whole);
      sim.dispose();
    }
  });
});
