/** Which equations are linear with constant coefficients, and their coefficients. */

import { addX, childrenOf, divX, mulX, negateX, nodesOf, type X, ZERO } from "./expression.js";

/** derivative = sum of coefficient x variable + rest + sum of jump x (delta functions that arrive at a port) */
export interface LinearForm {
  readonly coefficients: ReadonlyMap<string, X>;
  /** terms without ODE variables, one by one */
  readonly rest: readonly X[];
  readonly jumps: ReadonlyMap<string, X>;
}

const constants = new WeakMap<X, boolean>();

/** True if an expression depends on parameters, internals and literals only: known before the simulation. */
export function isConstant(x: X): boolean {
  let known = constants.get(x);
  if (known === undefined) {
    const own =
      (x.k !== "ref" || x.role === "parameter" || x.role === "internal") &&
      x.k !== "convolve" &&
      !(x.k === "call" && x.name.startsWith("random_"));
    known = own && childrenOf(x).every(isConstant);
    constants.set(x, known);
  }
  return known;
}

/** @returns the linear form of x in the variables, or undefined if x is not linear in them */
export function linearForm(
  x: X,
  variables: ReadonlySet<string>,
  spikePorts: ReadonlySet<string>,
): LinearForm | undefined {
  const involves = (y: X) =>
    [...nodesOf(y)].some(
      (n) =>
        n.k === "ref" &&
        ((n.role === "state" && variables.has(n.name)) || (n.role === "port" && spikePorts.has(n.name))),
    );
  const scale = (form: LinearForm, by: (y: X) => X): LinearForm => ({
    coefficients: new Map([...form.coefficients].map(([name, c]) => [name, by(c)])),
    rest: form.rest.map(by),
    jumps: new Map([...form.jumps].map(([name, c]) => [name, by(c)])),
  });
  const merge = (a: ReadonlyMap<string, X>, b: ReadonlyMap<string, X>) => {
    const out = new Map(a);
    for (const [name, c] of b) out.set(name, addX(out.get(name) ?? ZERO, c));
    return out;
  };
  const form = (y: X): LinearForm | undefined => {
    if (!involves(y)) return { coefficients: new Map(), rest: [y], jumps: new Map() };
    const one = new Map([[y.k === "ref" ? y.name : "", { k: "number", type: "real", value: 1 } as X]]);
    switch (y.k) {
      case "ref":
        if (y.role === "port") return { coefficients: new Map(), rest: [], jumps: one };
        if (y.factor !== 1)
          return {
            coefficients: new Map([[y.name, { k: "number", type: "real", value: 1 }]]),
            rest: [],
            jumps: new Map(),
          };
        return { coefficients: one, rest: [], jumps: new Map() };
      case "unary": {
        const a = y.op === "-" ? form(y.a) : undefined;
        return a && scale(a, negateX);
      }
      case "binary": {
        const { a, b } = y;
        if (y.op === "+" || y.op === "-") {
          const [l, r0] = [form(a), form(b)];
          const r = r0 && y.op === "-" ? scale(r0, negateX) : r0;
          return (
            l &&
            r && {
              coefficients: merge(l.coefficients, r.coefficients),
              rest: [...l.rest, ...r.rest],
              jumps: merge(l.jumps, r.jumps),
            }
          );
        }
        if (y.op === "*") {
          if (!involves(a)) {
            const f = form(b);
            return f && scale(f, (c) => mulX(a, c));
          }
          if (!involves(b)) {
            const f = form(a);
            return f && scale(f, (c) => mulX(c, b));
          }
        }
        if (y.op === "/" && !involves(b)) {
          const f = form(a);
          return f && scale(f, (c) => divX(c, b));
        }
        return undefined;
      }
      default:
        return undefined;
    }
  };
  return form(x);
}

/**
 * Splits ODE variables: those whose equations are linear with constant coefficients and depend on such variables only can be
 * advanced exactly; the rest needs Runge-Kutta.
 * @param jumping - variables that something sets in the middle of a step
 */
export function splitExact(
  odes: ReadonlyMap<string, X>,
  spikePorts: ReadonlySet<string>,
  jumping: ReadonlySet<string>,
): {
  readonly exact: ReadonlyMap<string, LinearForm>;
  readonly numeric: readonly string[];
} {
  const variables = new Set(odes.keys());
  const forms = new Map<string, LinearForm>();
  for (const [name, x] of odes) {
    const form = linearForm(x, variables, spikePorts);
    if (
      form &&
      !jumping.has(name) &&
      [...form.coefficients.values(), ...form.jumps.values()].every(isConstant)
    )
      forms.set(name, form);
  }
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, form] of forms) {
      if ([...form.coefficients.keys()].some((n) => !forms.has(n))) {
        forms.delete(name);
        changed = true;
      }
    }
  }
  return { exact: forms, numeric: [...variables].filter((n) => !forms.has(n)) };
}

/** The derivative of a linear form without what arrives as delta functions: that comes at the end of a step. */
export function withoutJumps(form: LinearForm): X {
  const terms = [...form.coefficients].map(([name, coefficient]) =>
    mulX(coefficient, { k: "ref", type: "real", role: "state", name, factor: 1 }),
  );
  return [...terms, ...form.rest].reduce(addX, ZERO);
}

/** ODE variables that an expression reads. */
export function variablesOf(x: X, odes: ReadonlyMap<string, X>): string[] {
  const names = new Set<string>();
  const visit = (y: X) => {
    if (y.k === "ref" && y.role === "state" && odes.has(y.name)) names.add(y.name);
    childrenOf(y).forEach(visit);
  };
  visit(x);
  return [...names];
}
