/**
 * The sources of one target, drawn at random: what fixed_indegree and fixed_total_number share, so that a target with a given
 * in-degree looks the same under both.
 *
 * With multapses: the k-th source comes from word 0 of the synapse draw (see random/streams.ts).
 * Without: by rejection. The k-th source is the first one not yet taken among word 0 of the counters [target, k, attempt, 0],
 * attempt = 0, 1, ..., on the stream Purpose.source. The ordinal is the draw order, and every order is equally likely, so arrays
 * of weights meet the sources without bias.
 * Without autapses: draws come from one source fewer, and those at or above the target's own position move up by one.
 */
import { philox } from "../random/philox.js";
import { mulHigh, Purpose, streamKey } from "../random/streams.js";
import type { RuleContext } from "./rule.js";
import { forbiddenSource } from "./spec.js";

/**
 * Calls `visit` with the source position of each ordinal 0 <= k < count of the target at position `target`.
 * The caller has made sure that so many sources exist.
 */
export type SourceDraw = (
  target: number,
  count: number,
  visit: (source: number, ordinal: number) => void,
) => void;

/** Prepares the draw of sources for a projection. */
export function sourceDraw(context: RuleContext): SourceDraw {
  return context.allowMultapses ? withReplacement(context) : withoutReplacement(context);
}

function withReplacement(context: RuleContext): SourceDraw {
  const { sources, targets } = context.endpoints;
  const [k0, k1] = streamKey(context.seed, Purpose.synapse, context.projection);
  const words = new Uint32Array(4);
  return (target, count, visit) => {
    const id = targets.id(target);
    const self = forbiddenSource(context, target);
    const available = sources.length - (self >= 0 ? 1 : 0);
    for (let k = 0; k < count; k++) {
      philox(id, k, 0, 0, k0, k1, words);
      const drawn = mulHigh(words[0]!, available);
      visit(self >= 0 && drawn >= self ? drawn + 1 : drawn, k);
    }
  };
}

function withoutReplacement(context: RuleContext): SourceDraw {
  const { sources, targets } = context.endpoints;
  const [k0, k1] = streamKey(context.seed, Purpose.source, context.projection);
  const words = new Uint32Array(4);
  let taken: Uint32Array | undefined; // the stamp of the target that took a source last
  let stamp = 0;
  return (target, count, visit) => {
    const id = targets.id(target);
    const self = forbiddenSource(context, target);
    const available = sources.length - (self >= 0 ? 1 : 0);
    if (taken === undefined || stamp === 0xffffffff) {
      taken = new Uint32Array(sources.length);
      stamp = 0;
    }
    stamp++;
    for (let k = 0; k < count; k++) {
      let drawn: number;
      let attempt = 0;
      do {
        philox(id, k, attempt++, 0, k0, k1, words);
        drawn = mulHigh(words[0]!, available);
      } while (taken[drawn] === stamp);
      taken[drawn] = stamp;
      visit(self >= 0 && drawn >= self ? drawn + 1 : drawn, k);
    }
  };
}
