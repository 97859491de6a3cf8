/** Connections read back: the same on every engine, and what was asked for. */

import type { Connections, SimulatorOptions } from "synfire";
import { describe, expect, test } from "vitest";
import { broadNetworks, networks, ruleNetworks, synapseNetworks } from "./networks.js";
import type { Network } from "./observe.js";
import { enginesPresent, withSimulator } from "./setups.js";

const COLUMNS = ["sources", "targets", "weights", "delays", "receptors", "projections"] as const;

const list = (c: Connections) =>
  Object.fromEntries(COLUMNS.map((key) => [key, Array.from(c[key])])) as Record<
    (typeof COLUMNS)[number],
    number[]
  >;

const connectionsOf = (options: SimulatorOptions, network: Network) =>
  withSimulator({ ...options, ...network.options }, async (sim) => {
    await network.build(sim);
    return list(await sim.getConnections());
  });

const chosen = [
  ...ruleNetworks,
  ...synapseNetworks,
  ...[...networks, ...broadNetworks].filter((n) =>
    ["sources and", "spike gen", "Poisson generators", "receptors", "three receptors", "currents"].some((s) =>
      n.name.startsWith(s),
    ),
  ),
];

describe.each(["float32", "float64"] as const)("%s", (precision) => {
  test.each(chosen.map((n) => [n.name, n] as const))("%s", async (_, network) => {
    const reference = await connectionsOf({ device: "reference", precision }, network);
    expect(reference.sources.length).toBeGreaterThan(10);
    // the order: connect() call, source, target, receptor
    const { projections, sources, targets } = reference;
    for (let i = 1; i < sources.length; i++) {
      const [a, b] = [i - 1, i].map((k) => [projections[k]!, sources[k]!, targets[k]!] as const);
      const order = a![0] - b![0] || a![1] - b![1] || a![2] - b![2];
      // connections of generators with weights of their own are one list per weight
      if (!network.name.startsWith("spike generators")) expect(order, `entry ${i}`).toBeLessThanOrEqual(0);
    }
    for (const device of enginesPresent) {
      for (const configuration of [{ threads: 1 }, { threads: 3, tileSize: 7 }]) {
        const other = await connectionsOf({ device, precision, ...configuration }, network);
        for (const key of COLUMNS) expect(other[key], `${device}, ${key}`).toEqual(reference[key]);
      }
    }
  });
});

describe.each(enginesPresent)("%s", (device) => {
  test("filters by source and target, also through collections of pieces", async () => {
    await withSimulator({ device }, async (sim) => {
      const a = sim.create("iaf_psc_exp", 10);
      const b = sim.create("iaf_psc_exp", 8);
      sim.connect(a, b);
      sim.connect(b, a.concat(b), { rule: "fixed_indegree", indegree: 2 }, { weight: -2 });
      const all = list(await sim.getConnections());
      expect(all.sources.length).toBe(80 + 36);
      const [from, to] = [a.slice(0, 10, 3).concat(b.slice(2, 4)), b.slice(1, 8, 2).concat(a.at(0))];
      const some = list(await sim.getConnections({ sources: from, targets: to }));
      const keep = all.sources.flatMap((s, i) =>
        from.position(s) >= 0 && to.position(all.targets[i]!) >= 0 ? [i] : [],
      );
      expect(keep.length).toBeGreaterThan(10);
      for (const key of COLUMNS) expect(some[key]).toEqual(keep.map((i) => all[key][i]));
      expect(list(await sim.getConnections({ sources: a.at(2) })).targets).toEqual([...b]);
      expect((await sim.getConnections({ sources: a, targets: a.at(1) })).length).toBe(0);
    });
  });

  test("one_to_one and all_to_all with arrays give back what was given, in the documented order", async () => {
    await withSimulator({ device, precision: "float64" }, async (sim) => {
      const a = sim.create("iaf_psc_delta", 3);
      const b = sim.create("iaf_psc_delta", 2);
      sim.connect(a, a, "one_to_one", { weight: [1.5, -2.5, 3.25], delay: [0.1, 0.25, 1] });
      // target-major: weights[target * sources + source]
      sim.connect(a, b, "all_to_all", { weight: [1, 2, 3, 4, 5, 6], delay: 2 });
      const c = list(await sim.getConnections());
      expect(c.sources).toEqual([0, 1, 2, 0, 0, 1, 1, 2, 2]);
      expect(c.targets).toEqual([0, 1, 2, 3, 4, 3, 4, 3, 4]);
      expect(c.weights).toEqual([1.5, -2.5, 3.25, 1, 4, 2, 5, 3, 6]);
      expect(c.delays.map((d) => Math.round(d / 0.1))).toEqual([1, 3, 10, 20, 20, 20, 20, 20, 20]);
      expect(c.projections).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 1]);
    });
  });

  test("weights of current connections are drawn with the simulator's seed", async () => {
    // what is read back must be what the neurons feel
    const { uniform } = await import("synfire");
    await withSimulator({ device, precision: "float64", seed: 99 }, async (sim) => {
      const nodes = sim.create("iaf_psc_exp", 5, { V_th: 1e6 });
      const dc = sim.create("dc_generator", 1, { amplitude: 100 });
      sim.connect(dc, nodes, "all_to_all", { weight: uniform({ min: 1, max: 2 }), delay: 0.1 });
      await sim.simulate(0.3); // driven for one step
      const v = nodes.get("V_m") as Float64Array;
      const weights = (await sim.getConnections()).weights;
      weights.forEach((w, i) => {
        expect(v[i]! + 70).toBeCloseTo(w * 100 * (10 / 250) * (1 - Math.exp(-0.01)), 9);
      });
    });
  });
});
