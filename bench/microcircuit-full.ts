/** The cortical microcircuit at full scale: 77,169 neurons, 299 million synapses. Takes minutes, so only when named. */
import type { Bench, BenchResult } from "synfire/cli";
import { defaults } from "../examples/microcircuit.js";
import { measureMicrocircuit } from "./lib/microcircuit.js";

export const onRequest = true;

export default function microcircuitFull(bench: Bench): Promise<BenchResult> {
  return measureMicrocircuit(bench, { ...defaults, N_scaling: 1, K_scaling: 1, t_presim: 100, t_sim: 1000 });
}
