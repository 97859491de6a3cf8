/**
 * The cortical microcircuit: one square millimetre of early sensory cortex, eight populations in four layers.
 * Potjans & Diesmann (2014), Cereb. Cortex 24:785-806, doi:10.1093/cercor/bhs358; parameters as in NEST's example Potjans_2014.
 *
 *     synfire run examples/microcircuit.ts --out results/microcircuit [N_scaling=0.1] [K_scaling=0.1] [t_sim=1000]
 *         [poisson=true] [thalamus=false]
 *
 * Full scale is N_scaling=1 K_scaling=1: 77,169 neurons and 299 million synapses.
 */
import { type NodeCollection, normal, normalClipped, Simulator, SynfireError } from "synfire";
import { type PopulationStatistics, populationStatistics, quantiles } from "synfire/analysis";
import type { Run } from "synfire/cli";
import { raster, rateOverTime, report, stack, timers, type ViolinOptions, violins } from "synfire/plot";
import { writeReport } from "synfire/plot/files";
import { datWriter } from "synfire/recording";
import { fileSink } from "synfire/recording/files";

export const defaults = {
  /** share of the neurons */
  N_scaling: 0.1,
  /** share of the inputs of a neuron; weights and a current make up for the rest */
  K_scaling: 0.1,
  /** ms that are not recorded, for the network to settle */
  t_presim: 500,
  /** ms that are recorded */
  t_sim: 1000,
  /** Poisson input, or a constant current of the same mean (which needs a K_scaling of 0.3 or more for the network to fire) */
  poisson: true,
  /** a volley of thalamic spikes, 200 ms after recording began */
  thalamus: false,
};

export type Parameters = typeof defaults;

export const populations = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"] as const;
type Population = (typeof populations)[number];

/** by population, in the order above */
const full = {
  neurons: [20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948],
  /** inputs from other areas */
  external: [1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100],
  /** initial potentials close to those of the settled network, mV */
  V_mean: [-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43],
  V_std: [5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48],
  /** probability that a thalamic neuron connects */
  thalamic: [0, 0, 0.0983, 0.0619, 0, 0, 0.0512, 0.0196],
};

/** spikes/s, of the full network */
export const referenceRates = [0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829];

