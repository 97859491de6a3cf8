/**
 * Parses expressions and types. Precedence, from the tightest: `**` (right associative), unary `+ - ~`, `* / %`, `+ -`, `<< >>`, `&`,
 * `^`, `|`, comparisons, `not`, `and`, `or`, `? :`.
 */

import type { BinaryOp, Expr, Span, UnitExpr } from "./ast.js";
import {
  accept,
  at,
  type Cursor,
  deeper,
  describe,
  expect,
  expectName,
  fail,
  peek,
  report,
  spanFrom,
  take,
} from "./cursor.js";

export type NameExpr = Extract<Expr, { kind: "name" }>;
export type CallExpr = Extract<Expr, { kind: "call" }>;

/** How tightly each binary operator binds; the printer uses the same table. */
export const PRECEDENCE: Readonly<Record<BinaryOp, number>> = {
  or: 1,
  and: 2,
  "<": 4,
  "<=": 4,
  "==": 4,
  "!=": 4,
  ">=": 4,
  ">": 4,
  "|": 5,
  "^": 6,
  "&": 7,
  "<<": 8,
  ">>": 8,
  "+": 9,
  "-": 9,
  "*": 10,
  "/": 10,
  "%": 10,
  "**": 12,
};
/** Precedence of `not`. */
export const NOT_PRECEDENCE = 3;
/** Precedence of unary `+ - ~`. */
export const UNARY_PRECEDENCE = 11;

function isBinaryOp(text: string): text is BinaryOp {
  return Object.hasOwn(PRECEDENCE, text);
}

function binaryOpAt(cursor: Cursor): BinaryOp | undefined {
  const { kind, text } = peek(cursor);
  if (kind !== "operator" && kind !== "keyword") return undefined;
  if (text === "<>") return "!=";
  return isBinaryOp(text) ? text : undefined;
}

/** Parses an expression. */
export function parseExpression(cursor: Cursor): Expr {
  return deeper(cursor, () => parseTernary(cursor));
}

function parseTernary(cursor: Cursor): Expr {
  const start = peek(cursor).span;
  const condition = parseBinary(cursor, 1);
  if (!accept(cursor, "?")) return condition;
  const then = parseExpression(cursor);
  expect(cursor, ":", 'between the two values of "? :"');
  const otherwise = parseExpression(cursor);
  return { kind: "ternary", condition, then, otherwise, span: spanFrom(cursor, start) };
}

function parseBinary(cursor: Cursor, minimum: number): Expr {
  const start = peek(cursor).span;
  let left = minimum <= NOT_PRECEDENCE && at(cursor, "not") ? parseNot(cursor) : parseUnary(cursor);
  for (;;) {
    const op = binaryOpAt(cursor);
    if (op === undefined || PRECEDENCE[op] < minimum) return left;
    take(cursor);
    const right = parseBinary(cursor, PRECEDENCE[op] + 1);
    left = { kind: "binary", op, left, right, span: spanFrom(cursor, start) };
  }
}

function parseNot(cursor: Cursor): Expr {
  const start = take(cursor).span;
  const operand = deeper(cursor, () => parseBinary(cursor, NOT_PRECEDENCE));
  return { kind: "unary", op: "not", operand, span: spanFrom(cursor, start) };
}

function parseUnary(cursor: Cursor): Expr {
  const token = peek(cursor);
  for (const op of ["+", "-", "~"] as const) {
    if (!at(cursor, op)) continue;
    take(cursor);
    const operand = deeper(cursor, () => parseUnary(cursor));
    return { kind: "unary", op, operand, span: spanFrom(cursor, token.span) };
  }
  if (at(cursor, "not")) return parseNot(cursor);
  return parsePower(cursor);
}

function parsePower(cursor: Cursor): Expr {
  const start = peek(cursor).span;
  const left = parsePrimary(cursor);
  if (!at(cursor, "**")) return left;
  take(cursor);
  if (left.kind === "number" && left.unit !== undefined && left.value !== 1) {
    const text = `${left.value} ${left.unit.text}`;
    const message = `this is (${text}) to a power; write ${left.value} * ${left.unit.text}**... to raise the unit alone`;
    report(cursor, "power-of-literal", message, left.span, "warning");
  }
  const right = deeper(cursor, () => parseUnary(cursor));
  return { kind: "binary", op: "**", left, right, span: spanFrom(cursor, start) };
}

function parsePrimary(cursor: Cursor): Expr {
  const token = peek(cursor);
  switch (token.kind) {
    case "integer":
    case "real":
      return parseNumber(cursor);
    case "string":
      take(cursor);
      return { kind: "string", value: token.text, span: token.span };
    case "name":
      return parseNameOrCall(cursor);
    default:
  }
  if (token.kind === "keyword") {
    if (/^[tT]rue$|^[fF]alse$/.test(token.text)) {
      take(cursor);
      return { kind: "boolean", value: token.text.toLowerCase() === "true", span: token.span };
    }
    if (token.text === "inf") {
      take(cursor);
      return { kind: "name", name: "inf", order: 0, span: token.span };
    }
    fail(cursor, `expected an expression, found "${token.text}", which is a reserved word`);
  }
  if (accept(cursor, "(")) {
    const inner = parseExpression(cursor);
    expect(cursor, ")", 'to close "("');
    return inner;
  }
  if (accept(cursor, "[")) {
    const elements = parseList(cursor, "]");
    if (elements.length === 0) fail(cursor, "expected at least one element in the vector", token.span);
    return { kind: "vector", elements, span: spanFrom(cursor, token.span) };
  }
  return fail(cursor, `expected an expression, found ${describe(token)}`);
}

