/**
 * Cuts NESTML text into tokens. Indentation becomes `indent` and `dedent` tokens; blank lines and comments vanish (comments are kept
 * aside by line); a line goes on after a backslash, after a comma, and inside brackets.
 */

import type { Diagnostic, Span } from "./ast.js";

export type TokenKind =
  | "name"
  | "keyword"
  | "integer"
  | "real"
  | "string"
  | "documentation"
  | "operator"
  | "newline"
  | "indent"
  | "dedent"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  /** as written; for strings and documentation, what is between the quotes */
  readonly text: string;
  readonly span: Span;
}

export interface Lexed {
  readonly tokens: readonly Token[];
  /** text of the comment that ends a line, by line number */
  readonly comments: ReadonlyMap<number, string>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Words that cannot name a variable. */
export const KEYWORDS: ReadonlySet<string> = new Set(
  `model state parameters internals equations input output update function onReceive onCondition onOutput
   recordable inline kernel if elif else for in step while return and or not true false True False inf
   integer real string boolean void spike continuous excitatory inhibitory`
    .split(/\s+/)
    .filter(Boolean),
);

// Longest first: the first that fits is taken.
const OPERATORS = [
  ..."... ** << >> <= >= == != <> <- += -= *= /= ::".split(" "),
  ..."+ - * / % & | ^ ~ < > = ( ) [ ] , : ; ? @ . '".split(" "),
];

const NUMBER = /(?:\d+\.(?!\.)\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const BLANK = /[ \t]*/y;
const REST_OF_LINE = /[^\n]*/y;

// A line like this inside brackets means that a bracket was left open above it.
const BLOCK_START =
  /[ \t]*(?:model[ \t]+\w+[ \t]*:|(?:state|parameters|internals|equations|input|output|update)[ \t]*:|on(?:Receive|Condition|Output)\b|function[ \t]+\w)/y;

function matchAt(pattern: RegExp, text: string, offset: number): string | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0];
}

/**
 * Cuts a text into tokens. Never throws: what cannot be read is reported in `diagnostics` and skipped.
 * @param text - NESTML source
 * @param file - its name, for diagnostics
 */
