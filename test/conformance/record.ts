/** What networks of tests record. Benchmarks use them, too: nothing of the test runner is imported here. */

import type { NodeCollection, Recorder, Simulator } from "synfire";

/** Spikes of all, and potentials of every so manieth of some. */
export const recordSpikesAndPotentials = (
  sim: Simulator,
  all: NodeCollection,
  some: NodeCollection,
  every: number,
): Recorder[] => [
  sim.record(all),
  sim.record(some.slice(0, some.length, every), { variables: ["V_m"], interval: 0.5 }),
];
