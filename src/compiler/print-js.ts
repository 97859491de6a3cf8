/** Prints IR as JavaScript for one neuron (synapse) at a time: the reference engine and the portable functions run this. */

import type { IrFunction, IrType, Value, Variable } from "./ir.js";
import { type Phrases, printStatements } from "./print-statements.js";

const OPERATORS: Readonly<Record<string, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  eq: "===",
  ne: "!==",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
};

/** JavaScript source of a function body: reads inputs from the parameters, returns nothing; see `compileJs`. */
function expression(op: string, type: IrType, args: readonly Value[]): string {
  const [a, b, c] = args.map((v) => `v${v.id}`) as [string, string, string];
  const from = args[0]!.type;
  const rounded = (text: string) =>
    type === "f32" ? `F(${text})` : type === "i32" ? `(${text})|0` : type === "u32" ? `(${text})>>>0` : text;
  switch (op) {
    case "add":
    case "sub":
    case "div":
      return rounded(`${a} ${OPERATORS[op]} ${b}`);
    case "mul":
      return type === "i32" ? `I(${a},${b})` : type === "u32" ? `I(${a},${b})>>>0` : rounded(`${a} * ${b}`);
    case "eq":
    case "ne":
    case "lt":
    case "le":
    case "gt":
    case "ge":
      return `${a} ${OPERATORS[op]} ${b}`;
    case "neg":
      return rounded(`-${a}`);
    case "abs":
      return type === "i32" ? `(${a} < 0 ? -${a} : ${a})|0` : `Math.abs(${a})`;
    case "min":
      return `${b} < ${a} ? ${b} : ${a}`;
    case "max":
      return `${a} < ${b} ? ${b} : ${a}`;
    case "sqrt":
      return rounded(`Math.sqrt(${a})`);
    case "floor":
      return `Math.floor(${a})`;
    case "ceil":
      return `Math.ceil(${a})`;
    case "and":
      return type === "bool" ? `${a} && ${b}` : rounded(`${a} & ${b}`);
    case "or":
      return type === "bool" ? `${a} || ${b}` : rounded(`${a} | ${b}`);
    case "xor":
      return type === "bool" ? `${a} !== ${b}` : rounded(`${a} ^ ${b}`);
    case "shl":
      return rounded(`${a} << ${b}`);
    case "shr":
      return type === "u32" ? `${a} >>> ${b}` : `${a} >> ${b}`;
    case "mulhi":
      return `H(${a},${b})`;
    case "not":
      return `!${a}`;
    case "select":
      return `${a} ? ${b} : ${c}`;
    case "convert":
      if (type === "f32") return `F(${a})`;
      if (type === "f64") return a;
      if (from === "i32") return `${a}>>>0`;
      if (from === "u32") return `${a}|0`;
      return type === "i32" ? `TI(${a})` : `TU(${a})`;
    case "bits":
      return from === "f32"
        ? `(f32[0]=${a},${type === "u32" ? "u32" : "i32"}[0])`
        : type === "f32"
          ? `(i32[0]=${a},f32[0])`
          : rounded(a);
    case "high":
      return `(f64[0]=${a},i32[1])`;
    case "low":
      return `(f64[0]=${a},i32[0])`;
    case "pack":
      return `(i32[1]=${a},i32[0]=${b},f64[0])`;
    default:
      throw new Error(`no JavaScript for ${op}`);
  }
}

