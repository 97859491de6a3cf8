/**
 * Prints IR as CUDA C++ for one neuron (synapse) at a time. Every operation keeps the meaning that it has in the IR: integers
 * wrap, conversions saturate, comparisons choose as written; nothing is contracted (the compiler is called with --fmad=false).
 */

import type { IrFunction, IrType, Value, Variable } from "./ir.js";
import { type Phrases, printStatements } from "./print-statements.js";

export const CUDA_TYPES: Readonly<Record<IrType, string>> = {
  f32: "float",
  f64: "double",
  i32: "int",
  u32: "unsigned",
  bool: "bool",
};

const INFIX: Readonly<Record<string, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  eq: "==",
  ne: "!=",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
};

/** A number as a literal that the compiler reads back as the same bits. */
export function cudaLiteral(type: IrType, value: number): string {
  if (type === "bool") return value !== 0 ? "true" : "false";
  if (type === "u32") return `${value >>> 0}u`;
  if (type === "i32") return value === -2147483648 ? "(-2147483647 - 1)" : String(value | 0);
  const f32 = type === "f32";
  if (Number.isNaN(value)) return f32 ? "synfireNan32()" : "synfireNan64()";
  if (!Number.isFinite(value))
    return `${value < 0 ? "-" : ""}${f32 ? "synfireInfinity32()" : "synfireInfinity64()"}`;
  const text = Object.is(value, -0) ? "-0.0" : String(value);
  const decimal = /[.e]/.test(text) ? text : `${text}.0`;
  return f32 ? `${decimal}f` : decimal;
}

function expression(op: string, type: IrType, args: readonly Value[]): string {
  const [a, b, c] = args.map((v) => `v${v.id}`) as [string, string, string];
  const from = args[0]!.type;
  /** signed overflow is undefined in C++: integers are added, subtracted and multiplied as unsigned */
  const wrapped = (text: string) => (type === "i32" ? `(int)(${text})` : text);
  const unsigned = (v: string) => (type === "i32" ? `(unsigned)${v}` : v);
  switch (op) {
    case "add":
    case "sub":
    case "mul":
      return wrapped(`${unsigned(a)} ${INFIX[op]} ${unsigned(b)}`);
    case "div":
    case "eq":
    case "ne":
    case "lt":
    case "le":
    case "gt":
    case "ge":
      return `${a} ${INFIX[op]} ${b}`;
    case "neg":
      return type === "i32" ? `(int)(0u - (unsigned)${a})` : `-${a}`;
    case "abs":
      return type === "i32"
        ? `${a} < 0 ? (int)(0u - (unsigned)${a}) : ${a}`
        : `${type === "f32" ? "fabsf" : "fabs"}(${a})`;
    case "min":
      return `${b} < ${a} ? ${b} : ${a}`;
    case "max":
      return `${a} < ${b} ? ${b} : ${a}`;
    case "sqrt":
    case "floor":
    case "ceil":
      return `${op}${type === "f32" ? "f" : ""}(${a})`;
    case "and":
      return type === "bool" ? `${a} && ${b}` : `${a} & ${b}`;
    case "or":
      return type === "bool" ? `${a} || ${b}` : `${a} | ${b}`;
    case "xor":
      return type === "bool" ? `${a} != ${b}` : `${a} ^ ${b}`;
    case "shl":
      return wrapped(`${unsigned(a)} << ${b}`);
    case "shr":
      return `${a} >> ${b}`;
    case "mulhi":
      return `__umulhi(${a}, ${b})`;
    case "not":
      return `!${a}`;
    case "select":
      return `${a} ? ${b} : ${c}`;
    case "convert":
      if (type === "f32" || type === "f64") return `(${CUDA_TYPES[type]})${a}`;
      if (from === "i32" || from === "u32") return `(${CUDA_TYPES[type]})${a}`;
      return `${type === "i32" ? "synfireToInt" : "synfireToUnsigned"}(${a})`;
    case "bits":
      if (from === "f32") return type === "u32" ? `__float_as_uint(${a})` : `__float_as_int(${a})`;
      if (type === "f32") return from === "u32" ? `__uint_as_float(${a})` : `__int_as_float(${a})`;
      return `(${CUDA_TYPES[type]})${a}`;
    case "high":
      return `__double2hiint(${a})`;
    case "low":
      return `__double2loint(${a})`;
    case "pack":
      return `__hiloint2double(${a}, ${b})`;
    default:
      throw new Error(`no CUDA for ${op}`);
  }
}

/** The statements of a function, over variables `x<id>` and values `v<id>`; `declared` are variables that exist already. */
export function printCudaBody(fn: IrFunction, declared: ReadonlySet<number>, indent = "  "): string {
  const known = new Set(declared);
  const locals: string[] = [];
  const declare = (v: Variable) => {
    if (known.has(v.id)) return;
    known.add(v.id);
    locals.push(`${indent}${CUDA_TYPES[v.type]} x${v.id} = ${cudaLiteral(v.type, 0)};`);
  };
  const value = (v: Value) => `const ${CUDA_TYPES[v.type]} v${v.id}`;
  const phrases: Phrases = {
    constant: (i) => `${value(i.result)} = ${cudaLiteral(i.result.type, i.value)};`,
    pick: ({ result, index, values }) => {
      const type = CUDA_TYPES[result.type];
      const literals = values.map((v) => cudaLiteral(result.type, v)).join(", ");
      // a static array, for which a register of its own holds no address
      return `static __constant__ ${type} table${result.id}[] = {${literals}}; ${value(result)} = table${result.id}[v${index.id}];`;
    },
    operation: (i) => `${value(i.result)} = ${expression(i.op, i.result.type, i.args)};`,
    get: (i) => {
      declare(i.variable);
      return `${value(i.result)} = x${i.variable.id};`;
    },
    set: (i) => {
      declare(i.variable);
      return `x${i.variable.id} = v${i.value.id};`;
    },
    // loops are short so that the cache for instructions holds them
    beforeLoop: "#pragma unroll 1",
  };
  for (const output of fn.outputs) declare(output);
  const lines = printStatements(fn.body, phrases, indent);
  return [...locals, ...lines].join("\n");
}

/**
 * Prints a pure function of scalars: inputs by value, in order; one output is returned, several are references after the inputs.
 * @param name - of the CUDA function
 */
export function printCudaFunction(fn: IrFunction, name: string): string {
  const inputs = fn.inputs.map(({ variable }) => `${CUDA_TYPES[variable.type]} x${variable.id}`);
  const declared = new Set(fn.inputs.map((i) => i.variable.id));
  const [only, ...others] = fn.outputs;
  const single = only !== undefined && others.length === 0;
  const outputs = single ? [] : fn.outputs.map((o) => `${CUDA_TYPES[o.type]}& x${o.id}`);
  if (!single) for (const o of fn.outputs) declared.add(o.id);
  const type = single ? CUDA_TYPES[only.type] : "void";
  const end = single ? `\n  return x${only.id};` : "";
  return `__device__ __forceinline__ ${type} ${name}(${[...inputs, ...outputs].join(", ")}) {\n${printCudaBody(fn, declared)}${end}\n}\n`;
}
