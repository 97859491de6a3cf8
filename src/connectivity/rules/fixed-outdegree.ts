/** fixed_outdegree: the same number of targets for every source, drawn at random. */
import { philox } from "../../random/philox.js";
import { mulHigh, Purpose, streamKey } from "../../random/streams.js";
import { lazyDegrees } from "../degrees.js";
import type { ConnectionRule, RuleContext } from "../rule.js";
import { checkRange, countOf, formulaOf, tooFew } from "../spec.js";
import { lowerHalf, splitter } from "../splitting.js";

const LARGEST_OUTDEGREE = 4294967295;
/** Ranges of at most so many targets are not split any further. */
const LEAF = 64;

/** The sources that have synapses in some range of targets: how many each, and how many in all targets before the range. */
interface Shares {
  readonly sources: Uint32Array;
  readonly counts: Uint32Array;
  readonly before: Uint32Array;
}

type VisitLeaf = (start: number, length: number, shares: Shares) => void;
type DrawLeaf = (
  start: number,
  length: number,
  source: number,
  count: number,
  visit: (target: number, draw: number) => void,
) => void;

/**
 * `outdegree`: number of synapses of each source. The synapses of each source are split down to ranges of at most 64 targets
 * (see splitting.ts) and drawn inside these: the j-th target of a range [start, start + length) comes from word j mod 4 of the
 * counter [start, length, floor(j / 4), source position] on the stream Purpose.tree; without multapses, words that give a target
 * already taken are skipped. The ordinal of a synapse is its rank by source, then by draw. Array order: source-major, as in NEST,
 * where the array of weights has one row for each source: index = source * outdegree + rank by range, then by draw.
 */
export const fixedOutdegree: ConnectionRule = {
  name: "fixed_outdegree",
  keys: ["outdegree"],
  plan(spec, context) {
    const { sources, targets } = context.endpoints;
    const outdegree = countOf("fixed_outdegree", spec, "outdegree", LARGEST_OUTDEGREE);
    checkTargets(outdegree, context);
    const selves = selfTargets(context);
    const descend = descent(outdegree, selves, context);
    const draw = leafDraw(selves, context);
    const degrees = lazyDegrees(targets.length, (counts) => {
      descend(0, targets.length, (start, length, shares) => {
        for (let i = 0; i < shares.sources.length; i++) {
          draw(start, length, shares.sources[i]!, shares.counts[i]!, (target) => {
            counts[target]!++;
          });
        }
      });
    });
    return {
      kind: "fixed_outdegree",
      formula: formulaOf("fixed_outdegree", outdegree, context),
      total: sources.length * outdegree,
      get maxIndegree() {
        return degrees().max;
      },
      indegree: (target) => degrees().indegree(target),
      generate(from, to, sink) {
        checkRange(from, to, targets.length);
        descend(from, to, (start, length, shares) => {
          // The synapses of each target, sources ascending: [source, index] after [source, index].
          const rows: number[][] = Array.from({ length }, () => []);
          for (let i = 0; i < shares.sources.length; i++) {
            const source = shares.sources[i]!;
            const index = source * outdegree + shares.before[i]!;
            draw(start, length, source, shares.counts[i]!, (target, j) =>
              rows[target - start]!.push(source, index + j),
            );
          }
          rows.forEach((row, i) => {
            const target = start + i;
            if (target < from || target >= to) return;
            for (let k = 0; k < row.length; k += 2) sink(row[k]!, target, k / 2, row[k + 1]!);
          });
        });
      },
      arrayLength: sources.length * outdegree,
    };
  },
};

/** The target position that each source must not have, -1 if there is none. */
function selfTargets({ endpoints, allowAutapses }: RuleContext): (source: number) => number {
  if (allowAutapses) return () => -1;
  return (source) => endpoints.targets.position(endpoints.sources.id(source));
}

/** The number of targets in [start, start + length) without `self`. */
function capacity(start: number, length: number, self: number): number {
  return length - (self >= start && self < start + length ? 1 : 0);
}

