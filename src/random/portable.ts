/** Elementary functions that give the same bits on every machine and engine: printed from the compiler's definitions. */

import { Builder } from "../compiler/builder.js";
import type { Value } from "../compiler/ir.js";
import * as math from "../compiler/math.js";
import { compileJs } from "../compiler/print-js.js";

function portable(name: string, define: (b: Builder, x: Value) => Value): (x: number) => number {
  const b = new Builder();
  const x = b.variable("x", "f64");
  const y = b.variable("y", "f64");
  b.set(y, define(b, b.get(x)));
  return compileJs(b.finish(name, [{ variable: x, uniform: false }], [y]));
}

/** e^x; within one unit in the last place of the exact value, 0 below -707.7 */
export const exp = portable("exp", math.exp);
/** Natural logarithm. */
export const log = portable("log", math.log);
/** Inverse of the standard normal distribution function (Wichura 1988, doi:10.2307/2347330). @param p in (0, 1) */
export const normalInverse = portable("normalInverse", math.normalInverse);
