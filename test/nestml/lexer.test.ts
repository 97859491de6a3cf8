/**
 * Tokens, indentation, comments and continued lines.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tokenize } from "../../src/nestml/lexer.js";

const texts = (source: string) =>
  tokenize(source).tokens.map(({ kind, text }) =>
    ["newline", "indent", "dedent", "end"].includes(kind) ? kind : text,
  );
const kinds = (source: string) => tokenize(source).tokens.map((token) => token.kind);
const codes = (source: string) =>
  tokenize(source).diagnostics.map(({ code, span }) => `${span.line}:${span.column} ${code}`);

describe("words", () => {
  test.each([
    ["1", "integer"],
    ["1.5", "real"],
    [".5", "real"],
    ["5.", "real"],
    ["1e-3", "real"],
    ["2E+10", "real"],
    [".5e3", "real"],
    ["abc_1$", "name"],
    ["state", "keyword"],
    ["stated", "name"],
    ['"a b"', "string"],
  ])("%s is one %s", (text, kind) => {
    expect(kinds(text)).toEqual([kind, "newline", "end"]);
  });

  test("numbers and units without blank", () => {
    expect(texts("10mV 1e3ms 2eV").slice(0, 6)).toEqual(["10", "mV", "1e3", "ms", "2", "eV"]);
  });

  test("an ellipsis is not part of a number", () => {
    expect(texts("0...5").slice(0, 3)).toEqual(["0", "...", "5"]);
  });

  test("the longest operator wins", () => {
    expect(texts("a**=b<-c<=d<>e::f''").slice(0, -2)).toEqual([
      "a",
      "**",
      "=",
      "b",
      "<-",
      "c",
      "<=",
      "d",
      "<>",
      "e",
      "::",
      "f",
      "'",
      "'",
    ]);
  });

  test("brackets of invariants are single tokens", () => {
    expect(texts("[[a]]").slice(0, 5)).toEqual(["[", "[", "a", "]", "]"]);
  });
});

describe("lines", () => {
  test("indentation", () => {
    expect(texts("a\n  b\n    c\nd")).toEqual([
      "a",
      "newline",
      "indent",
      "b",
      "newline",
      "indent",
      "c",
      "newline",
      "dedent",
      "dedent",
      "d",
      "newline",
      "end",
    ]);
  });

  test("blank lines and lines of comments do not count", () => {
    expect(texts("a\n\n      # x\n  b\n\n   \n# y\n  c\n")).toEqual([
      "a",
      "newline",
      "indent",
      "b",
      "newline",
      "c",
      "newline",
      "dedent",
      "end",
    ]);
  });

  test("comments are kept by line", () => {
    expect([...tokenize("a # one\n## two\nb #").comments]).toEqual([
      [1, "one"],
      [2, "two"],
      [3, ""],
    ]);
  });

  test.each([
    ["backslash", "a + \\\n    b"],
    ["parenthesis", "a + (\n\n  b # c\n)"],
    ["bracket", "a + [\nb]"],
    ["comma", "a,\n      b"],
  ])("a line goes on after a %s", (_, source) => {
    expect(kinds(source).filter((kind) => kind === "newline" || kind === "indent")).toEqual(["newline"]);
  });

  test("documentation spans lines", () => {
    const { tokens } = tokenize('"""a\n  "b"\n"""\nc');
    expect(tokens[0]).toEqual({
      kind: "documentation",
      text: 'a\n  "b"\n',
      span: { line: 1, column: 1, endLine: 3, endColumn: 4 },
    });
    expect(tokens[2]?.span.line).toBe(4);
  });
});

describe("mistakes", () => {
  test.each([
    ["a ! b", "1:3 unexpected-character"],
    ["a\n  b\n c", "3:2 indentation"],
    ["a\n  b\n\tc", "3:2 indentation"],
    ['a = "b', "1:5 unterminated-string"],
    ['"""a\nb', "1:1 unterminated-string"],
    ["a = (1 +\n2", "1:5 unclosed-bracket"],
    ["a = (1 +\nstate:\n  b", "1:5 unclosed-bracket"],
    ["x = 5 µV", "1:7 unexpected-character"],
  ])("%j", (source, expected) => {
    expect(codes(source)).toEqual([expected]);
  });

  test("never fails, and closes every block, whatever the text", () => {
    const pieces = fc.constantFrom(
      "\n",
      " ",
      "  ",
      "\t",
      "a",
      "1",
      "(",
      ")",
      "[",
      "]",
      '"',
      '"""',
      "#",
      "\\",
      ":",
      ",",
      "'",
      "é",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        const found = kinds(parts.join(""));
        const count = (kind: string) => found.filter((other) => other === kind).length;
        expect(count("indent")).toBe(count("dedent"));
        expect(found.at(-1)).toBe("end");
      }),
    );
  });
});
