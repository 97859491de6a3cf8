/**
 * Rules of functions, ports and handlers.
 */

import type { FunctionDefinition, InputPort, OnReceive } from "../ast.js";
import { inferCondition } from "../infer.js";
import { checkIndex, describeSymbol } from "../infer-names.js";
import { type Checker, error, type LocalScope, type Place, resolveType, sizeOf, warn } from "../scopes.js";
import { suggestion } from "../suggest.js";
import { constantValue, showSize } from "../types.js";
import { callsIn } from "../walk.js";
import { alwaysReturns, checkStatements } from "./statements.js";

/** Checks functions, update and handlers. */
export function checkBlocks(checker: Checker): void {
  const { functions, inputs, update, onReceive, onCondition, onOutput } = checker.model;
  checkOutputs(checker);
  for (const port of inputs) checkPort(checker, port);
  for (const definition of functions) checkFunction(checker, definition);
  checkRecursion(checker);
  checkStatements(checker, { kind: "statements" }, update);
  const seen = new Map<string, OnReceive>();
  for (const handler of onReceive) {
    checkOnReceive(checker, handler, seen);
    checkPriority(checker, handler.options);
  }
  for (const handler of onCondition) {
    inferCondition(checker, { kind: "statements" }, handler.condition, 'the condition of "onCondition"');
    for (const call of callsIn([{ kind: "return", value: handler.condition, span: handler.span }])) {
      if (!call.name.startsWith("random_")) continue;
      error(
        checker,
        "not-allowed-here",
        call.span,
        `"${call.name}" cannot be called in the condition of "onCondition"`,
      );
    }
    checkStatements(checker, { kind: "statements" }, handler.body);
    checkPriority(checker, handler.options);
  }
  for (const handler of onOutput) {
    checkStatements(checker, { kind: "statements" }, handler.body);
    checkPriority(checker, handler.options);
  }
}

function checkOutputs(checker: Checker): void {
  const [first, second] = checker.model.outputs;
  for (const output of checker.model.outputs) {
    for (const attribute of output.attributes) {
      attribute.type = resolveType(checker, attribute.typeText, attribute.typeSpan ?? attribute.span);
    }
    checkUnique(checker, output.attributes, "attribute");
    if (output.kind === "continuous" && output.attributes.length > 0) {
      error(checker, "port-type", output.span, "only a spike output has attributes");
    }
  }
  if (first !== undefined && second !== undefined) {
    error(checker, "duplicate-output", second.span, "a model has one output");
  }
}

function checkPort(checker: Checker, port: InputPort): void {
  checkUnique(checker, port.attributes, "attribute");
  if (port.kind === "spike") return;
  if (port.qualifiers.length > 0) {
    error(
      checker,
      "port-type",
      port.span,
      `only a spike port is ${port.qualifiers[0]}, found the continuous port "${port.name}"`,
    );
  }
  if (port.attributes.length > 0) {
    error(
      checker,
      "port-type",
      port.span,
      `only a spike port has attributes, found the continuous port "${port.name}"`,
    );
  }
}

function checkUnique(
  checker: Checker,
  names: readonly { readonly name: string; readonly span: OnReceive["span"] }[],
  what: string,
): void {
  const seen = new Set<string>();
  for (const { name, span } of names) {
    if (seen.has(name)) error(checker, "duplicate-name", span, `the ${what} "${name}" is declared twice`);
    seen.add(name);
  }
}

