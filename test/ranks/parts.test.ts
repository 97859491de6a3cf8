/** What ranks are made of, without MPI: rehearsed shares, the order of gathered events, messages. */

import { Simulator } from "synfire";
import { describe, expect, it } from "vitest";
import { makeExchange } from "../../src/ranks/exchange.js";
import { launched } from "../../src/ranks/launcher.js";
import { type Mpi, type Requests, Tag } from "../../src/ranks/mpi.js";
import { World } from "../../src/ranks/world.js";
import { gatherEvents } from "../../src/simulator/gather.js";

/** the network that shares are rehearsed of */
function build(sim: Simulator) {
  const a = sim.create("iaf_psc_exp", 50, { I_e: 300 }, { distribute: true });
  const b = sim.create("iaf_psc_delta", 31, {}, { distribute: true });
  sim.connect(a, b, { rule: "fixed_indegree", indegree: 7 }, { weight: 1.5, delay: 0.7 });
  sim.connect(a.concat(b), a, { rule: "pairwise_bernoulli", p: 0.1 }, { weight: 2, delay: 1.2 });
  return { a, b };
}

const list = (c: { sources: Uint32Array; targets: Uint32Array }) =>
  Array.from(c.sources, (s, k) => `${s} ${c.targets[k]}`).sort();

describe("a rehearsal", () => {
  it("builds the rank's share of the synapses, no more and no less", async () => {
    const alone = await Simulator.create({ device: "cpu", threads: 1 });
    build(alone);
    const all = list(await alone.getConnections());
    const shares: string[] = [];
    for (let rank = 0; rank < 3; rank++) {
      const sim = await Simulator.create({ device: "cpu", threads: 1, rehearse: { rank, size: 3 } });
      build(sim);
      expect([sim.rank(), sim.size()]).toEqual([rank, 3]);
      shares.push(...list(await sim.getConnections()));
      sim.dispose();
    }
    expect(shares.sort()).toEqual(all);
  });

  it("hears as many spikes as the rate says", async () => {
    const sim = await Simulator.create({
      device: "cpu",
      threads: 1,
      rehearse: { rank: 1, size: 4, rate: 20 },
    });
    build(sim);
    await sim.simulate(500);
    // three quarters of 81 neurons
    const expected = 0.75 * 81 * 20 * 0.5;
    expect(Math.abs(sim.exchange!.bytesReceived / 4 - expected)).toBeLessThan(40);
    expect(sim.exchange).toMatchObject({ mode: "rehearsed", receivesFrom: [0, 2, 3], sendsTo: [0, 2, 3] });
  });

  it.each([
    [{ rank: 4, size: 4 }, "rehearse: { rank, size, rate } must be a rank below the size"],
    [{ rank: 0, size: 2, rate: -1 }, "not {"],
    [{ rank: 0, size: 2, speed: 3 }, 'key of rehearse "speed"'],
  ])("%o is refused", async (rehearse, text) => {
    await expect(Simulator.create({ rehearse: rehearse as never })).rejects.toThrow(text);
  });
});

it("events of ranks are merged by time, then sender", () => {
  const parts = [
    { senders: [1, 3, 1], times: [1, 2, 5], V_m: [10, 11, 12] },
    { senders: [], times: [], V_m: [] },
    { senders: [2, 0, 2, 4], times: [1, 2, 2, 9], V_m: [20, 21, 22, 23] },
  ];
  const bytes = (values: number[], key: string) =>
    new Uint8Array((key === "senders" ? Uint32Array.from(values) : Float64Array.from(values)).buffer);
  const keys = ["senders", "times", "V_m"] as const;
  let call = 0;
  const ranks = {
    collect: () => {
      const key = keys[call++]!;
      return parts.map((p) => bytes(p[key], key));
    },
  };
  const empty = { senders: new Uint32Array(0), times: new Float64Array(0), V_m: new Float64Array(0) };
  const merged = gatherEvents(ranks, empty, 0)!;
  expect(Array.from(merged.senders)).toEqual([1, 2, 0, 2, 3, 1, 4]);
  expect(Array.from(merged.times)).toEqual([1, 1, 2, 2, 2, 5, 9]);
  expect(Array.from(merged.V_m!)).toEqual([10, 20, 21, 22, 11, 12, 23]);
  expect(gatherEvents({ collect: () => undefined }, empty, 1)).toBeUndefined();
});

