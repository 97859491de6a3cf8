/**
 * Rules of `equations`: inlines, kernels and differential equations have the dimensions that their left sides say, and initial values.
 */

import type { Inline, Kernel, Ode, Span, Type } from "../ast.js";
import { checkFits } from "../convert.js";
import { infer } from "../infer.js";
import { type Checker, error, type Place, sizeOf, warn } from "../scopes.js";
import { isNumeric, isPlain, isQuantity, sameSize } from "../types.js";
import { coherentType, DIMENSIONLESS, multiplyDimensions, sameDimensions } from "../units.js";
import { callsIn } from "../walk.js";
import { checkDecorators } from "./declarations.js";

/** Checks the block `equations`. Kernels and inlines come first: the other parts use their types. */
export function checkEquations(checker: Checker): void {
  const { kernels, inlines, odes } = checker.model;
  checkKernelNames(checker);
  for (const kernel of kernels) checkKernel(checker, kernel);
  inlines.forEach((inline, rank) => {
    checkInline(checker, inline, rank);
  });
  const seen = new Map<string, Ode>();
  for (const ode of odes) {
    const first = seen.get(ode.name);
    if (first !== undefined) {
      const message = `"${ode.name}" already has a differential equation at line ${first.span.line}`;
      error(checker, "duplicate-name", leftSide(ode), message);
    }
    seen.set(ode.name, ode);
    checkOde(checker, ode);
  }
  checkInitialValues(checker);
  checkIntegrated(checker);
}

function checkInline(checker: Checker, inline: Inline, rank: number): void {
  const { name, expression, type } = inline;
  infer(checker, { kind: "equations", rank }, expression);
  if (expression.size !== undefined) {
    inline.size = expression.size;
    const symbol = checker.symbols.get(name);
    if (symbol?.role === "inline") symbol.size = expression.size;
  }
  checkFits(checker, expression, { type, what: `the inline "${name}"`, size: expression.size });
  checkDecorators(checker, inline.decorators);
}

/** The span of `name''` on the left of an equation. */
function leftSide({ name, order, span }: { name: string; order: number; span: Span }): Span {
  return { ...span, endLine: span.line, endColumn: span.column + name.length + order };
}

/** The type of the derivative of a variable. */
function derivative(type: Type, order: number): Type {
  const dimensions = isQuantity(type) ? type.dimensions : DIMENSIONLESS;
  return coherentType(multiplyDimensions(dimensions, [0, 0, order, 0, 0, 0, 0], -1));
}

function checkOde(checker: Checker, ode: Ode): void {
  const { name, order, expression } = ode;
  const place: Place = { kind: "equations" };
  infer(checker, place, expression);
  checkDecorators(checker, ode.decorators);
  const symbol = checker.symbols.get(name);
  const left = leftSide(ode);
  if (symbol?.role !== "state") {
    const hint =
      symbol === undefined
        ? `declare it in "state", with an initial value`
        : `it is declared as something else at line ${symbol.span.line}`;
    error(
      checker,
      "missing-initial-value",
      left,
      `"${name}" has an equation but is no state variable: ${hint}`,
    );
    return;
  }
  const type = symbol.types.get(0);
  for (let lower = 0; lower < order; lower++) {
    if (symbol.types.has(lower)) continue;
    const shown = `${name}${"'".repeat(lower)}`;
    const message = `an equation of order ${order} needs the initial value of ${shown} in "state"`;
    error(checker, "missing-initial-value", left, message);
  }
  if (type === undefined) return;
  if (!isNumeric(type) || type.kind === "integer") {
    const message = `"${name}" has an equation and must be real or have a unit, found ${type.kind}`;
    error(checker, "type-mismatch", left, message);
    return;
  }
  const what = `the right side of ${name}${"'".repeat(order)}`;
  checkFits(checker, expression, { type: derivative(type, order), what, size: symbol.size });
}

