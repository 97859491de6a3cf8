/**
 * Helpers of the tests of NESTML: texts of one block, marked places, diagnostics in short.
 */

import {
  checkModel,
  type Diagnostic,
  type Expr,
  expressionsOf,
  type Model,
  parseNestml,
  walkExpression,
  walkStatements,
} from "../../src/nestml/index.js";

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

/** Every expression of a model. */
export function allExpressions(model: Model): Expr[] {
  const roots: (Expr | undefined)[] = [
    ...[...model.state, ...model.parameters, ...model.internals].flatMap((d) => [
      d.value,
      d.invariant,
      d.size,
    ]),
    ...model.odes.map((ode) => ode.expression),
    ...model.inlines.map((inline) => inline.expression),
    ...model.kernels.flatMap((kernel) => kernel.definitions.map((definition) => definition.expression)),
    ...model.onCondition.map((handler) => handler.condition),
  ];
  const bodies = [
    model.update,
    ...model.functions.map((definition) => definition.body),
    ...[...model.onReceive, ...model.onCondition, ...model.onOutput].map((handler) => handler.body),
  ];
  for (const body of bodies) walkStatements(body, (statement) => roots.push(...expressionsOf(statement)));
  const found: Expr[] = [];
  for (const root of roots) if (root !== undefined) walkExpression(root, (inner) => found.push(inner));
  return found;
}
