/** Chooses and starts an engine. */

import { cpuEngine } from "../engine/cpu/cpu-engine.js";
import { availableCores, canShareMemory } from "../engine/cpu/pool.js";
import type { Engine } from "../engine/engine.js";
import type { Network, SampleRequest } from "../engine/network.js";
import { referenceEngine } from "../engine/reference/reference-engine.js";
import type { SimulatorOptions } from "./options.js";

/** Below this many neurons, exchanging spikes between threads costs more than it saves. */
const WORTH_A_THREAD = 250;

export async function startEngine(
  network: Network,
  samples: readonly SampleRequest[],
  options: Required<Omit<SimulatorOptions, "onProgress">>,
): Promise<Engine> {
  const neurons = network.populations.reduce((n, p) => n + p.size, 0);
  const auto = canShareMemory()
    ? Math.max(1, Math.min(await availableCores(), Math.floor(neurons / WORTH_A_THREAD)))
    : 1;
  const engineOptions = {
    threads: options.threads === "auto" ? auto : options.threads,
    tileSize: options.tileSize === "auto" ? undefined : options.tileSize,
    delivery: options.delivery,
  };
  switch (options.device) {
    case "reference":
      return referenceEngine(network, samples, engineOptions);
    case "auto":
    case "cpu":
      return cpuEngine(network, samples, engineOptions);
    default:
      return options.device satisfies never;
  }
}
