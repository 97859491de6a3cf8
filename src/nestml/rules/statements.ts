/**
 * Rules of statements: what may be assigned, conditions, loops, returns, and the scopes of local variables.
 */

import type { Declaration, Expr, Statement, Type } from "../ast.js";
import { checkFits, checkPlain } from "../convert.js";
import { infer, inferCondition } from "../infer.js";
import { inferCall } from "../infer-calls.js";
import { describeRole } from "../infer-names.js";
import {
  type Checker,
  CONSTANTS,
  error,
  findLocal,
  type LocalScope,
  type Place,
  resolveType,
  sizeOf,
  warn,
} from "../scopes.js";
import { describeType, isNumeric } from "../types.js";
import { isUnitName } from "../units.js";
import { checkDecorators, checkSize, checkType, checkValue } from "./declarations.js";

type Assign = Extract<Statement, { kind: "assign" }>;
type For = Extract<Statement, { kind: "for" }>;
type Return = Extract<Statement, { kind: "return" }>;

/** What a `return` must give inside a function; undefined outside of functions. */
export interface Returns {
  readonly name: string;
  readonly type: Type | undefined;
}

/** Checks the statements of a block, in a scope of its own. */
export function checkStatements(
  checker: Checker,
  place: Place,
  statements: readonly Statement[],
  returns?: Returns,
): void {
  const locals: LocalScope = { names: new Map(), ...(place.locals ? { parent: place.locals } : {}) };
  const inner: Place = { ...place, locals };
  let ended = false;
  for (const statement of statements) {
    if (ended) {
      warn(checker, "unreachable", statement.span, 'this is never reached: there is a "return" before it');
      ended = false;
    }
    checkStatement(checker, inner, statement, returns);
    if (statement.kind === "return") ended = true;
  }
}

function checkStatement(checker: Checker, place: Place, statement: Statement, returns?: Returns): void {
  switch (statement.kind) {
    case "assign":
      checkAssign(checker, place, statement);
      break;
    case "call": {
      const type = inferCall(checker, place, statement.call, true);
      if (type !== undefined && type.kind !== "void") {
        warn(checker, "unused-value", statement.span, `the value of "${statement.call.name}" is not used`);
      }
      if (type !== undefined) statement.call.type = type;
      break;
    }
    case "declare":
      checkLocal(checker, place, statement.declaration);
      break;
    case "return":
      checkReturn(checker, place, statement, returns);
      break;
    case "if":
      for (const { condition, body } of statement.branches) {
        inferCondition(checker, place, condition, 'the condition of "if"');
        checkStatements(checker, place, body, returns);
      }
      checkStatements(checker, place, statement.otherwise, returns);
      break;
    case "for":
      checkFor(checker, place, statement, returns);
      break;
    case "while":
      inferCondition(checker, place, statement.condition, 'the condition of "while"');
      checkStatements(checker, place, statement.body, returns);
      break;
    default:
      statement satisfies never;
  }
}

function checkLocal(checker: Checker, place: Place, declaration: Declaration): void {
  const { name, order } = declaration;
  const span = declaration.nameSpan ?? declaration.span;
  // The value is checked first: a local is not visible in its own value.
  const type = localType(checker, declaration);
  checkType(checker, declaration);
  checkSize(checker, declaration.size, name);
  checkValue(checker, place, declaration);
  checkDecorators(checker, declaration.decorators);
  if (declaration.invariant !== undefined) {
    inferCondition(checker, place, declaration.invariant, "an invariant", true);
  }
  if (order > 0) {
    error(checker, "undefined-derivative", span, "a local variable cannot be a derivative");
    return;
  }
  if (declaration.recordable) {
    error(checker, "not-recordable", declaration.span, "a local variable cannot be recorded");
  }
  const names = place.locals?.names;
  const existing = names?.get(name);
  if (existing !== undefined) {
    error(checker, "duplicate-name", span, `"${name}" is already declared at line ${existing.span.line}`);
    return;
  }
  if (CONSTANTS.has(name)) {
    error(checker, "reserved-name", span, `"${name}" is predefined and cannot be declared`);
    return;
  }
  const hidden = findLocal(place.locals, name) ?? checker.symbols.get(name);
  if (hidden !== undefined) {
    const message = `the local "${name}" hides the one declared at line ${hidden.span.line}`;
    warn(checker, "shadowed-name", span, message);
  } else if (isUnitName(name)) {
    warn(checker, "unit-name", span, `"${name}" is also a unit; from here on it stands for the variable`);
  }
  const size = sizeOf(declaration);
  names?.set(name, { type, span, ...(size === undefined ? {} : { size }) });
}

