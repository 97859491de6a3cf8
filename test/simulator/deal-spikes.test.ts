/** How a chunk's spikes reach recorders: in order, as often as they were emitted, within each recorder's window. */

import { expect, test } from "vitest";
import { Recorder } from "../../src/recording/recorder.js";
import { dealSpikes, type Watched } from "../../src/simulator/deal-spikes.js";
import type { NodeCollection } from "../../src/simulator/nodes.js";

const nodes = (first: number, length: number) =>
  ({
    segments: [{ first, length }],
    position: (id: number) => (id >= first && id < first + length ? id - first : -1),
  }) as unknown as NodeCollection;

const watch = (collections: NodeCollection[], start = 0, stop = 1e9): Watched => ({
  recorder: new Recorder("spikes", [], (step) => step / 10),
  ...{ nodes: collections, start, stop },
});

const heard = ({ recorder }: Watched) =>
  Array.from(recorder.events.senders, (id, k) => [recorder.events.times[k], id]);

const batch = {
  ids: Uint32Array.of(3, 7, 12, 3, 12, 40, 7),
  steps: Uint32Array.of(1, 1, 1, 2, 2, 2, 4),
  multiplicities: Uint32Array.of(1, 2, 1, 1, 3, 1, 1),
};
const scheduled = [
  { step: 1, device: 20, multiplicity: 2 },
  { step: 3, device: 20, multiplicity: 1 },
];

test("each recorder hears its own nodes, generators after neurons of the same step", async () => {
  const [low, high, window] = [
    watch([nodes(0, 10)]),
    watch([nodes(12, 1), nodes(20, 1)]),
    watch([nodes(40, 3)], 2),
  ];
  await dealSpikes(batch, scheduled, [low, high, window]);
  expect(heard(low)).toEqual([
    [0.1, 3],
    [0.1, 7],
    [0.1, 7],
    [0.2, 3],
    [0.4, 7],
  ]);
  expect(heard(high)).toEqual([
    [0.1, 12],
    [0.1, 20],
    [0.1, 20],
    [0.2, 12],
    [0.2, 12],
    [0.2, 12],
    [0.3, 20],
  ]);
  expect(heard(window)).toEqual([]);
});

test("windows exclude their start and include their stop, also where one recorder hears all", async () => {
  const all = watch([nodes(0, 50)], 1, 2);
  await dealSpikes({ ...batch, multiplicities: undefined }, [], [all]);
  expect(heard(all)).toEqual([
    [0.2, 3],
    [0.2, 12],
    [0.2, 40],
  ]);
});

test("a node that is watched twice by one recorder is heard twice, others are not disturbed", async () => {
  const [twice, once] = [watch([nodes(3, 1), nodes(0, 8)]), watch([nodes(7, 1)])];
  await dealSpikes({ ...batch, multiplicities: undefined }, [], [twice, once]);
  expect(heard(twice).map(([, id]) => id)).toEqual([3, 3, 7, 3, 3, 7]);
  expect(heard(once).map(([, id]) => id)).toEqual([7, 7]);
});

test("events can be looked at while more is recorded, and forgotten", async () => {
  const all = watch([nodes(0, 50)]);
  for (let k = 1; k <= 20; k++) {
    await dealSpikes(
      { ids: Uint32Array.of(k), steps: Uint32Array.of(k), multiplicities: undefined },
      [],
      [all],
    );
    if (k % 3 === 0) expect(heard(all).length).toBe(k);
  }
  expect(heard(all)).toEqual(Array.from({ length: 20 }, (_, k) => [(k + 1) / 10, k + 1]));
  expect(all.recorder.nEvents).toBe(20);
  all.recorder.clear();
  expect(heard(all)).toEqual([]);
});
