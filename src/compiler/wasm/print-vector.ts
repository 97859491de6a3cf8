/**
 * Prints IR as WebAssembly SIMD: `groups` x 4 neurons (synapses) at once. f32, i32, u32 take one register per group, f64 two.
 * `if` and `while` become masks, with a branch around what no lane needs. What is the same for all lanes of a call is
 * computed once, before the loop. Registers of one operation are printed side by side, since V8 keeps program order and
 * independent operations next to each other hide their latency.
 */

import type { Instruction, IrFunction, Op, Value, Variable } from "../ir.js";
import { operandsOf, walk } from "../ir.js";
import { anyTrue, eqz, get, set, shuffle, simd, vconst } from "./code.js";
import { type Code, type FunctionBuilder, type Local, V128 } from "./encoder.js";

type Parts = readonly Local[];
interface Held {
  readonly parts: Parts;
  readonly uniform: boolean;
  /** for bool: lanes of 32 or 64 bits; a uniform mask serves as both */
  readonly wide: boolean;
}

const NOT = 0x4d;
const AND = 0x4e;
const OR = 0x50;
const XOR = 0x51;
const SELECT = 0x52;

const F32_OPS: Partial<Record<Op, number>> = {
  add: 0xe4,
  sub: 0xe5,
  mul: 0xe6,
  div: 0xe7,
  min: 0xea,
  max: 0xeb,
  neg: 0xe1,
  abs: 0xe0,
  sqrt: 0xe3,
  floor: 0x68,
  ceil: 0x67,
  eq: 0x41,
  ne: 0x42,
  lt: 0x43,
  gt: 0x44,
  le: 0x45,
  ge: 0x46,
};
const F64_OPS: Partial<Record<Op, number>> = {
  add: 0xf0,
  sub: 0xf1,
  mul: 0xf2,
  div: 0xf3,
  min: 0xf6,
  max: 0xf7,
  neg: 0xed,
  abs: 0xec,
  sqrt: 0xef,
  floor: 0x75,
  ceil: 0x74,
  eq: 0x47,
  ne: 0x48,
  lt: 0x49,
  gt: 0x4a,
  le: 0x4b,
  ge: 0x4c,
};
const I32_OPS: Partial<Record<Op, number>> = {
  add: 0xae,
  sub: 0xb1,
  mul: 0xb5,
  min: 0xb6,
  max: 0xb8,
  neg: 0xa1,
  abs: 0xa0,
  and: AND,
  or: OR,
  xor: XOR,
  shl: 0xab,
  shr: 0xac,
  eq: 0x37,
  ne: 0x38,
  lt: 0x39,
  gt: 0x3b,
  le: 0x3d,
  ge: 0x3f,
};
const U32_OPS: Partial<Record<Op, number>> = {
  ...I32_OPS,
  min: 0xb7,
  max: 0xb9,
  shr: 0xad,
  lt: 0x3a,
  gt: 0x3c,
  le: 0x3e,
  ge: 0x40,
};
const BOOL_OPS: Partial<Record<Op, number>> = { and: AND, or: OR, xor: XOR, not: NOT };
const TABLES = { f32: F32_OPS, f64: F64_OPS, i32: I32_OPS, u32: U32_OPS, bool: BOOL_OPS };

/** bytes of 32-bit words of two registers: 0-3 of the first, 4-7 of the second */
const words = (...w: number[]) => w.flatMap((i) => [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3]);

export class VectorPrinter {
  /** code to run once per call, after the uniform inputs are set */
  readonly before: Code[] = [];
  /** code to run for every group of lanes, after the other inputs are set */
  readonly body: Code[] = [];
  readonly #fn: FunctionBuilder;
  readonly #groups: number;
  readonly #variables = new Map<number, Held>();
  readonly #values = new Map<number, Held>();
  /** registers of values that nobody reads any more */
  readonly #free: Local[] = [];
  #out: Code[] = this.body;
  #mask: Held | undefined;

