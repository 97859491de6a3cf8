/** one_to_one: the source at each position to the target at the same position. */
import type { ConnectionRule } from "../rule.js";
import { badRule, checkRange, countSelves, formulaOf, selfPosition } from "../spec.js";

/**
 * Takes no parameters. With autapses forbidden, a node is not connected to itself, as in NEST. Array order: by position, an entry
 * for each pair, those left out included.
 */
export const oneToOne: ConnectionRule = {
  name: "one_to_one",
  keys: [],
  plan(_spec, context) {
    const { endpoints, allowAutapses } = context;
    const { sources, targets } = endpoints;
    const length = targets.length;
    if (sources.length !== length) {
      throw badRule(
        `The rule one_to_one needs as many sources as targets, but there are ${sources.length} sources and ${length} targets.`,
        "one_to_one",
      );
    }
    const skipped = (target: number): boolean => !allowAutapses && selfPosition(endpoints, target) === target;
    let total = length;
    if (!allowAutapses && countSelves(endpoints) > 0) {
      for (let target = 0; target < length; target++) if (skipped(target)) total--;
    }
    return {
      kind: "one_to_one",
      formula: formulaOf("one_to_one", 0, context),
      total,
      maxIndegree: total > 0 ? 1 : 0,
      indegree: (target) => (skipped(target) ? 0 : 1),
      generate(from, to, sink) {
        checkRange(from, to, length);
        for (let target = from; target < to; target++) {
          if (!skipped(target)) sink(target, target, 0, target);
        }
      },
      arrayLength: length,
    };
  },
};
