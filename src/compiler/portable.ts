/** Elementary functions that give the same bits on every machine and engine: printed from the compiler's definitions. */

import { Builder } from "./builder.js";
import type { Value } from "./ir.js";
import * as math from "./math.js";
import { compileJs } from "./print-js.js";

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
export const expm1 = portable("expm1", math.expm1);
export const sin = portable("sin", math.sin);
export const cos = portable("cos", math.cos);
export const tan = portable("tan", math.tan);
export const sinh = portable("sinh", math.sinh);
export const cosh = portable("cosh", math.cosh);
export const tanh = portable("tanh", math.tanh);
export const erf = portable("erf", math.erf);
export const erfc = portable("erfc", math.erfc);
