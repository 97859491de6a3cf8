/**
 * Finds the type and the size of every expression, and writes them on it. `undefined` means that an error was reported inside, so that
 * one mistake is told once.
 */

import type { Expr, Type } from "./ast.js";
import { checkPlain, unify, unifySizes } from "./convert.js";
import { inferCall } from "./infer-calls.js";
import { inferName } from "./infer-names.js";
import { type Checker, error, type Place } from "./scopes.js";
import {
  BOOLEAN,
  constantValue,
  describeType,
  INTEGER,
  isNumeric,
  isPlain,
  isQuantity,
  parseTypeText,
  REAL,
  STRING,
} from "./types.js";
import { coherentType, DIMENSIONLESS, multiplyDimensions, raiseDimensions } from "./units.js";

type Of<K extends Expr["kind"]> = Extract<Expr, { kind: K }>;

/** Finds the type of an expression and of everything inside it. */
export function infer(checker: Checker, place: Place, expression: Expr): Type | undefined {
  const type = inferKind(checker, place, expression);
  if (type !== undefined) expression.type = type;
  return type;
}

function inferKind(checker: Checker, place: Place, expression: Expr): Type | undefined {
  switch (expression.kind) {
    case "number":
      return inferNumber(checker, expression);
    case "boolean":
      return BOOLEAN;
    case "string":
      return STRING;
    case "name":
      return inferName(checker, place, expression);
    case "unary":
      return inferUnary(checker, place, expression);
    case "binary":
      return inferBinary(checker, place, expression);
    case "ternary":
      return inferTernary(checker, place, expression);
    case "call":
      return inferCall(checker, place, expression);
    case "vector":
      return inferVector(checker, place, expression);
    default:
      expression satisfies never;
      return undefined;
  }
}

function inferNumber(checker: Checker, expression: Of<"number">): Type | undefined {
  const { unit } = expression;
  if (unit === undefined) return expression.integer ? INTEGER : REAL;
  const parsed = parseTypeText(unit.text);
  if (parsed.ok) return parsed.type;
  const isVariable = checker.symbols.has(unit.text);
  const message = isVariable
    ? `"${unit.text}" is a variable, not a unit: write ${expression.value} * ${unit.text}`
    : parsed.message;
  error(checker, "unknown-unit", unit.span, message);
  return undefined;
}

/** The type of an inner node: quantities are coherent there, whatever the leaves were. */
function coherent(type: Type | undefined): Type | undefined {
  return type?.kind === "unit" ? coherentType(type.dimensions) : type;
}

function inferUnary(checker: Checker, place: Place, expression: Of<"unary">): Type | undefined {
  const { op, operand } = expression;
  const type = infer(checker, place, operand);
  expression.size = operand.size;
  if (type === undefined) return undefined;
  if (op === "not") {
    if (type.kind === "boolean") return BOOLEAN;
    return mismatch(checker, operand, '"not" needs a boolean', type);
  }
  if (op === "~") {
    if (type.kind === "integer") return INTEGER;
    return mismatch(checker, operand, '"~" needs an integer', type);
  }
  if (isNumeric(type)) return coherent(type);
  return mismatch(checker, operand, `"${op}" needs a number`, type);
}

function mismatch(checker: Checker, expression: Expr, what: string, found: Type): undefined {
  error(checker, "type-mismatch", expression.span, `${what}, found ${describeType(found)}`);
  return undefined;
}

function inferBinary(checker: Checker, place: Place, expression: Of<"binary">): Type | undefined {
  const { op, left, right } = expression;
  const a = infer(checker, place, left);
  const b = infer(checker, place, right);
  expression.size = unifySizes(checker, [left, right]);
  switch (op) {
    case "and":
    case "or":
      return inferLogical(checker, expression);
    case "&":
    case "|":
    case "^":
    case "<<":
    case ">>":
      return inferBits(checker, expression);
    case "<":
    case "<=":
    case "==":
    case "!=":
    case ">=":
    case ">":
      return inferComparison(checker, expression);
    default:
  }
  if (a === undefined || b === undefined) return undefined;
  if (!isNumeric(a)) return mismatch(checker, left, `"${op}" needs numbers`, a);
  if (!isNumeric(b)) return mismatch(checker, right, `"${op}" needs numbers`, b);
  if (op === "+") return coherent(unify(checker, left, right, "cannot add"));
  if (op === "-") return coherent(unify(checker, left, right, "cannot subtract"));
  if (op === "%") return coherent(unify(checker, left, right, 'cannot take "%" of'));
  if (op === "**") return inferPower(checker, left, right);
  if (a.kind === "integer" && b.kind === "integer") return op === "*" ? INTEGER : REAL;
  const first = isQuantity(a) ? a.dimensions : DIMENSIONLESS;
  const second = isQuantity(b) ? b.dimensions : DIMENSIONLESS;
  return coherentType(multiplyDimensions(first, second, op === "*" ? 1 : -1));
}

