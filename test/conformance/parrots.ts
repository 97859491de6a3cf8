/** A network in which one neuron sends several spikes in a step. */

import { type Distribution, normalClipped, type Simulator } from "synfire";
import { recordSpikesAndPotentials } from "./record.js";

interface Inputs {
  readonly indegree: number;
  readonly delay: number | Distribution;
  readonly weight?: number;
}

/** Parrots repeat noise, and excite neurons that inhibit each other. */
export function severalAtOnce(
  sim: Simulator,
  {
    neurons: size,
    parrots: senders = 300,
    every,
  }: { readonly neurons: number; readonly parrots?: number; readonly every: number },
  excitation: Inputs,
  inhibition: Inputs,
) {
  const from = ({ indegree }: Inputs) => ({ rule: "fixed_indegree", indegree }) as const;
  const noise = sim.create("poisson_generator", 1, { rate: 9000 });
  const parrots = sim.create("parrot_neuron", senders);
  const neurons = sim.create("iaf_psc_exp", size);
  sim.connect(noise, parrots, "all_to_all", { weight: 1, delay: 0.5 });
  const weight = excitation.weight ?? normalClipped({ mean: 40, std: 8, low: 10, high: 70 });
  sim.connect(parrots, neurons, from(excitation), { weight, delay: excitation.delay });
  sim.connect(neurons, neurons, from(inhibition), { weight: -30, delay: inhibition.delay });
  return recordSpikesAndPotentials(sim, parrots.concat(neurons), neurons, every);
}
