/** What the update of one neuron by one step costs, for each model under Poisson input and in both precisions. */
import { Simulator } from "synfire";
import type { Bench, BenchResult } from "synfire/cli";

/** weights with which a neuron fires about 15 times per second under 3,000 Poisson spikes per second */
const WEIGHTS: Readonly<Record<string, number>> = {
  iaf_psc_delta: 0.43,
  iaf_psc_exp: 57,
  iaf_psc_alpha: 21,
  iaf_cond_exp: 6.7,
  iaf_cond_alpha: 2.5,
  aeif_cond_alpha: 8.8,
  aeif_cond_beta: 0.2,
  aeif_cond_alpha_multisynapse: 0.91,
  aeif_cond_beta_multisynapse: 0.2,
  izhikevich: 1.9,
};

export default async function models(bench: Bench): Promise<BenchResult> {
  const settings = bench.parameters({ neurons: 4000, rate: 3000, simtime: 200 });
  const figures: Record<string, unknown> = {};
  for (const [model, weight] of Object.entries(WEIGHTS)) {
    for (const precision of ["float64", "float32"] as const) {
      figures[`${model}, ${precision}`] = await bench.repeat(async () => {
        const sim = await Simulator.create({ ...bench.options, precision });
        const neurons = sim.create(model, settings.neurons);
        const drive = sim.create("poisson_generator", 1, { rate: settings.rate });
        sim.connect(drive, neurons, "all_to_all", { weight, delay: 1 });
        // compilation, and the way to where the neurons fire
        await sim.simulate(100);
        const [before, spikesBefore] = [sim.timers.simulate, sim.spikeCount];
        await sim.simulate(settings.simtime);
        const updates = (settings.neurons * settings.simtime) / sim.options.resolution;
        const nanosecondsPerUpdate = ((sim.timers.simulate - before) * 1e9) / updates;
        const spikesPerSecond =
          ((sim.spikeCount - spikesBefore) * 1000) / settings.simtime / settings.neurons;
        sim.dispose();
        return { nanosecondsPerUpdate, spikesPerSecond };
      });
    }
  }
  return { settings, figures };
}
