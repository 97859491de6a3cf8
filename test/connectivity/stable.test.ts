import { expect, test } from "vitest";
import { idRange, planConnection } from "../../src/connectivity/index.js";
import {
  compileDistribution,
  exponential,
  lognormal,
  normalClipped,
  uniformOfWord,
} from "../../src/random/index.js";

/** FNV-1a over 32-bit words: a change of these hashes is a change of everybody's networks, so make it on purpose. */
function hash(words: Iterable<number>): string {
  let h = 0x811c9dc5;
  for (const word of words) h = Math.imul(h ^ word, 0x01000193);
  return (h >>> 0).toString(16);
}

test("networks keep their bits from release to release", () => {
  const specs = [
    { rule: "fixed_indegree", indegree: 20 },
    { rule: "fixed_indegree", indegree: 20, allow_multapses: false, allow_autapses: false },
    { rule: "fixed_outdegree", outdegree: 50 },
    { rule: "fixed_outdegree", outdegree: 50, allow_multapses: false, allow_autapses: false },
    { rule: "fixed_total_number", N: 5000 },
    { rule: "fixed_total_number", N: 5000, allow_multapses: false, allow_autapses: false },
    { rule: "pairwise_bernoulli", p: 0.1 },
  ];
  const hashes = specs.map((spec) => {
    const words: number[] = [];
    const endpoints = { sources: idRange(0, 300), targets: idRange(100, 400) };
    const plan = planConnection(spec, { seed: 20_260_731, projection: 2, endpoints });
    plan.generate(0, 400, (...synapse) => words.push(...synapse));
    return hash(words);
  });
  expect(hashes).toMatchInlineSnapshot(`
    [
      "8010a80e",
      "c3bf8faa",
      "481118b7",
      "7dd31e4c",
      "28316805",
      "12be6b55",
      "d58108c2",
    ]
  `);
});

test("distributions keep their bits from release to release", () => {
  const distributions = [
    normalClipped({ mean: 0.5, std: 0.25, low: 0.1, high: 1.25 }),
    lognormal({ mean: 0, std: 1 }),
    exponential({ beta: 2 }),
  ];
  const hashes = distributions.map((distribution) => {
    const { sample } = compileDistribution(distribution);
    const values = Float64Array.from({ length: 1000 }, (_, i) => sample(uniformOfWord(i * 4_294_967)));
    return hash(new Uint32Array(values.buffer));
  });
  expect(hashes).toMatchInlineSnapshot(`
    [
      "b70acd98",
      "832d1a8d",
      "808f8331",
    ]
  `);
});