/** The type of `base ** exponent`, also of `pow(base, exponent)`. */
export function inferPower(checker: Checker, base: Expr, exponent: Expr): Type | undefined {
  if (base.type === undefined || exponent.type === undefined) return undefined;
  checkPlain(checker, exponent, "an exponent");
  const constant = constantValue(exponent);
  if (isPlain(base.type)) {
    const whole = constant !== undefined && Number.isInteger(constant) && constant >= 0;
    return base.type.kind === "integer" && exponent.type.kind === "integer" && whole ? INTEGER : REAL;
  }
  if (!isQuantity(base.type)) return mismatch(checker, base, '"**" needs a number', base.type);
  if (constant === undefined) {
    const message = `the power of a quantity, here of ${describeType(base.type)}, needs a literal as exponent`;
    error(checker, "power-not-constant", exponent.span, message);
    return undefined;
  }
  return coherentType(raiseDimensions(base.type.dimensions, constant));
}

function inferLogical(checker: Checker, { op, left, right }: Of<"binary">): Type {
  for (const side of [left, right]) {
    if (side.type !== undefined && side.type.kind !== "boolean") {
      mismatch(checker, side, `"${op}" needs booleans`, side.type);
    }
  }
  return BOOLEAN;
}

function inferBits(checker: Checker, { op, left, right }: Of<"binary">): Type {
  for (const side of [left, right]) {
    if (side.type !== undefined && side.type.kind !== "integer") {
      mismatch(checker, side, `"${op}" needs integers`, side.type);
    }
  }
  return INTEGER;
}

function inferComparison(checker: Checker, { op, left, right }: Of<"binary">): Type {
  const type = unify(checker, left, right, "cannot compare");
  if (type !== undefined && !isNumeric(type) && op !== "==" && op !== "!=") {
    mismatch(checker, left, `"${op}" needs numbers`, type);
  }
  return BOOLEAN;
}

function inferTernary(checker: Checker, place: Place, expression: Of<"ternary">): Type | undefined {
  const { condition, then, otherwise } = expression;
  inferCondition(checker, place, condition, 'the condition of "? :"', true);
  infer(checker, place, then);
  infer(checker, place, otherwise);
  expression.size = unifySizes(checker, [condition, then, otherwise]);
  return coherent(unify(checker, then, otherwise, 'the two values of "? :" are'));
}

/** Checks an expression that must be true or false. */
export function inferCondition(
  checker: Checker,
  place: Place,
  condition: Expr,
  what: string,
  vectors = false,
): void {
  const type = infer(checker, place, condition);
  if (type !== undefined && type.kind !== "boolean") {
    const message = `${what} must be a boolean, found ${describeType(type)}`;
    error(checker, "condition-not-boolean", condition.span, message);
  } else if (condition.size !== undefined && !vectors) {
    error(checker, "vector-size", condition.span, `${what} must be a single value, found a vector`);
  }
}

function inferVector(checker: Checker, place: Place, expression: Of<"vector">): Type | undefined {
  const [first, ...others] = expression.elements;
  if (first === undefined) return undefined;
  for (const element of expression.elements) {
    infer(checker, place, element);
    if (element.size !== undefined) {
      error(
        checker,
        "vector-size",
        element.span,
        "the elements of a vector are single values, found a vector",
      );
    }
  }
  expression.size = { literal: expression.elements.length };
  let type = coherent(first.type);
  for (const other of others) {
    const both = unify(checker, first, other, "the elements of a vector are");
    if (type?.kind !== "unit") type = coherent(both);
  }
  return type;
}
