/**
 * From a checked NESTML model to scalars: vectors are spelled out element by element (`g[2]` becomes the variable "g[2]"),
 * inlines are substituted, literals and names become coherent numbers, loops over elements of vectors are unrolled.
 */

import { SynfireError } from "../errors.js";
import type { Declaration, Expr, Model, Statement, Type } from "../nestml/ast.js";
import {
  addX,
  type BinaryOperator,
  type NumberType,
  real,
  type S,
  type UserFunction,
  type X,
} from "./expression.js";

/** A scalar variable of the model. Everything is computed with and stored in coherent units; users see declared units. */
export interface ScalarVariable {
  /** unique: "V_m", "g[0]", "dg'" (a derivative) */
  readonly name: string;
  /** name in NEST's manner for a recordable: element 0 of g is g_1 */
  readonly label: string;
  /** the declared name and, in a vector, the position */
  readonly base: string;
  readonly element: number | undefined;
  readonly type: NumberType;
  /** value in the declared unit x factor = coherent value */
  readonly factor: number;
  readonly unit: string;
  /** coherent */
  readonly value: X | undefined;
  readonly decorators: readonly string[];
  readonly description: string | undefined;
}

export interface ScalarPort {
  /** "spikes" or "spikes[1]" */
  readonly name: string;
  readonly base: string;
  readonly element: number | undefined;
  readonly sign: "any" | "positive" | "negative";
  /** the port counts spikes; weights are ignored */
  readonly counts: boolean;
}

export interface ScalarModel {
  readonly name: string;
  readonly states: readonly ScalarVariable[];
  readonly parameters: readonly ScalarVariable[];
  readonly internals: readonly ScalarVariable[];
  readonly invariants: readonly { readonly name: string; readonly text: string; readonly condition: X }[];
  /** first-order equations: derivative of a state in coherent units per ms */
  readonly odes: ReadonlyMap<string, X>;
  readonly kernels: ReadonlyMap<string, KernelDefinition>;
  readonly recordables: ReadonlyMap<
    string,
    { readonly value: X; readonly factor: number; readonly unit: string }
  >;
  readonly spikePorts: readonly ScalarPort[];
  readonly continuousPorts: readonly {
    readonly name: string;
    readonly factor: number;
    readonly unit: string;
  }[];
  readonly functions: ReadonlyMap<string, UserFunction>;
  readonly update: readonly S[];
  readonly onReceive: readonly { readonly ports: readonly string[]; readonly body: readonly S[] }[];
  readonly onCondition: readonly { readonly condition: X; readonly body: readonly S[] }[];
  /** run whenever the model emits */
  readonly onOutput: readonly (readonly S[])[];
  readonly spikes: boolean;
}

export type KernelDefinition =
  | { readonly form: "function"; readonly value: X }
  /** states name, name', ... with the derivative of the last one */
  | { readonly form: "equation"; readonly names: readonly string[]; readonly last: X };

const numberType = (type: Type | undefined): NumberType =>
  type?.kind === "integer" ? "integer" : type?.kind === "boolean" ? "boolean" : "real";
const factorOf = (type: Type | undefined) => (type?.kind === "unit" ? type.factor : 1);

/** Sizes of vectors: the values of the integer parameters that declare them. */
export type Sizes = Readonly<Record<string, number>>;

/** Names of the parameters that give vectors or ports their size. */
export function sizeParameters(model: Model): string[] {
  const names = new Set<string>();
  const parameters = new Set(model.parameters.map((p) => p.name));
  for (const declared of [...model.parameters, ...model.state, ...model.internals, ...model.inputs]) {
    if (declared.size?.kind === "name" && parameters.has(declared.size.name)) names.add(declared.size.name);
  }
  return [...names];
}

export function elaborate(model: Model, sizes: Sizes): ScalarModel {
  return new Elaborator(model, sizes).run();
}

class Elaborator {
  readonly #model: Model;
  readonly #sizes: Sizes;
  readonly #vectors = new Map<string, number>();
  readonly #inlines = new Map<string, readonly X[]>();
  /** integer loop variables while a loop is unrolled */
  readonly #indices = new Map<string, number>();

  constructor(model: Model, sizes: Sizes) {
    this.#model = model;
    this.#sizes = sizes;
  }