function localType(checker: Checker, declaration: Declaration): Type | undefined {
  declaration.type = resolveType(checker, declaration.typeText, declaration.typeSpan ?? declaration.span);
  return declaration.type;
}

function checkAssign(checker: Checker, place: Place, statement: Assign): void {
  const { target, op, value } = statement;
  infer(checker, place, value);
  if (!assignable(checker, place, target)) return;
  const type = infer(checker, place, target);
  if (type === undefined) return;
  const shown = `"${target.name}${"'".repeat(target.order)}"`;
  if (op !== "=" && !isNumeric(type)) {
    error(
      checker,
      "type-mismatch",
      target.span,
      `"${op}" needs a number, found ${shown} of type ${describeType(type)}`,
    );
    return;
  }
  const what = `the value for ${shown}`;
  if (op === "*=" || op === "/=") {
    checkFits(checker, value, { type: undefined, what, size: target.size });
    checkPlain(checker, value, `the factor for ${shown}`);
    return;
  }
  if (value.kind === "vector") {
    error(checker, "vector-size", value.span, "a list of values stands only in a declaration");
    return;
  }
  checkFits(checker, value, { type, what, size: target.size });
}

/** Whether a name may stand on the left of an assignment; reports if not. */
function assignable(checker: Checker, place: Place, target: Extract<Expr, { kind: "name" }>): boolean {
  const { name, span } = target;
  if (target.attribute !== undefined) {
    error(checker, "not-assignable", span, `an attribute of a spike cannot be assigned`);
    return false;
  }
  if (findLocal(place.locals, name) !== undefined) return true;
  const role = checker.symbols.get(name)?.role ?? CONSTANTS.get(name)?.role;
  if (role === undefined) return true;
  if (role !== "state") {
    const where =
      role === "parameter" || role === "internal" ? "; it has its value from its declaration" : "";
    error(checker, "not-assignable", span, `${describeRole(role, name)} cannot be assigned${where}`);
    return false;
  }
  if (place.kind === "function") {
    const message = `a function cannot assign ${describeRole(role, name)}: it works on its parameters and locals`;
    error(checker, "not-assignable", span, message);
    return false;
  }
  return true;
}

function checkFor(checker: Checker, place: Place, statement: For, returns?: Returns): void {
  const { variable, from, to, body } = statement;
  const name: Extract<Expr, { kind: "name" }> = {
    kind: "name",
    name: variable,
    order: 0,
    span: statement.variableSpan ?? statement.span,
  };
  const type = assignable(checker, place, name) ? infer(checker, place, name) : undefined;
  if (type !== undefined && !isNumeric(type)) {
    const message = `the variable of a loop must be a number, found ${describeType(type)}`;
    error(checker, "type-mismatch", name.span, message);
  }
  for (const bound of [from, to]) {
    infer(checker, place, bound);
    checkFits(checker, bound, {
      type: type !== undefined && isNumeric(type) ? type : undefined,
      what: "a bound of the loop",
    });
  }
  if (type?.kind === "integer" && !Number.isInteger(statement.step)) {
    const message = `the step of a loop over the integer "${variable}" must be an integer, found ${statement.step}`;
    error(checker, "type-mismatch", name.span, message);
  }
  checkStatements(checker, place, body, returns);
}

function checkReturn(checker: Checker, place: Place, { value, span }: Return, returns?: Returns): void {
  if (value !== undefined) infer(checker, place, value);
  if (returns === undefined) {
    error(checker, "return-outside-function", span, '"return" stands only in functions');
    return;
  }
  const { name, type } = returns;
  if (type === undefined) return;
  if (type.kind === "void") {
    if (value !== undefined) {
      error(
        checker,
        "type-mismatch",
        value.span,
        `the function "${name}" has no type and cannot give a value`,
      );
    }
  } else if (value === undefined) {
    error(
      checker,
      "type-mismatch",
      span,
      `"return" needs a value: the function "${name}" gives ${describeType(type)}`,
    );
  } else {
    checkFits(checker, value, { type, what: `the result of "${name}"` });
  }
}

/** Whether every way through the statements ends in a return. */
export function alwaysReturns(statements: readonly Statement[]): boolean {
  return statements.some((statement) => {
    if (statement.kind === "return") return true;
    if (statement.kind !== "if" || statement.otherwise.length === 0) return false;
    return (
      statement.branches.every((branch) => alwaysReturns(branch.body)) && alwaysReturns(statement.otherwise)
    );
  });
}
