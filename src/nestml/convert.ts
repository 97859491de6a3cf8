/**
 * Whether a value may stand where a type is expected: the same dimension fits; a plain number beside a unit is taken in the unit, with a
 * warning, as NESTML does; where that would be ambiguous (units that are not coherent, such as s or V) it is an error.
 */

import type { Expr, Type, VectorSize } from "./ast.js";
import { type Checker, error, warn } from "./scopes.js";
import {
  describeType,
  isNeutral,
  isNumeric,
  isPlain,
  isQuantity,
  sameSize,
  sameType,
  showSize,
} from "./types.js";
import type { UnitType } from "./units.js";

/** What is expected, and how the place is called in messages, e.g. `the value of "x"`. */
export interface Expected {
  readonly type: Type | undefined;
  readonly what: string;
  readonly size?: VectorSize;
}

/** Reports if the value of a checked expression does not fit what is expected. */
export function checkFits(checker: Checker, value: Expr, expected: Expected): void {
  checkSize(checker, value, expected);
  if (value.type === undefined || expected.type === undefined) return;
  checkType(checker, value, value.type, expected.type, expected.what);
}

function checkSize(checker: Checker, value: Expr, { size, what }: Expected): void {
  if (value.size === undefined) return;
  if (size === undefined) {
    const message = `${what} is a single value, found a vector of ${showSize(value.size)}: give an index, or use sum(...)`;
    error(checker, "vector-size", value.span, message);
  } else if (!sameSize(value.size, size)) {
    const message = `${what} is a vector of ${showSize(size)}, found a vector of ${showSize(value.size)}`;
    error(checker, "vector-size", value.span, message);
  }
}

function checkType(checker: Checker, value: Expr, found: Type, wanted: Type, what: string): void {
  if (sameType(wanted, found)) return;
  const shown = `${what}: expected ${describeType(wanted)}, found ${describeType(found)}`;
  if (!isNumeric(wanted) || !isNumeric(found)) {
    error(checker, "type-mismatch", value.span, shown);
  } else if (isQuantity(wanted) && isQuantity(found)) {
    error(checker, "unit-mismatch", value.span, shown);
  } else if (isQuantity(wanted)) {
    checkPlainAsQuantity(checker, value, wanted, what);
  } else if (isQuantity(found)) {
    checkQuantityAsPlain(checker, value, found, wanted, what);
  } else if (wanted.kind === "integer") {
    if (!isWhole(value))
      warn(checker, "implicit-conversion", value.span, `${shown}; the fraction is cut off`);
  }
}

/** Whether a real is an integer all the same. */
function isWhole(value: Expr): boolean {
  if (value.kind === "call") return ["ceil", "floor", "round"].includes(value.name);
  return value.kind === "number" && Number.isInteger(value.value);
}

/** A plain number where a quantity is expected: a warning, or an error if its scale cannot be known. */
function checkPlainAsQuantity(checker: Checker, value: Expr, wanted: Type, what: string): void {
  if (isNeutral(value) || wanted.kind !== "unit") return;
  reportPlain(
    checker,
    value,
    wanted,
    `${what}: expected ${describeType(wanted)}, found a number without unit`,
  );
}

/** A plain number beside a quantity, as in `V_m + 3`. */
function checkPlainBesideQuantity(checker: Checker, value: Expr, other: Type): void {
  if (isNeutral(value) || other.kind !== "unit") return;
  reportPlain(checker, value, other, `a number without unit beside ${describeType(other)}`);
}

function reportPlain(checker: Checker, value: Expr, wanted: UnitType, message: string): void {
  if (wanted.factor !== 1) {
    error(
      checker,
      "ambiguous-unit",
      value.span,
      `${message}; write the unit, as in ${example(value, wanted.text)}`,
    );
  } else {
    warn(checker, "implicit-conversion", value.span, `${message}; it is taken in ${wanted.text}`);
  }
}

function example(value: Expr, unit: string): string {
  if (value.kind !== "number") return `... * ${unit}`;
  return /^\w+$/.test(unit) ? `${value.value} ${unit}` : `${value.value} * ${unit}`;
}

function checkQuantityAsPlain(checker: Checker, value: Expr, found: Type, wanted: Type, what: string): void {
  const message = `${what}: expected ${wanted.kind}, found ${describeType(found)}`;
  if (found.kind === "unit" && found.factor !== 1) {
    error(checker, "ambiguous-unit", value.span, `${message}; ${withoutUnit(found.text)}`);
  } else {
    const unit = found.kind === "unit" ? found.text : "";
    warn(checker, "implicit-conversion", value.span, `${message}; its number in ${unit} is taken`);
  }
}

/** How to take a unit off. */
function withoutUnit(unit: string): string {
  if (/^1\/\w+$/.test(unit)) return `take the unit off, as in ... * ${unit.slice(2)}`;
  return `take the unit off, as in ... / ${/^\w+$/.test(unit) ? unit : `(${unit})`}`;
}

/**
 * Two operands that must have the same dimension; reports if they have not. Gives the type of both together.
 * @param what - how a mismatch is told, e.g. "cannot add"
 */
export function unify(checker: Checker, left: Expr, right: Expr, what: string): Type | undefined {
  const a = left.type;
  const b = right.type;
  if (a === undefined || b === undefined) return undefined;
  if (!isNumeric(a) || !isNumeric(b)) {
    if (a.kind === b.kind) return a;
    error(checker, "type-mismatch", right.span, `${what} ${describeType(a)} and ${describeType(b)}`);
    return undefined;
  }
  if (isQuantity(a) && isQuantity(b)) {
    if (sameType(a, b)) return a;
    error(checker, "unit-mismatch", right.span, `${what} ${describeType(a)} and ${describeType(b)}`);
    return undefined;
  }
  if (isQuantity(a)) {
    checkPlainBesideQuantity(checker, right, a);
    return a;
  }
  if (isQuantity(b)) {
    checkPlainBesideQuantity(checker, left, b);
    return b;
  }
  return a.kind === "integer" && b.kind === "integer" ? a : { kind: "real" };
}

/** The size of an element-wise operation on these operands; reports vectors of different sizes. */
export function unifySizes(checker: Checker, operands: readonly Expr[]): VectorSize | undefined {
  let size: VectorSize | undefined;
  for (const operand of operands) {
    if (operand.size === undefined) continue;
    if (size === undefined) {
      size = operand.size;
    } else if (!sameSize(size, operand.size)) {
      const message = `element by element, a vector of ${showSize(size)} does not go with a vector of ${showSize(operand.size)}`;
      error(checker, "vector-size", operand.span, message);
      return size;
    }
  }
  return size;
}

/** Reports unless the expression is a number without dimension. */
export function checkPlain(checker: Checker, value: Expr, what: string): void {
  const { type } = value;
  if (type === undefined) return;
  if (!isNumeric(type)) {
    error(checker, "type-mismatch", value.span, `${what}: expected a number, found ${describeType(type)}`);
  } else if (!isPlain(type)) {
    checkQuantityAsPlain(checker, value, type, { kind: "real" }, what);
  }
}
