/** Brunel's network of 2000 with jumps of the potential: 12,500 neurons, 15.6 million synapses, on one and two threads. */
import type { Bench, BenchResult } from "synfire/cli";
import { build, defaults } from "../examples/brunel2000.js";
import { measure, threadCounts } from "./lib/measure.js";

export default async function brunel2000(bench: Bench): Promise<BenchResult> {
  const settings = bench.parameters({ ...defaults, presim: 100 });
  const figures: Record<string, unknown> = {};
  for (const threads of threadCounts(bench.options)) {
    const options = { seed: 1, ...bench.options, threads };
    figures[`threads ${threads}`] = await bench.repeat(() =>
      measure({ options, build: (sim) => build(sim, settings), ...settings }),
    );
  }
  return { settings, figures };
}
