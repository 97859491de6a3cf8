/** The synapses of a projection one by one, on the host: what rules that no kernel knows are built from, and what tests compare with. */

import { philox } from "../random/philox.js";
import { Purpose, streamKey, uniform } from "../random/streams.js";
import { type Calibration, delaySteps, fixedWeight, receptorOf } from "./calibration.js";
import type { SynapseTable } from "./engine.js";
import type { Network, Projection, SynapseValue } from "./network.js";

/** Weight and delay of a synapse: draws and arrays. */
export function synapseValue(value: SynapseValue, index: number, u: number): number {
  return value.kind === "constant"
    ? value.value
    : value.kind === "array"
      ? value.values[index]!
      : value.sampler.sample(u);
}

/** What of a projection decides its synapses. */
export type DrawnProjection = Pick<Projection, "id" | "plan" | "endpoints" | "weight" | "delay" | "factor">;

/** Calls back for every synapse of a projection whose target position lies in a range. */
export function forEachSynapse(
  seed: number,
  p: DrawnProjection,
  from: number,
  to: number,
  visit: (source: number, target: number, weight: number, delay: number, ordinal: number) => void,
): void {
  const [key0, key1] = streamKey(seed, Purpose.synapse, p.id);
  const words = new Uint32Array(4);
  const random = p.weight.kind === "distribution" || p.delay.kind === "distribution";
  p.plan.generate(from, to, (source, target, ordinal, index) => {
    if (random) philox(p.endpoints.targets.id(target), ordinal, 0, 0, key0, key1, words);
    const weight = synapseValue(p.weight, index, uniform(words[1]!)) * p.factor;
    visit(source, target, weight, synapseValue(p.delay, index, uniform(words[2]!)), ordinal);
  });
}

/** The synapses of a projection in the order (source id, target id, ordinal), with the weights that engines use. */
export function synapseTable(network: Network, calibration: Calibration, projection: number): SynapseTable {
  const p = network.projections[projection]!;
  const c = calibration.projections.get(p)!;
  const { sources, targets } = p.endpoints;
  const n = p.plan.total;
  const table = {
    sources: new Uint32Array(n),
    targets: new Uint32Array(n),
    weights: new Float64Array(n),
    delays: new Float64Array(n),
    receptors: new Uint8Array(n),
  };
  let k = 0;
  forEachSynapse(network.seed, p, 0, targets.length, (source, target, weight, delay) => {
    const id = targets.id(target);
    const population = network.populations.find((q) => id >= q.first && id < q.first + q.size)!;
    const { receptor, value } = receptorOf(p.receptors.get(population.index)!, weight);
    const ring = calibration.rings[population.index]![receptor]!;
    table.sources[k] = sources.id(source);
    table.targets[k] = id;
    table.weights[k] =
      p.weight.kind === "constant"
        ? weight
        : Math.sign(weight) * Math.abs(fixedWeight(value, c, p, ring)) * 2 ** ring.exponent;
    table.delays[k] = delaySteps(delay, network.resolution) * network.resolution;
    table.receptors[k] = receptor;
    k++;
  });
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  // stable: ordinals ascend with the position in the list
  order.sort(
    (a, b) => table.sources[a]! - table.sources[b]! || table.targets[a]! - table.targets[b]! || a - b,
  );
  return {
    sources: table.sources.map((_, i) => table.sources[order[i]!]!),
    targets: table.targets.map((_, i) => table.targets[order[i]!]!),
    weights: table.weights.map((_, i) => table.weights[order[i]!]!),
    delays: table.delays.map((_, i) => table.delays[order[i]!]!),
    receptors: table.receptors.map((_, i) => table.receptors[order[i]!]!),
  };
}
