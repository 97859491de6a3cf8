/** Elementary functions that give the same bits on every machine and engine: printed from the compiler's definitions. */

export { exp, log, normalInverse } from "../compiler/portable.js";
