/**
 * Weak scaling: a balanced random network that grows with the number of ranks, as NEST's HPC benchmark: Kunkel et al. (2014),
 * Front. Neuroinform. 8:78, doi:10.3389/fninf.2014.00078. Each rank holds 11,250 x scale neurons with currents of the shape of an
 * alpha function and 11,250 inputs each, from anywhere in the network. All synapses are static: those between excitatory neurons
 * have spike-timing dependent plasticity in the original, which Synfire does not run yet.
 *
 *     mpirun -np 4 synfire run examples/hpc-benchmark.ts [scale=1] [inputs=0.1] [simtime=250] [shares=0]
 *
 * With inputs=1 and scale=10 (1.3 billion synapses, 2.5 GiB) neurons fire at 7.7 spikes/s; in smaller networks they share more of
 * their inputs, and fire more: 9.8 at scale=1. A small machine can take a part of the inputs: weights become stronger by
 * 1 / sqrt(inputs), so that the fluctuations stay, and a constant current adds the mean that lacks, as in the microcircuit
 * (`microcircuit.ts`). That holds down to a tenth (7.2 spikes/s at scale=1); with fewer, too little of the inhibition is left that
 * holds the rate, and the network falls silent.
 */
import { type NodeCollection, normal, Simulator, SynfireError } from "synfire";
import { populationRate } from "synfire/analysis";
import type { Run } from "synfire/cli";

export const defaults = {
  /** neurons of each rank, in units of 9,000 excitatory and 2,250 inhibitory ones */
  scale: 1,
  /** part of the 9,000 excitatory and 2,250 inhibitory inputs of a neuron that it has, 0.1 to 1 */
  inputs: 0.1,
  /** ms before and in the measured run */
  presim: 50,
  simtime: 250,
  /** how many ranks' worth of neurons there are; 0: that of this run */
  shares: 0,
};

export type Parameters = Partial<typeof defaults>;

/** potentials in mV, times in ms, capacitance in pF */
const neuron = { C_m: 250, tau_m: 10, t_ref: 0.5, E_L: 0, V_reset: 0, V_th: 20 };
const tau_syn = 0.32582722403722841;
const INDEGREE = { excitatory: 9000, inhibitory: 2250 };
/** peak of an excitatory postsynaptic potential, mV */
const J = 0.14;
/** inhibitory weights over excitatory ones */
const g = 5;
/** rate of the drive over the one that holds the potential at the threshold */
const eta = 1.685;
const delay = 1.5;
/** spikes/s for which the compensation holds: less than with all inputs, which make neurons fire together */
const REFERENCE_RATE = 7.3;

/** Peak of the potential, mV, that a spike of weight 1 pA causes. */
function potentialPeak(): number {
  const rate = 1 / tau_syn - 1 / neuron.tau_m;
  let peak = 0;
  for (let t = 0; t < neuron.tau_m; t += 1e-4) {
    const rise = (Math.exp(-t / neuron.tau_m) - Math.exp(-t / tau_syn)) / rate;
    const potential = ((Math.E / tau_syn) * (rise - t * Math.exp(-t / tau_syn))) / (neuron.C_m * rate);
    peak = Math.max(peak, potential);
  }
  return peak;
}

/** pA */
export const weight = J / potentialPeak();
/** charge of a spike in fC, that is pA ms */
const charge = weight * Math.E * tau_syn;
/** Hz */
export const driveRate = (1000 * eta * neuron.V_th * neuron.C_m) / (neuron.tau_m * charge);

/** Creates and connects the network in a simulator; neurons are dealt to all ranks. */
export function build(sim: Simulator, parameters: Parameters = {}) {
  const { scale, inputs, shares } = { ...defaults, ...parameters };
  if (!(inputs > 0 && inputs <= 1))
    throw new SynfireError("bad-argument", `inputs must be above 0 and at most 1, not ${inputs}.`, "inputs");
  const mean = (charge * REFERENCE_RATE * (INDEGREE.excitatory - g * INDEGREE.inhibitory)) / 1000;
  const values = {
    ...neuron,
    tau_syn_ex: tau_syn,
    tau_syn_in: tau_syn,
    I_e: (1 - Math.sqrt(inputs)) * mean,
    V_m: normal({ mean: 5.7, std: 7.2 }),
  };
  const create = (perShare: number) => {
    const n = Math.max(1, Math.round(perShare * scale)) * (shares || sim.size());
    return sim.create("iaf_psc_alpha", n, values, { distribute: true });
  };
  const excitatory = create(INDEGREE.excitatory);
  const inhibitory = create(INDEGREE.inhibitory);
  const neurons = excitatory.concat(inhibitory);
  let synapses = 0;
  for (const [sources, all, factor] of [
    [excitatory, INDEGREE.excitatory, 1],
    [inhibitory, INDEGREE.inhibitory, -g],
  ] as const) {
    const indegree = Math.max(1, Math.round(all * inputs));
    const rule = { rule: "fixed_indegree", indegree } as const;
    sim.connect(sources, neurons, rule, { weight: (factor * weight) / Math.sqrt(inputs), delay });
    synapses += indegree * neurons.length;
  }
  const drive = sim.create("poisson_generator", 1, { rate: driveRate });
  sim.connect(drive, neurons, "all_to_all", { weight, delay });
  return { excitatory, inhibitory, neurons, synapses };
}

export default async function hpcBenchmark(run: Run) {
  const parameters = run.parameters(defaults);
  const { presim, simtime } = parameters;
  const sim = await Simulator.create({ seed: 12345, ...run.options });
  const { excitatory, inhibitory, neurons, synapses } = build(sim, parameters);
  const populations = { E: sampleOf(excitatory), I: sampleOf(inhibitory) };
  const spikes = sim.record(populations.E.concat(populations.I), { start: presim });
  await sim.prepare();
  const { create, connect, calibrate } = sim.timers;
  await sim.simulate(presim);
  const [seconds, count, waiting] = [sim.timers.simulate, sim.spikeCount, sim.exchange?.waiting ?? 0];
  await sim.simulate(simtime);
  const ran = sim.time - presim;
  if (ran <= 0) throw new SynfireError("stopped", "Stopped before there was anything to look at.");
  const byRank = await sim.gatherValues({
    construction_s: create + connect + calibrate,
    simulation_s: sim.timers.simulate - seconds,
    waiting_s: (sim.exchange?.waiting ?? 0) - waiting,
    memory_MiB: (await sim.memory()).total / 2 ** 20,
  });
  const fired = sim.spikeCount - count;
  const events = await sim.gather(spikes);
  sim.dispose();
  if (!events) return undefined;
  const window = { start: presim, stop: presim + ran, closed: "right" } as const;
  const most = (name: "construction_s" | "simulation_s" | "memory_MiB") =>
    Math.max(...byRank.map((r) => r[name]));
  return {
    ranks: sim.size(),
    neurons: neurons.length,
    synapses,
    /** of up to 1,000 neurons of each population, and of all */
    rates: {
      E: populationRate(events, populations.E.toArray(), window),
      I: populationRate(events, populations.I.toArray(), window),
      all: (fired * 1000) / ran / neurons.length,
    },
    construction_s: most("construction_s"),
    realTimeFactor: (most("simulation_s") * 1000) / ran,
    memoryPerRank_MiB: most("memory_MiB"),
    byRank,
  };
}

/** up to 1,000 neurons, evenly spaced */
function sampleOf(nodes: NodeCollection): NodeCollection {
  return nodes.slice(0, nodes.length, Math.ceil(nodes.length / 1000));
}
