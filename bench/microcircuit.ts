/** The cortical microcircuit at a tenth of its neurons and a tenth of their inputs: 7,718 neurons, 3 million synapses. */
import type { Bench, BenchResult } from "synfire/cli";
import { defaults } from "../examples/microcircuit.js";
import { measureMicrocircuit } from "./lib/microcircuit.js";

export default function microcircuit(bench: Bench): Promise<BenchResult> {
  return measureMicrocircuit(bench, { ...defaults, t_presim: 100, t_sim: 2000 });
}