it("messages carry every spike, also where they are longer than a first one, and multiplicities", () => {
  // two worlds of one process: what one sends is copied to where the other receives
  const mail = new Map<string, { data: Uint8Array; bytes: number }>();
  const world = (rank: number) =>
    ({
      rank,
      size: 2,
      gatherNumbers: (x: number) => Float64Array.of(x, x),
      wait: () => {},
      requests: () => ({
        isend: (_: number, data: Uint8Array, bytes: number, to: number, tag: number) =>
          mail.set(`${rank} ${to} ${tag}`, { data: data.slice(0, bytes), bytes }),
        irecv: (_: number, into: Uint8Array, bytes: number, from: number, tag: number) => {
          const sent = mail.get(`${from} ${rank} ${tag}`)!;
          into.set(sent.data.subarray(0, Math.min(bytes, sent.bytes)));
        },
        test: () => true,
      }),
    }) as unknown as World;
  const n = 30_000;
  const setOf = new Uint16Array(n).fill(1);
  setOf[5] = 0;
  const needs = (from: number[]) => ({ setOf, sets: [[], [1]], from, heard: [] });
  const sender = makeExchange(world(0), needs([]), 3, "point-to-point");
  const receiver = makeExchange(world(1), { ...needs([0]), sets: [[], []] }, 3, "point-to-point");
  for (const [count, multiplicity] of [
    [0, 1],
    [100, 1],
    [100, 7],
    [n, 1],
    [n, 3],
  ] as const) {
    const view = new Uint32Array(3 * count);
    for (let k = 0; k < count; k++) view.set([k, 10 + 1 + (k % 3), k % 2 === 0 ? multiplicity : 1], 3 * k);
    sender.begin([{ view, first: 0, end: view.length }], 10, 3);
    receiver.begin([], 10, 3);
    const heard: string[] = [];
    const into = new Uint32Array(3 * 777);
    for (let more = true; more; ) {
      const taken = receiver.take(into);
      for (let i = 0; i < taken.words; i += 3) heard.push(into.slice(i, i + 3).join());
      more = taken.more;
    }
    const expected = Array.from({ length: count }, (_, k) => view.slice(3 * k, 3 * k + 3).join());
    // that neuron has no targets there
    expect(heard.sort()).toEqual(expected.filter((_, k) => k !== 5).sort());
  }
});

it.each([
  [{}, undefined],
  [
    { OMPI_COMM_WORLD_RANK: "2", OMPI_COMM_WORLD_SIZE: "4" },
    { rank: 2, size: 4, by: "Open MPI" },
  ],
  [
    { PMI_RANK: "0", PMI_SIZE: "3" },
    { rank: 0, size: 3, by: "PMI" },
  ],
  [
    { PMIX_RANK: "1", SLURM_NTASKS: "8" },
    { rank: 1, size: 8, by: "PMIx" },
  ],
  [{ PMI_RANK: "x", PMI_SIZE: "3" }, undefined],
])("%o: was it started by a launcher?", (env, expected) => {
  expect(launched(env)).toEqual(expected);
});

describe("a rank that waits for another", () => {
  /** rank 0 of 3; rank 2 has ended its script, and what rank 1 sends arrives after a time */
  function world(arrives: number) {
    const peers = [0, 1, 2].map((pid) => JSON.stringify({ pid, host: "here" }));
    let began = Number.POSITIVE_INFINITY;
    const requests = (): Requests => {
      let done = () => true;
      return {
        isend: () => {},
        irecv(_slot, buffer, _bytes, from, tag) {
          if (tag === Tag.farewell) done = () => from === 2;
          else if (from === 1) {
            began = performance.now();
            done = () => {
              if (performance.now() - began < arrives) return false;
              buffer[0] = 42;
              return true;
            };
          }
        },
        iallgather(_slot, own, length, into) {
          // texts of the same length, numbers
          for (let rank = 0; rank < 3; rank++)
            into.set(
              length === peers[0]!.length ? new TextEncoder().encode(peers[rank]!) : own.subarray(0, length),
              rank * length,
            );
        },
        test: () => done(),
      };
    };
    const mpi: Mpi = { rank: 0, size: 3, requests, finalize() {} };
    const host = { cores: 4, yield() {}, isAlive: () => true };
    return World.start(mpi, { pid: 0, host: "here" }, host);
  }

  it("does not mind that a third one has ended its script", () => {
    const parts = world(1500).collect(Uint8Array.of(7), 0)!;
    expect(parts.map((p) => p[0])).toEqual([7, 42, 7].map((x, rank) => (rank === 2 ? 0 : x)));
  });

  it("says so if the one that it waits for has", () => {
    const w = world(Number.POSITIVE_INFINITY);
    const never = w.requests(1);
    never.irecv(0, new Uint8Array(1), 1, 1, Tag.data);
    expect(() => w.wait(never, 1, 2)).toThrow(
      "Rank 2 has come to the end of its script, while rank 0 waits for it",
    );
    expect(w.whole).toBe(false);
  });
});
