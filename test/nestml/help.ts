/**
 * Helpers of the tests of NESTML: texts of one block, marked places, diagnostics in short.
 */

import { checkModel, type Diagnostic, parseNestml } from "../../src/nestml/index.js";

/** A model with these blocks. Texts of the tables start at the level of blocks. */
export function inModel(blocks: string): string {
  const lines = blocks.replace(/^\n/, "").trimEnd().split("\n");
  return ["model m:", ...lines.map((line) => (line === "" ? "" : `    ${line}`)), ""].join("\n");
}

/** Takes the mark « out of a text and tells where it stood. */
export function unmark(marked: string): { text: string; line: number; column: number } {
  const before = marked.slice(0, marked.indexOf("«"));
  const line = before.split("\n").length;
  const column = before.length - before.lastIndexOf("\n");
  return { text: marked.replace("«", ""), line, column };
}

/** All diagnostics of parser and checker, whatever the parser found. */
export function diagnose(text: string): Diagnostic[] {
  const { models, diagnostics } = parseNestml(text, "m.nestml");
  if (diagnostics.some((diagnostic) => diagnostic.severity === "error")) return [...diagnostics];
  return [...diagnostics, ...models.flatMap((model) => checkModel(model, "m.nestml"))];
}

/** `line:column code` */
export function brief({ code, span }: Diagnostic): string {
  return `${span.line}:${span.column} ${code}`;
}
