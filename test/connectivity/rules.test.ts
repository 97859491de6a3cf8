import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ConnectionPlan,
  type ConnectionSpec,
  connectionRules,
  idList,
  idRange,
  type NodeIds,
  planConnection,
} from "../../src/connectivity/index.js";
import { SynfireError } from "../../src/errors.js";
import { philox } from "../../src/random/philox.js";
import { mulHigh, Purpose, streamKey } from "../../src/random/streams.js";
import { chiSquareZ } from "../random/statistics.js";

type Synapse = readonly [source: number, target: number, ordinal: number, index: number];

function plan(
  spec: ConnectionSpec,
  sources: NodeIds,
  targets: NodeIds,
  seed = 1234,
  projection = 3,
): ConnectionPlan {
  return planConnection(spec, { seed, projection, endpoints: { sources, targets } });
}

function synapses(connections: ConnectionPlan, from: number, to: number): Synapse[] {
  const list: Synapse[] = [];
  connections.generate(from, to, (...synapse) => list.push(synapse));
  return list;
}

/** Checks what every plan promises, and returns all its synapses. */
function generateAll(connections: ConnectionPlan, targets: NodeIds): Synapse[] {
  const all = synapses(connections, 0, targets.length);
  expect(connections.total).toBe(all.length);
  const degrees = new Array<number>(targets.length).fill(0);
  let last = 0;
  for (const [, target, ordinal] of all) {
    if (target < last) throw new Error("targets must ascend");
    last = target;
    if (ordinal !== degrees[target]!++) throw new Error("ordinals must count from 0");
  }
  expect(degrees.map((_, target) => connections.indegree(target))).toEqual(degrees);
  expect(connections.maxIndegree).toBe(Math.max(0, ...degrees));
  const indices = all.map(([, , , index]) => index);
  if (connections.arrayLength === undefined) expect(indices.every((index) => index === -1)).toBe(true);
  else {
    expect(new Set(indices).size).toBe(all.length);
    expect(indices.every((index) => index >= 0 && index < connections.arrayLength!)).toBe(true);
  }
  return all;
}

function hasAutapse(all: readonly Synapse[], sources: NodeIds, targets: NodeIds): boolean {
  return all.some(([source, target]) => sources.id(source) === targets.id(target));
}

function hasMultapse(all: readonly Synapse[]): boolean {
  return new Set(all.map(([source, target]) => `${source} ${target}`)).size < all.length;
}

function count(length: number, values: Iterable<number>): number[] {
  const counts = new Array<number>(length).fill(0);
  for (const value of values) counts[value]!++;
  return counts;
}

const flat = (length: number, total: number) => new Array<number>(length).fill(total / length);

