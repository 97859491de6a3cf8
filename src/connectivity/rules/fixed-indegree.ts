/** fixed_indegree: the same number of sources for every target, drawn at random. */
import { sourceDraw } from "../draw-sources.js";
import type { ConnectionRule, RuleContext } from "../rule.js";
import { checkRange, countOf, forbiddenSource, formulaOf, tooFew } from "../spec.js";

/** Ordinals are 32-bit counters. */
const LARGEST_INDEGREE = 4294967295;

/**
 * `indegree`: number of synapses of each target. How sources are drawn is in draw-sources.ts. Array order: target-major, as in
 * NEST, where the array of weights has one row for each target: index = target * indegree + ordinal.
 */
export const fixedIndegree: ConnectionRule = {
  name: "fixed_indegree",
  keys: ["indegree"],
  plan(spec, context) {
    const nTargets = context.endpoints.targets.length;
    const indegree = countOf("fixed_indegree", spec, "indegree", LARGEST_INDEGREE);
    if (nTargets > 0) checkSources(indegree, context);
    const draw = sourceDraw(context);
    return {
      kind: "fixed_indegree",
      formula: formulaOf("fixed_indegree", indegree, context),
      total: nTargets * indegree,
      maxIndegree: nTargets > 0 ? indegree : 0,
      indegree: () => indegree,
      generate(from, to, sink) {
        checkRange(from, to, nTargets);
        for (let target = from; target < to; target++) {
          const row = target * indegree;
          draw(target, indegree, (source, ordinal) => sink(source, target, ordinal, row + ordinal));
        }
      },
      arrayLength: nTargets * indegree,
      ...(context.allowMultapses
        ? { draws: { excludeSelf: !context.allowAutapses, indegrees: undefined } }
        : {}),
    };
  },
};

/** @throws SynfireError "bad-rule" if some target cannot have `indegree` sources */
function checkSources(indegree: number, context: RuleContext): void {
  const { sources, targets } = context.endpoints;
  const needed = context.allowMultapses ? Math.min(indegree, 1) : indegree;
  if (needed < sources.length || needed === 0) return; // even with one source fewer there are enough
  for (let target = 0; target < targets.length; target++) {
    const available = sources.length - (forbiddenSource(context, target) >= 0 ? 1 : 0);
    if (needed > available)
      throw tooFew("fixed_indegree", "indegree", indegree, available, "sources", context);
  }
}