export function tokenize(text: string, file = "<text>"): Lexed {
  const source = text.replace(/\r\n?/g, "\n").replace(/^\uFEFF/, "");
  const tokens: Token[] = [];
  const comments = new Map<number, string>();
  const diagnostics: Diagnostic[] = [];
  const indentations = [""];
  const brackets: Token[] = [];
  let offset = 0;
  let line = 1;
  let lineStart = 0;
  // After an open string, brackets on its line are not missed: what would close them is inside the string.
  let openString = false;

  const spanOf = (start: number, length: number): Span => {
    const column = start - lineStart + 1;
    return { line, column, endLine: line, endColumn: column + length };
  };
  const push = (kind: TokenKind, value: string, span: Span): Token => {
    const token: Token = { kind, text: value, span };
    tokens.push(token);
    return token;
  };
  const report = (code: string, message: string, span: Span): void => {
    diagnostics.push({ severity: "error", code, message, file, span });
  };
  const newLine = (): void => {
    offset++;
    line++;
    lineStart = offset;
  };

  /** Reads the start of a logical line: skips blank lines, then compares the indentation with that of the lines above. */
  const startLine = (): void => {
    while (offset < source.length) {
      const blank = matchAt(BLANK, source, offset) ?? "";
      const following = source[offset + blank.length];
      if (following === "#") {
        offset += blank.length;
        readComment();
      } else if (following === undefined) {
        offset += blank.length;
      } else if (following !== "\n") {
        offset += blank.length;
        changeIndentation(blank);
        return;
      } else {
        offset += blank.length;
      }
      if (source[offset] === "\n") newLine();
    }
  };

  const changeIndentation = (blank: string): void => {
    const here = spanOf(offset, 0);
    const current = indentations.at(-1) ?? "";
    if (blank === current) return;
    if (blank.startsWith(current)) {
      indentations.push(blank);
      push("indent", "", here);
      return;
    }
    const mixed = !current.startsWith(blank);
    if (mixed) {
      report("indentation", "tabs and spaces are mixed differently from the lines above", here);
    }
    while (indentations.length > 1 && (indentations.at(-1) ?? "").length > blank.length) {
      indentations.pop();
      push("dedent", "", here);
    }
    if (!mixed && (indentations.at(-1) ?? "").length !== blank.length) {
      report("indentation", "this line is indented like none of the blocks around it", here);
    }
  };

  const readComment = (): void => {
    const comment = matchAt(REST_OF_LINE, source, offset) ?? "";
    comments.set(line, comment.replace(/^#+/, "").trim());
    offset += comment.length;
  };

  const readDocumentation = (): void => {
    const start = spanOf(offset, 3);
    const close = source.indexOf('"""', offset + 3);
    if (close < 0)
      report("unterminated-string", 'this documentation comment is not closed: expected """', start);
    const end = close < 0 ? source.length : close;
    const value = source.slice(offset + 3, end);
    while (offset < end) {
      if (source[offset] === "\n") newLine();
      else offset++;
    }
    if (close >= 0) offset += 3;
    const span = { ...start, endLine: line, endColumn: offset - lineStart + 1 };
    push("documentation", value, span);
  };

  const readString = (): void => {
    let end = offset + 1;
    while (end < source.length && source[end] !== '"' && source[end] !== "\n")
      end += source[end] === "\\" ? 2 : 1;
    const closed = source[end] === '"';
    const span = spanOf(offset, end - offset + (closed ? 1 : 0));
    openString ||= !closed;
    if (!closed)
      report("unterminated-string", 'this string is not closed: expected " on the same line', span);
    push("string", source.slice(offset + 1, end), span);
    offset = closed ? end + 1 : end;
  };

  /** At the end of a line: decides whether the logical line ends here. */
  const endLine = (): void => {
    const span = spanOf(offset, 0);
    newLine();
    if (openString) brackets.length = 0;
    openString = false;
    if (brackets.length > 0) {
      if (matchAt(BLOCK_START, source, offset) === undefined) return;
      const open = brackets[0] as Token;
      report("unclosed-bracket", `"${open.text}" is not closed`, open.span);
      brackets.length = 0;
    } else {
      const last = tokens.at(-1);
      if (last?.kind === "operator" && last.text === ",") return;
    }
    push("newline", "", span);
    startLine();
  };

  startLine();
  while (offset < source.length) {
    const character = source[offset] as string;
    if (character === "\n") {
      endLine();
    } else if (character === " " || character === "\t") {
      offset++;
    } else if (character === "#") {
      readComment();
    } else if (character === "\\" && /^\\[ \t]*(\n|$)/.test(source.slice(offset, offset + 200))) {
      offset += (matchAt(REST_OF_LINE, source, offset) ?? "").length;
      if (offset < source.length) newLine();
    } else if (source.startsWith('"""', offset)) {
      readDocumentation();
    } else if (character === '"') {
      readString();
    } else {
      readWord(character);
    }
  }

  function readWord(character: string): void {
    const number = matchAt(NUMBER, source, offset);
    if (number !== undefined) {
      push(/^\d+$/.test(number) ? "integer" : "real", number, spanOf(offset, number.length));
      offset += number.length;
      return;
    }
    const name = matchAt(NAME, source, offset);
    if (name !== undefined) {
      push(KEYWORDS.has(name) ? "keyword" : "name", name, spanOf(offset, name.length));
      offset += name.length;
      return;
    }
    const operator = OPERATORS.find((candidate) => source.startsWith(candidate, offset));
    if (operator === undefined) {
      const length = (source.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
      const shown = source.slice(offset, offset + length);
      report("unexpected-character", `"${shown}" has no meaning in NESTML`, spanOf(offset, length));
      offset += length;
      return;
    }
    const token = push("operator", operator, spanOf(offset, operator.length));
    offset += operator.length;
    if (character === "(" || character === "[") brackets.push(token);
    else if (character === ")" || character === "]") brackets.pop();
  }

  const open = brackets[0];
  if (open !== undefined) report("unclosed-bracket", `"${open.text}" is not closed`, open.span);
  const end = spanOf(offset, 0);
  if (tokens.length > 0 && tokens.at(-1)?.kind !== "newline") push("newline", "", end);
  for (let depth = indentations.length; depth > 1; depth--) push("dedent", "", end);
  push("end", "", end);
  return { tokens, comments, diagnostics };
}