describe("every rule", () => {
  const ids = fc.oneof(
    fc.tuple(fc.nat(50), fc.nat(150)).map(([first, length]) => idRange(first, length)),
    fc.uniqueArray(fc.nat(200), { maxLength: 40 }).map((list) => idList(list)),
  );
  const forms: Readonly<Record<string, (size: number, sources: NodeIds, targets: NodeIds) => object>> = {
    one_to_one: () => ({}),
    all_to_all: () => ({}),
    fixed_indegree: (size) => ({ indegree: size }),
    fixed_outdegree: (size) => ({ outdegree: size }),
    fixed_total_number: (size) => ({ N: size * size }),
    pairwise_bernoulli: (size) => ({ p: size / 20 }),
    explicit: (size, sources, targets) => {
      const length = sources.length * targets.length > 0 ? size * 3 : 0;
      return {
        sources: Array.from({ length }, (_, i) => (i * i + size) % sources.length),
        targets: Int32Array.from({ length }, (_, i) => (i * 7 + size) % targets.length),
      };
    },
  };

  test("is covered here", () => {
    expect(Object.keys(forms).sort()).toEqual([...connectionRules.keys()].sort());
  });

  test.each(Object.keys(forms))(
    "%s gives the same synapses under any partitioning, with any switches",
    (rule) => {
      let planned = 0;
      fc.assert(
        fc.property(
          ids,
          ids,
          fc.nat(20),
          fc.boolean(),
          fc.boolean(),
          fc.array(fc.nat(150), { maxLength: 5 }),
          (sources, others, size, allow_autapses, allow_multapses, cuts) => {
            const targets =
              rule === "one_to_one"
                ? idRange(sources.length === 0 ? 0 : sources.id(0), sources.length)
                : others;
            const parameters = forms[rule]!(size, sources, targets);
            const spec = { rule, ...parameters, allow_autapses, allow_multapses };
            let connections: ConnectionPlan;
            try {
              connections = plan(spec, sources, targets);
            } catch (error) {
              expect(error).toMatchObject({ code: "bad-rule" });
              return;
            }
            planned++;
            const all = generateAll(connections, targets);
            if (!allow_autapses) expect(hasAutapse(all, sources, targets)).toBe(false);
            if (!allow_multapses) expect(hasMultapse(all)).toBe(false);
            const bounds = [0, ...cuts.filter((cut) => cut < targets.length), targets.length].sort(
              (a, b) => a - b,
            );
            const parts = bounds
              .slice(1)
              .map((to, i) => synapses(plan(spec, sources, targets), bounds[i]!, to));
            expect(parts.flat()).toEqual(all);
          },
        ),
        { seed: 42, numRuns: 120 },
      );
      expect(planned).toBeGreaterThan(30);
    },
  );

  test.each(Object.keys(forms))("%s refuses ranges outside the targets", (rule) => {
    const nodes = idRange(0, 10);
    const connections = plan({ rule, ...forms[rule]!(2, nodes, nodes) }, nodes, nodes);
    for (const [from, to] of [
      [-1, 2],
      [3, 2],
      [0, 11],
      [0.5, 2],
    ] as const) {
      expect(() => connections.generate(from, to, () => {})).toThrow(
        expect.objectContaining({ code: "bad-range" }) as Error,
      );
    }
  });

  test.each(["fixed_indegree", "fixed_outdegree", "fixed_total_number", "pairwise_bernoulli"])(
    "%s differs between seeds and between projections",
    (rule) => {
      const nodes = idRange(1, 100);
      const spec = { rule, ...forms[rule]!(7, nodes, nodes) };
      const list = (seed: number, projection: number) =>
        synapses(plan(spec, nodes, nodes, seed, projection), 0, 100);
      expect(list(1, 0)).toEqual(list(1, 0));
      expect(list(1, 0)).not.toEqual(list(2, 0));
      expect(list(1, 0)).not.toEqual(list(1, 1));
    },
  );
});

describe("one_to_one", () => {
  test("pairs equal positions", () => {
    const all = generateAll(plan("one_to_one", idRange(0, 3), idRange(10, 3)), idRange(10, 3));
    expect(all).toEqual([
      [0, 0, 0, 0],
      [1, 1, 0, 1],
      [2, 2, 0, 2],
    ]);
  });

  test("skips a node's pair with itself if autapses are forbidden", () => {
    const [sources, targets] = [idList([1, 2, 3]), idList([1, 3, 2])];
    const all = generateAll(plan({ rule: "one_to_one", allow_autapses: false }, sources, targets), targets);
    expect(all).toEqual([
      [1, 1, 0, 1],
      [2, 2, 0, 2],
    ]);
  });
});

describe("all_to_all", () => {
  test("reads arrays target-major", () => {
    const all = generateAll(plan("all_to_all", idRange(0, 3), idRange(10, 2)), idRange(10, 2));
    expect(all.map(([source, target, , index]) => [target, source, index])).toEqual([
      [0, 0, 0],
      [0, 1, 1],
      [0, 2, 2],
      [1, 0, 3],
      [1, 1, 4],
      [1, 2, 5],
    ]);
  });

  test("leaves out autapses, and their array entries", () => {
    const nodes = idRange(5, 3);
    const all = generateAll(plan({ rule: "all_to_all", allow_autapses: false }, nodes, nodes), nodes);
    expect(all.map(([, , , index]) => index)).toEqual([1, 2, 3, 5, 6, 7]);
    expect(all.map(([, , ordinal]) => ordinal)).toEqual([0, 1, 0, 1, 0, 1]);
  });
});

