/**
 * Prints a model as NESTML text: what parses to the same model again.
 */

import type {
  Declaration,
  Decorator,
  Expr,
  FunctionDefinition,
  Inline,
  InputPort,
  Kernel,
  Model,
  Ode,
  OnReceive,
  OutputPort,
  PortAttribute,
  Statement,
} from "./ast.js";
import { NOT_PRECEDENCE, PRECEDENCE, UNARY_PRECEDENCE } from "./parse-expressions.js";

const INDENTATION = "    ";

/** Prints a model, with its documentation in front. */
export function printModel(model: Model): string {
  const documentation =
    model.documentation === undefined ? [] : ['"""', ...model.documentation.split("\n"), '"""'];
  const blocks = [
    block("state:", model.state.map(printDeclaration)),
    block("parameters:", model.parameters.map(printDeclaration)),
    block("internals:", model.internals.map(printDeclaration)),
    block("equations:", [
      ...model.kernels.map(printKernel),
      ...model.inlines.map(printInline),
      ...model.odes.map(printOde),
    ]),
    block("input:", model.inputs.map(printInput)),
    block("output:", model.outputs.map(printOutput)),
    ...model.functions.map((definition) => block(functionHead(definition), printStatements(definition.body))),
    block("update:", printStatements(model.update)),
    ...model.onReceive.map((handler) => {
      const index = handler.index === undefined ? "" : `[${printExpression(handler.index)}]`;
      return block(
        `onReceive(${handler.port}${index}${printOptions(handler.options)}):`,
        printStatements(handler.body),
      );
    }),
    ...model.onCondition.map((handler) => {
      const head = `onCondition(${printExpression(handler.condition)}${printOptions(handler.options)}):`;
      return block(head, printStatements(handler.body));
    }),
    ...model.onOutput.map((handler) => {
      const options = printOptions(handler.options).replace(/^, /, "");
      return block(options === "" ? "onOutput:" : `onOutput(${options}):`, printStatements(handler.body));
    }),
  ].filter((lines) => lines.length > 0);
  const body = blocks.flatMap((lines, index) => (index === 0 ? lines : ["", ...lines])).map(indent);
  return [...documentation, `model ${model.name}:`, ...body, ""].join("\n");
}

function indent(line: string): string {
  return line === "" ? "" : INDENTATION + line;
}

function block(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [head, ...lines.map(indent)];
}

function printDecorators(decorators: readonly Decorator[]): string {
  return decorators
    .map(({ namespace, name }) => (namespace === undefined ? ` @${name}` : ` @${namespace}::${name}`))
    .join("");
}

function printDeclaration(declaration: Declaration): string {
  const { name, order, size, typeText, value, invariant, recordable, decorators, comment } = declaration;
  return [
    recordable ? "recordable " : "",
    name,
    "'".repeat(order),
    size === undefined ? "" : `[${printExpression(size)}]`,
    ` ${typeText}`,
    value === undefined ? "" : ` = ${printExpression(value)}`,
    invariant === undefined ? "" : ` [[${printExpression(invariant)}]]`,
    printDecorators(decorators),
    comment === undefined ? "" : `  # ${comment}`,
  ].join("");
}

function printOde({ name, order, expression, decorators }: Ode): string {
  return `${name}${"'".repeat(order)} = ${printExpression(expression)}${printDecorators(decorators)}`;
}

function printInline({ name, typeText, recordable, expression, decorators }: Inline): string {
  const head = `${recordable ? "recordable " : ""}inline ${name} ${typeText}`;
  return `${head} = ${printExpression(expression)}${printDecorators(decorators)}`;
}

function printKernel({ definitions }: Kernel): string {
  const parts = definitions.map(({ name, order, expression }) => {
    return `${name}${"'".repeat(order)} = ${printExpression(expression)}`;
  });
  return `kernel ${parts.join(", ")}`;
}

function printAttributes(attributes: readonly PortAttribute[]): string {
  if (attributes.length === 0) return "";
  return `(${attributes.map(({ name, typeText }) => `${name} ${typeText}`).join(", ")})`;
}

function printInput({ name, size, typeText, qualifiers, kind, attributes }: InputPort): string {
  const count = size === undefined ? "" : `[${printExpression(size)}]`;
  const unit = typeText === undefined ? "" : ` ${typeText}`;
  const words = [...qualifiers, `${kind}${printAttributes(attributes)}`].join(" ");
  return `${name}${count}${unit} <- ${words}`;
}

function printOutput({ kind, attributes }: OutputPort): string {
  return `${kind}${printAttributes(attributes)}`;
}

