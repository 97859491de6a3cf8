/** all_to_all: every source to every target. */
import type { ConnectionRule } from "../rule.js";
import { checkRange, countSelves, forbiddenSource, formulaOf } from "../spec.js";

/**
 * Takes no parameters. The ordinal of a synapse is its rank in ascending source order. Array order: target-major, as in NEST,
 * where the array of weights has one row for each target: index = target * number of sources + source. With autapses forbidden,
 * their entries are there but unused, as in NEST.
 */
export const allToAll: ConnectionRule = {
  name: "all_to_all",
  keys: [],
  plan(_spec, context) {
    const { endpoints, allowAutapses } = context;
    const nSources = endpoints.sources.length;
    const nTargets = endpoints.targets.length;
    const selves = allowAutapses ? 0 : countSelves(endpoints);
    const indegree = (target: number): number => nSources - (forbiddenSource(context, target) >= 0 ? 1 : 0);
    return {
      kind: "all_to_all",
      formula: formulaOf("all_to_all", 0, context),
      total: nSources * nTargets - selves,
      maxIndegree: nTargets === 0 ? 0 : selves === nTargets ? nSources - 1 : nSources,
      indegree,
      generate(from, to, sink) {
        checkRange(from, to, nTargets);
        for (let target = from; target < to; target++) {
          const self = forbiddenSource(context, target);
          const row = target * nSources;
          let ordinal = 0;
          for (let source = 0; source < nSources; source++) {
            if (source !== self) sink(source, target, ordinal++, row + source);
          }
        }
      },
      arrayLength: nSources * nTargets,
    };
  },
};
