/** pairwise_bernoulli: every pair is connected with the same probability, independently. */
import { log } from "../../random/portable.js";
import { log1p } from "../../random/saddle-point.js";
import { Purpose, streamKey, uniformSequence } from "../../random/streams.js";
import { lazyDegrees } from "../degrees.js";
import type { ConnectionRule, RuleContext } from "../rule.js";
import { checkRange, forbiddenSource, formulaOf, probabilityOf } from "../spec.js";

/**
 * `p`: probability of each pair. Per target, the number of sources passed over before the next synapse is geometrically
 * distributed: floor(log(u) / log(1 - p)) with the uniforms u of the counter [target id, 0, block, 0] on the stream
 * Purpose.bernoulli. The ordinal is the rank in ascending source order. Pairs are considered once, so there are never multapses.
 * There is no array order, since nobody knows the number of synapses before.
 */
export const pairwiseBernoulli: ConnectionRule = {
  name: "pairwise_bernoulli",
  keys: ["p"],
  plan(spec, context) {
    const nTargets = context.endpoints.targets.length;
    const p = probabilityOf("pairwise_bernoulli", spec, "p");
    const draw = bernoulliDraw(p, context);
    const degrees = lazyDegrees(nTargets, (counts) => {
      for (let target = 0; target < nTargets; target++) {
        draw(target, () => {
          counts[target]!++;
        });
      }
    });
    return {
      kind: "pairwise_bernoulli",
      formula: formulaOf("pairwise_bernoulli", p, context),
      get total() {
        return degrees().total;
      },
      get maxIndegree() {
        return degrees().max;
      },
      indegree: (target) => degrees().indegree(target),
      generate(from, to, sink) {
        checkRange(from, to, nTargets);
        for (let target = from; target < to; target++) {
          draw(target, (source, ordinal) => sink(source, target, ordinal, -1));
        }
      },
      arrayLength: undefined,
    };
  },
};

/** Calls `visit` with the sources of a target, ascending. */
function bernoulliDraw(
  p: number,
  context: RuleContext,
): (target: number, visit: (source: number, ordinal: number) => void) => void {
  const { sources, targets } = context.endpoints;
  const sequence = uniformSequence(streamKey(context.seed, Purpose.bernoulli, context.projection));
  const logMiss = p < 1 ? log1p(-p) : 0;
  const gap = p < 1 ? () => Math.floor(log(sequence.next()) / logMiss) : () => 0;
  return (target, visit) => {
    if (p === 0) return;
    const self = forbiddenSource(context, target);
    sequence.start(targets.id(target), 0, 0);
    let ordinal = 0;
    for (let source = gap(); source < sources.length; source += 1 + gap()) {
      if (source !== self) visit(source, ordinal++);
    }
  };
}
