/** The balanced network of adaptive neurons with conductances, which need an adaptive integrator: 5,000 neurons. */
import type { Bench, BenchResult } from "synfire/cli";
import { build } from "../examples/brunel.js";
import { measure } from "./lib/measure.js";

export default async function brunel(bench: Bench): Promise<BenchResult> {
  const settings = bench.parameters({ order: 1000, presim: 100, simtime: 200 });
  const figures = await bench.repeat(() =>
    measure({
      options: { seed: 1234, ...bench.options },
      build: (sim) => ({ synapses: 1000 * build(sim, settings).neurons.length }),
      ...settings,
    }),
  );
  return { settings, figures };
}
