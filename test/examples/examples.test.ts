/** The examples at small scales: plausible rates, and the files that they write. */

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Simulator } from "synfire";
import { createRun, type ScriptValue } from "synfire/cli";
import { readDat } from "synfire/recording";
import { afterEach, describe, expect, test } from "vitest";
import brunel from "../../examples/brunel.js";
import brunel2000, { build as buildBrunel2000 } from "../../examples/brunel2000.js";
import fiveNeurons from "../../examples/five-neurons.js";
import hpcBenchmark, { build as buildHpcBenchmark, driveRate, weight } from "../../examples/hpc-benchmark.js";
import microcircuit, { build as buildMicrocircuit } from "../../examples/microcircuit.js";
import ring from "../../examples/ring.js";

const folders: string[] = [];

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "synfire-examples-"));
  folders.push(path);
  return path;
}

afterEach(async () => {
  for (const path of folders.splice(0)) await rm(path, { recursive: true });
});

const run = (args: Record<string, ScriptValue>, out?: string) =>
  createRun({ args, out, options: { threads: 1 }, log: () => {} });

describe("brunel", () => {
  test("a fifth of the network fires at some 30 spikes/s, and the report is written", async () => {
    const out = await folder();
    const results = await brunel(run({ order: 200, simtime: 200 }, out));
    expect(results.neurons).toBe(1000);
    expect(results.simulated_ms).toBeCloseTo(200);
    // the first 100 ms, in which all neurons fire together, take part
    for (const rate of [results.rates.E, results.rates.I]) {
      expect(rate).toBeGreaterThan(25);
      expect(rate).toBeLessThan(70);
    }
    const files = await readdir(out);
    expect(files).toEqual(
      expect.arrayContaining(["report.html", "report.svg", "report.png", "spikes.dat", "spikes.csv"]),
    );
    const spikes = readDat(await readFile(join(out, "spikes.dat"), "utf8"));
    const count = (results.rates.E * 800 + results.rates.I * 200) * 0.2;
    expect(spikes.senders.length).toBeCloseTo(count, 5);
    const lines = (await readFile(join(out, "spikes.csv"), "utf8")).trim().split("\n");
    expect(lines.length).toBe(spikes.senders.length + 1);
  });

  test("the variant of the scaling benchmark does not record its pre-run", async () => {
    const results = await brunel(run({ order: 200, simtime: 100, network: "rank" }));
    expect(results.simulated_ms).toBeCloseTo(100);
    expect(results.rates.E).toBeGreaterThan(15);
    expect(results.rates.E).toBeLessThan(45);
  });

  test("runs that were too short for some of the figures have a report without them", async () => {
    const out = await folder();
    await brunel(run({ order: 20, simtime: 4 }, out));
    await microcircuit(run({ N_scaling: 0.01, K_scaling: 0.01, t_presim: 0, t_sim: 4 }, out));
    expect(await readdir(out)).toContain("report.png");
  });

  test("an unknown network, and an unknown argument, are told", async () => {
    await expect(brunel(run({ network: "duo" }))).rejects.toThrow("network must be");
    await expect(brunel(run({ ordre: 3 }))).rejects.toThrow('Did you mean "order"?');
    await expect(brunel(run({ order: "many" }))).rejects.toThrow("order must be a number");
  });
});

describe("brunel2000", () => {
  // NEST: 32.1, 29.6 and 28.85 spikes/s with ten times the neurons
  test.each([
    ["delta", 32.1],
    ["exp", 29.6],
    ["alpha", 28.85],
  ])("%s synapses: close to NEST's rate", async (synapse, rate) => {
    const results = await brunel2000(run({ synapse, order: 250, simtime: 500 }));
    expect(results.neurons).toBe(1250);
    expect(Math.abs(results.rates.E - rate)).toBeLessThan(4);
    expect(Math.abs(results.rates.I - rate)).toBeLessThan(4);
    expect(results.bytesPerSynapse).toBeGreaterThan(2);
  });

  test("an unknown kind of synapse is told", async () => {
    const sim = await Simulator.create();
    expect(() => buildBrunel2000(sim, { synapse: "gamma" })).toThrow("delta, exp or alpha");
  });
});