/** probability of at least one synapse between a pair: a row per target, a column per source */
const probabilities = [
  [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0, 0.0076, 0],
  [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0, 0.0042, 0],
  [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0],
  [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0, 0.1057, 0],
  [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0],
  [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0],
  [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
  [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
];

const neuron = { E_L: -65, V_th: -50, V_reset: -65, C_m: 250, tau_m: 10, t_ref: 2 };
/** ms, of excitatory and inhibitory currents */
const tau_syn = 0.5;
/** spikes/s of one external input */
const backgroundRate = 8;
/** ms */
const delays = { E: 1.5, I: 0.75 };

/** Amplitude in pA of a current that changes the potential by 0.15 mV at its peak. */
const current = 0.15 * currentPerPotential();
/** inhibitory over excitatory */
const g = -4;

function currentPerPotential(): number {
  const { tau_m, C_m } = neuron;
  const difference = tau_m - tau_syn;
  const ratio = tau_m / tau_syn;
  const peak = ratio ** (-tau_syn / difference) - ratio ** (-tau_m / difference);
  return (C_m * difference) / (tau_m * tau_syn) / peak;
}

const isExcitatory = (source: number) => source % 2 === 0;

/** Mean amplitude in pA from a source to a target; from layer 4 to layer 2/3 it is twice as large. */
const amplitude = (target: number, source: number) =>
  isExcitatory(source) ? (target === 0 && source === 2 ? 2 : 1) * current : g * current;

/** Number of synapses of which a pair of populations with this probability has at least one per pair of neurons. */
const synapseNumber = (p: number, targets: number, sources: number) =>
  Math.log(1 - p) / Math.log(1 - 1 / (targets * sources));

/** Creates and connects the network in a simulator. */
export function build(sim: Simulator, parameters: Partial<Parameters> = {}) {
  const { N_scaling, K_scaling, poisson, thalamus, t_presim } = { ...defaults, ...parameters };
  // fewer inputs, each stronger by this factor, have the same variance; a current makes up for their mean
  const stronger = 1 / Math.sqrt(K_scaling);
  const compensation = 0.001 * tau_syn * (1 - Math.sqrt(K_scaling));

  const nodes = populations.map((_, k) => {
    const external = 0.001 * tau_syn * backgroundRate * full.external[k]! * current;
    const recurrent = populations.reduce((sum, _, source) => {
      const synapses = synapseNumber(probabilities[k]![source]!, full.neurons[k]!, full.neurons[source]!);
      return sum + (amplitude(k, source) * synapses * referenceRates[source]!) / full.neurons[k]!;
    }, 0);
    return sim.create("iaf_psc_exp", Math.round(full.neurons[k]! * N_scaling), {
      ...neuron,
      tau_syn_ex: tau_syn,
      tau_syn_in: tau_syn,
      V_m: normal({ mean: full.V_mean[k]!, std: full.V_std[k]! }),
      I_e: compensation * recurrent + external * (poisson ? 1 - Math.sqrt(K_scaling) : 1),
    });
  });

  let synapses = 0;
  nodes.forEach((targets, target) => {
    nodes.forEach((sources, source) => {
      const p = probabilities[target]![source]!;
      const all = synapseNumber(p, full.neurons[target]!, full.neurons[source]!);
      const N = Math.round(all * N_scaling * K_scaling);
      if (N === 0) return;
      synapses += N;
      const delay = isExcitatory(source) ? delays.E : delays.I;
      connect(sim, sources, targets, N, amplitude(target, source) * stronger, delay);
    });
    if (poisson) {
      const inputs = Math.round(full.external[target]! * K_scaling);
      const background = sim.create("poisson_generator", 1, { rate: backgroundRate * inputs });
      sim.connect(background, targets, "all_to_all", { weight: current * stronger, delay: delays.E });
    }
  });
  if (thalamus) connectThalamus(sim, nodes, { N_scaling, K_scaling, start: t_presim + 200 });
  return { populations: nodes, synapses };
}

/** N synapses between pairs drawn at random, with weights and delays around their means. */
function connect(
  sim: Simulator,
  sources: NodeCollection,
  targets: NodeCollection,
  N: number,
  weight: number,
  delay: number,
) {
  const std = 0.1 * Math.abs(weight);
  // as in NEST's version of the model: weights keep their sign, delays are at least one step after rounding
  const bounds = weight > 0 ? { low: 0, high: Infinity } : { low: -Infinity, high: 0 };
  const { resolution } = sim.options;
  sim.connect(
    sources,
    targets,
    { rule: "fixed_total_number", N },
    {
      weight: normalClipped({ mean: weight, std, ...bounds }),
      delay: normalClipped({ mean: delay, std: 0.5 * delay, low: 0.5 * resolution, high: Infinity }),
    },
  );
}

/** 902 thalamic neurons that fire at 120 spikes/s for 10 ms. */
function connectThalamus(
  sim: Simulator,
  nodes: readonly NodeCollection[],
  { N_scaling, K_scaling, start }: { N_scaling: number; K_scaling: number; start: number },
) {
  const size = 902;
  const thalamus = sim.create("parrot_neuron", Math.round(size * N_scaling));
  const volley = sim.create("poisson_generator", 1, { rate: 120, start, stop: start + 10 });
  sim.connect(volley, thalamus);
  nodes.forEach((targets, k) => {
    const all = synapseNumber(full.thalamic[k]!, full.neurons[k]!, size);
    const N = Math.round(all * N_scaling * K_scaling);
    if (N > 0) connect(sim, thalamus, targets, N, current / Math.sqrt(K_scaling), delays.E);
  });
}

export default async function microcircuit(run: Run) {
  const parameters = run.parameters(defaults);
  const { N_scaling, K_scaling, t_presim, t_sim } = parameters;
  const sim = await Simulator.create({ seed: 12349, ...run.options });
  const network = build(sim, parameters);
  const all = network.populations[0]!.concat(...network.populations.slice(1));
  const spikes = sim.record(all, { start: t_presim });
  if (t_presim > 0) await sim.simulate(t_presim);
  const before = sim.timers.simulate;
  if (!run.interrupted) await sim.simulate(t_sim);

  const ran = sim.time - t_presim;
  const ids = Object.fromEntries(network.populations.map((p, k) => [populations[k]!, p.toArray()]));
  const bins = Math.floor(ran / 2 + 1e-6);
  if (bins < 1) throw new SynfireError("stopped", "Stopped before there was anything to look at.");
  const window = { start: t_presim, stop: t_presim + 2 * bins, closed: "right" } as const;
  const statistics: Record<Population, PopulationStatistics> = populationStatistics(
    spikes.events,
    ids,
    window,
  );

  const of = (value: (s: PopulationStatistics) => number) =>
    Object.fromEntries(populations.map((name) => [name, value(statistics[name])]));
  const results = {
    neurons: all.length,
    synapses: network.synapses,
    simulated_ms: ran,
    rates: of((s) => s.meanRate),
    reference: Object.fromEntries(populations.map((name, k) => [name, referenceRates[k]])),
    cv: of((s) => s.meanCv),
    correlation: of((s) => s.meanCorrelation),
    timers: { ...sim.timers },
    realTimeFactor: ((sim.timers.simulate - before) * 1000) / ran,
  };
  if (run.out !== undefined) {
    const writer = datWriter(fileSink(run.path("spikes.dat")), { version: run.version });
    await writer.writeSpikes(spikes.events);
    await writer.close();
    const [html, , png] = await writeReport(await makeReport(), run.out);
    run.log(`Report: ${html}\nPicture: ${png}`);
  }
  sim.dispose();
  return results;

  function correlationDomain(): [number, number] {
    const all = populations.flatMap((name) => Array.from(statistics[name].correlations));
    if (all.length === 0) return [-0.02, 0.02];
    const [low, high] = quantiles(all, [0.005, 0.98]);
    return [Math.min(-0.02, 1.5 * low!), Math.max(0.02, high!)];
  }

  function makeReport() {
    const drawn = populations.map((name) => ({ name, ids: ids[name]! }));
    const { start, stop } = window;
    const share = Math.min(1, 1000 / all.length);
    /** a distribution per population, of those that fired enough */
    const violinsOf = (values: (s: PopulationStatistics) => Float64Array, options: ViolinOptions) => {
      const groups = populations.map((name) => ({ name, values: values(statistics[name]) }));
      const filled = groups.filter((group) => group.values.some(Number.isFinite));
      return filled.length > 0
        ? [violins(filled, { width: 960, height: 300, scale: "width", ...options })]
        : [];
    };
    const rows = populations.map((name, k) => [
      name,
      ids[name]!.length,
      results.rates[name]!.toFixed(2),
      referenceRates[k]!.toFixed(2),
      results.cv[name]!.toFixed(2),
      results.correlation[name]!.toFixed(4),
    ]);
    return report({
      title: "Cortical microcircuit",
      subtitle: "Potjans and Diesmann (2014); simulated with Synfire.",
      facts: {
        neurons: all.length.toLocaleString("en-US"),
        synapses: network.synapses.toLocaleString("en-US"),
        scale: `N ${N_scaling}, K ${K_scaling}`,
        input: parameters.poisson ? "Poisson" : "constant",
        "model time": `${ran.toFixed(0)} ms`,
        "real-time factor": results.realTimeFactor.toFixed(2),
      },
      tables: [
        {
          title: "Populations",
          columns: ["", "neurons", "rate (spikes/s)", "reference rate", "CV of ISI", "correlation"],
          rows,
        },
      ],
      figures: [
        stack(
          [
            raster(spikes.events, { start, stop, populations: drawn, fraction: share }),
            rateOverTime(spikes.events, {
              start,
              stop,
              populations: drawn,
              binWidth: bins % 5 === 0 ? 10 : 2,
            }),
          ],
          { title: "Spikes and population rates" },
        ),
        ...violinsOf((s) => s.rates, {
          title: "Mean rates",
          yLabel: "rate (spikes/s)",
          bounds: [0, Number.POSITIVE_INFINITY],
        }),
        ...violinsOf((s) => s.cvs, {
          title: "Irregularity",
          yLabel: "CV of inter-spike intervals",
          bounds: [0, Number.POSITIVE_INFINITY],
        }),
        ...violinsOf((s) => s.correlations, {
          title: "Synchrony",
          yLabel: "Pearson correlation",
          caption:
            "Pairs among 250 neurons of each population, bins of 2 ms; the axis leaves out the highest 2 %.",
          domain: correlationDomain(),
        }),
        timers(
          Object.entries(sim.timers).map(([name, seconds]) => ({ name, seconds })),
          { title: "Where the time went", width: 960 },
        ),
      ],
    });
  }
}
