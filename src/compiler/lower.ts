/** Lowers scalar expressions and statements to IR. */

import { SynfireError } from "../errors.js";
import type { Builder } from "./builder.js";
import {
  type NumberType,
  ONE,
  type RefRole,
  type S,
  statementsOf,
  type UserFunction,
  type X,
} from "./expression.js";
import type { IrType, Value, Variable } from "./ir.js";
import { isConstant } from "./linear.js";
import * as math from "./math.js";

/** What the surrounding compiler provides. */
export interface LowerContext {
  readonly b: Builder;
  readonly real: "f32" | "f64";
  readonly functions: ReadonlyMap<string, UserFunction>;
  /** a value that is known before the simulation */
  constant(x: X): Value;
  /** the variable that holds a state */
  state(name: string): Variable;
  /** reads an input */
  input(role: Exclude<RefRole, "state" | "local" | "parameter" | "internal">, name: string): Value;
  /** four random words for a new call site, this neuron and step, and a round */
  randomSite(): (round: Value) => readonly Value[];
  /** adds to the number of emitted spikes */
  emit(count: Value): void;
  integrate(names: readonly string[] | undefined): void;
}

const UNARY: Readonly<Record<string, (b: Builder, x: Value) => Value>> = {
  exp: math.exp,
  ln: math.log,
  log10: math.log10,
  expm1: math.expm1,
  sin: math.sin,
  cos: math.cos,
  tan: math.tan,
  sinh: math.sinh,
  cosh: math.cosh,
  tanh: math.tanh,
  erf: math.erf,
  erfc: math.erfc,
  sqrt: (b, x) => b.sqrt(x),
  ceil: (b, x) => b.ceil(x),
  floor: (b, x) => b.floor(x),
  round: (b, x) => b.floor(b.add(x, b.constant(x.type, 0.5))),
};
const COMPARE = { "<": "lt", "<=": "le", "==": "eq", "!=": "ne", ">=": "ge", ">": "gt" } as const;

export class Lowering {
  readonly #c: LowerContext;
  #locals = new Map<string, Variable>();
  /** values that stand for states while a right-hand side is evaluated at a stage of the integrator */
  #overrides: ReadonlyMap<string, Value> | undefined;
  #returned: { readonly result: Variable | undefined; readonly done: Variable } | undefined;

  constructor(context: LowerContext) {
    this.#c = context;
  }

  irType(type: NumberType): IrType {
    return type === "integer" ? "i32" : type === "boolean" ? "bool" : this.#c.real;
  }

  /** an expression as a value of its own type */
  expression(x: X): Value {
    const { b } = this.#c;
    if (x.k === "number") return b.constant(this.irType(x.type), x.value);
    if (isConstant(x)) return this.#c.constant(x);
    switch (x.k) {
      case "ref":
        return this.#reference(x);
      case "unary":
        if (x.op === "not") return b.not(this.as("boolean", x.a));
        if (x.op === "-") return b.neg(this.as(x.type, x.a));
        return b.xor(this.as("integer", x.a), b.constant("i32", -1));
      case "binary":
        return this.#binary(x);
      case "choose":
        return b.select(this.as("boolean", x.condition), this.as(x.type, x.a), this.as(x.type, x.b));
      case "call":
        return this.#call(x);
      case "convolve":
        throw new SynfireError("unsupported-model", `convolve(${x.kernel}, ${x.port}) was not resolved`);
      default:
        return x satisfies never;
    }
  }

  /** an expression converted to a type */
  as(type: NumberType, x: X): Value {
    return this.#converted(type, this.expression(x));
  }