/** The statements of a function, over variables `x<id>` and values `v<id>`. */
export function printJsBody(fn: IrFunction): string {
  const declared = new Set(fn.inputs.map((i) => i.variable.id));
  const locals: string[] = [];
  const literal = (v: number) =>
    Object.is(v, -0)
      ? "-0"
      : Number.isFinite(v) || Number.isNaN(v)
        ? String(v)
        : v > 0
          ? "Infinity"
          : "-Infinity";
  const declare = (v: Variable) => {
    if (declared.has(v.id)) return;
    declared.add(v.id);
    locals.push(`let x${v.id} = ${v.type === "bool" ? "false" : "0"};`);
  };
  const phrases: Phrases = {
    constant: ({ result, value }) =>
      `const v${result.id} = ${result.type === "bool" ? value !== 0 : literal(value)};`,
    operation: (i) => `const v${i.result.id} = ${expression(i.op, i.result.type, i.args)};`,
    pick: ({ result, index, values }) => `const v${result.id} = [${values.map(literal)}][v${index.id}];`,
    get: (i) => `const v${i.result.id} = x${i.variable.id};`,
    set: (i) => {
      declare(i.variable);
      return `x${i.variable.id} = v${i.value.id};`;
    },
  };
  const lines = printStatements(fn.body, phrases, "");
  for (const output of fn.outputs) declare(output);
  return [...locals, ...lines].join("\n");
}

/** Helpers that printed code refers to. */
const PRELUDE = `
const F = Math.fround, I = Math.imul;
const f64 = new Float64Array(1), f32 = new Float32Array(f64.buffer), i32 = new Int32Array(f64.buffer), u32 = new Uint32Array(f64.buffer);
const H = (a, b) => {
  const al = a & 0xffff, ah = a >>> 16, bl = b & 0xffff, bh = b >>> 16;
  const middle = ah * bl + ((al * bl) >>> 16), other = al * bh + (middle & 0xffff);
  return (ah * bh + Math.floor(middle / 65536) + Math.floor(other / 65536)) >>> 0;
};
const TI = (x) => x !== x ? 0 : x <= -2147483648 ? -2147483648 : x >= 2147483647 ? 2147483647 : Math.trunc(x) | 0;
const TU = (x) => x !== x || x <= 0 ? 0 : x >= 4294967295 ? 4294967295 : Math.trunc(x) >>> 0;
`;

/**
 * Compiles a function of scalars to a JavaScript function of its inputs in order.
 * @returns a function that returns the first output, or, with several outputs, an array of them
 */
export function compileJs(fn: IrFunction): (...inputs: number[]) => number {
  const parameters = fn.inputs.map((i) => `x${i.variable.id}`).join(", ");
  const results = fn.outputs.map((o) => `x${o.id}`);
  const value = results.length === 1 ? results[0] : `[${results.join(", ")}]`;
  return new Function(
    `${PRELUDE}return function ${fn.name}(${parameters}) {\n${printJsBody(fn)}\nreturn ${value};\n}`,
  )();
}

/**
 * Compiles a function over arrays: inputs that are not uniform, and outputs, live in arrays and are addressed by neuron.
 * @returns `run(index, arrays, uniforms)`: `arrays[k]` is the array of the k-th non-uniform input or extra output, in the order of `arrayNames`
 */
export function compileJsOverArrays(fn: IrFunction): {
  readonly arrayIds: readonly number[];
  readonly uniformIds: readonly number[];
  readonly run: (index: number, arrays: readonly ArrayLike<number>[], uniforms: ArrayLike<number>) => void;
} {
  const arrayIds: number[] = [];
  const uniformIds: number[] = [];
  const reads: string[] = [];
  for (const { variable, uniform } of fn.inputs) {
    if (uniform) {
      reads.push(`let x${variable.id} = uniforms[${uniformIds.length}];`);
      uniformIds.push(variable.id);
    } else {
      reads.push(`let x${variable.id} = arrays[${arrayIds.length}][index];`);
      arrayIds.push(variable.id);
    }
  }
  const writes: string[] = [];
  for (const output of fn.outputs) {
    let slot = arrayIds.indexOf(output.id);
    if (slot < 0) slot = arrayIds.push(output.id) - 1;
    writes.push(`arrays[${slot}][index] = x${output.id};`);
  }
  const run = new Function(
    `${PRELUDE}return function ${fn.name}(index, arrays, uniforms) {\n${reads.join("\n")}\n${printJsBody(fn)}\n${writes.join("\n")}\n}`,
  )();
  return { arrayIds, uniformIds, run };
}