function parseNumber(cursor: Cursor): Expr {
  const token = take(cursor);
  const value = Number(token.text);
  const integer = token.kind === "integer";
  const following = peek(cursor);
  if (following.kind !== "name") return { kind: "number", value, integer, span: token.span };
  take(cursor);
  const unit: UnitExpr = { text: following.text, span: following.span };
  return { kind: "number", value, integer, unit, span: spanFrom(cursor, token.span) };
}

function parseNameOrCall(cursor: Cursor): Expr {
  const token = peek(cursor);
  const opening = peek(cursor, 1);
  if (opening.kind === "operator" && opening.text === "(") return parseCall(cursor);
  return parseVariable(cursor, `expected an expression, found ${describe(token)}`);
}

/** Parses `name(arguments)`. */
export function parseCall(cursor: Cursor): CallExpr {
  const name = expectName(cursor, "a function's name");
  expect(cursor, "(", "after the function's name");
  const args = parseList(cursor, ")");
  return { kind: "call", name: name.text, args, span: spanFrom(cursor, name.span) };
}

/** Parses expressions separated by commas, up to and with the closing bracket. */
function parseList(cursor: Cursor, close: ")" | "]"): Expr[] {
  const elements: Expr[] = [];
  if (accept(cursor, close)) return elements;
  do elements.push(parseExpression(cursor));
  while (accept(cursor, ","));
  expect(cursor, close, 'or "," after the list');
  return elements;
}

/** Counts and takes the ' marks after a name. */
export function parseOrder(cursor: Cursor): number {
  let order = 0;
  while (accept(cursor, "'")) order++;
  return order;
}

/** Parses a variable: name, ' marks, index and attribute. */
export function parseVariable(cursor: Cursor, what: string): NameExpr {
  const name = expectName(cursor, what);
  const order = parseOrder(cursor);
  let index: Expr | undefined;
  let attribute: string | undefined;
  // "[[" starts an invariant, never an index.
  if (at(cursor, "[") && !at(cursor, "[", 1)) {
    take(cursor);
    index = parseExpression(cursor);
    expect(cursor, "]", "after the index");
  }
  if (accept(cursor, ".")) attribute = expectName(cursor, "an attribute's name").text;
  const span = spanFrom(cursor, name.span);
  return {
    kind: "name",
    name: name.text,
    order,
    span,
    ...(index === undefined ? {} : { index }),
    ...(attribute === undefined ? {} : { attribute }),
  };
}

const PRIMITIVE_TYPES = ["integer", "real", "string", "boolean", "void"];

/** Parses a type, primitive or a unit; gives its text without spaces and its place. */
export function parseType(cursor: Cursor, where: string): { text: string; span: Span } {
  const token = peek(cursor);
  if (token.kind === "keyword" && PRIMITIVE_TYPES.includes(token.text)) {
    take(cursor);
    return { text: token.text, span: token.span };
  }
  const start = cursor.position;
  parseUnitProduct(cursor, where);
  const text = cursor.tokens
    .slice(start, cursor.position)
    .map((part) => part.text)
    .join("");
  return { text, span: spanFrom(cursor, token.span) };
}

function parseUnitProduct(cursor: Cursor, where: string): void {
  do parseUnitFactor(cursor, where);
  while (accept(cursor, "*") || accept(cursor, "/"));
}

function parseUnitFactor(cursor: Cursor, where: string): void {
  const token = peek(cursor);
  if (accept(cursor, "(")) {
    deeper(cursor, () => parseUnitProduct(cursor, where));
    expect(cursor, ")", 'to close "(" in the unit');
  } else if (token.kind === "name" || (token.kind === "integer" && token.text === "1")) {
    take(cursor);
  } else {
    fail(
      cursor,
      `expected a type (real, integer, boolean, string or a unit) ${where}, found ${describe(token)}`,
    );
  }
  if (!accept(cursor, "**")) return;
  if (accept(cursor, "(")) {
    parseExponent(cursor);
    if (accept(cursor, "/")) parseExponent(cursor);
    expect(cursor, ")", "after the exponent");
  } else {
    parseExponent(cursor);
  }
}

function parseExponent(cursor: Cursor): void {
  if (!accept(cursor, "-")) accept(cursor, "+");
  const token = peek(cursor);
  if (token.kind !== "integer")
    fail(cursor, `expected a whole number as the exponent of a unit, found ${describe(token)}`);
  take(cursor);
}
