/** The microcircuit: measured at a scale, and run with all spikes recorded. */
import { type Recorder, Simulator } from "synfire";
import type { Bench, BenchResult } from "synfire/cli";
import { build, type Parameters } from "../../examples/microcircuit.js";
import { measure } from "./measure.js";

/** The whole of it for ten seconds, for benchmarks of how it fires; times in ms. */
export const tenSeconds = {
  N_scaling: 1,
  K_scaling: 1,
  /** not recorded */
  t_presim: 500,
  t_sim: 10_000,
};

/** at the scale of the defaults that are given */
export async function measureMicrocircuit(bench: Bench, defaults: Parameters): Promise<BenchResult> {
  const settings = bench.parameters(defaults);
  const figures = await bench.repeat(() =>
    measure({
      options: { seed: 12349, ...bench.options },
      build: (sim) => build(sim, settings),
      presim: settings.t_presim,
      simtime: settings.t_sim,
    }),
  );
  return { settings, figures };
}

/** Runs it with a seed, and gives what all neurons emit after `t_presim` to `use`; nothing if the run is interrupted. */
export async function withSpikes<T>(
  bench: Bench,
  parameters: Omit<Parameters, "thalamus">,
  seed: number,
  use: (network: ReturnType<typeof build>, spikes: Recorder) => T,
): Promise<T | undefined> {
  if (bench.interrupted) return undefined;
  const { N_scaling, K_scaling, t_presim, t_sim, poisson } = parameters;
  const sim = await Simulator.create({ ...bench.options, seed });
  try {
    const network = build(sim, { N_scaling, K_scaling, t_presim, t_sim, poisson });
    const all = network.populations[0]!.concat(...network.populations.slice(1));
    const spikes = sim.record(all, { start: t_presim });
    if (t_presim > 0) await sim.simulate(t_presim);
    if (!bench.interrupted) await sim.simulate(t_sim);
    return bench.interrupted ? undefined : use(network, spikes);
  } finally {
    sim.dispose();
  }
}