/** Initial values of derivatives have the dimension of the variable per time, and belong to an equation. */
function checkInitialValues(checker: Checker): void {
  const orders = new Map(checker.model.odes.map((ode) => [ode.name, ode.order]));
  for (const kernel of checker.model.kernels) {
    for (const definition of kernel.definitions) orders.set(definition.name, definition.order);
  }
  for (const declaration of checker.model.state) {
    const { name, order, type } = declaration;
    if (order === 0) continue;
    const shown = `${name}${"'".repeat(order)}`;
    const span = declaration.nameSpan ?? declaration.span;
    if ((orders.get(name) ?? 0) <= order) {
      error(
        checker,
        "undefined-derivative",
        span,
        `there is no equation of higher order for the initial value of ${shown}`,
      );
    }
    const symbol = checker.symbols.get(name);
    const size = sizeOf(declaration);
    if (size !== undefined || symbol?.size !== undefined) {
      const same = size !== undefined && symbol?.size !== undefined && sameSize(size, symbol.size);
      if (!same) error(checker, "vector-size", span, `${shown} must have the size of "${name}"`);
    }
    const base = symbol?.types.get(0);
    if (type === undefined || base === undefined) continue;
    const expected = derivative(base, order);
    const dimensions = isQuantity(type) ? type.dimensions : DIMENSIONLESS;
    const wanted = isQuantity(expected) ? expected.dimensions : DIMENSIONLESS;
    if (!isNumeric(type) || (!isPlain(type) && !sameDimensions(dimensions, wanted))) {
      const unit = expected.kind === "unit" ? expected.text : expected.kind;
      const message = `${shown} has the wrong unit: expected ${unit}, found ${declaration.typeText}`;
      error(checker, "unit-mismatch", declaration.typeSpan ?? declaration.span, message);
    }
  }
}

/** Names of kernels in differential form are those of their initial values, so that the scopes cannot tell a second definition. */
function checkKernelNames(checker: Checker): void {
  const seen = new Set<string>();
  const definitions = checker.model.kernels.flatMap((kernel) => kernel.definitions);
  for (const { name, order, nameSpan, expression } of definitions) {
    if (order > 0 && seen.has(name)) {
      error(checker, "duplicate-name", nameSpan ?? expression.span, `the kernel "${name}" is defined twice`);
    }
    if (order > 0) seen.add(name);
  }
}

function checkKernel(checker: Checker, kernel: Kernel): void {
  const names = new Set(kernel.definitions.map((definition) => definition.name));
  for (const definition of kernel.definitions) {
    const { name, order, expression } = definition;
    const span = definition.nameSpan ?? kernel.span;
    const symbol = checker.symbols.get(name);
    if (order === 0) {
      const type = infer(checker, { kind: "kernel" }, expression);
      if (symbol?.kernel === kernel) symbol.types.set(0, type);
      continue;
    }
    let complete = true;
    for (let lower = 0; lower < order; lower++) {
      if (symbol?.types.has(lower)) continue;
      complete = false;
      const shown = `${name}${"'".repeat(lower)}`;
      const message = `a kernel of order ${order} needs the initial value of ${shown} in "state"`;
      error(checker, "missing-initial-value", span, message);
      symbol?.types.set(lower, undefined);
    }
    infer(checker, { kind: "kernel", kernel: names }, expression);
    const type = symbol?.types.get(0);
    if (!complete || type === undefined) continue;
    const what = `the right side of ${name}${"'".repeat(order)}`;
    checkFits(checker, expression, { type: derivative(type, order), what });
  }
}

function checkIntegrated(checker: Checker): void {
  const { odes, update, onReceive, onCondition, onOutput } = checker.model;
  const first = odes[0];
  if (first === undefined) return;
  const handlers = [...onReceive, ...onCondition, ...onOutput];
  const calls = [...callsIn(update), ...handlers.flatMap((handler) => callsIn(handler.body))];
  if (calls.some((call) => call.name === "integrate_odes")) return;
  const message = `the equations are never integrated: no block calls "integrate_odes"`;
  warn(checker, "never-integrated", leftSide(first), message);
}
