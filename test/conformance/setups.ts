/** The engines and configurations that conformance tests run on, and those that are absent here. */

import { Simulator, type SimulatorOptions } from "synfire";
import { provideCuda } from "../cuda/emulator.js";

/** "gpu", "emulated" (the same kernels on the CPU), or undefined: neither a GPU nor a C++ compiler here */
export const cudaHere = await provideCuda();

/** Engines that Synfire plans; those that are not in this build are named once per run. */
const PLANNED = ["reference", "cpu", "webgpu", "cuda"] as const;

/** Engines that this build can start. */
export const enginesPresent: readonly NonNullable<SimulatorOptions["device"]>[] = [
  "reference",
  "cpu",
  ...(cudaHere ? (["cuda"] as const) : []),
];

/** Says aloud what is not tested. */
export function nameAbsentEngines(): string {
  const absent = PLANNED.filter((name) => !(enginesPresent as readonly string[]).includes(name));
  const line = `absent here: ${absent.join(", ")}${cudaHere === "emulated" ? "; cuda: emulated on the CPU, no GPU here" : ""}`;
  console.info(line);
  return line;
}

/** Makes a simulator, hands it over, and gives its threads back. */
export async function withSimulator<T>(
  options: SimulatorOptions,
  use: (sim: Simulator) => T | Promise<T>,
): Promise<T> {
  const sim = await Simulator.create({ threads: 1, ...options });
  try {
    return await use(sim);
  } finally {
    sim.dispose();
  }
}
