/**
 * Expressions printed and parsed again are the same, whatever their shape.
 */

import fc from "fast-check";
import { expect, test } from "vitest";
import { type BinaryOp, type Expr, parseNestml, printExpression } from "../../src/nestml/index.js";
import { inModel } from "./help.js";

const span = { line: 1, column: 1, endLine: 1, endColumn: 1 };
const operators: BinaryOp[] = [..."** * / % + - & | ^ << >> < <= == != >= > and or".split(" ")] as BinaryOp[];

const { expression } = fc.letrec<{ expression: Expr; leaf: Expr }>((tie) => ({
  leaf: fc.oneof(
    fc.nat({ max: 1e6 }).map((value): Expr => ({ kind: "number", value, integer: true, span })),
    fc
      .double({ min: 0, max: 1e30, noNaN: true })
      .map((value): Expr => ({ kind: "number", value: value + 0, integer: false, span })),
    fc.nat({ max: 99 }).map((value): Expr => {
      return { kind: "number", value, integer: true, unit: { text: "mV", span }, span };
    }),
    fc.constantFrom(true, false).map((value): Expr => ({ kind: "boolean", value, span })),
    fc.constantFrom("x", "tau_m", "g$", "t").map((name): Expr => ({ kind: "name", name, order: 0, span })),
    fc.constantFrom(1, 2).map((order): Expr => ({ kind: "name", name: "x", order, span })),
    fc.constant<Expr>({ kind: "name", name: "spikes", order: 0, attribute: "weight", span }),
  ),
  expression: fc.oneof(
    { depthSize: "small" },
    tie("leaf"),
    fc
      .tuple(fc.constantFrom(...operators), tie("expression"), tie("expression"))
      .map(([op, left, right]): Expr => {
        return { kind: "binary", op, left, right, span };
      }),
    fc
      .tuple(fc.constantFrom("+" as const, "-" as const, "~" as const, "not" as const), tie("expression"))
      .map(([op, operand]): Expr => ({ kind: "unary", op, operand, span })),
    fc
      .tuple(tie("expression"), tie("expression"), tie("expression"))
      .map(([condition, then, otherwise]): Expr => ({ kind: "ternary", condition, then, otherwise, span })),
    fc
      .array(tie("expression"), { maxLength: 3 })
      .map((args): Expr => ({ kind: "call", name: "f", args, span })),
    tie("expression").map((index): Expr => ({ kind: "name", name: "v", order: 0, index, span })),
    fc
      .array(tie("expression"), { minLength: 1, maxLength: 3 })
      .map((elements): Expr => ({ kind: "vector", elements, span })),
  ),
}));

const bare = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner) => (key === "span" ? undefined : inner)));

test("expressions", () => {
  fc.assert(
    fc.property(expression, (wanted) => {
      const text = printExpression(wanted);
      const { models, diagnostics } = parseNestml(inModel(`state:\n    x real = ${text}`));
      expect(
        diagnostics.filter((diagnostic) => diagnostic.severity === "error"),
        text,
      ).toEqual([]);
      expect(bare(models[0]?.state[0]?.value), text).toEqual(bare(wanted));
    }),
    { numRuns: 500 },
  );
});
