/**
 * A balanced random network of adaptive exponential neurons with conductances, after
 * Brunel (2000), J. Comput. Neurosci. 8:183-208, doi:10.1023/A:1008925309027, as in the Brunel examples of NEST GPU:
 * Golosio et al. (2021), Front. Comput. Neurosci. 15:627620, doi:10.3389/fncom.2021.627620.
 *
 *     synfire run examples/brunel.ts --out results/brunel [order=1000] [simtime=1000] [network=single|rank] [experiment=false] [binWidth=2]
 *
 * Writes the spikes (spikes.dat, spikes.csv) and a report (report.html, .svg, .png).
 */
import { type NodeCollection, normalClipped, Simulator, SynfireError } from "synfire";
import { populationStatistics, randomSample, spikeTrains } from "synfire/analysis";
import type { Run } from "synfire/cli";
import {
  histogramPlot,
  raster,
  rateOverTime,
  report,
  stack,
  timers,
  traces,
  type ViolinOptions,
  violins,
} from "synfire/plot";
import { writeReport } from "synfire/plot/files";
import { csvWriter, datWriter } from "synfire/recording";
import { fileSink } from "synfire/recording/files";

export const defaults = {
  /** neurons: 4 x order excitatory, order inhibitory */
  order: 1000,
  /** ms */
  simtime: 1000,
  /** "single": strong drive at once; "rank": as one rank of the scaling benchmark, after 100 ms of pre-run */
  network: "single",
  /** rank: from 400 to 500 ms the drive is lowered to three quarters, as in the scaling benchmark */
  experiment: false,
  /** bins of the correlation, ms */
  binWidth: 2,
};

/** Weights in nS and times in ms of the two variants. */
const variants = {
  single: { excitatory: 0.05, inhibitory: 0.25, drive: 0.37, presim: 0 },
  rank: { excitatory: 0.05, inhibitory: 0.25, drive: 0.35, presim: 100 },
};

export type Variant = keyof typeof variants;

/** Creates and connects the network in a simulator. */
export function build(sim: Simulator, parameters: { order: number; network?: string }) {
  const weights = variants[(parameters.network ?? "single") as Variant];
  const synapses = { E_rev: [0, -85], tau_rise: [1, 1], tau_decay: [1, 1] };
  const excitatory = sim.create("aeif_cond_beta", 4 * parameters.order, synapses);
  const inhibitory = sim.create("aeif_cond_beta", parameters.order, synapses);
  const neurons = excitatory.concat(inhibitory);

  const delay = normalClipped({ mean: 0.5, std: 0.25, low: 0.1, high: 1.25 });
  const from = (indegree: number) => ({ rule: "fixed_indegree", indegree }) as const;
  sim.connect(excitatory, neurons, from(800), { weight: weights.excitatory, delay, receptor: 0 });
  sim.connect(inhibitory, neurons, from(200), { weight: weights.inhibitory, delay, receptor: 1 });

  const drive = sim.create("poisson_generator", 1, { rate: 20_000 });
  sim.connect(drive, neurons, "all_to_all", { weight: weights.drive, delay: 0.2, receptor: 0 });
  return { excitatory, inhibitory, neurons, drive, presim: weights.presim };
}

/** Runs the network; with the experiment, the drive is lower from 400 to 500 ms. */
export async function advance(
  sim: Simulator,
  drive: NodeCollection,
  simtime: number,
  experiment: boolean,
): Promise<void> {
  if (!experiment) return sim.simulate(simtime);
  await sim.simulate(Math.min(400, simtime));
  drive.set({ rate: 15_000 });
  await sim.simulate(Math.max(0, Math.min(100, simtime - 400)));
  drive.set({ rate: 20_000 });
  await sim.simulate(Math.max(0, simtime - 500));
}

