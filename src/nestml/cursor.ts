/**
 * A position in a list of tokens, and the few moves that every part of the parser makes: look, take, expect, fail, recover.
 */

import type { Diagnostic, Span } from "./ast.js";
import type { Token } from "./lexer.js";

export interface Cursor {
  readonly tokens: readonly Token[];
  readonly comments: ReadonlyMap<number, string>;
  readonly file: string;
  readonly diagnostics: Diagnostic[];
  position: number;
  /** how deeply the expression or block at hand is nested */
  depth: number;
}

/** Deeper texts are refused, before they exhaust the stack. */
const DEEPEST = 200;

/** Parses something nested, unless it is nested too deeply. */
export function deeper<T>(cursor: Cursor, parse: () => T): T {
  if (cursor.depth >= DEEPEST)
    fail(cursor, `this is nested more than ${DEEPEST} levels deep`, undefined, "too-deep");
  cursor.depth++;
  try {
    return parse();
  } finally {
    cursor.depth--;
  }
}

/** Thrown where the text does not fit the grammar; caught at the next statement or block boundary. */
export class SyntaxFailure extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

/** The token `ahead` places further; the last token (`end`) beyond the end. */
export function peek(cursor: Cursor, ahead = 0): Token {
  const index = Math.min(cursor.position + ahead, cursor.tokens.length - 1);
  return cursor.tokens[index] as Token;
}

/** Takes the next token. */
export function take(cursor: Cursor): Token {
  const token = peek(cursor);
  if (token.kind !== "end") cursor.position++;
  return token;
}

/** Whether the token `ahead` is this operator or keyword. */
export function at(cursor: Cursor, text: string, ahead = 0): boolean {
  const token = peek(cursor, ahead);
  return token.text === text && (token.kind === "operator" || token.kind === "keyword");
}

/** Takes the next token if it is this operator or keyword. */
export function accept(cursor: Cursor, text: string): boolean {
  if (!at(cursor, text)) return false;
  cursor.position++;
  return true;
}

/** How a token is named in a message. */
export function describe(token: Token): string {
  switch (token.kind) {
    case "newline":
      return "the end of the line";
    case "indent":
      return "deeper indentation";
    case "dedent":
      return "the end of the block";
    case "end":
      return "the end of the file";
    case "documentation":
      return "a documentation comment";
    case "string":
      return `the string "${token.text}"`;
    default:
      return `"${token.text}"`;
  }
}

/** Gives up the statement at hand. */
export function fail(
  cursor: Cursor,
  message: string,
  span: Span = peek(cursor).span,
  code = "syntax",
): never {
  throw new SyntaxFailure({ severity: "error", code, message, file: cursor.file, span });
}

/** Reports and goes on. */
export function report(
  cursor: Cursor,
  code: string,
  message: string,
  span: Span,
  severity: "error" | "warning" = "error",
): void {
  cursor.diagnostics.push({ severity, code, message, file: cursor.file, span });
}

/**
 * Takes this operator or keyword, or fails.
 * @param where - where it belongs, e.g. "after the model's name"
 */
export function expect(cursor: Cursor, text: string, where: string): Token {
  if (at(cursor, text)) return take(cursor);
  return fail(cursor, `expected "${text}" ${where}, found ${describe(peek(cursor))}`);
}

/**
 * Takes a name, or fails.
 * @param what - what it names, e.g. "a variable's name"
 */
export function expectName(cursor: Cursor, what: string): Token {
  const token = peek(cursor);
  if (token.kind === "name") return take(cursor);
  if (token.kind === "keyword") {
    return fail(cursor, `expected ${what}, found "${token.text}", which is a reserved word`);
  }
  return fail(cursor, `expected ${what}, found ${describe(token)}`);
}

/** The span from a token's start to the end of the last token taken. */
export function spanFrom(cursor: Cursor, start: Span): Span {
  const last = cursor.tokens[cursor.position - 1];
  return {
    line: start.line,
    column: start.column,
    endLine: last?.span.endLine ?? start.endLine,
    endColumn: last?.span.endColumn ?? start.endColumn,
  };
}

/** Ends a statement: takes optional ";" and the end of the line. */
export function endStatement(cursor: Cursor, after: string): void {
  accept(cursor, ";");
  const token = peek(cursor);
  if (token.kind === "newline") {
    take(cursor);
    return;
  }
  if (token.kind === "end" || token.kind === "dedent") return;
  fail(cursor, `expected the end of the line after ${after}, found ${describe(token)}`);
}

/** Skips the rest of the line, and the block indented under it. */
export function skipStatement(cursor: Cursor): void {
  while (!["newline", "end", "indent", "dedent"].includes(peek(cursor).kind)) take(cursor);
  if (peek(cursor).kind === "newline") take(cursor);
  if (peek(cursor).kind !== "indent") return;
  let depth = 0;
  do {
    const { kind } = take(cursor);
    if (kind === "indent") depth++;
    else if (kind === "dedent") depth--;
    else if (kind === "end") return;
  } while (depth > 0);
}

/** Runs a parser; where it fails, records why and skips the statement. */
export function recovering<T>(cursor: Cursor, parse: () => T): T | undefined {
  const start = cursor.position;
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxFailure)) throw error;
    cursor.diagnostics.push(error.diagnostic);
    skipStatement(cursor);
    if (cursor.position === start) take(cursor);
    return undefined;
  }
}

/**
 * Reads what follows a colon: either the rest of the line, or an indented block, one item after another.
 * @param what - whose block it is, for messages
 */
export function parseSuite<T>(cursor: Cursor, what: string, parseItem: () => T | undefined): T[] {
  if (peek(cursor).kind !== "newline") {
    const item = parseItem();
    return item === undefined ? [] : [item];
  }
  const colon = cursor.tokens[cursor.position - 1]?.span ?? peek(cursor).span;
  take(cursor);
  if (peek(cursor).kind !== "indent") {
    report(cursor, "empty-block", `${what} is empty: expected an indented line after ":"`, colon);
    return [];
  }
  take(cursor);
  const items: T[] = [];
  while (peek(cursor).kind !== "dedent" && peek(cursor).kind !== "end") {
    if (peek(cursor).kind === "newline") {
      take(cursor);
      continue;
    }
    const item = recovering(cursor, () => {
      if (peek(cursor).kind === "indent") {
        fail(
          cursor,
          "this line is indented deeper than the one above, without a colon there",
          undefined,
          "indentation",
        );
      }
      return parseItem();
    });
    if (item !== undefined) items.push(item);
  }
  if (peek(cursor).kind === "dedent") take(cursor);
  return items;
}
