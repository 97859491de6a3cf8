/** Recorders that watch several runs of ids: each spike once, in the order of time and node, whoever else watches. */

import { Simulator } from "synfire";
import { expect, it } from "vitest";

/** a network with nodes between its two populations */
async function run(overlap: boolean) {
  const sim = await Simulator.create({ device: "cpu", threads: 1 });
  const a = sim.create("iaf_psc_delta", 40, { I_e: 700 });
  sim.create("poisson_generator");
  const b = sim.create("iaf_psc_delta", 30, { I_e: 650 });
  const both = sim.record(a.slice(0, 40, 2).concat(b));
  const odd = sim.record(overlap ? a : a.slice(1, 40, 2), { start: 20 });
  await sim.simulate(100);
  const keys = (events: typeof both.events, keep = (_: number) => true) =>
    Array.from(events.times, (t, k) => [t, events.senders[k]!] as const).filter(([, id]) => keep(id));
  return { a, b, both: keys(both.events), odd: keys(odd.events, (id) => id % 2 === 1) };
}

it("separate runs are dealt in one pass, with the same result as looking up each spike", async () => {
  const [dealt, lookedUp] = [await run(false), await run(true)];
  expect(dealt.both.length).toBeGreaterThan(100);
  expect(dealt.both).toEqual(lookedUp.both);
  expect(dealt.odd).toEqual(lookedUp.odd);
  expect(dealt.odd.every(([t]) => t > 20)).toBe(true);
  expect(dealt.both.some(([, id]) => id > 40)).toBe(true);
  const ordered = [...dealt.both].sort(([t, i], [u, j]) => t - u || i - j);
  expect(dealt.both).toEqual(ordered);
});
