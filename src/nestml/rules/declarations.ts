/**
 * Rules of `state`, `parameters` and `internals`: values fit their types, sizes are known, names come in order.
 */

import type { Declaration, Decorator, Expr, VectorSize } from "../ast.js";
import { checkFits } from "../convert.js";
import { infer, inferCondition } from "../infer.js";
import { type Checker, error, type Place, sizeOf, warn } from "../scopes.js";
import { describeType } from "../types.js";

type Block = "parameters" | "internals" | "state";

/** Checks the declarations of the three blocks. */
export function checkDeclarations(checker: Checker): void {
  const { parameters, internals, state, inputs } = checker.model;
  checkBlock(checker, "parameters", parameters);
  checkBlock(checker, "internals", internals);
  checkBlock(checker, "state", state);
  for (const port of inputs) checkSize(checker, port.size, port.name);
}

function checkBlock(checker: Checker, block: Block, declarations: readonly Declaration[]): void {
  declarations.forEach((declaration, index) => {
    // Initial values of derivatives have the rank of the variable they belong to.
    const rank = declaration.order === 0 ? index : declarations.length;
    const place: Place = { kind: block, rank };
    checkType(checker, declaration);
    checkSize(checker, declaration.size, declaration.name);
    if (declaration.value === undefined) {
      const span = declaration.nameSpan ?? declaration.span;
      const what = block === "state" ? "an initial value" : "a value";
      const message = `"${declaration.name}" has no value: expected ${what}, as in ${declaration.name} ${declaration.typeText} = ...`;
      error(checker, "missing-value", span, message);
    }
    checkValue(checker, place, declaration);
    if (declaration.order > 0 && block !== "state") {
      const message = `a derivative can be declared only in "state"`;
      error(checker, "undefined-derivative", declaration.nameSpan ?? declaration.span, message);
    }
    if (declaration.recordable && block !== "state") {
      const message = `"recordable" stands only before state variables and inlines`;
      error(checker, "not-recordable", declaration.span, message);
    }
    if (declaration.invariant !== undefined) {
      inferCondition(checker, { kind: "invariant" }, declaration.invariant, "an invariant", true);
    }
    checkDecorators(checker, declaration.decorators);
  });
}

/** Checks that a variable has a type that variables may have. */
export function checkType(checker: Checker, { type, name, typeSpan, span }: Declaration): void {
  if (type?.kind !== "void") return;
  error(checker, "void-value", typeSpan ?? span, `"${name}" cannot be void: only functions are`);
}

/** Checks the value of a declaration against its type and size. */
export function checkValue(checker: Checker, place: Place, declaration: Declaration): void {
  const { name, value, type, order } = declaration;
  if (value === undefined) return;
  infer(checker, place, value);
  if (type?.kind === "void") return;
  const what = `the value of "${name}${"'".repeat(order)}"`;
  const size = literalSize(checker, declaration);
  if (value.kind === "vector" && size !== undefined) {
    checkFits(checker, value, { type, what, size });
    value.size = sizeOf(declaration);
  } else if (value.kind === "vector") {
    const found = value.elements.length;
    const message = `"${name}" is not a vector, found ${found} values: write ${name}[${found}] ${declaration.typeText} = ...`;
    error(checker, "vector-size", value.span, message);
  } else {
    checkFits(checker, value, { type, what, size: sizeOf(declaration) });
  }
}

/** The size of a declared vector; of a named size, the default value of the name, if it is a literal. */
function literalSize(checker: Checker, declaration: Declaration): VectorSize | undefined {
  const size = sizeOf(declaration);
  if (size === undefined || "literal" in size) return size;
  const { parameters, internals } = checker.model;
  const named = [...parameters, ...internals].find((other) => other.name === size.name);
  if (named?.value?.kind === "number") return { literal: named.value.value };
  return declaration.value?.size ?? size;
}

/** Checks the size of a vector: a positive integer literal, or the name of an integer parameter or internal. */
export function checkSize(checker: Checker, size: Expr | undefined, name: string): void {
  if (size === undefined) return;
  const expected = "an integer literal or the name of an integer parameter or internal";
  if (size.kind === "number") {
    infer(checker, { kind: "size" }, size);
    if (!size.integer || size.unit !== undefined || size.value < 1) {
      error(checker, "bad-size", size.span, `the size of "${name}" must be ${expected}, 1 or more`);
    }
    return;
  }
  if (size.kind !== "name" || size.index !== undefined || size.order > 0) {
    error(checker, "bad-size", size.span, `the size of "${name}" must be ${expected}`);
    return;
  }
  const type = infer(checker, { kind: "size" }, size);
  if (type === undefined || (type.kind === "integer" && size.size === undefined)) return;
  const found = describeType(type, size.size);
  error(checker, "bad-size", size.span, `the size of "${name}" must be ${expected}, found ${found}`);
}

/** Decorators are data for those who read the model; only the two of NESTML itself can contradict each other. */
export function checkDecorators(checker: Checker, decorators: readonly Decorator[]): void {
  const plain = decorators.filter((decorator) => decorator.namespace === undefined);
  const homogeneous = plain.find((decorator) => decorator.name === "homogeneous");
  const heterogeneous = plain.find((decorator) => decorator.name === "heterogeneous");
  if (homogeneous !== undefined && heterogeneous !== undefined) {
    error(checker, "bad-decorator", heterogeneous.span, "@homogeneous and @heterogeneous exclude each other");
  }
  for (const decorator of plain) {
    if (decorator === homogeneous || decorator === heterogeneous) continue;
    if (decorator.name === "homogeneous" || decorator.name === "heterogeneous") continue;
    const message = `unknown decorator "@${decorator.name}"; allowed: @homogeneous, @heterogeneous, @namespace::name`;
    warn(checker, "unknown-decorator", decorator.span, message);
  }
}
