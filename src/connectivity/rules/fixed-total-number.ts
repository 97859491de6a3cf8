/** fixed_total_number: N synapses between randomly drawn pairs. */
import { lazyDegrees } from "../degrees.js";
import { sourceDraw } from "../draw-sources.js";
import type { ConnectionRule, RuleContext } from "../rule.js";
import { badRule, checkRange, countOf, formulaOf, selfPosition } from "../spec.js";
import { lowerHalf, splitter } from "../splitting.js";

const LARGEST_N = 1099511627776;
const LARGEST_INDEGREE = 4294967295;

/** Called for each target of a range that has synapses; `before` is the number of synapses of all targets before it. */
type VisitTarget = (target: number, indegree: number, before: number) => void;

/**
 * `N`: number of synapses, at most 2^40. The range of all targets is split down to single targets (see splitting.ts), whose
 * sources are drawn like those of a fixed_indegree target (see draw-sources.ts). Array order: by target, then by ordinal.
 */
export const fixedTotalNumber: ConnectionRule = {
  name: "fixed_total_number",
  keys: ["N"],
  plan(spec, context) {
    const nTargets = context.endpoints.targets.length;
    const total = countOf("fixed_total_number", spec, "N", LARGEST_N);
    const capacity = capacities(context);
    checkPairs(total, capacity(0, nTargets), context);
    const descend = descent(total, capacity, context);
    const draw = sourceDraw(context);
    const degrees = lazyDegrees(nTargets, (counts) => {
      descend(0, nTargets, (target, indegree) => {
        counts[target] = indegree;
      });
    });
    return {
      kind: "fixed_total_number",
      formula: formulaOf("fixed_total_number", total, context),
      total,
      get maxIndegree() {
        return degrees().max;
      },
      indegree: (target) => degrees().indegree(target),
      generate(from, to, sink) {
        checkRange(from, to, nTargets);
        descend(from, to, (target, indegree, before) => {
          draw(target, indegree, (source, ordinal) => sink(source, target, ordinal, before + ordinal));
        });
      },
      arrayLength: total,
      get draws() {
        return context.allowMultapses
          ? { excludeSelf: !context.allowAutapses, indegrees: degrees().all }
          : undefined;
      },
    };
  },
};

/** The number of pairs that end in the targets [start, start + length). */
function capacities(context: RuleContext): (start: number, length: number) => number {
  const { endpoints, allowAutapses } = context;
  const nSources = endpoints.sources.length;
  if (allowAutapses) return (_start, length) => length * nSources;
  const selves = new Uint32Array(endpoints.targets.length + 1); // among the targets before each
  for (let target = 0; target + 1 < selves.length; target++) {
    selves[target + 1] = selves[target]! + (selfPosition(endpoints, target) >= 0 ? 1 : 0);
  }
  return (start, length) => length * nSources - (selves[start + length]! - selves[start]!);
}

/** Walks down the tree to the targets in [from, to). */
function descent(
  total: number,
  capacity: (start: number, length: number) => number,
  context: RuleContext,
): (from: number, to: number, visit: VisitTarget) => void {
  const split = splitter(context);
  return (from, to, visit) => {
    const walk = (start: number, length: number, count: number, before: number): void => {
      if (count === 0 || start + length <= from || start >= to) return;
      if (length === 1) {
        if (count > LARGEST_INDEGREE) {
          throw badRule(
            `"N" is ${total}, which gives one target ${count} synapses, more than 2^32 - 1.`,
            "N",
          );
        }
        visit(start, count, before);
        return;
      }
      const half = lowerHalf(length);
      const middle = start + half;
      const below = split(start, length, 0, count, capacity(start, half), capacity(middle, length - half));
      walk(start, half, below, before);
      walk(middle, length - half, count - below, before + below);
    };
    walk(0, context.endpoints.targets.length, total, 0);
  };
}

/** @throws SynfireError "bad-rule" if there are not enough pairs */
function checkPairs(total: number, pairs: number, { allowAutapses, allowMultapses }: RuleContext): void {
  if (total === 0 || (allowMultapses ? pairs > 0 : pairs >= total)) return;
  throw badRule(
    `"N" of the rule fixed_total_number is ${total}, but there are ${pairs} pairs of a source and a target` +
      `${allowAutapses ? "" : " without autapses"}${allowMultapses ? "" : ", and multapses are forbidden"}.`,
    "N",
  );
}
