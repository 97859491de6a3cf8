/** A network as engines are given it, before any engine is made. */

import { Simulator } from "synfire";
import type { Network as EngineNetwork } from "../../src/engine/network.js";
import type { Network } from "../conformance/observe.js";

/** @internal what the simulator hands to an engine */
export async function lowered(network: Network, precision: "float32" | "float64"): Promise<EngineNetwork> {
  const sim = await Simulator.create({ threads: 1, device: "reference", precision, ...network.options });
  try {
    await network.build(sim);
    return sim.loweredNetwork();
  } finally {
    sim.dispose();
  }
}
