/** Node collections: cutting, joining, looking up. */

import { type NodeCollection, Simulator } from "synfire";
import { describe, expect, test } from "vitest";
import { expectError, using } from "./help.js";

const ids = (nodes: NodeCollection) => [...nodes];

describe("node collections", () => {
  test(
    "ids are contiguous in the order of creation",
    using((sim) => {
      expect(ids(sim.create("iaf_psc_exp", 3))).toEqual([0, 1, 2]);
      expect(ids(sim.create("poisson_generator"))).toEqual([3]);
      expect(ids(sim.create("iaf_psc_delta", 2))).toEqual([4, 5]);
    }),
  );

  test(
    "slice, at, pick",
    using((sim) => {
      sim.create("iaf_psc_exp", 5);
      const n = sim.create("iaf_psc_exp", 10);
      expect(ids(n.slice(2, 5))).toEqual([7, 8, 9]);
      expect(ids(n.slice(7))).toEqual([12, 13, 14]);
      expect(ids(n.slice(-3, -1))).toEqual([12, 13]);
      expect(ids(n.slice(1, 10, 4))).toEqual([6, 10, 14]);
      expect(ids(n.slice(1, 100))).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14]);
      expect(ids(n.slice(5, 5))).toEqual([]);
      expect(ids(n.at(0))).toEqual([5]);
      expect(ids(n.at(-1))).toEqual([14]);
      expect(ids(n.pick([3, 0, 9]))).toEqual([8, 5, 14]);
      expect(n.slice(2, 8).slice(1, 3).toArray()).toEqual(Uint32Array.of(8, 9));
    }),
  );

  test(
    "concatenations keep their order; id and position are inverse",
    using((sim) => {
      const a = sim.create("iaf_psc_exp", 6);
      const b = sim.create("iaf_psc_alpha", 4);
      const mixed = b.slice(2).concat(a.slice(0, 6, 2), b.at(0));
      expect(ids(mixed)).toEqual([8, 9, 0, 2, 4, 6]);
      expect(mixed.toArray()).toEqual(Uint32Array.of(8, 9, 0, 2, 4, 6));
      expect(mixed.length).toBe(6);
      ids(mixed).forEach((id, position) => {
        expect(mixed.id(position)).toBe(id);
        expect(mixed.position(id)).toBe(position);
      });
      for (const absent of [1, 3, 5, 7, 10, 99]) expect(mixed.position(absent)).toBe(-1);
      expect(ids(mixed.slice(1, 5, 2))).toEqual([9, 2]);
      expect(ids(a.slice(0, 3).concat(a.slice(3)))).toEqual(ids(a));
      expect(a.slice(0, 3).concat(a.slice(3)).segments.length).toBe(1);
    }),
  );

  test("bad cuts and joins", () =>
    using(async (sim) => {
      const n = sim.create("iaf_psc_exp", 4);
      await expectError(() => n.concat(n.at(0)), "bad-nodes", undefined, "twice");
      await expectError(() => n.pick([1, 1]), "bad-nodes");
      await expectError(() => n.at(4), "bad-nodes");
      await expectError(() => n.at(-5), "bad-nodes");
      await expectError(() => n.at(0.5), "bad-nodes");
      await expectError(() => n.id(Number.NaN), "bad-nodes");
      await expectError(() => n.slice(0, 4, 0), "bad-nodes", "step");
      await expectError(() => n.slice(0, 4, 1.5), "bad-nodes", "step");
      await expectError(() => n.slice(0.5), "bad-nodes", "from");
      await expectError(() => n.slice(0, Number.NaN), "bad-nodes", "to");
      const other = await Simulator.create();
      await expectError(() => n.concat(other.create("iaf_psc_exp")), "bad-nodes");
    })());
});