  run(): ScalarModel {
    const m = this.#model;
    for (const d of [...m.parameters, ...m.internals, ...m.state, ...m.inputs]) {
      if (d.size) this.#vectors.set(d.name, this.#integer(d.size));
    }
    const parameters = m.parameters.flatMap((d) => this.#variables(d));
    const internals = m.internals.flatMap((d) => this.#variables(d));
    const states = m.state.flatMap((d) => this.#variables(d));
    for (const inline of m.inlines) this.#inlines.set(inline.name, this.#expand(inline.expression));
    const recordables = new Map<string, { value: X; factor: number; unit: string }>();
    for (const s of states) {
      recordables.set(s.label, { value: this.#stateRef(s), factor: s.factor, unit: s.unit });
    }
    for (const inline of m.inlines) {
      if (!inline.recordable) continue;
      const values = this.#inlines.get(inline.name)!;
      values.forEach((value, i) => {
        const label = values.length === 1 ? inline.name : `${inline.name}_${i + 1}`;
        recordables.set(label, { value, factor: factorOf(inline.type), unit: unitText(inline.type) });
      });
    }
    return {
      name: m.name,
      states,
      parameters,
      internals,
      invariants: [...m.parameters, ...m.state].flatMap((d) =>
        d.invariant
          ? this.#expand(d.invariant).map((condition) => ({
              name: d.name,
              text: expressionText(d.invariant!),
              condition,
            }))
          : [],
      ),
      odes: this.#odes(),
      kernels: this.#kernels(),
      recordables,
      spikePorts: m.inputs.flatMap((p) => (p.kind === "spike" ? this.#spikePort(p) : [])),
      continuousPorts: m.inputs.flatMap((p) =>
        p.kind === "continuous"
          ? this.#elements(p.name).map((name) => ({ name, factor: factorOf(p.type), unit: unitText(p.type) }))
          : [],
      ),
      functions: new Map(m.functions.map((f) => [f.name, this.#function(f)])),
      update: this.#statements(m.update),
      onReceive: byPriority(m.onReceive).map((h) => ({
        ports: h.index ? [`${h.port}[${this.#integer(h.index)}]`] : this.#elements(h.port),
        body: this.#statements(h.body),
      })),
      onOutput: byPriority(m.onOutput).map((h) => this.#statements(h.body)),
      onCondition: byPriority(m.onCondition).map((h) => ({
        condition: this.#scalar(h.condition),
        body: this.#statements(h.body),
      })),
      spikes: m.outputs.some((o) => o.kind === "spike"),
    };
  }

  #fail(message: string): never {
    throw new SynfireError("unsupported-model", `model ${this.#model.name}: ${message}`, this.#model.name);
  }

  /** an integer known now: a literal, a size, an unrolled loop variable, or arithmetic of these */
  #integer(e: Expr): number {
    const value = this.#known(e);
    if (value === undefined || !Number.isInteger(value))
      this.#fail(`an index or a size must be a known integer, not ${expressionText(e)}`);
    return value;
  }

  #known(e: Expr): number | undefined {
    if (e.kind === "number") return e.value;
    if (e.kind === "name")
      return this.#indices.get(e.name) ?? this.#sizes[e.name] ?? this.#literalParameter(e.name);
    if (e.kind === "unary" && e.op === "-") {
      const v = this.#known(e.operand);
      return v === undefined ? undefined : -v;
    }
    if (e.kind === "binary") {
      const [a, b] = [this.#known(e.left), this.#known(e.right)];
      if (a === undefined || b === undefined) return undefined;
      if (e.op === "+") return a + b;
      if (e.op === "-") return a - b;
      if (e.op === "*") return a * b;
    }
    return undefined;
  }

  #literalParameter(name: string): number | undefined {
    const d = [...this.#model.parameters, ...this.#model.internals].find((p) => p.name === name);
    return d?.value ? this.#known(d.value) : undefined;
  }

  #elements(name: string): string[] {
    const size = this.#vectors.get(name);
    return size === undefined ? [name] : Array.from({ length: size }, (_, i) => `${name}[${i}]`);
  }

  #variables(d: Declaration): ScalarVariable[] {
    const base = d.name + "'".repeat(d.order);
    const size = this.#vectors.get(d.name);
    const values = d.value ? this.#expand(d.value) : [];
    const n = size ?? 1;
    // a list of another length than asked for gives no defaults: the user must give all elements
    const listed = d.value?.kind === "vector";
    if (!listed && values.length > 1 && values.length !== n)
      this.#fail(`${d.name} has ${n} elements, its value has ${values.length}`);
    const fits = values.length === n || (values.length === 1 && !listed);
    return Array.from({ length: n }, (_, i) => ({
      name: size === undefined ? base : `${base}[${i}]`,
      label: size === undefined ? base : `${base}_${i + 1}`,
      base,
      element: size === undefined ? undefined : i,
      type: numberType(d.type),
      factor: factorOf(d.type),
      unit: unitText(d.type),
      value: fits ? (values.length > 1 ? values[i] : values[0]) : undefined,
      decorators: d.decorators.map((x) => (x.namespace ? `${x.namespace}::${x.name}` : x.name)),
      description: d.comment,
    }));
  }

  #stateRef(s: ScalarVariable): X {
    return { k: "ref", type: s.type, role: "state", name: s.name, factor: 1 };
  }

  #spikePort(p: Model["inputs"][number]): ScalarPort[] {
    const positive = p.qualifiers.includes("excitatory");
    const negative = p.qualifiers.includes("inhibitory");
    const counts = p.attributes.some((a) => a.name === "multiplicity");
    const size = this.#vectors.get(p.name);
    return this.#elements(p.name).map((name, i) => ({
      name,
      base: p.name,
      element: size === undefined ? undefined : i,
      sign: positive === negative ? "any" : positive ? "positive" : "negative",
      counts,
    }));
  }