  constructor(fn: FunctionBuilder, ir: IrFunction, groups: number) {
    this.#fn = fn;
    this.#groups = groups;
    const assigned = new Set<number>();
    for (const i of walk(ir.body)) if (i.kind === "set") assigned.add(i.variable.id);
    for (const { variable, uniform } of ir.inputs) {
      this.#variables.set(
        variable.id,
        this.#fresh(variable.type === "f64", uniform && !assigned.has(variable.id)),
      );
    }
    for (const output of ir.outputs) this.#variable(output);
    this.#block(ir.body);
  }

  /** Registers of an input or output: one if uniform, else one per group (two for f64). */
  parts(variable: Variable): Parts {
    return this.#variable(variable).parts;
  }

  isUniform(variable: Variable): boolean {
    return this.#variable(variable).uniform;
  }

  #fresh(wide: boolean, uniform: boolean): Held {
    const count = uniform ? 1 : this.#groups * (wide ? 2 : 1);
    const register = () => (uniform ? undefined : this.#free.pop()) ?? this.#fn.local(V128);
    return { parts: Array.from({ length: count }, register), uniform, wide };
  }

  #variable(variable: Variable): Held {
    let held = this.#variables.get(variable.id);
    if (!held) {
      held = this.#fresh(variable.type === "f64", false);
      this.#variables.set(variable.id, held);
    }
    return held;
  }

  #part(held: Held, p: number): Code {
    return get(held.uniform ? held.parts[0]! : held.parts[p]!);
  }

  /** the parts of a mask as 32-bit (wide = false) or 64-bit lanes */
  #maskPart(mask: Held, p: number, wide: boolean): Code {
    if (mask.uniform || mask.wide === wide) return this.#part(mask, p);
    if (wide) {
      const half = p % 2 === 0 ? words(0, 0, 1, 1) : words(2, 2, 3, 3);
      const part = this.#part(mask, p >> 1);
      return shuffle(part, part, half);
    }
    return shuffle(this.#part(mask, 2 * p), this.#part(mask, 2 * p + 1), words(0, 2, 4, 6));
  }

  #any(mask: Held): Code {
    const [first, ...rest] = mask.parts.map((p) => get(p));
    return anyTrue(rest.reduce((a, b) => simd(OR, a, b), first!));
  }

  #held(value: Value): Held {
    const held = this.#values.get(value.id);
    if (!held) throw new Error(`%${value.id} has no registers`);
    return held;
  }

  /** @param kept - values that are read after the block, too: engines allow so many registers only, so those of others are used again */
  #block(body: readonly Instruction[], kept: ReadonlySet<number> = new Set()): void {
    const reads = body.map((i) => readIn([i]));
    const last = new Map<number, number>();
    reads.forEach((ids, k) => {
      for (const id of ids) last.set(id, k);
    });
    const ending = body.map((): number[] => []);
    body.forEach((i, k) => {
      if (!("result" in i) || kept.has(i.result.id)) return;
      ending[last.get(i.result.id) ?? k]!.push(i.result.id);
    });
    body.forEach((i, k) => {
      this.#instruction(i);
      for (const id of ending[k]!) {
        const held = this.#values.get(id)!;
        if (!held.uniform) this.#free.push(...held.parts);
      }
    });
  }

  #instruction(i: Instruction): void {
    switch (i.kind) {
      case "const": {
        const held = this.#fresh(false, true);
        this.#values.set(i.result.id, held);
        this.before.push(set(held.parts[0]!, constant(i.result.type, i.value)));
        return;
      }
      case "pick":
        throw new Error("no WebAssembly for a pick: it is for code that is run one neuron at a time");
      case "get": {
        const from = this.#variable(i.variable);
        if (from.uniform) {
          this.#values.set(i.result.id, from);
          return;
        }
        const held = this.#fresh(from.wide, false);
        this.#values.set(i.result.id, held);
        held.parts.forEach((part, p) => this.#out.push(set(part, get(from.parts[p]!))));
        return;
      }
      case "set": {
        const to = this.#variable(i.variable);
        const from = this.#held(i.value);
        const bool = i.variable.type === "bool";
        const value = (p: number) => (bool ? this.#maskPart(from, p, false) : this.#part(from, p));
        const mask = this.#mask;
        to.parts.forEach((part, p) => {
          const code = mask ? simd(SELECT, value(p), get(part), this.#maskPart(mask, p, to.wide)) : value(p);
          this.#out.push(set(part, code));
        });
        return;
      }
      case "op":
        this.#operation(i.op, i.result, i.args);
        return;
      case "if":
        this.#if(i);
        return;
      case "while":
        this.#while(i);
        return;
      default:
        i satisfies never;
    }
  }

  /** collects the code that `make` prints */
  #collect(mask: Held | undefined, make: () => void): Code[] {
    const [outer, outerMask] = [this.#out, this.#mask];
    const inner: Code[] = [];
    [this.#out, this.#mask] = [inner, mask];
    make();
    [this.#out, this.#mask] = [outer, outerMask];
    return inner;
  }

  /** a mask with 32-bit lanes: `condition`, or its complement, within the current mask */
  #narrow(condition: Held, complement: boolean): Held {
    const mask = this.#fresh(false, false);
    const outer = this.#mask;
    mask.parts.forEach((part, p) => {
      const c = this.#maskPart(condition, p, false);
      const wanted = complement ? simd(NOT, c) : c;
      this.#out.push(set(part, outer ? simd(AND, this.#maskPart(outer, p, false), wanted) : wanted));
    });
    return mask;
  }

  #if(i: Extract<Instruction, { kind: "if" }>): void {
    const condition = this.#held(i.condition);
    const arm = (body: readonly Instruction[], complement: boolean) => {
      if (body.length === 0) return;
      if (condition.uniform) {
        const code = this.#collect(this.#mask, () => this.#block(body));
        const taken = this.#any(condition);
        this.#out.push(branch(complement ? eqz(taken) : taken, code));
        return;
      }
      const mask = this.#narrow(condition, complement);
      const code = this.#collect(mask, () => this.#block(body));
      this.#out.push(branch(this.#any(mask), code));
    };
    arm(i.then, false);
    arm(i.otherwise, true);
  }

  #while(i: Extract<Instruction, { kind: "while" }>): void {
    const active = this.#fresh(false, false);
    const outer = this.#mask;
    active.parts.forEach((part, p) => {
      this.#out.push(set(part, outer ? this.#maskPart(outer, p, false) : ALL_ONES));
    });
    const round = this.#collect(active, () => {
      this.#block(i.test, new Set([i.condition.id, ...readIn(i.body)]));
      const condition = this.#held(i.condition);
      active.parts.forEach((part, p) => {
        this.#out.push(set(part, simd(AND, get(part), this.#maskPart(condition, p, false))));
      });
      const body = this.#collect(active, () => this.#block(i.body));
      this.#out.push(branch(this.#any(active), [...body, (out) => out.bytes([0x0c, 1])]));
    });
    // loop: test; if any lane is active: body, and again
    this.#out.push((out) => {
      out.bytes([0x03, 0x40]);
      for (const code of round) code(out);
      out.byte(0x0b);
    });
  }

  #operation(op: Op, result: Value, args: readonly Value[]): void {
    const held = args.map((a) => this.#held(a));
    const uniform = held.every((h) => h.uniform);
    const comparison = result.type === "bool" && args[0]!.type !== "bool";
    const wide =
      result.type === "f64" ||
      (comparison
        ? args[0]!.type === "f64"
        : result.type === "bool" && held.every((h) => h.wide || h.uniform));
    const to = this.#fresh(wide, uniform);
    this.#values.set(result.id, to);
    const out = uniform ? this.before : this.#out;
    to.parts.forEach((part, p) => out.push(set(part, this.#code(op, result, args, held, p, wide))));
  }

  #code(
    op: Op,
    result: Value,
    args: readonly Value[],
    held: readonly Held[],
    p: number,
    wide: boolean,
  ): Code {
    const arg = (k: number, q = p) => this.#part(held[k]!, q);
    const from = args[0]!.type;
    /** a pair of wide registers of operand k that make up the narrow register p */
    const pair = (k: number) => [arg(k, 2 * p), arg(k, 2 * p + 1)] as const;
    switch (op) {
      case "select":
        return simd(SELECT, arg(1), arg(2), this.#maskPart(held[0]!, p, wide));
      case "mulhi":
        return shuffle(simd(0xde, arg(0), arg(1)), simd(0xdf, arg(0), arg(1)), words(1, 3, 5, 7));
      case "shl":
      case "shr": {
        const lanes = arg(1);
        const count: Code = (out) => {
          lanes(out);
          out.bytes([0xfd, 0x1b, 0x00]);
        };
        return simd(TABLES[result.type][op]!, arg(0), count);
      }
      case "high":
      case "low":
        return shuffle(...pair(0), op === "high" ? words(1, 3, 5, 7) : words(0, 2, 4, 6));
      case "pack":
        return shuffle(arg(1, p >> 1), arg(0, p >> 1), p % 2 === 0 ? words(0, 4, 1, 5) : words(2, 6, 3, 7));
      case "bits":
        return arg(0);
      case "convert":
        return this.#convert(from, result.type, arg, pair, p);
      default: {
        const table = result.type === "bool" && from !== "bool" ? TABLES[from] : TABLES[result.type];
        const opcode = table[op];
        if (opcode === undefined) throw new Error(`no SIMD instruction for ${op} of ${from}`);
        const bool = from === "bool";
        return simd(opcode, ...args.map((_, k) => (bool ? this.#maskPart(held[k]!, p, wide) : arg(k))));
      }
    }
  }

  #convert(
    from: string,
    to: string,
    arg: (k: number, q?: number) => Code,
    pair: (k: number) => readonly [Code, Code],
    p: number,
  ): Code {
    const joined = (opcode: number) => {
      const [low, high] = pair(0);
      return shuffle(simd(opcode, low), simd(opcode, high), words(0, 1, 4, 5));
    };
    const half = () => {
      const source = arg(0, p >> 1);
      return p % 2 === 0 ? source : shuffle(source, source, words(2, 3, 2, 3));
    };
    switch (`${from}>${to}`) {
      case "i32>u32":
      case "u32>i32":
        return arg(0);
      case "i32>f32":
        return simd(0xfa, arg(0));
      case "u32>f32":
        return simd(0xfb, arg(0));
      case "f32>i32":
        return simd(0xf8, arg(0));
      case "f32>u32":
        return simd(0xf9, arg(0));
      case "i32>f64":
        return simd(0xfe, half());
      case "u32>f64":
        return simd(0xff, half());
      case "f32>f64":
        return simd(0x5f, half());
      case "f64>f32":
        return joined(0x5e);
      case "f64>i32":
        return joined(0xfc);
      case "f64>u32":
        return joined(0xfd);
      default:
        throw new Error(`no conversion from ${from} to ${to}`);
    }
  }
}

/** the values that instructions read, those inside others included */
function readIn(body: readonly Instruction[]): Set<number> {
  const ids = new Set<number>();
  for (const i of walk(body)) for (const v of operandsOf(i)) ids.add(v.id);
  return ids;
}

const ALL_ONES = vconst(...new Array<number>(16).fill(255));

/** an `if` with a void block */
function branch(condition: Code, body: readonly Code[]): Code {
  return (out) => {
    condition(out);
    out.bytes([0x04, 0x40]);
    for (const code of body) code(out);
    out.byte(0x0b);
  };
}

function constant(type: Value["type"], value: number): Code {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (let k = 0; k < (type === "f64" ? 2 : 4); k++) {
    if (type === "f64") view.setFloat64(8 * k, value, true);
    else if (type === "f32") view.setFloat32(4 * k, value, true);
    else if (type === "bool") view.setInt32(4 * k, value !== 0 ? -1 : 0, true);
    else view.setInt32(4 * k, value | 0, true);
  }
  return vconst(...bytes);
}
