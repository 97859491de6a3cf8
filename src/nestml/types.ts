/**
 * Types of values: reading them from text, naming them in messages, and what may stand for what.
 */

import type { Expr, Type, VectorSize } from "./ast.js";
import {
  isDimensionless,
  type ParsedUnit,
  parseUnit,
  quantityOf,
  sameDimensions,
  type UnitType,
} from "./units.js";

export const REAL: Type = { kind: "real" };
export const INTEGER: Type = { kind: "integer" };
export const BOOLEAN: Type = { kind: "boolean" };
export const STRING: Type = { kind: "string" };
export const VOID: Type = { kind: "void" };

function unitOf(text: string): UnitType {
  const parsed = parseUnit(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.type;
}

/** Milliseconds: what `resolution()` gives. */
export const MILLISECOND: Type = unitOf("ms");
/** Per second: what a spike port gives, a sum of delta functions of time. */
export const PER_SECOND: UnitType = unitOf("1/s");

/** Reads a type as written: "real", "integer", ... or a unit expression. */
export function parseTypeText(
  text: string,
): { readonly ok: true; readonly type: Type } | Extract<ParsedUnit, { ok: false }> {
  switch (text) {
    case "real":
    case "integer":
    case "boolean":
    case "string":
    case "void":
      return { ok: true, type: { kind: text } };
    default:
  }
  const parsed = parseUnit(text);
  if (parsed.ok && isDimensionless(parsed.type.dimensions) && parsed.type.factor === 1) {
    return { ok: true, type: REAL };
  }
  return parsed;
}

/** Whether a value is a number, with or without unit. */
export function isNumeric(type: Type): boolean {
  return type.kind === "integer" || type.kind === "real" || type.kind === "unit";
}

/** Whether a value is a number without dimension. */
export function isPlain(type: Type): boolean {
  return (
    type.kind === "integer" ||
    type.kind === "real" ||
    (type.kind === "unit" && isDimensionless(type.dimensions))
  );
}

/** Whether a value is a number with a dimension. */
export function isQuantity(type: Type): type is UnitType {
  return type.kind === "unit" && !isDimensionless(type.dimensions);
}

/** Whether two types are the same, apart from the scale of their unit. */
export function sameType(a: Type, b: Type): boolean {
  if (isQuantity(a) && isQuantity(b)) return sameDimensions(a.dimensions, b.dimensions);
  if (isPlain(a) && isPlain(b)) return (a.kind === "integer") === (b.kind === "integer");
  return a.kind === b.kind;
}

/** How a type is named in a message: "mV (voltage)", "real". */
export function describeType(type: Type, size?: VectorSize): string {
  const vector = size === undefined ? "" : `a vector of ${showSize(size)} `;
  if (type.kind !== "unit") return `${vector}${type.kind}`;
  const quantity = quantityOf(type.dimensions);
  return `${vector}${type.text}${quantity === undefined ? "" : ` (${quantity})`}`;
}

/** The number of elements, as written. */
export function showSize(size: VectorSize): string {
  return "literal" in size ? String(size.literal) : size.name;
}

/** Whether two vectors certainly have the same number of elements. */
export function sameSize(a: VectorSize, b: VectorSize): boolean {
  return showSize(a) === showSize(b);
}

/** The factor from a value as stored to its value in the coherent system. */
export function factorOf(type: Type): number {
  return type.kind === "unit" ? type.factor : 1;
}

/** Whether an expression is the number 0 or inf, which fits every unit. */
export function isNeutral(expression: Expr): boolean {
  switch (expression.kind) {
    case "number":
      return expression.value === 0 && expression.unit === undefined;
    case "name":
      return expression.name === "inf";
    case "unary":
      return expression.op !== "not" && isNeutral(expression.operand);
    case "vector":
      return expression.elements.every(isNeutral);
    default:
      return false;
  }
}

/** The value of an expression of literals, such as `-1` or `1/2`; undefined if it is anything else. */
export function constantValue(expression: Expr): number | undefined {
  if (expression.kind === "number") return expression.unit === undefined ? expression.value : undefined;
  if (expression.kind === "unary") {
    const value = constantValue(expression.operand);
    if (value === undefined) return undefined;
    if (expression.op === "-") return -value;
    return expression.op === "+" ? value : undefined;
  }
  if (expression.kind !== "binary") return undefined;
  const left = constantValue(expression.left);
  const right = constantValue(expression.right);
  if (left === undefined || right === undefined) return undefined;
  switch (expression.op) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    default:
      return undefined;
  }
}