describe("microcircuit", () => {
  const small = { N_scaling: 0.05, K_scaling: 0.05, t_presim: 200, t_sim: 300 };

  test("populations fire in the order of the reference rates, with either input", async () => {
    const out = await folder();
    for (const args of [small, { ...small, K_scaling: 0.3, poisson: false }]) {
      const results = await microcircuit(run(args, args === small ? out : undefined));
      const { L23E, L4E, L5E, L5I } = results.rates;
      expect(L23E).toBeLessThan(2);
      expect(L23E).toBeLessThan(L4E!);
      for (const rate of [L4E, L5E, L5I]) {
        expect(rate).toBeGreaterThan(1.5);
        expect(rate).toBeLessThan(14);
      }
    }
    expect(await readdir(out)).toEqual(expect.arrayContaining(["report.png", "spikes.dat"]));
  });

  test("the thalamic volley makes layer 4 fire", async () => {
    const args = { ...small, t_presim: 100, t_sim: 250 };
    const spikesAfterVolley = async (thalamus: boolean) => {
      const sim = await Simulator.create({ seed: 3, threads: 1 });
      const { populations } = buildMicrocircuit(sim, { ...args, thalamus });
      const spikes = sim.record(populations[2]!, { start: 300, stop: 320 });
      await sim.simulate(320);
      sim.dispose();
      return spikes.nEvents;
    };
    expect(await spikesAfterVolley(true)).toBeGreaterThan(1.3 * (await spikesAfterVolley(false)));
  });

  test("the full network has 298,880,970 synapses", async () => {
    const sim = await Simulator.create();
    // nothing is drawn before the network is simulated
    const { synapses } = buildMicrocircuit(sim, { N_scaling: 1, K_scaling: 1 });
    expect(Math.abs(synapses - 298_880_970)).toBeLessThan(100);
  });
});

describe("ring", () => {
  test("a lower drive of network 0 all but silences it, and weakens its neighbour", async () => {
    const out = await folder();
    const results = (await ring(run({ order: 50, simtime: 500, networks: 2 }, out)))!;
    expect(results.ranks).toBe(1);
    for (const { rate_E, rate_I } of results.networks)
      for (const rate of [rate_E, rate_I]) {
        expect(rate).toBeGreaterThan(15);
        expect(rate).toBeLessThan(45);
      }
    expect(Object.keys(results.phases[0]!)).toContain("gather");
    expect(await readdir(out)).toEqual(expect.arrayContaining(["report.html", "report.svg", "report.png"]));
    const lines = (await readFile(join(out, "spikes.csv"), "utf8")).trim().split("\n").slice(1);
    expect(lines.length).toBe(results.spikes);
    // ids 0 to 249 are of network 0; the drives have ids, too
    const count = (network: number, from: number) =>
      lines
        .map((line) => line.split(",").map(Number))
        .filter(([id, t]) => id! < 250 === (network === 0) && t! > from && t! <= from + 100).length;
    expect(count(0, 500)).toBeLessThan(0.35 * count(0, 400));
    expect(count(1, 500)).toBeLessThan(0.9 * count(1, 400));
    expect(count(1, 500)).toBeGreaterThan(count(0, 500));
  });

  test("one network has no neighbour, and a report", async () => {
    const out = await folder();
    const results = (await ring(run({ order: 20, presim: 0, simtime: 30 }, out)))!;
    expect(results.networks).toHaveLength(1);
    expect(await readdir(out)).toContain("report.png");
  });
});

describe("hpc-benchmark", () => {
  test("a small network with a part of its inputs fires at about the rate of the full one", async () => {
    const results = (await hpcBenchmark(run({ scale: 0.1 })))!;
    expect(results.neurons).toBe(1125);
    expect(results.synapses).toBe(1125 * (900 + 225));
    for (const rate of Object.values(results.rates)) {
      expect(rate).toBeGreaterThan(4);
      expect(rate).toBeLessThan(15);
    }
    expect(results.rates.all).toBeCloseTo(0.8 * results.rates.E + 0.2 * results.rates.I, 5);
    expect(results.byRank).toHaveLength(1);
    expect(results.memoryPerRank_MiB).toBeGreaterThan(0);
  });

  test("weight and drive are those of the original, and so is the size for many ranks", async () => {
    expect(weight).toBeCloseTo(45.6096, 3);
    expect(driveRate).toBeCloseTo(20_856.04, 1);
    const sim = await Simulator.create();
    // nothing is drawn before the network is simulated
    const { neurons, synapses } = buildHpcBenchmark(sim, { scale: 20, inputs: 1, shares: 4 });
    expect(neurons.length).toBe(900_000);
    expect(synapses).toBe(900_000 * 11_250);
    expect(() => buildHpcBenchmark(sim, { inputs: 0 })).toThrow("inputs must be above 0");
  });
});

test("five neurons fire, and a step is short", async () => {
  const results = await fiveNeurons(run({ simtime: 1000 }));
  expect(results.rate).toBeGreaterThan(10);
  expect(results.rate).toBeLessThan(100);
  expect(results.microsecondsPerStep).toBeLessThan(41.6);
});