/** Walks down the tree to the leaves that meet [from, to), all sources at once, lower targets first. */
function descent(
  outdegree: number,
  selves: (source: number) => number,
  context: RuleContext,
): (from: number, to: number, visit: VisitLeaf) => void {
  const { sources, targets } = context.endpoints;
  const split = splitter(context);
  const halve = (start: number, length: number, shares: Shares): Uint32Array => {
    const half = lowerHalf(length);
    return shares.counts.map((count, i) => {
      const source = shares.sources[i]!;
      const self = selves(source);
      const left = capacity(start, half, self);
      return split(start, length, source, count, left, capacity(start, length, self) - left);
    });
  };
  return (from, to, visit) => {
    const walk = (start: number, length: number, shares: Shares): void => {
      if (length <= LEAF) {
        visit(start, length, shares);
        return;
      }
      const middle = start + lowerHalf(length);
      const below = halve(start, length, shares);
      if (from < middle) walk(start, middle - start, lowerShares(shares, below));
      if (to > middle) walk(middle, start + length - middle, upperShares(shares, below));
    };
    if (outdegree === 0 || from === to) return;
    walk(0, targets.length, {
      sources: Uint32Array.from({ length: sources.length }, (_, i) => i),
      counts: new Uint32Array(sources.length).fill(outdegree),
      before: new Uint32Array(sources.length),
    });
  };
}

/** What is left of the shares in the lower half, `below` synapses of each source, without the sources that have none. */
function lowerShares({ sources, before }: Shares, below: Uint32Array): Shares {
  const lower = emptyShares(below.reduce((kept, count) => kept + (count > 0 ? 1 : 0), 0));
  for (let i = 0, kept = 0; i < below.length; i++) {
    if (below[i] === 0) continue;
    lower.sources[kept] = sources[i]!;
    lower.counts[kept] = below[i]!;
    lower.before[kept++] = before[i]!;
  }
  return lower;
}

/** What is left of them in the upper half. */
function upperShares({ sources, counts, before }: Shares, below: Uint32Array): Shares {
  const upper = emptyShares(below.reduce((kept, count, i) => kept + (count < counts[i]! ? 1 : 0), 0));
  for (let i = 0, kept = 0; i < below.length; i++) {
    if (below[i] === counts[i]) continue;
    upper.sources[kept] = sources[i]!;
    upper.counts[kept] = counts[i]! - below[i]!;
    upper.before[kept++] = before[i]! + below[i]!;
  }
  return upper;
}

function emptyShares(length: number): Shares {
  return {
    sources: new Uint32Array(length),
    counts: new Uint32Array(length),
    before: new Uint32Array(length),
  };
}

/** Draws targets inside a leaf. */
function leafDraw(selves: (source: number) => number, context: RuleContext): DrawLeaf {
  const { allowMultapses } = context;
  const [k0, k1] = streamKey(context.seed, Purpose.tree, context.projection);
  const words = new Uint32Array(4);
  const taken = new Uint8Array(LEAF);
  return (start, length, source, count, visit) => {
    const self = selves(source);
    const available = capacity(start, length, self);
    if (!allowMultapses) taken.fill(0);
    for (let j = 0, drawn = 0; drawn < count; j++) {
      if (j % 4 === 0) philox(start, length, j / 4, source, k0, k1, words);
      const position = mulHigh(words[j % 4]!, available);
      if (!allowMultapses && taken[position] === 1) continue;
      taken[position] = 1;
      const target = start + position;
      visit(available < length && target >= self ? target + 1 : target, drawn++);
    }
  };
}

/** @throws SynfireError "bad-rule" if some source cannot have `outdegree` targets */
function checkTargets(outdegree: number, context: RuleContext): void {
  const { sources, targets } = context.endpoints;
  const needed = context.allowMultapses ? Math.min(outdegree, 1) : outdegree;
  if (needed < targets.length || needed === 0) return; // even with one target fewer there are enough
  const selves = selfTargets(context);
  for (let source = 0; source < sources.length; source++) {
    const available = capacity(0, targets.length, selves(source));
    if (needed > available)
      throw tooFew("fixed_outdegree", "outdegree", outdegree, available, "targets", context);
  }
}