describe("fixed_indegree", () => {
  test("draws sources as the synapse draw says", () => {
    const [sources, targets] = [idRange(0, 4000), idRange(4000, 10)];
    const [k0, k1] = streamKey(1234, Purpose.synapse, 3);
    const words = new Uint32Array(4);
    const all = generateAll(plan({ rule: "fixed_indegree", indegree: 20 }, sources, targets), targets);
    for (const [source, target, ordinal, index] of all) {
      philox(4000 + target, ordinal, 0, 0, k0, k1, words);
      expect(source).toBe(mulHigh(words[0]!, 4000));
      expect(index).toBe(target * 20 + ordinal);
    }
  });

  test.each([
    [true, true],
    [false, true],
    [true, false],
    [false, false],
  ])("is uniform over the allowed sources (autapses %s, multapses %s)", (allow_autapses, allow_multapses) => {
    const [sources, targets] = [idRange(0, 20), idRange(10, 4000)];
    const spec = { rule: "fixed_indegree", indegree: 9, allow_autapses, allow_multapses };
    const all = synapses(plan(spec, sources, targets), 0, 4000);
    expect(hasAutapse(all, sources, targets)).toBe(allow_autapses);
    expect(hasMultapse(all)).toBe(allow_multapses);
    const strangers = all.filter(([, target]) => target >= 10);
    expect(
      Math.abs(
        chiSquareZ(
          count(
            20,
            strangers.map(([s]) => s),
          ),
          flat(20, strangers.length),
        ),
      ),
    ).toBeLessThan(3.2);
    // Each ordinal alone is uniform too, so arrays of weights meet the sources without bias.
    const last = strangers.filter(([, , ordinal]) => ordinal === 8);
    expect(
      Math.abs(
        chiSquareZ(
          count(
            20,
            last.map(([s]) => s),
          ),
          flat(20, last.length),
        ),
      ),
    ).toBeLessThan(3.2);
  });

  test("takes all sources if it must", () => {
    const nodes = idRange(0, 30);
    const spec = { rule: "fixed_indegree", indegree: 29, allow_autapses: false, allow_multapses: false };
    expect(generateAll(plan(spec, nodes, nodes), nodes)).toHaveLength(30 * 29);
  });
});

describe("fixed_outdegree", () => {
  test.each([
    [true, true],
    [false, true],
    [true, false],
    [false, false],
  ])(
    "gives every source its out-degree, uniformly (autapses %s, multapses %s)",
    (allow_autapses, allow_multapses) => {
      const [sources, targets] = [idRange(0, 400), idRange(390, 1000)];
      const spec = { rule: "fixed_outdegree", outdegree: 100, allow_autapses, allow_multapses };
      const all = generateAll(plan(spec, sources, targets), targets);
      expect(
        count(
          400,
          all.map(([source]) => source),
        ),
      ).toEqual(flat(400, 40_000));
      expect(hasAutapse(all, sources, targets)).toBe(allow_autapses);
      expect(hasMultapse(all)).toBe(allow_multapses);
      for (const [source, , , index] of all)
        if (Math.floor(index / 100) !== source) throw new Error("source-major");
      const expected = targets.length;
      const z = chiSquareZ(
        count(
          expected,
          all.map(([, target]) => target),
        ),
        flat(expected, 40_000),
      );
      // Without multapses, a target's in-degree is binomial with less variance: 1 - 100/1000 of Poisson's.
      expect(Math.abs(z + (allow_multapses ? 0 : 0.1 * Math.sqrt(expected / 2)))).toBeLessThan(3);
    },
  );

  test("takes all targets if it must", () => {
    const nodes = idRange(0, 150);
    const spec = { rule: "fixed_outdegree", outdegree: 149, allow_autapses: false, allow_multapses: false };
    expect(generateAll(plan(spec, nodes, nodes), nodes)).toHaveLength(150 * 149);
  });
});