  #odes(): Map<string, X> {
    const odes = new Map<string, X>();
    for (const ode of this.#model.odes) {
      const right = this.#expand(ode.expression);
      const size = this.#vectors.get(ode.name);
      for (let i = 0; i < (size ?? 1); i++) {
        const suffix = size === undefined ? "" : `[${i}]`;
        const key = (order: number) => `${ode.name}${"'".repeat(order)}${suffix}`;
        for (let order = 0; order < ode.order - 1; order++) odes.set(key(order), this.#refTo(key(order + 1)));
        odes.set(key(ode.order - 1), right.length === 1 ? right[0]! : right[i]!);
      }
    }
    return odes;
  }

  /** a reference to a state by its unique name */
  #refTo(name: string): X {
    const plain = name.replace(/\[\d+\]$/, "");
    const order = plain.length - plain.replace(/'+$/, "").length;
    const d = this.#model.state.find((s) => s.name === plain.replace(/'+$/, "") && s.order === order);
    if (!d) this.#fail(`${name} has no initial value in the state block`);
    return { k: "ref", type: numberType(d.type), role: "state", name, factor: 1 };
  }

  #kernels(): Map<string, KernelDefinition> {
    const kernels = new Map<string, KernelDefinition>();
    for (const kernel of this.#model.kernels) {
      for (const { name, order, expression } of kernel.definitions) {
        const value = this.#scalar(expression);
        if (order === 0) kernels.set(name, { form: "function", value });
        else {
          const names = Array.from({ length: order }, (_, k) => name + "'".repeat(k));
          kernels.set(name, { form: "equation", names, last: value });
        }
      }
    }
    return kernels;
  }

  #function(f: Model["functions"][number]): UserFunction {
    return {
      name: f.name,
      parameters: f.parameters.map((p) => ({ name: p.name, type: numberType(p.type) })),
      type: f.returnType && f.returnType.kind !== "void" ? numberType(f.returnType) : undefined,
      body: this.#statements(f.body),
    };
  }

  #scalar(e: Expr): X {
    const values = this.#expand(e);
    if (values.length !== 1)
      this.#fail(`a scalar is needed where ${expressionText(e)} has ${values.length} elements`);
    return values[0]!;
  }

  /** element-wise over operands of one length; scalars count for every element */
  #elementwise(operands: readonly (readonly X[])[], make: (...args: X[]) => X): X[] {
    const n = Math.max(1, ...operands.map((o) => o.length));
    for (const o of operands) {
      if (o.length !== 1 && o.length !== n)
        this.#fail(`vectors of ${o.length} and ${n} elements do not combine`);
    }
    return Array.from({ length: n }, (_, i) =>
      make(...operands.map((o) => (o.length === 1 ? o[0]! : o[i]!))),
    );
  }

  #expand(e: Expr): readonly X[] {
    const type = numberType(e.type);
    switch (e.kind) {
      case "number":
        return [{ k: "number", type, value: e.value * factorOf(e.type) }];
      case "boolean":
        return [{ k: "number", type: "boolean", value: e.value ? 1 : 0 }];
      case "string":
        return this.#fail("strings cannot be computed with");
      case "vector":
        return e.elements.map((x) => this.#scalar(x));
      case "name":
        return this.#name(e);
      case "unary": {
        const operand = this.#expand(e.operand);
        if (e.op === "+") return operand;
        const op = e.op;
        return operand.map((a) => ({ k: "unary", type, op, a }));
      }
      case "binary":
        return this.#elementwise([this.#expand(e.left), this.#expand(e.right)], (a, b) => ({
          k: "binary",
          type,
          op: e.op as BinaryOperator,
          a: a!,
          b: b!,
        }));
      case "ternary":
        return this.#elementwise(
          [this.#expand(e.condition), this.#expand(e.then), this.#expand(e.otherwise)],
          (condition, a, b) => ({
            k: "choose",
            type,
            condition: condition!,
            a: a!,
            b: b!,
          }),
        );
      case "call": {
        if (e.name === "sum") return [this.#expand(e.args[0]!).reduce(addX, real(0))];
        if (e.name === "convolve") {
          const [kernel, port] = e.args as [Expr, Expr];
          if (kernel.kind !== "name" || port.kind !== "name")
            return this.#fail("convolve takes the name of a kernel and of a port");
          const ports = port.index
            ? [`${port.name}[${this.#integer(port.index)}]`]
            : this.#elements(port.name);
          const name = kernel.name;
          return ports.map((p) => ({ k: "convolve", type: "real", kernel: name, port: p }));
        }
        return this.#elementwise(
          e.args.map((a) => this.#expand(a)),
          (...args) => ({ k: "call", type, name: e.name, args }),
        );
      }
      default:
        return e satisfies never;
    }
  }

  #name(e: Extract<Expr, { kind: "name" }>): readonly X[] {
    const unrolled = this.#indices.get(e.name);
    if (unrolled !== undefined) return [{ k: "number", type: "integer", value: unrolled }];
    const type = numberType(e.type);
    switch (e.role) {
      case "constant":
        return [real(e.name === "pi" ? Math.PI : e.name === "e" ? Math.E : Number.POSITIVE_INFINITY)];
      case "unit":
        return [real(factorOf(e.type))];
      case "time":
        return [{ k: "ref", type: "real", role: "time", name: "t", factor: 1 }];
      case "inline": {
        const values = this.#inlines.get(e.name);
        if (!values) return this.#fail(`inline ${e.name} is used before it is defined`);
        return e.index ? [values[this.#integer(e.index)]!] : values;
      }
      case "kernel":
        return [{ k: "ref", type: "real", role: "state", name: e.name + "'".repeat(e.order), factor: 1 }];
      case "state":
      case "parameter":
      case "internal":
      case "port":
      case "local": {
        const role = e.role === "port" && e.attribute === "multiplicity" ? "count" : e.role;
        // only what arrives at a spike port is not coherent: weights count as they are, in 1/s
        const factor = e.role === "port" && role !== "count" ? factorOf(e.type) : 1;
        const base = e.name + "'".repeat(e.order);
        const size = this.#vectors.get(e.name);
        if (e.index) return [{ k: "ref", type, role, name: `${base}[${this.#integer(e.index)}]`, factor }];
        if (size === undefined || e.role === "local") return [{ k: "ref", type, role, name: base, factor }];
        return Array.from(
          { length: size },
          (_, i) => ({ k: "ref", type, role, name: `${base}[${i}]`, factor }) as const,
        );
      }
      default:
        return this.#fail(`${e.name} has no meaning here`);
    }
  }

  #statements(body: readonly Statement[]): S[] {
    return body.flatMap((s) => this.#statement(s));
  }

  #statement(s: Statement): S[] {
    switch (s.kind) {
      case "assign": {
        const targets = this.#name(s.target);
        const values = this.#expand(s.value);
        return targets.map((target, i) => {
          if (target.k !== "ref" || (target.role !== "state" && target.role !== "local"))
            return this.#fail(`${s.target.name} cannot be assigned`);
          const value = values.length === 1 ? values[0]! : values[i]!;
          const { name, type, role } = target;
          const op = s.op === "=" ? undefined : (s.op[0] as BinaryOperator);
          return {
            k: "set",
            role,
            name,
            type,
            value: op ? { k: "binary", type, op, a: target, b: value } : value,
          };
        });
      }
      case "declare": {
        const d = s.declaration;
        const value = d.value ? this.#scalar(d.value) : real(0);
        return [{ k: "set", role: "local", name: d.name, type: numberType(d.type), value }];
      }
      case "call":
        return this.#call(s.call);
      case "return":
        return [{ k: "return", value: s.value ? this.#scalar(s.value) : undefined }];
      case "if":
        return [
          {
            k: "if",
            branches: s.branches.map((b) => ({
              condition: this.#scalar(b.condition),
              body: this.#statements(b.body),
            })),
            otherwise: this.#statements(s.otherwise),
          },
        ];
      case "while":
        return [{ k: "while", condition: this.#scalar(s.condition), body: this.#statements(s.body) }];
      case "for":
        return this.#for(s);
      default:
        return s satisfies never;
    }
  }

  #call(call: Extract<Expr, { kind: "call" }>): S[] {
    switch (call.name) {
      case "integrate_odes": {
        const names = call.args.flatMap((a) => (a.kind === "name" ? this.#withDerivatives(a) : []));
        return [{ k: "integrate", names: call.args.length === 0 ? undefined : names }];
      }
      case "emit_spike":
        return [
          {
            k: "emit",
            count: call.args[0] ? this.#scalar(call.args[0]) : { k: "number", type: "integer", value: 1 },
          },
        ];
      // compiled code has no console; the checker warns about these
      case "print":
      case "println":
      case "info":
      case "warning":
        return [];
      default:
        return this.#fail(`the result of ${call.name}() is not used`);
    }
  }

  /** all orders of an ODE variable, all its elements */
  #withDerivatives(e: Extract<Expr, { kind: "name" }>): string[] {
    const order = Math.max(1, ...this.#model.odes.filter((o) => o.name === e.name).map((o) => o.order));
    const suffixes = e.index
      ? [`[${this.#integer(e.index)}]`]
      : this.#elements(e.name).map((n) => n.slice(e.name.length));
    return suffixes.flatMap((suffix) =>
      Array.from({ length: order }, (_, k) => e.name + "'".repeat(k) + suffix),
    );
  }

  #for(s: Extract<Statement, { kind: "for" }>): S[] {
    const [from, to] = [this.#known(s.from), this.#known(s.to)];
    if (
      from !== undefined &&
      to !== undefined &&
      Math.abs((to - from) / s.step) <= 64 &&
      Number.isInteger(s.step)
    ) {
      const unrolled: S[] = [];
      for (let i = from; s.step > 0 ? i < to : i > to; i += s.step) {
        this.#indices.set(s.variable, i);
        unrolled.push(...this.#statements(s.body));
      }
      this.#indices.delete(s.variable);
      return unrolled;
    }
    const type = Number.isInteger(s.step) ? "integer" : "real";
    return [
      {
        k: "for",
        name: s.variable,
        type,
        from: this.#scalar(s.from),
        to: this.#scalar(s.to),
        step: s.step,
        body: this.#statements(s.body),
      },
    ];
  }
}

/** Handlers in the order in which they run: those with a higher `priority` first, else as written. */
function byPriority<T extends { readonly options: Readonly<Record<string, Expr>> }>(
  handlers: readonly T[],
): T[] {
  const priority = (h: T) => {
    const p = h.options.priority;
    return p?.kind === "number"
      ? p.value
      : p?.kind === "unary" && p.op === "-" && p.operand.kind === "number"
        ? -p.operand.value
        : 0;
  };
  return handlers
    .map((h, i) => [h, i] as const)
    .sort(([a, i], [b, j]) => priority(b) - priority(a) || i - j)
    .map(([h]) => h);
}

const unitText = (type: Type | undefined) => (type?.kind === "unit" ? type.text : (type?.kind ?? "real"));

/** A short text of an expression for messages. */
export function expressionText(e: Expr): string {
  switch (e.kind) {
    case "number":
      return e.unit ? `${e.value} ${e.unit.text}` : String(e.value);
    case "boolean":
    case "string":
      return String(e.value);
    case "vector":
      return `[${e.elements.map(expressionText).join(", ")}]`;
    case "name":
      return (
        e.name +
        "'".repeat(e.order) +
        (e.index ? `[${expressionText(e.index)}]` : "") +
        (e.attribute ? `.${e.attribute}` : "")
      );
    case "unary":
      return `${e.op === "not" ? "not " : e.op}${expressionText(e.operand)}`;
    case "binary":
      return `${expressionText(e.left)} ${e.op} ${expressionText(e.right)}`;
    case "ternary":
      return `${expressionText(e.condition)} ? ${expressionText(e.then)} : ${expressionText(e.otherwise)}`;
    case "call":
      return `${e.name}(${e.args.map(expressionText).join(", ")})`;
    default:
      return e satisfies never;
  }
}
