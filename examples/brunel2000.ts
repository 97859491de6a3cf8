/**
 * The sparsely connected random network of Brunel (2000), J. Comput. Neurosci. 8:183-208, doi:10.1023/A:1008925309027, model A,
 * with three kinds of synapses, as in NEST's examples brunel_delta_nest, brunel_exp_multisynapse_nest and brunel_alpha_nest:
 * jumps of the potential, exponential currents, alpha-shaped currents.
 *
 *     synfire run examples/brunel2000.ts [synapse=delta|exp|alpha] [order=2500] [indegree=1000] [simtime=1000] [g=5] [eta=2]
 */
import { Simulator, SynfireError } from "synfire";
import { populationRate } from "synfire/analysis";
import type { Run } from "synfire/cli";

export const defaults = {
  /** "delta", "exp" or "alpha" */
  synapse: "delta",
  /** neurons: 4 x order excitatory, order inhibitory */
  order: 2500,
  /** excitatory inputs of a neuron; a quarter as many are inhibitory */
  indegree: 1000,
  /** ms */
  simtime: 1000,
  /** inhibitory weights over excitatory ones */
  g: 5,
  /** external rate over the rate that reaches the threshold */
  eta: 2,
};

/** A neuron's membrane: potentials in mV, times in ms. */
const tau_m = 20;
const theta = 20;
const membrane = { tau_m, t_ref: 2, E_L: 0, V_reset: 0, V_m: 0, V_th: theta };
/** ms */
const tau_syn = 0.5;
/** pF, of the neurons with currents */
const C_m = 250;
/** peak of a postsynaptic potential, mV */
const J = 0.1;

/** Peak of the potential, mV, that a current of 1 pA causes. */
function peak(potential: (t: number) => number): number {
  let [low, high] = [0, tau_m];
  while (high - low > 1e-9) {
    const third = (high - low) / 3;
    if (potential(low + third) < potential(high - third)) low += third;
    else high -= third;
  }
  return potential(low);
}

const rate = 1 / tau_syn - 1 / tau_m;
const expPeak = peak((t) => (Math.exp(-t / tau_m) - Math.exp(-t / tau_syn)) / (C_m * rate));
const alphaPeak = peak((t) => {
  const rise = (Math.exp(-t / tau_m) - Math.exp(-t / tau_syn)) / rate;
  return ((Math.E / tau_syn) * (rise - t * Math.exp(-t / tau_syn))) / (C_m * rate);
});

/**
 * Model, its parameters, the weight of a synapse, and the rate in 1/ms of spikes of this weight that holds the potential at the
 * threshold: theta over their charge times the resistance.
 */
const variants = {
  delta: {
    model: "iaf_psc_delta",
    parameters: { ...membrane, C_m: 1 },
    weight: J,
    threshold: theta / (J * tau_m),
  },
  exp: current("iaf_psc_exp", J / expPeak, tau_syn),
  alpha: current("iaf_psc_alpha", J / alphaPeak, Math.E * tau_syn),
};

function current(model: string, weight: number, charge: number) {
  const parameters = { ...membrane, C_m, tau_syn_ex: tau_syn, tau_syn_in: tau_syn };
  return { model, parameters, weight, threshold: (theta * C_m) / (weight * tau_m * charge) };
}

/** Creates and connects the network in a simulator. */
export function build(sim: Simulator, parameters: Partial<typeof defaults> = {}) {
  const { synapse, order, indegree, g, eta } = { ...defaults, ...parameters };
  if (!(synapse in variants))
    throw new SynfireError("bad-argument", `synapse must be delta, exp or alpha, not ${synapse}.`, "synapse");
  const { model, parameters: values, weight, threshold } = variants[synapse as keyof typeof variants];
  const neurons = sim.create(model, 5 * order, values);
  const excitatory = neurons.slice(0, 4 * order);
  const inhibitory = neurons.slice(4 * order);
  const from = (n: number) => ({ rule: "fixed_indegree", indegree: n }) as const;
  sim.connect(excitatory, neurons, from(indegree), { weight, delay: 1.5 });
  sim.connect(inhibitory, neurons, from(indegree / 4), { weight: -g * weight, delay: 1.5 });
  const noise = sim.create("poisson_generator", 1, { rate: 1000 * eta * threshold });
  sim.connect(noise, neurons, "all_to_all", { weight, delay: 1.5 });
  return { excitatory, inhibitory, neurons, synapses: 1.25 * indegree * neurons.length };
}

export default async function brunel2000(run: Run) {
  const parameters = run.parameters(defaults);
  const sim = await Simulator.create({ seed: 1, ...run.options });
  const { excitatory, inhibitory, neurons, synapses } = build(sim, parameters);
  const spikes = sim.record(neurons);
  await sim.simulate(parameters.simtime);
  const window = { start: 0, stop: sim.time, closed: "right" } as const;
  const { total } = await sim.memory();
  const results = {
    neurons: neurons.length,
    synapses,
    simulated_ms: sim.time,
    rates: {
      E: populationRate(spikes.events, excitatory.toArray(), window),
      I: populationRate(spikes.events, inhibitory.toArray(), window),
    },
    bytesPerSynapse: total / synapses,
    timers: { ...sim.timers },
    realTimeFactor: (sim.timers.simulate * 1000) / sim.time,
  };
  sim.dispose();
  return results;
}
