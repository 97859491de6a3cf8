/** A network as engines are given it, before any engine is made, and how it would lie on a large GPU. */

import { Simulator } from "synfire";
import { calibrate } from "../../src/engine/calibration.js";
import { shapeFor, wideRings } from "../../src/engine/cuda/shape.js";
import { planTables } from "../../src/engine/cuda/tables.js";
import { planVariants } from "../../src/engine/cuda/variants.js";
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

const info = {
  ...{ index: 0, name: "GPU", busId: "", architecture: 90, multiprocessors: 132, threadsPerBlock: 1024 },
  ...{ sharedMemory: 232_448, l2Cache: 50 * 2 ** 20, totalMemory: 80 * 2 ** 30, cooperative: true },
};

/** @internal with `slots` neurons in each of its blocks */
export async function onLargeGpu(
  network: Network,
  precision: "float32" | "float64",
  slots: number,
  { synapsesPerSlice = 4, trays = false, drives = 1, blocks = info.multiprocessors } = {},
) {
  const net = await lowered(network, precision);
  const calibration = calibrate(net);
  const { variants, variantOf } = planVariants(net, calibration);
  const wide = wideRings(net, calibration);
  const tables = planTables(net, calibration, wide, Math.ceil(Math.log2(slots)), (p) => p.plan);
  const shape = shapeFor({
    ...{ network: net, calibration, info, variants, tables, wide, slots, synapsesPerSlice },
    layout: { devices: 1, blocks, processBlocks: blocks },
    farDelay: Number.POSITIVE_INFINITY,
    ...{ trays, drives },
  });
  return { net, variants, variantOf, tables, shape };
}
