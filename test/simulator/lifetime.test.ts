/** Many simulators in one process: none hangs, threads are used again, memory is given back. */

import { readFileSync } from "node:fs";
import { Simulator, SynfireError } from "synfire";
import { expect, test } from "vitest";

const NETWORKS = 200;

/** threads of this process, where the system tells (Linux) */
function threads(): number {
  try {
    return Number(/^Threads:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

test("200 networks with 8 threads each, made, run and disposed of, neither hang nor leak", async () => {
  const begin = performance.now();
  let settled = 0;
  let [rss, before] = [0, 0];
  for (let k = 0; k < NETWORKS; k++) {
    const sim = await Simulator.create({ threads: 8, tileSize: 8, seed: k });
    const nodes = sim.create("iaf_psc_exp", 64, { I_e: 2000 });
    sim.connect(nodes, nodes, { rule: "fixed_indegree", indegree: 10 }, { weight: 20, delay: 0.5 });
    const recorder = sim.record(nodes);
    await sim.simulate(5);
    expect(sim.time).toBeCloseTo(5, 9);
    expect(recorder.nEvents).toBe(sim.spikeCount);
    settled += sim.spikeCount;
    sim.dispose();
    if (k === 40) [rss, before] = [process.memoryUsage().rss, threads()];
  }
  expect(settled).toBeGreaterThan(NETWORKS);
  // one pool of workers serves all of them
  expect(threads()).toBeLessThanOrEqual(before + 4);
  expect(process.memoryUsage().rss - rss).toBeLessThan(200e6);
  expect(performance.now() - begin).toBeLessThan(40_000);
});

test("after dispose, a simulator is empty and usable; disposing twice does no harm", async () => {
  const sim = await Simulator.create({ threads: 2 });
  const gone = sim.create("iaf_psc_exp", 4, { I_e: 900 });
  await sim.simulate(20);
  sim.dispose();
  sim.dispose();
  expect(() => gone.get("V_m")).toThrow(SynfireError);
  sim.create("iaf_psc_exp", 2, { I_e: 900 });
  await sim.simulate(20);
  expect(sim.spikeCount).toBeGreaterThan(0);
  sim.dispose();
});

test("more simulators at once than cores, each with several threads", async () => {
  const run = async (seed: number) => {
    const sim = await Simulator.create({ threads: 4, tileSize: 8, seed });
    const nodes = sim.create("iaf_psc_exp", 64, { I_e: 500 });
    sim.connect(nodes, nodes, { rule: "fixed_indegree", indegree: 5 }, { weight: 20, delay: 0.3 });
    await sim.simulate(10);
    const spikes = sim.spikeCount;
    sim.dispose();
    return spikes;
  };
  const together = await Promise.all([1, 2, 3, 4, 5, 6].map(run));
  for (const [k, spikes] of together.entries()) expect(await run(k + 1)).toBe(spikes);
});
