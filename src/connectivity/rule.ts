/**
 * What a connection rule is: a pure function from (seed, projection, target) to the target's synapses. Any partition can ask for
 * its own targets, in any order, and every partitioning finds the same network.
 */

/** An ordered set of distinct global node ids. Both look-ups take constant time for a contiguous range. */
export interface NodeIds {
  readonly length: number;
  /** The same ids as runs of neighbours, in their order, where that is known without looking at each. */
  readonly segments?: readonly { readonly first: number; readonly length: number }[];
  /** The id at a position, 0 <= position < length. */
  id(position: number): number;
  /** The position of an id, -1 if it is absent. */
  position(id: number): number;
}

/** The two ends of a projection. */
export interface Endpoints {
  readonly sources: NodeIds;
  readonly targets: NodeIds;
}

/** What a rule may depend on besides its own parameters. */
export interface RuleContext {
  readonly seed: number;
  readonly projection: number;
  readonly endpoints: Endpoints;
  readonly allowAutapses: boolean;
  readonly allowMultapses: boolean;
}

/**
 * Receives synapses in ascending target order and, per target, ascending ordinal from 0.
 * @param source - position among the sources
 * @param target - position among the targets
 * @param ordinal - which of the target's synapses this is: the k of the synapse draw (see random/streams.ts)
 * @param index - position in the arrays that a user may pass for weight or delay, -1 if the rule has no array order
 */
export type SynapseSink = (source: number, target: number, ordinal: number, index: number) => void;

/** The numbers of a rule, from which an engine can generate its synapses itself: the same ones, in any order. */
export interface RuleFormula {
  readonly rule:
    | "one_to_one"
    | "all_to_all"
    | "fixed_indegree"
    | "fixed_outdegree"
    | "fixed_total_number"
    | "pairwise_bernoulli";
  readonly allowAutapses: boolean;
  readonly allowMultapses: boolean;
  /** fixed_indegree, fixed_outdegree: the degree; fixed_total_number: N; pairwise_bernoulli: p; else 0 */
  readonly value: number;
}

/** The synapses of one projection, ready to be generated. */
export interface ConnectionPlan {
  /** the name of the rule */
  readonly kind: string;
  /** number of synapses of the whole projection, exact */
  readonly total: number;
  /** the largest in-degree of any target, exact */
  readonly maxIndegree: number;
  /** Number of synapses of the target at a position, exact. */
  indegree(target: number): number;
  /**
   * Sends all synapses whose target position lies in [from, to).
   * @throws SynfireError "bad-range" unless 0 <= from <= to <= number of targets
   */
  generate(from: number, to: number, sink: SynapseSink): void;
  /** length of the arrays that a user may pass for weight or delay; undefined if the rule takes none */
  readonly arrayLength: number | undefined;
  /** Absent where only `generate` knows the synapses: explicit lists, parts of projections. */
  readonly formula?: RuleFormula;
  /**
   * Present if the sources of every target are those of the synapse draw (see random/streams.ts), with replacement: engines may
   * then draw them without calling `generate`.
   */
  readonly draws?:
    | {
        /** the target itself is left out of its sources */
        readonly excludeSelf: boolean;
        /** in-degree of every target; undefined if all have `maxIndegree` */
        readonly indegrees: Uint32Array | undefined;
      }
    | undefined;
}

/** One connection rule. */
export interface ConnectionRule {
  /** NEST's name */
  readonly name: string;
  /** the keys of its own that a specification may hold, besides `rule`, `allow_autapses` and `allow_multapses` */
  readonly keys: readonly string[];
  /**
   * Checks the parameters and prepares generation; draws nothing yet that depends on the number of synapses.
   * @throws SynfireError "bad-rule"
   */
  plan(spec: Readonly<Record<string, unknown>>, context: RuleContext): ConnectionPlan;
}
