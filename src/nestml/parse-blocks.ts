/**
 * Parses what stands in the blocks of a model other than statements: equations, ports, output, functions and handlers.
 */

import type {
  Expr,
  FunctionDefinition,
  FunctionParameter,
  Inline,
  InputPort,
  Kernel,
  Ode,
  OnCondition,
  OnOutput,
  OnReceive,
  OutputPort,
  PortAttribute,
} from "./ast.js";
import {
  accept,
  at,
  type Cursor,
  describe,
  endStatement,
  expect,
  expectName,
  fail,
  parseSuite,
  peek,
  report,
  spanFrom,
  take,
} from "./cursor.js";
import { parseExpression, parseOrder, parseType } from "./parse-expressions.js";
import { parseBody, parseDecorators } from "./parse-statements.js";
import { suggestion } from "./suggest.js";

/** One line of `equations`. */
export type Equation =
  | { readonly kind: "ode"; readonly ode: Ode }
  | { readonly kind: "inline"; readonly inline: Inline }
  | { readonly kind: "kernel"; readonly kernel: Kernel };

/** Parses one line of `equations`: an ODE, an inline or a kernel. */
export function parseEquation(cursor: Cursor): Equation | undefined {
  if (peek(cursor).kind === "documentation") {
    take(cursor);
    return undefined;
  }
  if (at(cursor, "recordable") || at(cursor, "inline"))
    return { kind: "inline", inline: parseInline(cursor) };
  if (at(cursor, "kernel")) return { kind: "kernel", kernel: parseKernel(cursor) };
  return { kind: "ode", ode: parseOde(cursor) };
}

function parseOde(cursor: Cursor): Ode {
  const name = expectName(cursor, 'an equation ("x\' = ..."), "inline" or "kernel"');
  const order = parseOrder(cursor);
  if (order === 0) {
    fail(
      cursor,
      `expected "'" after "${name.text}": an equation gives a derivative, as in ${name.text}' = ...`,
    );
  }
  expect(cursor, "=", `after "${name.text}${"'".repeat(order)}"`);
  const expression = parseExpression(cursor);
  const decorators = parseDecorators(cursor);
  const span = spanFrom(cursor, name.span);
  endStatement(cursor, "the equation");
  return { name: name.text, order, expression, decorators, span };
}

function parseInline(cursor: Cursor): Inline {
  const start = peek(cursor).span;
  const recordable = accept(cursor, "recordable");
  expect(cursor, "inline", recordable ? 'after "recordable"' : "here");
  const name = expectName(cursor, "the inline's name");
  const type = parseType(cursor, `after "${name.text}"`);
  expect(cursor, "=", "after the inline's type");
  const expression = parseExpression(cursor);
  const decorators = parseDecorators(cursor);
  const span = spanFrom(cursor, start);
  endStatement(cursor, "the inline");
  return {
    name: name.text,
    nameSpan: name.span,
    typeText: type.text,
    typeSpan: type.span,
    recordable,
    expression,
    decorators,
    span,
  };
}

function parseKernel(cursor: Cursor): Kernel {
  const start = take(cursor).span;
  const definitions: { name: string; order: number; expression: Expr; nameSpan: Kernel["span"] }[] = [];
  do {
    const name = expectName(cursor, "the kernel's name");
    const order = parseOrder(cursor);
    expect(cursor, "=", "after the kernel's name");
    definitions.push({ name: name.text, order, expression: parseExpression(cursor), nameSpan: name.span });
  } while (accept(cursor, ","));
  const span = spanFrom(cursor, start);
  endStatement(cursor, "the kernel");
  return { definitions, span };
}

/** Parses one line of `input`: `name[size] unit <- continuous` or `name[size] <- [excitatory|inhibitory] spike[(attributes)]`. */
export function parseInputPort(cursor: Cursor): InputPort | undefined {
  if (peek(cursor).kind === "documentation") {
    take(cursor);
    return undefined;
  }
  const name = expectName(cursor, "an input port's name");
  let size: Expr | undefined;
  if (accept(cursor, "[")) {
    size = parseExpression(cursor);
    expect(cursor, "]", "after the number of ports");
  }
  const type = at(cursor, "<-") ? undefined : parseType(cursor, `or "<-" after "${name.text}"`);
  expect(cursor, "<-", "in the input port");
  const qualifiers: ("excitatory" | "inhibitory")[] = [];
  for (;;) {
    if (accept(cursor, "excitatory")) qualifiers.push("excitatory");
    else if (accept(cursor, "inhibitory")) qualifiers.push("inhibitory");
    else break;
  }
  const kind = at(cursor, "continuous") ? "continuous" : "spike";
  if (!accept(cursor, "continuous") && !accept(cursor, "spike")) {
    fail(cursor, `expected "spike" or "continuous" after "<-", found ${describe(peek(cursor))}`);
  }
  const attributes = parseAttributes(cursor);
  const span = spanFrom(cursor, name.span);
  endStatement(cursor, "the input port");
  return {
    name: name.text,
    nameSpan: name.span,
    kind,
    ...(type === undefined ? {} : { typeText: type.text, typeSpan: type.span }),
    ...(size === undefined ? {} : { size }),
    qualifiers,
    attributes,
    span,
  };
}

