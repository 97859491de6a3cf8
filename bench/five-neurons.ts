/** The floor of a step: five neurons, for synapses whose delay is one step, and ten. */
import { Simulator } from "synfire";
import type { Bench, BenchResult } from "synfire/cli";
import { build } from "../examples/five-neurons.js";

export default async function fiveNeurons(bench: Bench): Promise<BenchResult> {
  const settings = bench.parameters({ simtime: 10_000 });
  const figures: Record<string, unknown> = {};
  for (const delay of [0.1, 1]) {
    figures[`delay ${delay} ms`] = await bench.repeat(async () => {
      const sim = await Simulator.create(bench.options);
      build(sim, { delay });
      // the first second pays for compilation
      await sim.simulate(1000);
      const before = sim.timers.simulate;
      await sim.simulate(settings.simtime);
      const microsecondsPerStep =
        ((sim.timers.simulate - before) * 1e6 * sim.options.resolution) / settings.simtime;
      sim.dispose();
      return { microsecondsPerStep };
    });
  }
  return { settings, figures };
}
