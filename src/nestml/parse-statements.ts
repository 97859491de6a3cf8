/**
 * Parses declarations and statements: what stands in `state`, `parameters` and `internals`, in `update`, in handlers and in functions.
 */

import type { Declaration, Decorator, Expr, Statement } from "./ast.js";
import {
  accept,
  at,
  type Cursor,
  deeper,
  describe,
  endStatement,
  expect,
  expectName,
  fail,
  parseSuite,
  peek,
  spanFrom,
  take,
} from "./cursor.js";
import type { Token } from "./lexer.js";
import { parseCall, parseExpression, parseOrder, parseType, parseVariable } from "./parse-expressions.js";

/** Parses `@name` and `@namespace::name`, any number of them. */
export function parseDecorators(cursor: Cursor): Decorator[] {
  const decorators: Decorator[] = [];
  while (at(cursor, "@")) {
    const start = take(cursor).span;
    const first = expectName(cursor, 'a decorator\'s name after "@"').text;
    if (accept(cursor, "::")) {
      const name = expectName(cursor, 'a name after "::"').text;
      decorators.push({ namespace: first, name, span: spanFrom(cursor, start) });
    } else {
      decorators.push({ name: first, span: spanFrom(cursor, start) });
    }
  }
  return decorators;
}

interface DeclaredName {
  readonly token: Token;
  readonly order: number;
  readonly size?: Expr;
}

function parseDeclaredName(cursor: Cursor): DeclaredName {
  const token = expectName(cursor, "a variable's name");
  const order = parseOrder(cursor);
  if (!at(cursor, "[")) return { token, order };
  take(cursor);
  const size = parseExpression(cursor);
  expect(cursor, "]", "after the size of the vector");
  return { token, order, size };
}

/** Parses `[recordable] x, y[n] type = expression [[invariant]] @decorators`: one declaration for each name. */
export function parseDeclarations(cursor: Cursor): Declaration[] {
  const recordable = accept(cursor, "recordable");
  const names = [parseDeclaredName(cursor)];
  while (accept(cursor, ",")) names.push(parseDeclaredName(cursor));
  const listed = names.map((name) => name.token.text).join(", ");
  const type = parseType(cursor, `after "${listed}"`);
  const value = accept(cursor, "=") ? parseExpression(cursor) : undefined;
  const invariant = parseInvariant(cursor);
  const decorators = parseDecorators(cursor);
  const comment = cursor.comments.get(cursor.tokens[cursor.position - 1]?.span.endLine ?? 0);
  const declarations = names.map(({ token, order, size }): Declaration => {
    return {
      name: token.text,
      order,
      typeText: type.text,
      typeSpan: type.span,
      nameSpan: token.span,
      ...(size === undefined ? {} : { size }),
      ...(value === undefined ? {} : { value: names.length > 1 ? structuredClone(value) : value }),
      ...(invariant === undefined
        ? {}
        : { invariant: names.length > 1 ? structuredClone(invariant) : invariant }),
      recordable,
      decorators,
      ...(comment === undefined ? {} : { comment }),
      span: spanFrom(cursor, token.span),
    };
  });
  endStatement(cursor, "the declaration");
  return declarations;
}

function parseInvariant(cursor: Cursor): Expr | undefined {
  if (!at(cursor, "[") || !at(cursor, "[", 1)) return undefined;
  take(cursor);
  take(cursor);
  const invariant = parseExpression(cursor);
  if (!at(cursor, "]") || !at(cursor, "]", 1)) {
    fail(cursor, `expected "]]" after the invariant, found ${describe(peek(cursor))}`);
  }
  take(cursor);
  take(cursor);
  return invariant;
}

/** Parses the statements of a block: the rest of the line after the colon, or the indented lines below. */
export function parseBody(cursor: Cursor, what: string): Statement[] {
  return deeper(cursor, () => parseSuite(cursor, what, () => parseStatement(cursor)).flat());
}

/** Parses one statement; a declaration of several names gives several. */
function parseStatement(cursor: Cursor): Statement[] {
  const token = peek(cursor);
  if (token.kind === "documentation") {
    take(cursor);
    return [];
  }
  switch (token.kind === "keyword" ? token.text : "") {
    case "if":
      return [parseIf(cursor)];
    case "for":
      return [parseFor(cursor)];
    case "while":
      return [parseWhile(cursor)];
    case "return":
      return [parseReturn(cursor)];
    case "elif":
    case "else":
      return fail(cursor, `"${token.text}" without an "if" before it at the same indentation`);
    default:
      return parseSmallStatement(cursor);
  }
}

const ASSIGNMENTS = ["=", "+=", "-=", "*=", "/="] as const;

