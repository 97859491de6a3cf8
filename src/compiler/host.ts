/** Evaluates scalar expressions on the host in float64: parameters, internals, initial values, recorded expressions. */

import { SynfireError } from "../errors.js";
import type { BinaryOperator, S, UserFunction, X } from "./expression.js";
import * as portable from "./portable.js";

const { exp, log } = portable;

/** What an expression may refer to. Values are coherent. */
export interface HostContext {
  /** @returns the coherent value of a variable by its unique name */
  readonly lookup: (name: string) => number;
  /** resolution in ms */
  readonly resolution: number;
  readonly functions: ReadonlyMap<string, UserFunction>;
}

const BINARY: Readonly<Record<BinaryOperator, (a: number, b: number) => number>> = {
  "**": (a, b) =>
    Number.isInteger(b) && Math.abs(b) <= 64
      ? integerPower(a, b)
      : a === 0
        ? b > 0
          ? 0
          : Number.POSITIVE_INFINITY
        : exp(b * log(a)),
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "<<": (a, b) => a << b,
  ">>": (a, b) => a >> b,
  "<": (a, b) => Number(a < b),
  "<=": (a, b) => Number(a <= b),
  "==": (a, b) => Number(a === b),
  "!=": (a, b) => Number(a !== b),
  ">=": (a, b) => Number(a >= b),
  ">": (a, b) => Number(a > b),
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
};

function integerPower(a: number, n: number): number {
  if (n < 0) return 1 / integerPower(a, -n);
  let result = 1;
  for (let base = a, k = n; k > 0; k = Math.floor(k / 2), base *= base) if (k % 2 === 1) result *= base;
  return result;
}

const CALLS: Readonly<Record<string, (...args: number[]) => number>> = {
  exp,
  ln: log,
  log10: (x) => log(x) * Math.LOG10E,
  expm1: portable.expm1,
  sqrt: Math.sqrt,
  pow: BINARY["**"],
  sin: portable.sin,
  cos: portable.cos,
  tan: portable.tan,
  sinh: portable.sinh,
  cosh: portable.cosh,
  tanh: portable.tanh,
  erf: portable.erf,
  erfc: portable.erfc,
  min: Math.min,
  max: Math.max,
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  round: (x) => Math.floor(x + 0.5),
  clip: (x, low, high) => Math.min(Math.max(x, low), high),
};

/** Steps of a time in ms: the nearest integer. */
export const toSteps = (time: number, resolution: number): number => Math.round(time / resolution);

/** @throws SynfireError "unsupported-model" if the expression needs what the host does not know (time, input, noise) */
export function evaluate(x: X, context: HostContext): number {
  switch (x.k) {
    case "number":
      return x.value;
    case "ref":
      return context.lookup(x.name);
    case "unary": {
      const a = evaluate(x.a, context);
      return x.op === "-" ? -a : x.op === "not" ? Number(a === 0) : ~a;
    }
    case "binary": {
      const y = BINARY[x.op](evaluate(x.a, context), evaluate(x.b, context));
      return x.op === "/" && x.type === "integer" ? Math.trunc(y) : y;
    }
    case "choose":
      return evaluate(x.condition, context) !== 0 ? evaluate(x.a, context) : evaluate(x.b, context);
    case "convolve":
      throw new SynfireError(
        "unsupported-model",
        `convolve(${x.kernel}, ${x.port}) is only allowed in equations`,
      );
    case "call": {
      if (x.name === "resolution" || x.name === "timestep") return context.resolution;
      const args = x.args.map((a) => evaluate(a, context));
      if (x.name === "steps") return toSteps(args[0]!, context.resolution);
      const own = context.functions.get(x.name);
      if (own) return callFunction(own, args, context);
      const builtin = CALLS[x.name];
      if (!builtin)
        throw new SynfireError(
          "unsupported-model",
          `${x.name}() cannot be evaluated before the simulation`,
          x.name,
        );
      return builtin(...args);
    }
    default:
      return x satisfies never;
  }
}

function callFunction(f: UserFunction, args: readonly number[], outer: HostContext): number {
  const locals = new Map<string, number>();
  f.parameters.forEach((p, i) => {
    locals.set(p.name, args[i]!);
  });
  const context: HostContext = { ...outer, lookup: (name) => locals.get(name) ?? outer.lookup(name) };
  let result: number | undefined;
  const run = (body: readonly S[]): void => {
    for (const s of body) {
      if (result !== undefined) return;
      switch (s.k) {
        case "set":
          locals.set(s.name, evaluate(s.value, context));
          break;
        case "if": {
          const branch = s.branches.find((b) => evaluate(b.condition, context) !== 0);
          run(branch ? branch.body : s.otherwise);
          break;
        }
        case "while":
          while (result === undefined && evaluate(s.condition, context) !== 0) run(s.body);
          break;
        case "for":
          for (
            let i = evaluate(s.from, context);
            result === undefined && (s.step > 0 ? i < evaluate(s.to, context) : i > evaluate(s.to, context));
            i += s.step
          ) {
            locals.set(s.name, i);
            run(s.body);
          }
          break;
        case "return":
          result = s.value ? evaluate(s.value, context) : 0;
          break;
        default:
          throw new SynfireError("unsupported-model", `function ${f.name} may not integrate or emit`, f.name);
      }
    }
  };
  run(f.body);
  return result ?? 0;
}
