/** What ranks are made of, without MPI: rehearsed shares, the order of gathered events, messages. */

import { Simulator } from "synfire";
import { describe, expect, it } from "vitest";
import { makeExchange } from "../../src/ranks/exchange.js";
import { launched } from "../../src/ranks/launcher.js";
import { type Mpi, type Requests, Tag } from "../../src/ranks/mpi.js";
import { World } from "../../src/ranks/world.js";
import { momentsOf } from "../../src/recording/moments.js";
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

describe("events of ranks", () => {
  it("have times in brief, whether these have been looked at or are still steps", () => {
    const parts = [
      Float64Array.of(0.5, 0.5, 1),
      Uint32Array.of(10, 10, 11),
      Uint32Array.of(),
      Uint32Array.of(11, 20),
    ];
    expect(momentsOf(parts, (step) => step / 10)).toEqual({
      times: Float64Array.of(0.5, 1, 1.1, 2),
      counts: Uint32Array.of(2, 3, 2, 1),
    });
  });

  type Part = Record<"senders" | "times" | "V_m", number[]>;
  function gathered(parts: readonly Part[]) {
    const events = parts.map(({ senders, times, V_m }) => ({
      senders: Uint32Array.from(senders),
      moments: momentsOf([Float64Array.from(times)], Number),
      variableValues: { V_m: Float64Array.from(V_m) },
    }));
    const sent = events.map((own) => {
      const messages: Uint8Array[] = [];
      const collect = (bytes: Uint8Array) => void messages.push(bytes);
      expect(gatherEvents({ collect }, own, events.length)).toBeUndefined();
      return messages;
    });
    let call = 0;
    const collect = () => {
      const all = sent.map((messages) => messages[call]!);
      call++;
      return all;
    };
    const merged = gatherEvents({ collect }, events[0]!, 0)!;
    return Object.fromEntries(Object.entries(merged).map(([name, values]) => [name, Array.from(values!)]));
  }

  it("are merged by time, then sender", () => {
    expect(
      gathered([
        { senders: [1, 3, 1], times: [1, 2, 5], V_m: [10, 11, 12] },
        { senders: [], times: [], V_m: [] },
        { senders: [2, 0, 2, 4], times: [1, 2, 2, 9], V_m: [20, 21, 22, 23] },
      ]),
    ).toEqual({
      senders: [1, 2, 0, 2, 3, 1, 4],
      times: [1, 1, 2, 2, 2, 5, 9],
      V_m: [10, 20, 21, 22, 11, 12, 23],
    });
  });

  it("stay in the order of each rank where devices come after neurons", () => {
    expect(
      gathered([
        { senders: [5, 9, 2, 6], times: [1, 1, 1, 2], V_m: [1, 2, 3, 4] },
        { senders: [7, 8, 10], times: [1, 1, 2], V_m: [5, 6, 7] },
      ]),
    ).toEqual({ senders: [5, 7, 8, 9, 2, 6, 10], times: [1, 1, 1, 1, 1, 2, 2], V_m: [1, 5, 6, 2, 3, 4, 7] });
  });

  it("of long moments are those of one rank, then those of another", () => {
    const n = 300;
    const part = (first: number): Part => ({
      senders: Array.from({ length: 2 * n }, (_, i) => first + (i % n)),
      times: Array.from({ length: 2 * n }, (_, i) => (i < n ? 0.1 : 0.2)),
      V_m: Array.from({ length: 2 * n }, (_, i) => first * i),
    });
    const merged = gathered([part(1000), part(1)]);
    const both = (column: keyof Part) =>
      [0, n].flatMap((k) => [part(1), part(1000)].flatMap((p) => p[column].slice(k, k + n)));
    expect(merged).toEqual({ senders: both("senders"), times: both("times"), V_m: both("V_m") });
  });
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
    const host = { cores: 4, yield() {}, isAlive: () => true, isAskedToEnd: () => false };
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