function checkFunction(checker: Checker, definition: FunctionDefinition): void {
  const { name, parameters, body, returnType } = definition;
  checkUnique(checker, parameters, "parameter");
  const locals: LocalScope = { names: new Map() };
  for (const parameter of parameters) {
    if (parameter.type?.kind === "void") {
      error(checker, "void-value", parameter.span, `the parameter "${parameter.name}" cannot be void`);
    }
    if (checker.symbols.has(parameter.name)) {
      const line = checker.symbols.get(parameter.name)?.span.line;
      warn(
        checker,
        "shadowed-name",
        parameter.span,
        `the parameter "${parameter.name}" hides the one declared at line ${line}`,
      );
    }
    locals.names.set(parameter.name, { type: parameter.type, span: parameter.span });
  }
  checkStatements(checker, { kind: "function", locals }, body, { name, type: returnType });
  if (returnType !== undefined && returnType.kind !== "void" && !alwaysReturns(body)) {
    const message = `the function "${name}" can end without "return": every way through it needs one`;
    error(checker, "missing-return", definition.nameSpan ?? definition.span, message);
  }
}

/** Functions may call each other but not come back to themselves: they are expanded where they are called. */
function checkRecursion(checker: Checker): void {
  const calls = new Map<string, ReadonlySet<string>>();
  for (const [name, definition] of checker.functions) {
    calls.set(name, new Set(callsIn(definition.body).map((call) => call.name)));
  }
  const reaches = (from: string, to: string, visited: Set<string>): boolean => {
    for (const callee of calls.get(from) ?? []) {
      if (callee === to) return true;
      if (visited.has(callee)) continue;
      visited.add(callee);
      if (reaches(callee, to, visited)) return true;
    }
    return false;
  };
  for (const [name, definition] of checker.functions) {
    if (!reaches(name, name, new Set())) continue;
    const message = `the function "${name}" calls itself, which is not supported`;
    error(checker, "recursive-function", definition.nameSpan ?? definition.span, message);
  }
}

function checkOnReceive(checker: Checker, handler: OnReceive, seen: Map<string, OnReceive>): void {
  const { port: name, index, body } = handler;
  const span = handler.portSpan ?? handler.span;
  const port = checker.model.inputs.find((input) => input.name === name);
  const place: Place = { kind: "statements" };
  if (port === undefined || port.kind !== "spike") {
    const names = checker.model.inputs.filter((input) => input.kind === "spike").map((input) => input.name);
    const symbol = checker.symbols.get(name);
    const found = symbol === undefined ? `"${name}", which is not defined` : describeSymbol(symbol);
    const message = `"onReceive" needs a spike port of "input", found ${found}${suggestion(name, names)}`;
    error(checker, "not-a-spike-port", span, message);
    return;
  }
  checkHandlerIndex(checker, place, handler, port);
  const key = index === undefined ? name : `${name}[${constantValue(index) ?? "?"}]`;
  const clash = seen.get(key) ?? (index === undefined ? findElement(seen, name) : seen.get(name));
  if (clash !== undefined) {
    error(
      checker,
      "duplicate-handler",
      span,
      `the port "${name}" already has a handler at line ${clash.span.line}`,
    );
  }
  seen.set(key, handler);
  checkStatements(checker, place, body);
}

function findElement(seen: ReadonlyMap<string, OnReceive>, name: string): OnReceive | undefined {
  return [...seen.values()].find((handler) => handler.port === name);
}

function checkHandlerIndex(checker: Checker, place: Place, { index }: OnReceive, port: InputPort): void {
  if (index === undefined) return;
  const size = sizeOf(port);
  if (size === undefined) {
    error(checker, "not-a-vector", index.span, `the port "${port.name}" is no array and takes no index`);
    return;
  }
  if (constantValue(index) === undefined) {
    const message = `the handler of one port of ${showSize(size)} needs an integer literal as index`;
    error(checker, "bad-index", index.span, message);
    return;
  }
  checkIndex(checker, place, index, size, port.name);
}

function checkPriority(checker: Checker, options: OnReceive["options"]): void {
  const { priority } = options;
  if (priority === undefined) return;
  const value = constantValue(priority);
  if (value === undefined || !Number.isInteger(value)) {
    error(checker, "bad-option", priority.span, '"priority" must be an integer literal');
  } else {
    priority.type = { kind: "integer" };
  }
}
