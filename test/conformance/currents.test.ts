/** When the current of a generator reaches the potential: as in NEST, without a shift. */

import type { NodeCollection, Simulator } from "synfire";
import { describe, expect, test } from "vitest";
import { enginesPresent, withSimulator } from "./setups.js";

/**
 * From a trace made with NEST 3.9.0: glif_psc driven by a dc_generator of 400 pA with start 20 ms, stop 180 ms and a connection
 * delay of 1 ms. The samples are 0.1 ms apart, sample k at (k + 1) 0.1 ms; V_m[210] is the first that differs from rest, and
 * V_m[1810] the first that no longer feels the current (variant lif_asc, which does not spike there).
 */
const FIRST_DRIVEN = 210;
const FIRST_FREE = 1810;

const NEURON = { V_th: 1e6, tau_m: 10, C_m: 250, E_L: -70 };
const CONNECTION = { weight: 1, delay: 1 };

/** V_m of a neuron for 200 ms */
async function trace(
  device: (typeof enginesPresent)[number],
  drive: (sim: Simulator, neuron: NodeCollection) => void,
  chunks = [200],
): Promise<Float64Array> {
  return withSimulator({ device, precision: "float64" }, async (sim) => {
    const neuron = sim.create("iaf_psc_exp", 1, NEURON);
    drive(sim, neuron);
    const recorder = sim.record(neuron, { variables: ["V_m"], interval: 0.1 });
    for (const chunk of chunks) await sim.simulate(chunk);
    return Float64Array.from(recorder.events.V_m!);
  });
}

/** the exact solution with a current in the steps whose samples are [from, to) */
function expected(current: number, from: number, to: number): number[] {
  const decay = Math.exp(-0.1 / NEURON.tau_m);
  let v = NEURON.E_L;
  return Array.from({ length: 2000 }, (_, k) => {
    const target = NEURON.E_L + (k >= from && k < to ? (current * NEURON.tau_m) / NEURON.C_m : 0);
    v = target + (v - target) * decay;
    return v;
  });
}

function close(a: Float64Array, b: readonly number[]): void {
  expect(a.length).toBe(b.length);
  for (let k = 0; k < b.length; k++)
    if (!(Math.abs(a[k]! - b[k]!) < 1e-9)) throw new Error(`sample ${k}: ${a[k]}, not ${b[k]}`);
}

describe.each(enginesPresent)("%s", (device) => {
  const dc = (sim: Simulator, neuron: NodeCollection) =>
    sim.connect(
      sim.create("dc_generator", 1, { amplitude: 400, start: 20, stop: 180 }),
      neuron,
      "all_to_all",
      CONNECTION,
    );

  test("a dc_generator moves V_m at the same sample as in NEST, and lets go at the same", async () => {
    const v = await trace(device, dc);
    expect(v.findIndex((x) => x !== NEURON.E_L)).toBe(FIRST_DRIVEN);
    close(v, expected(400, FIRST_DRIVEN, FIRST_FREE));
  });

  test("runs in pieces give the same", async () => {
    const v = await trace(device, dc, [19.9, 0.1, 0.1, 0.9, 0.1, 0.1, 150, 28.8]);
    close(v, expected(400, FIRST_DRIVEN, FIRST_FREE));
  });

  test("a step_current_generator with the same times is the same", async () => {
    const v = await trace(device, (sim, neuron) => {
      const generator = sim.create("step_current_generator", 1, {
        amplitude_times: [20, 180],
        amplitude_values: [400, 0],
      });
      sim.connect(generator, neuron, "all_to_all", CONNECTION);
    });
    close(v, expected(400, FIRST_DRIVEN, FIRST_FREE));
  });

  test("a delay of d steps shifts the first sample by d", async () => {
    const first = async (delay: number) => {
      const v = await trace(device, (sim, neuron) =>
        sim.connect(sim.create("dc_generator", 1, { amplitude: 400, start: 20 }), neuron, "all_to_all", {
          delay,
        }),
      );
      return v.findIndex((x) => x !== NEURON.E_L);
    };
    expect(await first(0.1)).toBe(FIRST_DRIVEN - 9);
    expect(await first(2.5)).toBe(FIRST_DRIVEN + 15);
  });

  test("a current is sent one step ahead, which at 0 ms is too late for the first step", async () => {
    for (const [delay, first] of [
      [0.1, 2],
      [1, 11],
    ] as const) {
      const v = await trace(device, (sim, neuron) =>
        sim.connect(sim.create("dc_generator", 1, { amplitude: 400 }), neuron, "all_to_all", { delay }),
      );
      close(v, expected(400, first, 2000));
    }
  });

  test("currents of several generators add, weighted, and shift with origin", async () => {
    const v = await trace(device, (sim, neuron) => {
      const a = sim.create("dc_generator", 1, { amplitude: 100, origin: 20, start: 0, stop: 160 });
      const b = sim.create("dc_generator", 1, { amplitude: -50, start: 20, stop: 180 });
      sim.connect(a, neuron, "all_to_all", { weight: 2, delay: 1 });
      sim.connect(b, neuron, "all_to_all", { weight: -4, delay: 1 });
    });
    close(v, expected(400, FIRST_DRIVEN, FIRST_FREE));
  });
});