function functionHead({ name, parameters, returnTypeText }: FunctionDefinition): string {
  const list = parameters.map((parameter) => `${parameter.name} ${parameter.typeText}`).join(", ");
  const result = returnTypeText === "void" ? "" : ` ${returnTypeText}`;
  return `function ${name}(${list})${result}:`;
}

function printOptions(options: OnReceive["options"]): string {
  return Object.entries(options)
    .map(([name, value]) => `, ${name}=${printExpression(value)}`)
    .join("");
}

function printStatements(statements: readonly Statement[]): string[] {
  return statements.flatMap(printStatement);
}

function printStatement(statement: Statement): string[] {
  switch (statement.kind) {
    case "assign":
      return [`${printExpression(statement.target)} ${statement.op} ${printExpression(statement.value)}`];
    case "call":
      return [printExpression(statement.call)];
    case "declare":
      return [printDeclaration(statement.declaration)];
    case "return":
      return [statement.value === undefined ? "return" : `return ${printExpression(statement.value)}`];
    case "if": {
      const branches = statement.branches.flatMap(({ condition, body }, index) => {
        return block(`${index === 0 ? "if" : "elif"} ${printExpression(condition)}:`, printStatements(body));
      });
      return [...branches, ...block("else:", printStatements(statement.otherwise))];
    }
    case "for": {
      const { variable, from, to, step, body } = statement;
      const range = `${printExpression(from)} ... ${printExpression(to)}`;
      return block(`for ${variable} in ${range} step ${printNumber(step)}:`, printStatements(body));
    }
    case "while":
      return block(`while ${printExpression(statement.condition)}:`, printStatements(statement.body));
  }
}

function printNumber(value: number): string {
  return String(value).replace("e+", "e");
}

/** A real keeps its point, so that it is read as a real again. */
function printReal(value: number): string {
  const text = printNumber(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Prints an expression, with the parentheses that it needs. */
export function printExpression(expression: Expr): string {
  return printInside(expression, 0);
}

const ATOM = 13;

function precedenceOf(expression: Expr): number {
  switch (expression.kind) {
    case "ternary":
      return 0;
    case "binary":
      return PRECEDENCE[expression.op];
    case "unary":
      return expression.op === "not" ? NOT_PRECEDENCE : UNARY_PRECEDENCE;
    default:
      return ATOM;
  }
}

function printInside(expression: Expr, minimum: number): string {
  const text = printBare(expression);
  return precedenceOf(expression) < minimum ? `(${text})` : text;
}

function printBare(expression: Expr): string {
  switch (expression.kind) {
    case "number": {
      const digits = expression.integer ? printInteger(expression.value) : printReal(expression.value);
      return expression.unit === undefined ? digits : `${digits} ${expression.unit.text}`;
    }
    case "boolean":
      return String(expression.value);
    case "string":
      return `"${expression.value}"`;
    case "name": {
      const index = expression.index === undefined ? "" : `[${printIndex(expression.index)}]`;
      const attribute = expression.attribute === undefined ? "" : `.${expression.attribute}`;
      return `${expression.name}${"'".repeat(expression.order)}${index}${attribute}`;
    }
    case "unary":
      return printUnary(expression.op, expression.operand);
    case "binary":
      return printBinary(expression);
    case "ternary": {
      const { condition, then, otherwise } = expression;
      return `${printInside(condition, 1)} ? ${printExpression(then)} : ${printExpression(otherwise)}`;
    }
    case "call":
      return `${expression.name}(${expression.args.map(printExpression).join(", ")})`;
    case "vector":
      return `[${expression.elements.map(printExpression).join(", ")}]`;
  }
}

/** "[[" would start an invariant. */
function printIndex(index: Expr): string {
  const text = printExpression(index);
  return text.startsWith("[") ? `(${text})` : text;
}

function printInteger(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
}

function printUnary(op: "+" | "-" | "~" | "not", operand: Expr): string {
  if (op === "not") return `not ${printInside(operand, NOT_PRECEDENCE)}`;
  return `${op}${printInside(operand, UNARY_PRECEDENCE)}`;
}

function printBinary({ op, left, right }: Extract<Expr, { kind: "binary" }>): string {
  const own = PRECEDENCE[op];
  // "**" is right associative and takes a signed exponent; all others are left associative.
  if (op === "**") return `${printInside(left, ATOM)} ** ${printInside(right, UNARY_PRECEDENCE)}`;
  return `${printInside(left, own)} ${op} ${printInside(right, own + 1)}`;
}