function parseSmallStatement(cursor: Cursor): Statement[] {
  const start = peek(cursor).span;
  if (peek(cursor).kind === "name" && isCallStatement(cursor)) {
    const call = parseCall(cursor);
    const span = spanFrom(cursor, start);
    endStatement(cursor, "the call");
    return [{ kind: "call", call, span }];
  }
  if (isDeclaration(cursor)) {
    return parseDeclarations(cursor).map((declaration) => {
      return { kind: "declare", declaration, span: declaration.span };
    });
  }
  const target = parseVariable(cursor, "a statement");
  const op = ASSIGNMENTS.find((candidate) => at(cursor, candidate));
  if (op === undefined) {
    const found = describe(peek(cursor));
    return fail(cursor, `expected "=" or another assignment after "${target.name}", found ${found}`);
  }
  take(cursor);
  const value = parseExpression(cursor);
  const span = spanFrom(cursor, start);
  endStatement(cursor, "the assignment");
  return [{ kind: "assign", op, target, value, span }];
}

/** The number of tokens from `ahead`, which is an opening bracket, to past the bracket that closes it. */
function pastBrackets(cursor: Cursor, ahead: number): number {
  let depth = 0;
  let position = ahead;
  do {
    const token = peek(cursor, position);
    if (token.kind === "newline" || token.kind === "end") return position;
    if (at(cursor, "(", position) || at(cursor, "[", position)) depth++;
    if (at(cursor, ")", position) || at(cursor, "]", position)) depth--;
    position++;
  } while (depth > 0);
  return position;
}

/** `f(x)` alone on the line is a call; `x (mV*s)**2 = ...` is a declaration. */
function isCallStatement(cursor: Cursor): boolean {
  if (!at(cursor, "(", 1)) return false;
  const past = pastBrackets(cursor, 1);
  return !at(cursor, "=", past) && !at(cursor, "**", past);
}

/** A declaration has a type, or a comma, right after the first name. */
function isDeclaration(cursor: Cursor): boolean {
  if (at(cursor, "recordable")) return true;
  if (peek(cursor).kind !== "name") return false;
  let ahead = 1;
  while (at(cursor, "'", ahead)) ahead++;
  if (at(cursor, "[", ahead)) ahead = pastBrackets(cursor, ahead);
  const { kind } = peek(cursor, ahead);
  return (
    kind === "name" ||
    kind === "keyword" ||
    kind === "integer" ||
    at(cursor, ",", ahead) ||
    at(cursor, "(", ahead)
  );
}

function parseIf(cursor: Cursor): Statement {
  const start = peek(cursor).span;
  const branches: { condition: Expr; body: Statement[] }[] = [];
  for (const keyword of ["if", "elif"]) {
    while (at(cursor, keyword)) {
      if (keyword === "if" && branches.length > 0) break;
      take(cursor);
      const condition = parseExpression(cursor);
      expect(cursor, ":", `after the condition of "${keyword}"`);
      branches.push({ condition, body: parseBody(cursor, `the body of "${keyword}"`) });
    }
  }
  let otherwise: Statement[] = [];
  if (accept(cursor, "else")) {
    expect(cursor, ":", 'after "else"');
    otherwise = parseBody(cursor, 'the body of "else"');
  }
  return { kind: "if", branches, otherwise, span: spanFrom(cursor, start) };
}

function parseFor(cursor: Cursor): Statement {
  const start = take(cursor).span;
  const variable = expectName(cursor, "the loop's variable");
  expect(cursor, "in", "after the loop's variable");
  const from = parseExpression(cursor);
  expect(cursor, "...", "between the bounds of the loop");
  const to = parseExpression(cursor);
  const step = accept(cursor, "step") ? parseStep(cursor) : 1;
  expect(cursor, ":", "after the bounds of the loop");
  const body = parseBody(cursor, 'the body of "for"');
  const span = spanFrom(cursor, start);
  return { kind: "for", variable: variable.text, variableSpan: variable.span, from, to, step, body, span };
}

function parseStep(cursor: Cursor): number {
  const sign = accept(cursor, "-") ? -1 : 1;
  const token = peek(cursor);
  if (token.kind !== "integer" && token.kind !== "real") {
    fail(cursor, `expected a number as the step of the loop, found ${describe(token)}`);
  }
  if (Number(token.text) === 0) fail(cursor, "the step of a loop cannot be 0", token.span, "zero-step");
  take(cursor);
  return sign * Number(token.text);
}

function parseWhile(cursor: Cursor): Statement {
  const start = take(cursor).span;
  const condition = parseExpression(cursor);
  expect(cursor, ":", 'after the condition of "while"');
  const body = parseBody(cursor, 'the body of "while"');
  return { kind: "while", condition, body, span: spanFrom(cursor, start) };
}

function parseReturn(cursor: Cursor): Statement {
  const start = take(cursor).span;
  const bare = ["newline", "end", "dedent"].includes(peek(cursor).kind) || at(cursor, ";");
  const value = bare ? undefined : parseExpression(cursor);
  const span = spanFrom(cursor, start);
  endStatement(cursor, '"return"');
  return { kind: "return", ...(value === undefined ? {} : { value }), span };
}
