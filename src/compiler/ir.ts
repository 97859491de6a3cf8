/**
 * The intermediate representation: small, typed, structured. One function of it updates one neuron by one step, or draws one
 * synapse; printers turn it into JavaScript (one neuron at a time) or WebAssembly (several neurons in SIMD lanes).
 *
 * Values are immutable and defined once; variables are mutable. Control flow is `if` and `while` only, so that every
 * printer can turn it into masks. Every operation is exact by IEEE 754 or by integer arithmetic and has no side effect
 * and no trap, so that all engines compute the same bits and instructions may be moved.
 */

export type IrType = "f32" | "f64" | "i32" | "u32" | "bool";

/** An immutable result of one instruction. */
export interface Value {
  readonly id: number;
  readonly type: IrType;
}

/** A mutable place: state, parameter, input or temporary. */
export interface Variable {
  readonly id: number;
  readonly name: string;
  readonly type: IrType;
}

export type Op =
  // numbers (f32, f64, i32, u32); division is for floats only
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "neg"
  | "abs"
  /** the second operand if it is smaller (greater), else the first */
  | "min"
  | "max"
  // floats
  | "sqrt"
  | "floor"
  | "ceil"
  // integers; shift counts are constants
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shr"
  | "mulhi"
  // comparisons -> bool
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "gt"
  | "ge"
  // bool; "and", "or" above serve bool, too
  | "not"
  /** select(condition, a, b) */
  | "select"
  /** to the type of the result; float -> integer truncates and saturates, NaN gives 0 */
  | "convert"
  /** between f32 and i32/u32, same bits */
  | "bits"
  /** the upper and lower 32 bits of an f64, and the f64 of two words */
  | "high"
  | "low"
  | "pack";

export type Instruction =
  | { readonly kind: "const"; readonly result: Value; readonly value: number }
  | { readonly kind: "op"; readonly op: Op; readonly result: Value; readonly args: readonly Value[] }
  /** one of several numbers, by an index (i32) that is inside of the list; for code that is run one neuron at a time */
  | {
      readonly kind: "pick";
      readonly result: Value;
      readonly index: Value;
      readonly values: readonly number[];
    }
  | { readonly kind: "get"; readonly result: Value; readonly variable: Variable }
  | { readonly kind: "set"; readonly variable: Variable; readonly value: Value }
  | {
      readonly kind: "if";
      readonly condition: Value;
      readonly then: readonly Instruction[];
      readonly otherwise: readonly Instruction[];
    }
  | {
      /** runs `test`, then, while `condition` holds, `body` and `test` again */
      readonly kind: "while";
      readonly test: readonly Instruction[];
      readonly condition: Value;
      readonly body: readonly Instruction[];
    };

export interface IrInput {
  readonly variable: Variable;
  /** the same for all neurons (synapses) of one call */
  readonly uniform: boolean;
}

export interface IrFunction {
  readonly name: string;
  readonly inputs: readonly IrInput[];
  readonly outputs: readonly Variable[];
  readonly body: readonly Instruction[];
}

/** All instructions, depth first. */
export function* walk(body: readonly Instruction[]): Generator<Instruction> {
  for (const instruction of body) {
    yield instruction;
    if (instruction.kind === "if") {
      yield* walk(instruction.then);
      yield* walk(instruction.otherwise);
    } else if (instruction.kind === "while") {
      yield* walk(instruction.test);
      yield* walk(instruction.body);
    }
  }
}

/** The values that an instruction reads itself, without those inside of it. */
export function operandsOf(i: Instruction): readonly Value[] {
  switch (i.kind) {
    case "op":
      return i.args;
    case "pick":
      return [i.index];
    case "set":
      return [i.value];
    case "if":
    case "while":
      return [i.condition];
    default:
      return [];
  }
}

/** Prints a function for reading: one instruction per line. */
export function dumpIr(fn: IrFunction): string {
  const lines: string[] = [`function ${fn.name}`];
  for (const { variable, uniform } of fn.inputs) {
    lines.push(`  in  ${variable.name}: ${variable.type}${uniform ? " uniform" : ""}`);
  }
  for (const variable of fn.outputs) lines.push(`  out ${variable.name}: ${variable.type}`);
  const block = (body: readonly Instruction[], indent: string) => {
    for (const i of body) {
      switch (i.kind) {
        case "const":
          lines.push(`${indent}%${i.result.id}: ${i.result.type} = ${i.value}`);
          break;
        case "op":
          lines.push(
            `${indent}%${i.result.id}: ${i.result.type} = ${i.op} ${i.args.map((a) => `%${a.id}`).join(" ")}`,
          );
          break;
        case "pick":
          lines.push(`${indent}%${i.result.id}: ${i.result.type} = [${i.values.join(", ")}][%${i.index.id}]`);
          break;
        case "get":
          lines.push(`${indent}%${i.result.id}: ${i.result.type} = ${i.variable.name}`);
          break;
        case "set":
          lines.push(`${indent}${i.variable.name} := %${i.value.id}`);
          break;
        case "if":
          lines.push(`${indent}if %${i.condition.id}`);
          block(i.then, `${indent}  `);
          if (i.otherwise.length > 0) {
            lines.push(`${indent}else`);
            block(i.otherwise, `${indent}  `);
          }
          break;
        case "while":
          lines.push(`${indent}while`);
          block(i.test, `${indent}    `);
          lines.push(`${indent}  %${i.condition.id}`);
          block(i.body, `${indent}  `);
          break;
        default:
          i satisfies never;
      }
    }
  };
  block(fn.body, "  ");
  return lines.join("\n");
}

