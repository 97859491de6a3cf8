/** explicit: the pairs of two lists, such as a measured connectome. */
import type { ConnectionRule, RuleContext } from "../rule.js";
import { badRule, checkRange } from "../spec.js";

const LARGEST_LENGTH = 4294967295;

/**
 * `sources` and `targets`: lists (arrays or typed arrays) of equal length; each entry is a position, from 0, within the source and
 * the target nodes of the projection. The lists are read once, when the connection is planned. The ordinal of a synapse is its
 * rank in list order among those of its target. Array order: that of the lists. A pair that the switches forbid is an error, not
 * left out.
 */
export const explicit: ConnectionRule = {
  name: "explicit",
  keys: ["sources", "targets"],
  plan(spec, context) {
    const nTargets = context.endpoints.targets.length;
    const sources = positions(spec, "sources", context.endpoints.sources.length);
    const targets = positions(spec, "targets", nTargets);
    const total = sources.length;
    if (targets.length !== total) {
      throw badRule(
        `The rule explicit needs lists of equal length, but there are ${total} sources and ${targets.length} targets.`,
        "targets",
      );
    }
    if (!context.allowAutapses) checkAutapses(sources, targets, context);
    const { starts, order } = sortByTarget(targets, nTargets);
    const sorted = Uint32Array.from(order, (index) => sources[index]!);
    if (!context.allowMultapses) checkMultapses(sorted, starts, context);
    let maxIndegree = 0;
    for (let target = 0; target < nTargets; target++) {
      maxIndegree = Math.max(maxIndegree, starts[target + 1]! - starts[target]!);
    }
    return {
      kind: "explicit",
      total,
      maxIndegree,
      indegree: (target) => starts[target + 1]! - starts[target]!,
      generate(from, to, sink) {
        checkRange(from, to, nTargets);
        for (let target = from; target < to; target++) {
          const start = starts[target]!;
          for (let i = start; i < starts[target + 1]!; i++) sink(sorted[i]!, target, i - start, order[i]!);
        }
      },
      arrayLength: total,
    };
  },
};

/** The list under a key, every entry an integer in [0, length). */
function positions(spec: Readonly<Record<string, unknown>>, key: string, length: number): ArrayLike<number> {
  const value = spec[key];
  if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && "length" in value)) {
    throw badRule(`The rule explicit needs a list of positions under "${key}".`, key);
  }
  const list = value as ArrayLike<unknown>;
  if (list.length > LARGEST_LENGTH)
    throw badRule(`"${key}" has ${list.length} entries, more than 2^32 - 1.`, key);
  for (let i = 0; i < list.length; i++) {
    const position = list[i];
    if (typeof position === "number" && Number.isInteger(position) && position >= 0 && position < length)
      continue;
    throw badRule(
      `Entry ${i} of "${key}" is ${String(position)}, but must be a position from 0 to ${length - 1} ` +
        `among the ${key} of the projection.`,
      key,
    );
  }
  return list as ArrayLike<number>;
}

/** Where the synapses of each target start, and the indices of the list sorted by target, stably. */
function sortByTarget(
  targets: ArrayLike<number>,
  nTargets: number,
): { readonly starts: Uint32Array; readonly order: Uint32Array } {
  const starts = new Uint32Array(nTargets + 1);
  for (let i = 0; i < targets.length; i++) starts[targets[i]! + 1]!++;
  for (let target = 0; target < nTargets; target++) starts[target + 1]! += starts[target]!;
  const free = starts.slice();
  const order = new Uint32Array(targets.length);
  for (let i = 0; i < targets.length; i++) order[free[targets[i]!]!++] = i;
  return { starts, order };
}

function checkAutapses(
  sources: ArrayLike<number>,
  targets: ArrayLike<number>,
  { endpoints }: RuleContext,
): void {
  for (let i = 0; i < sources.length; i++) {
    const id = endpoints.sources.id(sources[i]!);
    if (id === endpoints.targets.id(targets[i]!)) {
      throw badRule(
        `Pair ${i} of the rule explicit connects node ${id} to itself, but autapses are forbidden.`,
        "allow_autapses",
      );
    }
  }
}

function checkMultapses(sorted: Uint32Array, starts: Uint32Array, { endpoints }: RuleContext): void {
  const lastTarget = new Uint32Array(endpoints.sources.length); // 1 + the last target that each source was seen with
  for (let target = 0; target + 1 < starts.length; target++) {
    for (let i = starts[target]!; i < starts[target + 1]!; i++) {
      const source = sorted[i]!;
      if (lastTarget[source] === target + 1) {
        throw badRule(
          `The rule explicit connects node ${endpoints.sources.id(source)} to node ${endpoints.targets.id(target)} ` +
            "more than once, but multapses are forbidden.",
          "allow_multapses",
        );
      }
      lastTarget[source] = target + 1;
    }
  }
}