export default async function brunel(run: Run) {
  const parameters = run.parameters(defaults);
  const { order, simtime, network } = parameters;
  if (!(network in variants))
    throw new SynfireError("bad-argument", `network must be single or rank, not ${network}.`, "network");

  const sim = await Simulator.create({ seed: 1234, ...run.options });
  const { excitatory, inhibitory, neurons, drive, presim } = build(sim, parameters);
  const spikes = sim.record(neurons, { start: presim });
  const chosen = neurons.pick(randomSample(neurons.length, 3, 1));
  const voltages = sim.record(chosen, { variables: ["V_m"], interval: 0.1, start: presim });
  if (presim > 0) await sim.simulate(presim);
  const before = sim.timers.simulate;
  await advance(sim, drive, simtime, parameters.experiment);

  // whole bins only, should the run have been stopped
  const { binWidth } = parameters;
  const bins = Math.floor((sim.time - presim) / binWidth + 1e-6);
  if (bins === 0) throw new SynfireError("stopped", "Stopped before there was anything to look at.");
  const ran = bins * binWidth;
  const window = { start: presim, stop: presim + ran };
  const ids = { E: excitatory.toArray(), I: inhibitory.toArray() };
  const { E, I } = populationStatistics(spikes.events, ids, {
    ...window,
    closed: "right",
    binWidth,
    sampleSize: 200,
  });
  const results = {
    neurons: neurons.length,
    synapses: 1000 * neurons.length,
    simulated_ms: sim.time - presim,
    rates: { E: E.meanRate, I: I.meanRate },
    cv: { E: E.meanCv, I: I.meanCv },
    correlation: { E: E.meanCorrelation, I: I.meanCorrelation },
    timers: { ...sim.timers },
    realTimeFactor: ((sim.timers.simulate - before) * 1000) / (sim.time - presim),
  };
  if (run.out !== undefined) {
    await writeSpikes();
    const [html, , png] = await writeReport(await makeReport(), run.out);
    run.log(`Report: ${html}\nPicture: ${png}`);
  }
  sim.dispose();
  return results;

  async function writeSpikes() {
    const writers = [
      datWriter(fileSink(run.path("spikes.dat")), { version: run.version }),
      csvWriter(fileSink(run.path("spikes.csv"))),
    ];
    for (const writer of writers) {
      await writer.writeSpikes(spikes.events);
      await writer.close();
    }
  }

  function makeReport() {
    const populations = [
      { name: "E", ids: ids.E },
      { name: "I", ids: ids.I },
    ];
    const fraction = { E: 0.025, I: 0.1 };
    const over = stack(
      [
        raster(spikes.events, { ...window, populations, fraction }),
        rateOverTime(spikes.events, { ...window, populations, binWidth: ran % 5 === 0 ? 5 : binWidth }),
      ],
      { title: "Spikes and population rate" },
    );
    const both = (values: (p: typeof E) => Float64Array) => [
      { name: "E", values: values(E) },
      { name: "I", values: values(I) },
    ];
    /** a distribution of both populations, unless the run was too short for one */
    const violinsOf = (values: (p: typeof E) => Float64Array, options: ViolinOptions) =>
      both(values).every((sample) => sample.values.some(Number.isFinite))
        ? [violins(both(values), options)]
        : [];
    return report({
      title: "Balanced network of adaptive exponential neurons",
      subtitle: "After Brunel (2000), with conductances; simulated with Synfire.",
      facts: {
        neurons: `${4 * order} E, ${order} I`,
        synapses: results.synapses.toLocaleString("en-US"),
        "model time": `${ran.toFixed(0)} ms`,
        "rate of E": `${E.meanRate.toFixed(2)} spikes/s`,
        "rate of I": `${I.meanRate.toFixed(2)} spikes/s`,
        "real-time factor": results.realTimeFactor.toFixed(2),
      },
      figures: [
        over,
        histogramPlot(
          both((p) => p.rates),
          { title: "Mean rates", xLabel: "rate (spikes/s)", normalize: "fraction" },
        ),
        ...violinsOf((p) => p.cvs, {
          title: "Irregularity",
          yLabel: "CV of inter-spike intervals",
          split: true,
          bounds: [0, Number.POSITIVE_INFINITY],
        }),
        ...violinsOf((p) => p.correlations, {
          title: "Synchrony",
          yLabel: "Pearson correlation",
          caption: `Pairs among 200 neurons of each population, bins of ${binWidth} ms; each ripple is one number of coincidences.`,
        }),
        timers(
          Object.entries(sim.timers).map(([name, seconds]) => ({ name, seconds })),
          { title: "Where the time went" },
        ),
        voltageFigure(chosen.toArray()),
      ],
    });
  }

  function voltageFigure(ids: ArrayLike<number>) {
    const { senders, times, V_m } = voltages.events;
    const trains = spikeTrains(spikes.events, ids);
    const series = Array.from(ids, (id, k) => {
      const of = (column: ArrayLike<number>) => Float64Array.from(column).filter((_, i) => senders[i] === id);
      return { name: `neuron ${id}`, times: of(times), values: of(V_m!), spikes: trains[k]! };
    });
    return traces(series, {
      title: "Membrane potentials",
      start: presim,
      stop: Math.min(window.stop, presim + 300),
    });
  }
}
