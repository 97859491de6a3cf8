/** Measures the microcircuit at the scale of the defaults that are given. */
import type { Bench, BenchResult } from "synfire/cli";
import { build, type Parameters } from "../../examples/microcircuit.js";
import { measure } from "./measure.js";

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