describe("fixed_total_number", () => {
  test.each([
    [true, true],
    [false, true],
  ])("spreads N synapses evenly (autapses %s, multapses %s)", (allow_autapses, allow_multapses) => {
    const [sources, targets] = [idRange(0, 50), idRange(40, 300)];
    const spec = { rule: "fixed_total_number", N: 60_000, allow_autapses, allow_multapses };
    const all = generateAll(plan(spec, sources, targets), targets);
    expect(all).toHaveLength(60_000);
    expect(all.map(([, , , index]) => index)).toEqual(all.map((_, i) => i));
    expect(hasAutapse(all, sources, targets)).toBe(allow_autapses);
    const pairs = count(
      50 * 300,
      all.map(([source, target]) => target * 50 + source),
    );
    const selves = allow_autapses ? 0 : 10;
    const expected = pairs.map((_, i) =>
      !allow_autapses && 40 + Math.floor(i / 50) === i % 50 ? 0 : 60_000 / (50 * 300 - selves),
    );
    expect(Math.abs(chiSquareZ(pairs, expected))).toBeLessThan(3);
  });

  test("without multapses, every subset of pairs is equally likely", () => {
    // 3 of the 2 x 3 pairs: 20 subsets.
    const [sources, targets] = [idRange(0, 2), idRange(5, 3)];
    const spec = { rule: "fixed_total_number", N: 3, allow_multapses: false };
    const counts = new Map<number, number>();
    for (let projection = 0; projection < 10_000; projection++) {
      const all = synapses(plan(spec, sources, targets, 7, projection), 0, 3);
      const subset = all.reduce((bits, [source, target]) => bits | (1 << (target * 2 + source)), 0);
      counts.set(subset, (counts.get(subset) ?? 0) + 1);
    }
    expect(counts.size).toBe(20);
    expect(Math.abs(chiSquareZ([...counts.values()], flat(20, 10_000)))).toBeLessThan(3);
  });

  test("takes all pairs if it must", () => {
    const nodes = idRange(0, 20);
    const spec = { rule: "fixed_total_number", N: 380, allow_autapses: false, allow_multapses: false };
    expect(generateAll(plan(spec, nodes, nodes), nodes)).toHaveLength(380);
  });

  test("a target looks like a fixed_indegree target with its in-degree", () => {
    const [sources, targets] = [idRange(0, 100), idRange(0, 50)];
    const connections = plan({ rule: "fixed_total_number", N: 1000 }, sources, targets);
    const all = synapses(connections, 17, 18).map(([source]) => source);
    const spec = { rule: "fixed_indegree", indegree: connections.indegree(17) };
    expect(synapses(plan(spec, sources, targets), 17, 18).map(([source]) => source)).toEqual(all);
  });

  test("reaches a few targets of a huge network without visiting the others", () => {
    const nodes = idRange(0, 4_000_000_000);
    const connections = plan({ rule: "fixed_total_number", N: 1e12 }, nodes, nodes);
    expect(connections.total).toBe(1e12);
    const some = synapses(connections, 3_999_999_990, 4_000_000_000);
    expect(some.length).toBeGreaterThan(2300);
    expect(some.length).toBeLessThan(2700);
  });
});

describe("pairwise_bernoulli", () => {
  test.each([0.02, 0.5, 0.97])("connects each pair with p = %d", (p) => {
    const [sources, targets] = [idRange(0, 60), idRange(100, 2000)];
    const all = generateAll(plan({ rule: "pairwise_bernoulli", p }, sources, targets), targets);
    expect(hasMultapse(all)).toBe(false);
    const n = 60 * 2000;
    expect(Math.abs(all.length - n * p) / Math.sqrt(n * p * (1 - p))).toBeLessThan(3);
    const perSource = count(
      60,
      all.map(([source]) => source),
    );
    const chi2 = perSource.reduce((sum, seen) => sum + (seen - 2000 * p) ** 2 / (2000 * p * (1 - p)), 0);
    expect(Math.abs(chi2 - 60) / Math.sqrt(120)).toBeLessThan(3);
  });

  test("p = 0 connects none, p = 1 all", () => {
    const nodes = idRange(0, 5);
    expect(generateAll(plan({ rule: "pairwise_bernoulli", p: 0 }, nodes, nodes), nodes)).toEqual([]);
    expect(generateAll(plan({ rule: "pairwise_bernoulli", p: 1 }, nodes, nodes), nodes)).toHaveLength(25);
    const spec = { rule: "pairwise_bernoulli", p: 1, allow_autapses: false };
    expect(generateAll(plan(spec, nodes, nodes), nodes)).toHaveLength(20);
    expect(generateAll(plan({ rule: "pairwise_bernoulli", p: 1e-300 }, nodes, nodes), nodes)).toEqual([]);
  });
});

describe("explicit", () => {
  test("sorts by target and keeps list order", () => {
    const [sources, targets] = [idRange(0, 3), idRange(7, 3)];
    const spec = { rule: "explicit", sources: [2, 0, 1, 2], targets: [1, 0, 1, 1] };
    expect(generateAll(plan(spec, sources, targets), targets)).toEqual([
      [0, 0, 0, 1],
      [2, 1, 0, 0],
      [1, 1, 1, 2],
      [2, 1, 2, 3],
    ]);
  });
});

