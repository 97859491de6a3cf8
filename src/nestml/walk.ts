/**
 * Walks over expressions and statements, in the order of the text.
 */

import type { Expr, Statement } from "./ast.js";

/** The expressions directly inside one. */
export function childrenOf(expression: Expr): readonly Expr[] {
  switch (expression.kind) {
    case "number":
    case "boolean":
    case "string":
      return [];
    case "name":
      return expression.index === undefined ? [] : [expression.index];
    case "unary":
      return [expression.operand];
    case "binary":
      return [expression.left, expression.right];
    case "ternary":
      return [expression.condition, expression.then, expression.otherwise];
    case "call":
      return expression.args;
    case "vector":
      return expression.elements;
  }
}

/** Calls `visit` for an expression and everything inside it, outermost first. */
export function walkExpression(expression: Expr, visit: (expression: Expr) => void): void {
  visit(expression);
  for (const child of childrenOf(expression)) walkExpression(child, visit);
}

/** The expressions of one statement, without those of the statements inside it. */
export function expressionsOf(statement: Statement): readonly Expr[] {
  switch (statement.kind) {
    case "assign":
      return [statement.target, statement.value];
    case "call":
      return [statement.call];
    case "declare": {
      const { size, value, invariant } = statement.declaration;
      return [size, value, invariant].filter((part) => part !== undefined);
    }
    case "return":
      return statement.value === undefined ? [] : [statement.value];
    case "if":
      return statement.branches.map((branch) => branch.condition);
    case "for":
      return [statement.from, statement.to];
    case "while":
      return [statement.condition];
  }
}

/** Calls `visit` for every statement, nested ones too. */
export function walkStatements(
  statements: readonly Statement[],
  visit: (statement: Statement) => void,
): void {
  for (const statement of statements) {
    visit(statement);
    if (statement.kind === "if") {
      for (const branch of statement.branches) walkStatements(branch.body, visit);
      walkStatements(statement.otherwise, visit);
    } else if (statement.kind === "for" || statement.kind === "while") {
      walkStatements(statement.body, visit);
    }
  }
}

/** All calls in these statements, nested ones too. */
export function callsIn(statements: readonly Statement[]): readonly Extract<Expr, { kind: "call" }>[] {
  const calls: Extract<Expr, { kind: "call" }>[] = [];
  walkStatements(statements, (statement) => {
    for (const expression of expressionsOf(statement)) {
      walkExpression(expression, (inner) => {
        if (inner.kind === "call") calls.push(inner);
      });
    }
  });
  return calls;
}
