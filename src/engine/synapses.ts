/** The synapses of a projection one by one, on the host: what rules that no kernel knows are built from, and what tests compare with. */

import { philox } from "../random/philox.js";
import { Purpose, streamKey, uniform } from "../random/streams.js";
import type { Network, Projection, SynapseValue } from "./network.js";

/** Weight and delay of a synapse: draws and arrays. */
export function synapseValue(value: SynapseValue, index: number, u: number): number {
  return value.kind === "constant"
    ? value.value
    : value.kind === "array"
      ? value.values[index]!
      : value.sampler.sample(u);
}

/** Calls back for every synapse of a projection whose target position lies in a range. */
export function forEachSynapse(
  network: Network,
  p: Projection,
  from: number,
  to: number,
  visit: (source: number, target: number, weight: number, delay: number, ordinal: number) => void,
): void {
  const [key0, key1] = streamKey(network.seed, Purpose.synapse, p.id);
  const words = new Uint32Array(4);
  const random = p.weight.kind === "distribution" || p.delay.kind === "distribution";
  p.plan.generate(from, to, (source, target, ordinal, index) => {
    if (random) philox(p.endpoints.targets.id(target), ordinal, 0, 0, key0, key1, words);
    const weight = synapseValue(p.weight, index, uniform(words[1]!)) * p.factor;
    visit(source, target, weight, synapseValue(p.delay, index, uniform(words[2]!)), ordinal);
  });
}