describe("bad input", () => {
  const five = idRange(0, 5);
  const make =
    (spec: object, sources = five, targets = five) =>
    () =>
      plan(spec as Readonly<Record<string, unknown>>, sources, targets);
  test.each<[string, () => unknown, string, RegExp]>([
    [
      "unknown rule",
      () => plan("fixed_indegre", five, five),
      "unknown-rule",
      /Did you mean "fixed_indegree"/,
    ],
    ["no rule", make({ p: 1 }), "bad-rule", /under "rule"/],
    ["unknown key", make({ rule: "fixed_indegree", indegre: 1 }), "bad-rule", /Did you mean "indegree"/],
    ["NEST GPU's key", make({ rule: "fixed_total_number", total_num: 1 }), "bad-rule", /called "N"/],
    ["missing key", make({ rule: "fixed_indegree" }), "bad-rule", /needs "indegree"/],
    ["fraction", make({ rule: "fixed_outdegree", outdegree: 1.5 }), "bad-rule", /integer/],
    ["negative", make({ rule: "fixed_total_number", N: -1 }), "bad-rule", /integer/],
    [
      "distribution",
      make({ rule: "fixed_indegree", indegree: { distribution: "normal" } }),
      "bad-rule",
      /one number/,
    ],
    ["switch", make({ rule: "all_to_all", allow_autapses: 1 }), "bad-rule", /true or false/],
    ["probability", make({ rule: "pairwise_bernoulli", p: 1.1 }), "bad-rule", /from 0 to 1/],
    ["no probability", make({ rule: "pairwise_bernoulli" }), "bad-rule", /needs "p"/],
    [
      "unequal sizes",
      make({ rule: "one_to_one" }, five, idRange(0, 4)),
      "bad-rule",
      /5 sources and 4 targets/,
    ],
    [
      "too few sources",
      make({ rule: "fixed_indegree", indegree: 6, allow_multapses: false }),
      "bad-rule",
      /only 5 sources/,
    ],
    [
      "too few sources without autapses",
      make({ rule: "fixed_indegree", indegree: 5, allow_multapses: false, allow_autapses: false }),
      "bad-rule",
      /only 4 sources are available without autapses and multapses/,
    ],
    [
      "no sources",
      make({ rule: "fixed_indegree", indegree: 1 }, idRange(0, 0)),
      "bad-rule",
      /only 0 sources/,
    ],
    [
      "only itself",
      make({ rule: "fixed_indegree", indegree: 1, allow_autapses: false }, idRange(2, 1)),
      "bad-rule",
      /only 0/,
    ],
    [
      "too few targets",
      make({ rule: "fixed_outdegree", outdegree: 6, allow_multapses: false }),
      "bad-rule",
      /only 5 targets/,
    ],
    [
      "no targets",
      make({ rule: "fixed_outdegree", outdegree: 1 }, five, idRange(0, 0)),
      "bad-rule",
      /only 0 targets/,
    ],
    [
      "too few pairs",
      make({ rule: "fixed_total_number", N: 26, allow_multapses: false }),
      "bad-rule",
      /25 pairs/,
    ],
    ["no pairs", make({ rule: "fixed_total_number", N: 1 }, idRange(0, 0)), "bad-rule", /0 pairs/],
    ["no list", make({ rule: "explicit", sources: [0] }), "bad-rule", /"targets"/],
    ["unequal lists", make({ rule: "explicit", sources: [0], targets: [0, 1] }), "bad-rule", /equal length/],
    ["outside", make({ rule: "explicit", sources: [5], targets: [0] }), "bad-rule", /from 0 to 4/],
    [
      "forbidden autapse",
      make({ rule: "explicit", sources: [1], targets: [1], allow_autapses: false }),
      "bad-rule",
      /node 1 to itself/,
    ],
    [
      "forbidden multapse",
      make({ rule: "explicit", sources: [1, 2, 1], targets: [0, 0, 0], allow_multapses: false }),
      "bad-rule",
      /node 1 to node 0 more than once/,
    ],
    ["bad seed", () => plan({ rule: "fixed_indegree", indegree: 1 }, five, five, -1), "bad-seed", /seed/],
    ["bad range of ids", () => idRange(-1, 3), "bad-node", /Node ids/],
    ["bad id", () => idList([0.5]), "bad-node", /Node ids/],
    ["id twice", () => idList([3, 3]), "bad-node", /occurs twice/],
  ])("%s", (_, bad, code, message) => {
    expect(bad).toThrow(message);
    expect(bad).toThrow(SynfireError);
    expect(bad).toThrow(expect.objectContaining({ code }) as Error);
  });

  test("the context's switches hold unless the specification says otherwise", () => {
    const context = {
      seed: 1,
      projection: 0,
      endpoints: { sources: five, targets: five },
      allowAutapses: false,
    };
    expect(planConnection("all_to_all", context).total).toBe(20);
    expect(planConnection({ rule: "all_to_all", allow_autapses: true }, context).total).toBe(25);
  });
});
