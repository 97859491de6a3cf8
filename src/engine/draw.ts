/** The draw of a weight or delay from 32 random bits, as instructions: what every engine's construction kernels print. */

import type { Builder } from "../compiler/builder.js";
import type { Value } from "../compiler/ir.js";
import * as math from "../compiler/math.js";
import type { SamplerProgram } from "../random/sampler.js";

/** The numbers of a sampler's program, in the order that kernels take them. */
export const SAMPLER_FIELDS = ["a", "b", "p0", "p1", "low", "high"] as const;

/** See {@link SamplerProgram}: the same operations in the same order. */
export function drawValue(
  b: Builder,
  kind: SamplerProgram["kind"],
  word: Value,
  p: (field: (typeof SAMPLER_FIELDS)[number]) => Value,
): Value {
  if (kind === "constant") return p("a");
  const v = b.add(p("p0"), b.mul(math.uniform(b, word), p("p1")));
  const x =
    kind === "uniform"
      ? b.add(p("a"), b.mul(p("b"), v))
      : kind === "exponential"
        ? b.mul(b.neg(p("b")), math.log(b, b.sub(b.constant("f64", 1), v)))
        : b.add(p("a"), b.mul(p("b"), math.normalInverse(b, v)));
  return b.min(b.max(kind === "lognormal" ? math.exp(b, x) : x, p("low")), p("high"));
}