const FLOATS: readonly IrType[] = ["f32", "f64"];
const INTEGERS: readonly IrType[] = ["i32", "u32"];
const COMPARISONS: readonly Op[] = ["eq", "ne", "lt", "le", "gt", "ge"];

function opProblem(op: Op, result: IrType, args: readonly IrType[]): string | undefined {
  const [a, b, c] = args;
  const same = (...types: (IrType | undefined)[]) => types.every((t) => t === types[0]);
  const arity = (n: number) =>
    args.length === n ? undefined : `${op} takes ${n} operands, has ${args.length}`;
  if (COMPARISONS.includes(op)) {
    return (
      arity(2) ??
      (same(a, b) && a !== "bool" && result === "bool" ? undefined : "comparison of different types")
    );
  }
  switch (op) {
    case "add":
    case "sub":
    case "mul":
    case "min":
    case "max":
      return arity(2) ?? (same(a, b, result) && a !== "bool" ? undefined : "operands differ in type");
    case "div":
      return arity(2) ?? (same(a, b, result) && FLOATS.includes(result) ? undefined : "div is for floats");
    case "neg":
    case "abs":
      return arity(1) ?? (same(a, result) && a !== "bool" && a !== "u32" ? undefined : "wrong type");
    case "sqrt":
    case "floor":
    case "ceil":
      return arity(1) ?? (same(a, result) && FLOATS.includes(result) ? undefined : `${op} is for floats`);
    case "and":
    case "or":
    case "xor":
      return arity(2) ?? (same(a, b, result) && !FLOATS.includes(result) ? undefined : "not for floats");
    case "shl":
    case "shr":
      return (
        arity(2) ?? (same(a, result) && INTEGERS.includes(result) ? undefined : "shifts are for integers")
      );
    case "mulhi":
      return arity(2) ?? (same(a, b, result) && a === "u32" ? undefined : "mulhi is for u32");
    case "not":
      return arity(1) ?? (same(a, result) && a === "bool" ? undefined : "not is for bool");
    case "select":
      return arity(3) ?? (a === "bool" && same(b, c, result) ? undefined : "select(bool, a, a)");
    case "convert":
      return arity(1) ?? (a !== "bool" && result !== "bool" ? undefined : "bool does not convert");
    case "bits":
      return (
        arity(1) ??
        (![a, result].some((t) => t === "f64" || t === "bool") ? undefined : "bits is for 32-bit types")
      );
    case "high":
    case "low":
      return arity(1) ?? (a === "f64" && result === "i32" ? undefined : `${op}: f64 -> i32`);
    case "pack":
      return (
        arity(2) ?? (same(a, b) && a === "i32" && result === "f64" ? undefined : "pack: i32, i32 -> f64")
      );
    default:
      return `unknown operation ${op}`;
  }
}

/**
 * Checks that every value is defined before use and every operation has operands of the right types.
 * @throws Error that names the function and the instruction: a fault of the compiler, never of a user's model
 */
export function validateIr(fn: IrFunction): void {
  const fail = (message: string): never => {
    throw new Error(`IR of ${fn.name}: ${message}\n${dumpIr(fn)}`);
  };
  const check = (body: readonly Instruction[], outer: ReadonlySet<number>): Set<number> => {
    const defined = new Set(outer);
    const use = (v: Value) => {
      if (!defined.has(v.id)) fail(`%${v.id} is used before it is defined`);
    };
    for (const i of body) {
      switch (i.kind) {
        case "const":
          if (i.result.type !== "f32" && i.result.type !== "f64" && !Number.isInteger(i.value)) {
            fail(`constant ${i.value} of type ${i.result.type}`);
          }
          defined.add(i.result.id);
          break;
        case "op": {
          i.args.forEach(use);
          const problem = opProblem(
            i.op,
            i.result.type,
            i.args.map((a) => a.type),
          );
          if (problem !== undefined) fail(`%${i.result.id} = ${i.op}: ${problem}`);
          defined.add(i.result.id);
          break;
        }
        case "pick":
          use(i.index);
          if (i.index.type !== "i32" || !FLOATS.includes(i.result.type))
            fail(`%${i.result.id}: pick takes one of several floats by an i32`);
          defined.add(i.result.id);
          break;
        case "get":
          if (i.variable.type !== i.result.type) fail(`get ${i.variable.name}: wrong type`);
          defined.add(i.result.id);
          break;
        case "set":
          use(i.value);
          if (i.variable.type !== i.value.type) fail(`${i.variable.name} := ${i.value.type}`);
          break;
        case "if":
          use(i.condition);
          if (i.condition.type !== "bool") fail("condition is not bool");
          check(i.then, defined);
          check(i.otherwise, defined);
          break;
        case "while": {
          const inner = check(i.test, defined);
          if (!inner.has(i.condition.id) || i.condition.type !== "bool")
            fail("while without a bool condition");
          check(i.body, inner);
          break;
        }
        default:
          i satisfies never;
      }
    }
    return defined;
  };
  check(fn.body, new Set());
}
