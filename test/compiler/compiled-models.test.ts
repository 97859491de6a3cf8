/** What compiled models do that the shipped ones do not use: noise, onOutput, priorities, boolean states, equations that blow up. */

import { describe, expect, it } from "vitest";
import { Simulator, type SynfireError } from "../../src/index.js";

const model = (name: string, body: string) => `model ${name}:\n${body}`;
const OUTPUT = "\n    output: spike\n";

async function run(
  text: string,
  name: string,
  ms: number,
  precision: "float32" | "float64" = "float64",
  n = 1,
) {
  const sim = await Simulator.create({ precision, threads: 1, seed: 5 });
  sim.defineModel(text);
  const nodes = sim.create(name, n);
  await sim.simulate(ms);
  return { sim, nodes };
}

describe("compiled models", () => {
  it("draws Poisson numbers of small and large means", async () => {
    for (const mean of [0.5, 30, 2000]) {
      const text = model(
        "noisy",
        `    state:\n        x real = 0\n        square real = 0\n        n integer = 0\n${OUTPUT}    update:\n        k integer = random_poisson(${mean})\n        x += k\n        square += k * k\n        n += 1\n`,
      );
      const { nodes } = await run(text, "noisy", 10, "float64", 400);
      const [sum, square] = [nodes.get("x") as Float64Array, nodes.get("square") as Float64Array];
      const draws = 400 * 100;
      const average = sum.reduce((a, b) => a + b, 0) / draws;
      const variance = square.reduce((a, b) => a + b, 0) / draws - average ** 2;
      expect(Math.abs(average - mean) / Math.sqrt(mean / draws)).toBeLessThan(4);
      expect(variance / mean).toBeGreaterThan(0.95);
      expect(variance / mean).toBeLessThan(1.05);
    }
  });

  it("runs onOutput whenever a spike is emitted, and handlers by priority", async () => {
    const text = model(
      "counter",
      `    state:\n        emitted integer = 0\n        order real = 0\n        ticks integer = 0\n${OUTPUT}    update:\n        ticks += 1\n\n    onCondition(ticks % 10 == 0):\n        order = order * 2\n\n    onCondition(ticks % 10 == 0, priority=5):\n        order = order + 1\n        emit_spike()\n\n    onOutput:\n        emitted += 1\n`,
    );
    const { sim, nodes } = await run(text, "counter", 3);
    expect(sim.spikeCount).toBe(3);
    expect(nodes.get("emitted")).toBe(3);
    // (((0 + 1) * 2 + 1) * 2 + 1) * 2
    expect(nodes.get("order")).toBe(14);
  });

  it("keeps boolean states", async () => {
    const text = model(
      "switch",
      `    state:\n        V_m mV = -5 mV\n        above boolean = false\n${OUTPUT}    update:\n        V_m += 1 mV\n        above = V_m > 0 mV\n`,
    );
    expect((await run(text, "switch", 0.5)).nodes.get("above")).toBe(false);
    expect((await run(text, "switch", 0.6)).nodes.get("above")).toBe(true);
  });

  for (const precision of ["float32", "float64"] as const) {
    it(`tells of equations that blow up instead of running for ever, ${precision}`, async () => {
      const text = model(
        "explosion",
        `    state:\n        x real = 0.2\n\n    equations:\n        x' = x * x / ms\n${OUTPUT}    update:\n        integrate_odes()\n`,
      );
      const failure: SynfireError = await run(text, "explosion", 6, precision).then(
        () => expect.unreachable(),
        (e) => e,
      );
      expect(failure.code).toBe("numerical-instability");
      expect(failure.message).toMatch(/5\.\d+ ms/);
    });
  }
});