  #converted(type: NumberType, value: Value): Value {
    const { b } = this.#c;
    const to = this.irType(type);
    if (value.type === to) return value;
    if (to === "bool") return b.compare("ne", value, b.constant(value.type, 0));
    if (value.type === "bool") return b.select(value, b.constant(to, 1), b.constant(to, 0));
    return b.convert(to, value);
  }

  /** evaluates with states replaced by given values */
  at(values: ReadonlyMap<string, Value>, x: X): Value {
    const outer = this.#overrides;
    this.#overrides = values;
    const value = this.as("real", x);
    this.#overrides = outer;
    return value;
  }

  #reference(x: Extract<X, { k: "ref" }>): Value {
    const { b } = this.#c;
    if (x.role === "state") return this.#overrides?.get(x.name) ?? b.get(this.#c.state(x.name));
    if (x.role === "local") {
      const local = this.#locals.get(x.name);
      if (!local)
        throw new SynfireError("unsupported-model", `${x.name} is read before it is assigned`, x.name);
      return b.get(local);
    }
    if (x.role === "parameter" || x.role === "internal") return this.#c.constant(x);
    const value = this.#c.input(x.role, x.name);
    return x.factor === 1 ? value : b.mul(value, b.constant(value.type, x.factor));
  }

  #binary(x: Extract<X, { k: "binary" }>): Value {
    const { b } = this.#c;
    const { op } = x;
    if (op === "and" || op === "or") {
      const [l, r] = [this.as("boolean", x.a), this.as("boolean", x.b)];
      return op === "and" ? b.and(l, r) : b.or(l, r);
    }
    if (op in COMPARE) {
      const common: NumberType = x.a.type === "real" || x.b.type === "real" ? "real" : "integer";
      return b.compare(COMPARE[op as keyof typeof COMPARE], this.as(common, x.a), this.as(common, x.b));
    }
    if (op === "**") {
      const base = this.as("real", x.a);
      if (x.b.k === "number" && Number.isInteger(x.b.value) && Math.abs(x.b.value) <= 64)
        return math.powInteger(b, base, x.b.value);
      return math.pow(b, base, this.as("real", x.b));
    }
    if (op === "<<" || op === ">>") {
      if (x.b.k !== "number")
        throw new SynfireError("unsupported-model", `the count of ${op} must be a literal`);
      const value = this.as("integer", x.a);
      return op === "<<" ? b.shl(value, x.b.value) : b.shr(value, x.b.value);
    }
    const [l, r] = [this.as(x.type, x.a), this.as(x.type, x.b)];
    switch (op) {
      case "+":
        return b.add(l, r);
      case "-":
        return b.sub(l, r);
      case "*":
        return b.mul(l, r);
      case "/":
        if (x.type === "integer") return b.convert("i32", b.div(b.convert("f64", l), b.convert("f64", r)));
        // inside the integrator, which has a tolerated error, a product is as good
        if (this.#overrides && isConstant(x.b))
          return b.mul(l, this.as("real", { k: "binary", type: "real", op: "/", a: ONE, b: x.b }));
        return b.div(l, r);
      case "%": {
        if (x.type === "integer") {
          const quotient = b.convert("i32", b.div(b.convert("f64", l), b.convert("f64", r)));
          return b.sub(l, b.mul(quotient, r));
        }
        const quotient = b.div(l, r);
        const whole = b.select(b.lt(quotient, b.constant(l.type, 0)), b.ceil(quotient), b.floor(quotient));
        return b.sub(l, b.mul(r, whole));
      }
      case "&":
        return b.and(l, r);
      case "|":
        return b.or(l, r);
      case "^":
        return b.xor(l, r);
      default:
        throw new Error(`operator ${op}`);
    }
  }

  #call(x: Extract<X, { k: "call" }>): Value {
    const { b } = this.#c;
    const own = this.#c.functions.get(x.name);
    if (own) return this.#ownFunction(own, x.args);
    const unary = UNARY[x.name];
    if (unary) {
      const value = unary(b, this.as("real", x.args[0]!));
      return this.#converted(x.type, value);
    }
    const [first, second, third] = x.args;
    switch (x.name) {
      case "abs":
        return b.abs(this.as(x.type, first!));
      case "min":
      case "max": {
        const [l, r] = [this.as(x.type, first!), this.as(x.type, second!)];
        return x.name === "min" ? b.min(l, r) : b.max(l, r);
      }
      case "clip":
        return b.min(b.max(this.as(x.type, first!), this.as(x.type, second!)), this.as(x.type, third!));
      case "pow":
        return math.pow(b, this.as("real", first!), this.as("real", second!));
      case "steps": {
        const steps = b.div(
          this.as("real", first!),
          this.#c.constant({ k: "call", type: "real", name: "resolution", args: [] }),
        );
        return b.convert("i32", b.floor(b.add(steps, b.constant(steps.type, 0.5))));
      }
      case "random_uniform": {
        const u = math.uniform(b, this.#c.randomSite()(b.constant("u32", 0))[0]!, this.#c.real);
        return b.add(this.as("real", first!), b.mul(this.as("real", second!), u));
      }
      case "random_normal": {
        const z = b.convert(
          this.#c.real,
          math.normalInverse(b, math.uniform(b, this.#c.randomSite()(b.constant("u32", 0))[0]!)),
        );
        return b.add(this.as("real", first!), b.mul(this.as("real", second!), z));
      }
      case "random_poisson":
        return this.#poisson(b.convert("f64", this.as("real", first!)));
      default:
        throw new SynfireError(
          "unsupported-model",
          `${x.name}() cannot be used while the network runs`,
          x.name,
        );
    }
  }

  /** Poisson number by inversion; a large mean is cut into parts, whose numbers add up */
  #poisson(mean: Value): Value {
    const { b } = this.#c;
    const f = (v: number) => b.constant("f64", v);
    const [rest, count, own, term, sum] = ["rest", "count", "own", "term", "sum"].map((n) =>
      b.variable(n, "f64"),
    ) as [Variable, Variable, Variable, Variable, Variable];
    const round = b.variable("round", "u32");
    b.set(rest, mean);
    b.set(count, f(0));
    b.set(round, b.constant("u32", 0));
    const site = this.#c.randomSite();
    b.while(
      [rest, count, round, own, term, sum],
      () => b.gt(b.get(rest), f(0)),
      () => {
        const part = b.min(b.get(rest), f(400));
        const u = math.uniform(b, site(b.get(round))[0]!);
        b.set(own, f(0));
        b.set(term, math.exp(b, b.neg(part)));
        b.set(sum, b.get(term));
        b.while(
          [own, term, sum],
          () => b.and(b.gt(u, b.get(sum)), b.lt(b.get(own), f(2000))),
          () => {
            b.set(own, b.add(b.get(own), f(1)));
            b.set(term, b.div(b.mul(b.get(term), part), b.get(own)));
            b.set(sum, b.add(b.get(sum), b.get(term)));
          },
        );
        b.set(count, b.add(b.get(count), b.get(own)));
        b.set(rest, b.sub(b.get(rest), part));
        b.set(round, b.add(b.get(round), b.constant("u32", 1)));
      },
    );
    return b.convert("i32", b.get(count));
  }

  #ownFunction(f: UserFunction, args: readonly X[]): Value {
    const { b } = this.#c;
    const values = args.map((a, i) => this.as(f.parameters[i]!.type, a));
    const [outerLocals, outerReturned] = [this.#locals, this.#returned];
    this.#locals = new Map();
    f.parameters.forEach((p, i) => {
      const local = b.variable(p.name, this.irType(p.type));
      b.set(local, values[i]!);
      this.#locals.set(p.name, local);
    });
    const result = b.variable(`${f.name}()`, this.irType(f.type ?? "real"));
    const done = b.variable(`${f.name} returned`, "bool");
    b.set(result, b.constant(result.type, 0));
    b.set(done, b.constant("bool", 0));
    this.#returned = { result, done };
    this.statements(f.body);
    [this.#locals, this.#returned] = [outerLocals, outerReturned];
    return b.get(result);
  }

  statements(body: readonly S[]): void {
    const { b } = this.#c;
    for (let i = 0; i < body.length; i++) {
      const s = body[i]!;
      this.#statement(s);
      const returned = this.#returned;
      const rest = body.slice(i + 1);
      if (returned && rest.length > 0 && [...statementsOf([s])].some((t) => t.k === "return")) {
        b.if(b.not(b.get(returned.done)), () => this.statements(rest));
        return;
      }
    }
  }

  #statement(s: S): void {
    const { b } = this.#c;
    switch (s.k) {
      case "set": {
        const value = this.as(s.type, s.value);
        const target = s.role === "state" ? this.#c.state(s.name) : this.#local(s.name, s.type);
        // a boolean state is stored as an integer
        const stored =
          value.type === "bool" && target.type === "i32" ? this.#converted("integer", value) : value;
        b.set(target, stored);
        return;
      }
      case "if":
        this.#if(s.branches, s.otherwise);
        return;
      case "while":
        this.#loop(
          s.body,
          () => this.as("boolean", s.condition),
          () => this.statements(s.body),
        );
        return;
      case "for": {
        const counter = this.#local(s.name, s.type);
        b.set(counter, this.as(s.type, s.from));
        const test = () => {
          const [i, end] = [b.get(counter), this.as(s.type, s.to)];
          return s.step > 0 ? b.lt(i, end) : b.gt(i, end);
        };
        this.#loop(
          s.body,
          test,
          () => {
            this.statements(s.body);
            b.set(counter, b.add(b.get(counter), b.constant(counter.type, s.step)));
          },
          [counter],
        );
        return;
      }
      case "integrate":
        this.#c.integrate(s.names);
        return;
      case "emit":
        this.#c.emit(this.as("integer", s.count));
        return;
      case "return": {
        const returned = this.#returned;
        if (!returned) return;
        if (s.value && returned.result)
          b.set(returned.result, this.#converted(this.#typeOf(returned.result), this.expression(s.value)));
        b.set(returned.done, b.constant("bool", 1));
        return;
      }
      default:
        s satisfies never;
    }
  }

  #typeOf(v: Variable): NumberType {
    return v.type === "i32" ? "integer" : v.type === "bool" ? "boolean" : "real";
  }

  #if(branches: Extract<S, { k: "if" }>["branches"], otherwise: readonly S[]): void {
    const [first, ...rest] = branches;
    if (!first) {
      this.statements(otherwise);
      return;
    }
    // locals declared inside stay inside
    this.#declareLocals([...first.body, ...rest.flatMap((r) => r.body), ...otherwise]);
    this.#c.b.if(
      this.as("boolean", first.condition),
      () => this.statements(first.body),
      () => this.#if(rest, otherwise),
    );
  }

  #loop(body: readonly S[], test: () => Value, run: () => void, also: readonly Variable[] = []): void {
    this.#declareLocals(body);
    const assigned = new Set<Variable>(also);
    for (const s of statementsOf(body)) {
      if (s.k === "set")
        assigned.add(s.role === "state" ? this.#c.state(s.name) : this.#local(s.name, s.type));
      if (s.k === "for") assigned.add(this.#local(s.name, s.type));
      if (s.k === "integrate" || s.k === "emit") {
        throw new SynfireError(
          "unsupported-model",
          "integrate_odes() and emit_spike() cannot be called in a loop",
        );
      }
      if (s.k === "return" && this.#returned) {
        assigned.add(this.#returned.done);
        if (this.#returned.result) assigned.add(this.#returned.result);
      }
    }
    const { b } = this.#c;
    const returned = this.#returned;
    const tested = () => (returned ? b.and(test(), b.not(b.get(returned.done))) : test());
    b.while([...assigned], tested, run);
  }

  #declareLocals(body: readonly S[]): void {
    for (const s of statementsOf(body)) if (s.k === "set" && s.role === "local") this.#local(s.name, s.type);
  }

  #local(name: string, type: NumberType): Variable {
    let local = this.#locals.get(name);
    if (!local) {
      local = this.#c.b.variable(name, this.irType(type));
      this.#locals.set(name, local);
    }
    return local;
  }
}

/** The most spikes that statements can emit in one run; Infinity if a count is not a literal. */
export function mostEmissions(body: readonly S[]): number {
  let most = 0;
  for (const s of body) {
    if (s.k === "emit") most += s.count.k === "number" ? s.count.value : Number.POSITIVE_INFINITY;
    if (s.k === "if")
      most += Math.max(...s.branches.map((b) => mostEmissions(b.body)), mostEmissions(s.otherwise));
    if (s.k === "for" || s.k === "while") most += mostEmissions(s.body) > 0 ? Number.POSITIVE_INFINITY : 0;
  }
  return most;
}

/** Names of states that statements assign. */
export function assignedStates(body: readonly S[]): Set<string> {
  const names = new Set<string>();
  for (const s of statementsOf(body)) if (s.k === "set" && s.role === "state") names.add(s.name);
  return names;
}
