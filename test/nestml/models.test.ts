/**
 * Whole models, as users write them: they load without errors, every expression has a type, and printing them gives them back.
 */

import { describe, expect, test } from "vitest";
import { type Diagnostic, loadModels, type Model, parseNestml, printModel } from "../../src/nestml/index.js";
import { allExpressions } from "./help.js";
import { MODELS } from "./models.js";

const brief = ({ code, span, message }: Diagnostic) => `${span.line}:${span.column} ${code}: ${message}`;

/** The model without places and without what the checker adds. */
function withoutSpans(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (/[sS]pan$/.test(key) ? undefined : inner)));
}

describe.each(Object.entries(MODELS))("%s", (_, text) => {
  test("loads, with no warnings but those of names that are units", () => {
    const { models, warnings } = loadModels(text);
    expect(models).toHaveLength(1);
    expect(warnings.filter((warning) => warning.code !== "unit-name").map(brief)).toEqual([]);
  });

  test("has a type on every expression and a role on every name", () => {
    const [model] = loadModels(text).models;
    for (const expression of allExpressions(model as Model)) {
      expect(expression.type, JSON.stringify(expression)).toBeDefined();
      if (expression.kind === "name") expect(expression.role, expression.name).toBeDefined();
      const isLeaf = expression.kind === "name" || expression.kind === "number";
      if (!isLeaf && expression.type?.kind === "unit") expect(expression.type.factor).toBe(1);
    }
  });

  test("is printed as text that parses to the same model", () => {
    const before = parseNestml(text);
    const printed = before.models.map(printModel).join("\n");
    const after = parseNestml(printed);
    expect(after.diagnostics).toEqual([]);
    expect(withoutSpans(after.models)).toEqual(withoutSpans(before.models));
    expect(after.models.map(printModel).join("\n")).toBe(printed);
  });
});