/** Parses `(name type, ...)` if it is there: the attributes of a port or the parameters of a function. */
function parseAttributes(cursor: Cursor): PortAttribute[] {
  return at(cursor, "(") ? parseTypedNames(cursor, "an attribute's name") : [];
}

function parseTypedNames(cursor: Cursor, what: string): FunctionParameter[] {
  expect(cursor, "(", "here");
  const names: FunctionParameter[] = [];
  if (accept(cursor, ")")) return names;
  do {
    const name = expectName(cursor, what);
    const type = parseType(cursor, `after "${name.text}"`);
    names.push({
      name: name.text,
      typeText: type.text,
      typeSpan: type.span,
      span: spanFrom(cursor, name.span),
    });
  } while (accept(cursor, ","));
  expect(cursor, ")", 'or "," after the list');
  return names;
}

/** Parses one line of `output`: `spike`, `spike(weight real, delay ms)` or `continuous`. */
export function parseOutputPort(cursor: Cursor): OutputPort {
  const start = peek(cursor).span;
  const kind = at(cursor, "continuous") ? "continuous" : "spike";
  if (!accept(cursor, "spike") && !accept(cursor, "continuous")) {
    fail(cursor, `expected "spike" or "continuous" as the output, found ${describe(peek(cursor))}`);
  }
  const attributes = parseAttributes(cursor);
  const span = spanFrom(cursor, start);
  endStatement(cursor, "the output");
  return { kind, attributes, span };
}

/** Parses `function name(parameters) type:` and its body. */
export function parseFunction(cursor: Cursor): FunctionDefinition {
  const start = take(cursor).span;
  const name = expectName(cursor, "the function's name");
  const parameters = parseTypedNames(cursor, "a parameter's name");
  const type = at(cursor, ":") ? undefined : parseType(cursor, "as the function's result");
  expect(cursor, ":", "after the function's head");
  const body = parseBody(cursor, `the function "${name.text}"`);
  return {
    name: name.text,
    nameSpan: name.span,
    parameters,
    returnTypeText: type?.text ?? "void",
    ...(type === undefined ? {} : { returnTypeSpan: type.span }),
    body,
    span: spanFrom(cursor, start),
  };
}

/** Parses `, priority=1` and the like, up to the closing parenthesis. */
function parseOptions(cursor: Cursor): Record<string, Expr> {
  const options: Record<string, Expr> = {};
  while (accept(cursor, ",")) {
    const name = expectName(cursor, "an option's name");
    expect(cursor, "=", "after the option's name");
    if (name.text !== "priority") {
      const message = `unknown option "${name.text}"; allowed: priority${suggestion(name.text, ["priority"])}`;
      report(cursor, "unknown-option", message, name.span);
    }
    options[name.text] = parseExpression(cursor);
  }
  return options;
}

/** Parses `onReceive(port[index], priority=1):` and its body. */
export function parseOnReceive(cursor: Cursor): OnReceive {
  const start = take(cursor).span;
  expect(cursor, "(", 'after "onReceive"');
  const port = expectName(cursor, "an input port's name");
  let index: Expr | undefined;
  if (accept(cursor, "[")) {
    index = parseExpression(cursor);
    expect(cursor, "]", "after the index");
  }
  const options = parseOptions(cursor);
  expect(cursor, ")", 'after the port of "onReceive"');
  expect(cursor, ":", 'after "onReceive(...)"');
  const body = parseBody(cursor, "onReceive");
  return {
    port: port.text,
    portSpan: port.span,
    ...(index === undefined ? {} : { index }),
    options,
    body,
    span: spanFrom(cursor, start),
  };
}

/** Parses `onCondition(condition):` and its body. */
export function parseOnCondition(cursor: Cursor): OnCondition {
  const start = take(cursor).span;
  expect(cursor, "(", 'after "onCondition"');
  const condition = parseExpression(cursor);
  const options = parseOptions(cursor);
  expect(cursor, ")", 'after the condition of "onCondition"');
  expect(cursor, ":", 'after "onCondition(...)"');
  const body = parseBody(cursor, "onCondition");
  return { condition, options, body, span: spanFrom(cursor, start) };
}

/** Parses `onOutput:` and its body. */
export function parseOnOutput(cursor: Cursor): OnOutput {
  const start = take(cursor).span;
  let options: Record<string, Expr> = {};
  if (accept(cursor, "(")) {
    if (!at(cursor, ")")) {
      // The first option has no comma before it.
      const first = expectName(cursor, "an option's name");
      expect(cursor, "=", "after the option's name");
      options = { [first.text]: parseExpression(cursor), ...parseOptions(cursor) };
    }
    expect(cursor, ")", 'after the options of "onOutput"');
  }
  expect(cursor, ":", 'after "onOutput"');
  const body = parseBody(cursor, "onOutput");
  return { options, body, span: spanFrom(cursor, start) };
}

/** Parses the lines of a block, each with the same parser. */
export function parseLines<T>(cursor: Cursor, block: string, parseLine: () => T | undefined): T[] {
  take(cursor);
  expect(cursor, ":", `after "${block}"`);
  return parseSuite(cursor, `the block "${block}"`, parseLine);
}
