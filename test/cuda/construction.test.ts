/**
 * The synapses that the CUDA engine builds in device memory, read back from there, against the reference's: every rule, every
 * distribution, every layout.
 */

import { afterEach, expect, test, vi } from "vitest";
import { calibrate, delaySteps, fixedWeight, receptorOf } from "../../src/engine/calibration.js";
import { cudaEngine } from "../../src/engine/cuda/cuda-engine.js";
import type { StoredSynapse } from "../../src/engine/cuda/stored-synapses.js";
import { forEachSynapse } from "../../src/engine/synapses.js";
import { networks, ruleNetworks, synapseNetworks } from "../conformance/networks.js";
import { cudaHere } from "../conformance/setups.js";
import { lowered } from "./lowered.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

const line = (s: StoredSynapse) => `${s.source} ${s.target} ${s.delay} ${s.value} ${s.receptor}`;

const chosen = [
  ...ruleNetworks,
  ...synapseNetworks,
  ...networks.filter((n) => /receptors|sources and|spike gen|model iaf_psc_delta/.test(n.name)),
];

for (const precision of ["float32", "float64"] as const) {
  test.each(chosen.map((n) => [n.name, n] as const))(`${precision}: %s`, async (_, network) => {
    if (!cudaHere) return;
    const net = await lowered(network, precision);
    const calibration = calibrate(net);
    const expected: string[] = [];
    for (const p of net.projections) {
      const { sources, targets } = p.endpoints;
      forEachSynapse(net.seed, p, 0, targets.length, (source, target, weight, delay) => {
        const id = targets.id(target);
        const q = net.populations.find((x) => id >= x.first && id < x.first + x.size)!;
        const { receptor, value } = receptorOf(p.receptors.get(q.index)!, weight);
        const ring = calibration.rings[q.index]![receptor]!;
        expected.push(
          line({
            source: p.alias === undefined ? sources.id(source) : p.alias + source,
            target: id,
            delay: delaySteps(delay, net.resolution),
            value: BigInt(fixedWeight(value, calibration.projections.get(p)!, p, ring)),
            receptor,
          }),
        );
      });
    }
    const counts = cudaHere === "emulated" ? (precision === "float32" ? [3, 1] : [3]) : [20, 1];
    for (const [blocks, debug] of [...counts.map((n) => [n, ""] as const), [3, "trays"] as const]) {
      vi.stubEnv("SYNFIRE_DEBUG", debug);
      const engine = (await cudaEngine(net, [], {
        ...{ threads: 1, tileSize: undefined, delivery: "auto", gpus: [0], blocks },
      })) as unknown as { storedSynapses(): StoredSynapse[]; dispose(): void };
      const stored = engine.storedSynapses().map(line);
      engine.dispose();
      expect(stored.length).toBe(expected.length);
      expect(stored.sort()).toEqual([...expected].sort());
    }
  });
}
