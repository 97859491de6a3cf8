/** What a model becomes: a change of the compiler shows in these listings. */

import { expect, test } from "vitest";
import { Simulator } from "../../src/index.js";

for (const [model, precision] of [
  ["iaf_psc_exp", "float32"],
  ["iaf_cond_exp", "float64"],
  ["parrot_neuron", "float32"],
] as const) {
  test(`${model}, ${precision}`, async () => {
    const sim = await Simulator.create({ precision });
    await expect(sim.describeModel(model)).toMatchFileSnapshot(`snapshots/${model}-${precision}.txt`);
  });
}
