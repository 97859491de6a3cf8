/**
 * Scalar expressions and statements: what is left of a NESTML model once vectors are spelled out, inlines substituted and
 * units made coherent (ms, mV, pA). The equations are analysed and the code is generated from these.
 */

import type { BinaryOp } from "../nestml/ast.js";

export type NumberType = "real" | "integer" | "boolean";

export type RefRole = "state" | "parameter" | "internal" | "port" | "count" | "local" | "time";

export type X =
  | { readonly k: "number"; readonly type: NumberType; readonly value: number }
  | {
      /** a variable; its value times `factor` is coherent. role "count": the multiplicity that arrives at a port */
      readonly k: "ref";
      readonly type: NumberType;
      readonly role: RefRole;
      readonly name: string;
      readonly factor: number;
    }
  | { readonly k: "unary"; readonly type: NumberType; readonly op: "-" | "~" | "not"; readonly a: X }
  | {
      readonly k: "binary";
      readonly type: NumberType;
      readonly op: BinaryOperator;
      readonly a: X;
      readonly b: X;
    }
  | { readonly k: "choose"; readonly type: NumberType; readonly condition: X; readonly a: X; readonly b: X }
  | { readonly k: "call"; readonly type: NumberType; readonly name: string; readonly args: readonly X[] }
  | { readonly k: "convolve"; readonly type: "real"; readonly kernel: string; readonly port: string };

/** NESTML's. */
export type BinaryOperator = BinaryOp;

export type S =
  | {
      readonly k: "set";
      readonly role: "state" | "local";
      readonly name: string;
      readonly type: NumberType;
      readonly value: X;
    }
  | {
      readonly k: "if";
      readonly branches: readonly { readonly condition: X; readonly body: readonly S[] }[];
      readonly otherwise: readonly S[];
    }
  | { readonly k: "while"; readonly condition: X; readonly body: readonly S[] }
  | {
      readonly k: "for";
      readonly name: string;
      readonly type: NumberType;
      readonly from: X;
      readonly to: X;
      readonly step: number;
      readonly body: readonly S[];
    }
  /** `names`: ODE variables to integrate; undefined means all */
  | { readonly k: "integrate"; readonly names: readonly string[] | undefined }
  | { readonly k: "emit"; readonly count: X }
  | { readonly k: "return"; readonly value: X | undefined };

export interface UserFunction {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: NumberType }[];
  readonly type: NumberType | undefined;
  readonly body: readonly S[];
}

export const real = (value: number): X => ({ k: "number", type: "real", value });
export const ZERO = real(0);
export const ONE = real(1);
const isNumber = (x: X, value: number) => x.k === "number" && x.value === value;

export function addX(a: X, b: X): X {
  if (isNumber(a, 0)) return b;
  if (isNumber(b, 0)) return a;
  return { k: "binary", type: "real", op: "+", a, b };
}
export function negateX(a: X): X {
  return a.k === "number" ? real(-a.value) : { k: "unary", type: "real", op: "-", a };
}
export function mulX(a: X, b: X): X {
  if (isNumber(a, 0) || isNumber(b, 0)) return ZERO;
  if (isNumber(a, 1)) return b;
  if (isNumber(b, 1)) return a;
  return { k: "binary", type: "real", op: "*", a, b };
}
export function divX(a: X, b: X): X {
  if (isNumber(a, 0) || isNumber(b, 1)) return a;
  return { k: "binary", type: "real", op: "/", a, b };
}

/** The operands of a node. */
export function childrenOf(x: X): readonly X[] {
  switch (x.k) {
    case "unary":
      return [x.a];
    case "binary":
      return [x.a, x.b];
    case "choose":
      return [x.condition, x.a, x.b];
    case "call":
      return x.args;
    default:
      return [];
  }
}

/** Rebuilds an expression bottom up; `change` sees each node with its operands already rebuilt. */
export function rebuild(x: X, change: (x: X) => X): X {
  const again = (y: X) => rebuild(y, change);
  switch (x.k) {
    case "unary":
      return change({ ...x, a: again(x.a) });
    case "binary":
      return change({ ...x, a: again(x.a), b: again(x.b) });
    case "choose":
      return change({ ...x, condition: again(x.condition), a: again(x.a), b: again(x.b) });
    case "call":
      return change({ ...x, args: x.args.map(again) });
    default:
      return change(x);
  }
}

/** Every node of an expression. */
export function* nodesOf(x: X): Generator<X> {
  yield x;
  for (const child of childrenOf(x)) yield* nodesOf(child);
}

/** Every statement, depth first. */
export function* statementsOf(body: readonly S[]): Generator<S> {
  for (const s of body) {
    yield s;
    if (s.k === "if") {
      for (const branch of s.branches) yield* statementsOf(branch.body);
      yield* statementsOf(s.otherwise);
    } else if (s.k === "while" || s.k === "for") yield* statementsOf(s.body);
  }
}

/** The expressions of one statement, without those of the statements inside it. */
export function expressionsOf(s: S): readonly X[] {
  switch (s.k) {
    case "set":
      return [s.value];
    case "if":
      return s.branches.map((b) => b.condition);
    case "while":
      return [s.condition];
    case "for":
      return [s.from, s.to];
    case "emit":
      return [s.count];
    case "return":
      return s.value ? [s.value] : [];
    case "integrate":
      return [];
    default:
      return s satisfies never;
  }
}
