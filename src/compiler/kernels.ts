/**
 * Turns `convolve(kernel, port)` into state: a kernel that is a sum of terms c t^k exp(-t / tau) obeys linear equations
 * z_j' = -z_j / tau + j z_(j-1) with z_0 raised by the weight of every spike; the convolution is the sum of c z_k.
 */

import { SynfireError } from "../errors.js";
import type { KernelDefinition } from "./elaborate.js";
import { addX, divX, mulX, negateX, nodesOf, ONE, real, rebuild, type X, ZERO } from "./expression.js";

/** One state variable that comes from a kernel and a port. */
export interface KernelState {
  readonly name: string;
  /** derivative, over kernel states and constants */
  readonly derivative: X;
  /** what a spike of weight 1 at `port` adds */
  readonly jump: X;
  readonly port: string;
}

/** The states of one convolution, and the expression that stands for it. */
export interface Convolution {
  readonly states: readonly KernelState[];
  readonly value: X;
}

interface Term {
  readonly coefficient: X;
  readonly power: number;
  /** decays as exp(-rate t); undefined: does not decay */
  readonly rate: X | undefined;
  readonly delta: boolean;
}

const isTime = (x: X) => x.k === "ref" && x.role === "time";
const hasTime = (x: X) => [...nodesOf(x)].some((n) => isTime(n) || (n.k === "call" && n.name === "delta"));
const same = (a: X | undefined, b: X | undefined) => JSON.stringify(a) === JSON.stringify(b);
const term = (coefficient: X, power = 0, rate?: X, delta = false): Term => ({
  coefficient,
  power,
  rate,
  delta,
});

/** The part of x that is proportional to t, if x = slope t. */
function slope(x: X): X | undefined {
  if (isTime(x)) return ONE;
  if (x.k === "unary" && x.op === "-") {
    const s = slope(x.a);
    return s && negateX(s);
  }
  if (x.k !== "binary") return undefined;
  if (x.op === "*") {
    const [a, b] = [slope(x.a), slope(x.b)];
    if (a && !hasTime(x.b)) return mulX(a, x.b);
    if (b && !hasTime(x.a)) return mulX(x.a, b);
  }
  if (x.op === "/" && !hasTime(x.b)) {
    const a = slope(x.a);
    return a && divX(a, x.b);
  }
  return undefined;
}

/** x as a sum of terms, or undefined if it is none. */
function termsOf(x: X): Term[] | undefined {
  if (!hasTime(x)) return [term(x)];
  if (isTime(x)) return [term(ONE, 1)];
  if (x.k === "unary" && x.op === "-")
    return termsOf(x.a)?.map((t) => ({ ...t, coefficient: negateX(t.coefficient) }));
  if (x.k === "call" && x.name === "exp") {
    const s = slope(x.args[0]!);
    return s && [term(ONE, 0, negateX(s))];
  }
  if (x.k === "call" && x.name === "delta" && isTime(x.args[0]!)) return [term(ONE, 0, undefined, true)];
  if (x.k !== "binary") return undefined;
  const [a, b] = [termsOf(x.a), termsOf(x.b)];
  switch (x.op) {
    case "+":
      return a && b && [...a, ...b];
    case "-":
      return a && b && [...a, ...b.map((t) => ({ ...t, coefficient: negateX(t.coefficient) }))];
    case "*":
      return a && b && products(a, b);
    case "/":
      return a && !hasTime(x.b) ? a.map((t) => ({ ...t, coefficient: divX(t.coefficient, x.b) })) : undefined;
    case "**":
      if (!a || x.b.k !== "number" || !Number.isInteger(x.b.value) || x.b.value < 1) return undefined;
      return Array.from({ length: x.b.value }).reduce<Term[] | undefined>(
        (p) => p && products(p, a),
        [term(ONE)],
      );
    default:
      return undefined;
  }
}

function products(a: readonly Term[], b: readonly Term[]): Term[] | undefined {
  const out: Term[] = [];
  for (const s of a) {
    for (const t of b) {
      if (s.delta && t.delta) return undefined;
      const rate = s.rate && t.rate ? addX(s.rate, t.rate) : (s.rate ?? t.rate);
      out.push(term(mulX(s.coefficient, t.coefficient), s.power + t.power, rate, s.delta || t.delta));
    }
  }
  return out;
}

function fromFunction(kernel: string, port: string, value: X): Convolution {
  const terms = termsOf(value);
  if (!terms) {
    throw new SynfireError(
      "unsupported-model",
      `kernel ${kernel}: only sums of terms c * t**k * exp(-t / tau) and delta(t) can be convolved; write it as differential equations otherwise`,
      kernel,
    );
  }
  const states: KernelState[] = [];
  let sum: X = ZERO;
  const rates: (X | undefined)[] = [];
  for (const t of terms) {
    if (t.delta) {
      sum = addX(sum, mulX(t.coefficient, { k: "ref", type: "real", role: "port", name: port, factor: 1 }));
      continue;
    }
    let family = rates.findIndex((r) => same(r, t.rate));
    if (family < 0) family = rates.push(t.rate) - 1;
    const name = (power: number) => `${kernel}__${port}__${family}_${power}`;
    for (let power = 0; power <= t.power; power++) {
      if (states.some((s) => s.name === name(power))) continue;
      const self: X = { k: "ref", type: "real", role: "state", name: name(power), factor: 1 };
      const decay = t.rate ? negateX(mulX(t.rate, self)) : ZERO;
      const below: X = power === 0 ? ZERO : mulX(real(power), { ...self, name: name(power - 1) } as X);
      states.push({
        name: name(power),
        derivative: addX(decay, below),
        jump: power === 0 ? ONE : ZERO,
        port,
      });
    }
    sum = addX(
      sum,
      mulX(t.coefficient, { k: "ref", type: "real", role: "state", name: name(t.power), factor: 1 }),
    );
  }
  return { states, value: sum };
}

function fromEquation(
  kernel: string,
  port: string,
  definition: Extract<KernelDefinition, { form: "equation" }>,
  initial: (name: string) => X,
): Convolution {
  const name = (n: string) => `${n}__${port}`;
  const renamed = (x: X) =>
    rebuild(x, (n) =>
      n.k === "ref" && definition.names.includes(n.name) ? { ...n, name: name(n.name) } : n,
    );
  const states = definition.names.map((n, i): KernelState => {
    const next = definition.names[i + 1];
    const derivative: X = next
      ? { k: "ref", type: "real", role: "state", name: name(next), factor: 1 }
      : renamed(definition.last);
    return { name: name(n), derivative, jump: initial(n), port };
  });
  return { states, value: { k: "ref", type: "real", role: "state", name: name(kernel), factor: 1 } };
}

/**
 * @param initial - initial value of a kernel's state, as an expression of parameters
 * @throws SynfireError "unsupported-model" for a kernel that no linear equation describes
 */
export function convolution(
  kernel: string,
  port: string,
  definition: KernelDefinition,
  initial: (name: string) => X,
): Convolution {
  return definition.form === "function"
    ? fromFunction(kernel, port, definition.value)
    : fromEquation(kernel, port, definition, initial);
}
