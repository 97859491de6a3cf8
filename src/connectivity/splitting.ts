/**
 * Recursive splitting: how many of the synapses of a range of targets fall into its lower half is one draw, keyed by the range.
 * Whoever descends from the range of all targets to some of them finds the same counts, and touches only the branches it needs.
 *
 * The tree is canonical: the root is [0, number of targets), and a range of length n has the halves of lengths floor(n / 2) and
 * n - floor(n / 2). The draw for a range uses the stream Purpose.tree with the counter [start, length, block, source], where
 * source is the position of the source that is being split, 0 if all are split together.
 */
import { binomial } from "../random/binomial.js";
import { hypergeometric } from "../random/hypergeometric.js";
import { Purpose, streamKey, uniformSequence } from "../random/streams.js";
import type { RuleContext } from "./rule.js";

/**
 * How many of `count` synapses into the range [start, start + length) go to its lower half.
 * @param left - capacity of the lower half: in how many ways a synapse can end there
 * @param right - capacity of the upper half
 */
export type Split = (
  start: number,
  length: number,
  source: number,
  count: number,
  left: number,
  right: number,
) => number;

/** Length of the lower half of a range. */
export function lowerHalf(length: number): number {
  return Math.floor(length / 2);
}

/**
 * The draw that splits a range: binomial with multapses, since every synapse falls on its own; hypergeometric without, since
 * every way is taken at most once.
 */
export function splitter(context: RuleContext): Split {
  const sequence = uniformSequence(streamKey(context.seed, Purpose.tree, context.projection));
  const { allowMultapses } = context;
  return (start, length, source, count, left, right) => {
    if (count === 0 || left === 0) return 0;
    if (right === 0) return count;
    sequence.start(start, length, source);
    return allowMultapses
      ? binomial(count, left / (left + right), sequence.next)
      : hypergeometric(count, left, right, sequence.next);
  };
}
