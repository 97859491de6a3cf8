/** Builds IR: one method per operation; equal operations on equal operands are computed once. */

import type { Instruction, IrFunction, IrInput, IrType, Op, Value, Variable } from "./ir.js";

interface Scope {
  readonly body: Instruction[];
  /** pure operations already computed here or outside */
  readonly known: Map<string, Value>;
  /** what variables hold at this point, as far as it is known */
  readonly held: Map<number, Value>;
  /** variables set here or inside */
  readonly touched: Set<number>;
}

export class Builder {
  #next = 0;
  #scopes: Scope[] = [{ body: [], known: new Map(), held: new Map(), touched: new Set() }];

  get #scope(): Scope {
    return this.#scopes[this.#scopes.length - 1]!;
  }

  variable(name: string, type: IrType): Variable {
    return { id: this.#next++, name, type };
  }

  finish(name: string, inputs: readonly IrInput[], outputs: readonly Variable[]): IrFunction {
    return { name, inputs, outputs, body: this.#scopes[0]!.body };
  }

  constant(type: IrType, value: number): Value {
    const v = type === "f32" ? Math.fround(value) : value;
    return this.#remember(`const ${type} ${Object.is(v, -0) ? "-0" : v}`, () => {
      const result = { id: this.#next++, type };
      this.#scope.body.push({ kind: "const", result, value: v });
      return result;
    });
  }

  op(op: Op, type: IrType, ...args: Value[]): Value {
    return this.#remember(`${op} ${type} ${args.map((a) => a.id).join(" ")}`, () => {
      const result = { id: this.#next++, type };
      this.#scope.body.push({ kind: "op", op, result, args });
      return result;
    });
  }

  /** one of several numbers, by an index that is inside of the list */
  pick(type: "f32" | "f64", values: readonly number[], index: Value): Value {
    const rounded = type === "f32" ? values.map(Math.fround) : values;
    return this.#remember(`pick ${type} ${rounded.join(" ")} ${index.id}`, () => {
      const result = { id: this.#next++, type };
      this.#scope.body.push({ kind: "pick", result, index, values: rounded });
      return result;
    });
  }

  #remember(key: string, make: () => Value): Value {
    for (const scope of this.#scopes) {
      const known = scope.known.get(key);
      if (known) return known;
    }
    const made = make();
    this.#scope.known.set(key, made);
    return made;
  }

  get(variable: Variable): Value {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const held = this.#scopes[i]!.held.get(variable.id);
      if (held) return held;
      if (this.#scopes[i]!.touched.has(variable.id)) break;
    }
    const result = { id: this.#next++, type: variable.type };
    this.#scope.body.push({ kind: "get", result, variable });
    this.#scope.held.set(variable.id, result);
    return result;
  }

  set(variable: Variable, value: Value): void {
    this.#scope.body.push({ kind: "set", variable, value });
    this.#scope.held.set(variable.id, value);
    this.#scope.touched.add(variable.id);
  }

  #inScope(touched: Iterable<number>, make: () => void): Scope {
    const scope: Scope = { body: [], known: new Map(), held: new Map(), touched: new Set(touched) };
    this.#scopes.push(scope);
    make();
    this.#scopes.pop();
    return scope;
  }

  #merge(...inner: Scope[]): void {
    for (const scope of inner) {
      for (const id of scope.touched) {
        this.#scope.held.delete(id);
        this.#scope.touched.add(id);
      }
    }
  }

  if(condition: Value, then: () => void, otherwise: () => void = () => {}): void {
    const a = this.#inScope([], then);
    const b = this.#inScope([], otherwise);
    this.#scope.body.push({ kind: "if", condition, then: a.body, otherwise: b.body });
    this.#merge(a, b);
  }

  /**
   * @param assigned - the variables that test or body set, other than those made inside: what they hold is unknown at the top
   * of each round
   */
  while(assigned: readonly Variable[], test: () => Value, body: () => void): void {
    const ids = assigned.map((v) => v.id);
    const firstInside = this.#next;
    const scope: Scope = { body: [], known: new Map(), held: new Map(), touched: new Set(ids) };
    this.#scopes.push(scope);
    const condition = test();
    const testBody = scope.body.splice(0);
    const loop = this.#inScope([], body);
    this.#scopes.pop();
    for (const id of [...loop.touched, ...scope.touched]) {
      if (id < firstInside && !ids.includes(id))
        throw new Error("while sets a variable that was not announced");
    }
    this.#scope.body.push({ kind: "while", test: testBody, condition, body: loop.body });
    this.#merge(scope, loop);
  }

  /**
   * Runs `body` so many times.
   * @param assigned - the variables that it sets, other than those made inside
   * @param body - gets how often it has run before
   */
  repeat(times: number, assigned: readonly Variable[], body: (before: Value) => void): void {
    const count = this.variable("count", "i32");
    this.set(count, this.constant("i32", 0));
    this.while(
      [count, ...assigned],
      () => this.lt(this.get(count), this.constant("i32", times)),
      () => {
        const before = this.get(count);
        body(before);
        this.set(count, this.add(before, this.constant("i32", 1)));
      },
    );
  }

  add = (a: Value, b: Value) => this.op("add", a.type, a, b);
  sub = (a: Value, b: Value) => this.op("sub", a.type, a, b);
  mul = (a: Value, b: Value) => this.op("mul", a.type, a, b);
  div = (a: Value, b: Value) => this.op("div", a.type, a, b);
  neg = (a: Value) => this.op("neg", a.type, a);
  abs = (a: Value) => this.op("abs", a.type, a);
  min = (a: Value, b: Value) => this.op("min", a.type, a, b);
  max = (a: Value, b: Value) => this.op("max", a.type, a, b);
  sqrt = (a: Value) => this.op("sqrt", a.type, a);
  floor = (a: Value) => this.op("floor", a.type, a);
  ceil = (a: Value) => this.op("ceil", a.type, a);
  and = (a: Value, b: Value) => this.op("and", a.type, a, b);
  or = (a: Value, b: Value) => this.op("or", a.type, a, b);
  xor = (a: Value, b: Value) => this.op("xor", a.type, a, b);
  not = (a: Value) => this.op("not", "bool", a);
  shl = (a: Value, count: number) => this.op("shl", a.type, a, this.constant("i32", count));
  shr = (a: Value, count: number) => this.op("shr", a.type, a, this.constant("i32", count));
  mulhi = (a: Value, b: Value) => this.op("mulhi", "u32", a, b);
  compare = (op: "eq" | "ne" | "lt" | "le" | "gt" | "ge", a: Value, b: Value) => this.op(op, "bool", a, b);
  lt = (a: Value, b: Value) => this.compare("lt", a, b);
  le = (a: Value, b: Value) => this.compare("le", a, b);
  gt = (a: Value, b: Value) => this.compare("gt", a, b);
  ge = (a: Value, b: Value) => this.compare("ge", a, b);
  eq = (a: Value, b: Value) => this.compare("eq", a, b);
  select = (c: Value, a: Value, b: Value) => this.op("select", a.type, c, a, b);
  convert = (type: IrType, a: Value) => (a.type === type ? a : this.op("convert", type, a));
  bits = (type: IrType, a: Value) => (a.type === type ? a : this.op("bits", type, a));
  high = (a: Value) => this.op("high", "i32", a);
  low = (a: Value) => this.op("low", "i32", a);
  pack = (high: Value, low: Value) => this.op("pack", "f64", high, low);
}
