/**
 * Broken texts are told, never thrown: models with pieces cut out, doubled or exchanged.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkModel, loadModels, NestmlError, parseNestml } from "../../src/nestml/index.js";
import { allExpressions, brief, diagnose, inModel } from "./help.js";
import { MODELS } from "./models.js";

const words = Object.values(MODELS).map((text) => text.split(/(\s+|\b)/));
const picked = fc.constantFrom(...words);

function readAnyhow(text: string): void {
  const { models, diagnostics } = parseNestml(text);
  for (const model of models) checkModel(model);
  const failed = diagnostics.some((diagnostic) => diagnostic.severity === "error");
  for (const { span } of diagnostics) {
    expect(span.line).toBeGreaterThan(0);
    expect(span.column).toBeGreaterThan(0);
  }
  try {
    const loaded = loadModels(text);
    expect(failed).toBe(false);
    for (const expression of loaded.models.flatMap(allExpressions)) expect(expression.type).toBeDefined();
  } catch (error) {
    if (!(error instanceof NestmlError)) throw error;
  }
}

const place = fc.nat({ max: 1000 });

describe("broken texts", () => {
  test("a piece cut out", () => {
    fc.assert(
      fc.property(picked, place, fc.nat({ max: 6 }), (text, at, length) => {
        readAnyhow(text.toSpliced(at % text.length, length).join(""));
      }),
      { numRuns: 400 },
    );
  });

  test("a piece from somewhere else", () => {
    fc.assert(
      fc.property(picked, place, picked, place, (text, at, other, from) => {
        readAnyhow(text.toSpliced(at % text.length, 1, other[from % other.length] as string).join(""));
      }),
      { numRuns: 400 },
    );
  });

  test("words in any order", () => {
    const some = fc.array(fc.constantFrom(...new Set(words.flat())), { maxLength: 60 });
    fc.assert(
      fc.property(some, (text) => {
        readAnyhow(inModel(`state:\n    ${text.join(" ")}`));
      }),
      { numRuns: 400 },
    );
  });
});

describe("deep nesting", () => {
  test.each([
    ["parentheses", `${"(".repeat(5000)}1${")".repeat(5000)}`],
    ["signs", `${"-".repeat(5000)}1`],
    ["powers", Array(5000).fill("2").join(" ** ")],
    ["not", `${"not ".repeat(5000)}true`],
    ["calls", `${"f(".repeat(5000)}1${")".repeat(5000)}`],
  ])("%s", (_, text) => {
    expect(
      diagnose(inModel(`state:\n    x real = ${text}`)).map((found) => brief(found).split(" ")[1]),
    ).toEqual(["too-deep"]);
  });

  test("a long sum is not deep", () => {
    expect(diagnose(inModel(`state:\n    x real = ${Array(300).fill("1").join(" + ")}`))).toEqual([]);
  });
});
