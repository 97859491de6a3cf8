/**
 * Types of calls: predefined functions by their signatures, `convolve`, `sum`, `integrate_odes` and `emit_spike` by their own rules,
 * and the model's own functions.
 */

import type { Expr, FunctionDefinition, Type } from "./ast.js";
import { checkFits, checkPlain, unify, unifySizes } from "./convert.js";
import { PLACE_NAMES, PREDEFINED, type Signature } from "./functions.js";
import { infer, inferPower } from "./infer.js";
import { describeSymbol, inferName } from "./infer-names.js";
import { type Checker, error, findLocal, type Place } from "./scopes.js";
import { suggestion } from "./suggest.js";
import { describeType, INTEGER, isNumeric, isQuantity, MILLISECOND, REAL, VOID } from "./types.js";
import { coherentType, DIMENSIONLESS, multiplyDimensions, raiseDimensions } from "./units.js";

type CallExpr = Extract<Expr, { kind: "call" }>;

/**
 * Finds the type of a call.
 * @param statement - whether the call is a statement of its own, where a function without a value may stand
 */
export function inferCall(
  checker: Checker,
  place: Place,
  call: CallExpr,
  statement = false,
): Type | undefined {
  const type = inferCallee(checker, place, call);
  if (type?.kind === "void" && !statement) {
    error(
      checker,
      "void-value",
      call.span,
      `"${call.name}" gives no value and cannot be used in an expression`,
    );
    return undefined;
  }
  return type;
}

function inferCallee(checker: Checker, place: Place, call: CallExpr): Type | undefined {
  const own = checker.functions.get(call.name);
  if (own !== undefined) return inferOwn(checker, place, call, own);
  const signature = Object.hasOwn(PREDEFINED, call.name) ? PREDEFINED[call.name] : undefined;
  if (signature === undefined) return undefinedFunction(checker, place, call);
  if (signature.places !== undefined && !signature.places.includes(place.kind)) {
    const message = `"${call.name}" cannot be called in ${PLACE_NAMES[place.kind]}`;
    error(checker, "not-allowed-here", call.span, message);
    return undefined;
  }
  switch (call.name) {
    case "integrate_odes":
      return inferIntegrate(checker, place, call);
    case "emit_spike":
      return inferEmit(checker, place, call);
    case "convolve":
      return inferConvolve(checker, place, call);
    default:
      return inferPredefined(checker, place, call, signature);
  }
}

function undefinedFunction(checker: Checker, place: Place, call: CallExpr): undefined {
  for (const argument of call.args) infer(checker, place, argument);
  const { name, span } = call;
  if (checker.symbols.has(name) || findLocal(place.locals, name) !== undefined) {
    const message = `"${name}" is a variable, not a function; values in the past, as in ${name}(t - d), are not supported`;
    error(checker, "undefined-function", span, message);
    return undefined;
  }
  const hint = suggestion(name, [...checker.functions.keys(), ...Object.keys(PREDEFINED)]);
  error(checker, "undefined-function", span, `the function "${name}" is not defined${hint}`);
  return undefined;
}

/** Reports a wrong number of arguments; true if it is right. */
function checkCount(checker: Checker, call: CallExpr, expected: number, listed: string): boolean {
  const found = call.args.length;
  if (found === expected) return true;
  const plural = expected === 1 ? "" : "s";
  const message = `"${call.name}" takes ${expected} argument${plural}${listed}, found ${found}`;
  error(checker, "argument-count", call.span, message);
  return false;
}

function inferOwn(
  checker: Checker,
  place: Place,
  call: CallExpr,
  definition: FunctionDefinition,
): Type | undefined {
  for (const argument of call.args) infer(checker, place, argument);
  const listed = ` (${definition.parameters.map((parameter) => `${parameter.name} ${parameter.typeText}`).join(", ")})`;
  if (checkCount(checker, call, definition.parameters.length, listed)) {
    definition.parameters.forEach((parameter, index) => {
      const argument = call.args[index] as Expr;
      const what = `the argument "${parameter.name}" of "${call.name}"`;
      checkFits(checker, argument, { type: parameter.type, what });
    });
  }
  // What a call gives is coherent, whatever unit the function declares.
  const type = definition.returnType;
  return type?.kind === "unit" ? coherentType(type.dimensions) : type;
}

function inferPredefined(
  checker: Checker,
  place: Place,
  call: CallExpr,
  signature: Signature,
): Type | undefined {
  const { args, name } = call;
  for (const argument of args) infer(checker, place, argument);
  if (!checkCount(checker, call, signature.arguments.length, "")) return undefined;
  const size = unifySizes(checker, args);
  if (signature.elementwise) call.size = size;
  else if (size !== undefined && name !== "sum") {
    const vector = args.find((argument) => argument.size !== undefined) as Expr;
    error(checker, "vector-size", vector.span, `"${name}" takes single values, found a vector`);
  }
  args.forEach((argument, index) => {
    const what = `the argument of "${name}"`;
    const kind = signature.arguments[index];
    if (kind === "plain") checkPlain(checker, argument, what);
    if (kind === "time") checkFits(checker, argument, { type: MILLISECOND, what, size: argument.size });
    if (kind === "same" && argument.type !== undefined && !isNumeric(argument.type)) {
      const message = `${what}: expected a number, found ${describeType(argument.type)}`;
      error(checker, "type-mismatch", argument.span, message);
    }
  });
  return resultOf(checker, call, signature);
}

function resultOf(checker: Checker, call: CallExpr, signature: Signature): Type | undefined {
  const [first, second] = call.args;
  switch (signature.result) {
    case "real":
      return REAL;
    case "integer":
      return INTEGER;
    case "time":
      return MILLISECOND;
    case "void":
      return VOID;
    case "root":
      if (first?.type === undefined) return undefined;
      return isQuantity(first.type) ? coherentType(raiseDimensions(first.type.dimensions, 0.5)) : REAL;
    case "same":
      return commonType(checker, call);
    case "special":
      if (first === undefined) return undefined;
      if (second !== undefined) return inferPower(checker, first, second);
      return inferSum(checker, first);
  }
}

function commonType(checker: Checker, call: CallExpr): Type | undefined {
  const [first, ...others] = call.args;
  if (first === undefined) return undefined;
  let type = first.type;
  for (const other of others) {
    const both = unify(checker, first, other, `the arguments of "${call.name}" are`);
    if (type?.kind !== "unit") type = both;
  }
  if (call.name.startsWith("random_") && type?.kind === "integer") return REAL;
  return type?.kind === "unit" ? coherentType(type.dimensions) : type;
}

function inferSum(checker: Checker, argument: Expr): Type | undefined {
  if (argument.type === undefined) return undefined;
  if (argument.size === undefined) {
    error(
      checker,
      "not-a-vector",
      argument.span,
      `"sum" takes a vector, found ${describeType(argument.type)}`,
    );
    return undefined;
  }
  return argument.type.kind === "unit" ? coherentType(argument.type.dimensions) : argument.type;
}

function inferIntegrate(checker: Checker, place: Place, call: CallExpr): Type {
  const names = new Set(checker.model.odes.map((ode) => ode.name));
  for (const argument of call.args) {
    const isName = argument.kind === "name" && argument.index === undefined && argument.order === 0;
    if (isName && names.has(argument.name)) {
      infer(checker, place, argument);
      continue;
    }
    const hint = argument.kind === "name" ? suggestion(argument.name, names) : "";
    const found = argument.kind === "name" ? `"${argument.name}" has none` : "found an expression";
    const message = `"integrate_odes" takes names of variables that have a differential equation; ${found}${hint}`;
    error(checker, "not-an-ode", argument.span, message);
  }
  return VOID;
}

function inferEmit(checker: Checker, place: Place, call: CallExpr): Type {
  for (const argument of call.args) infer(checker, place, argument);
  const output = checker.model.outputs.find((port) => port.kind === "spike");
  if (output === undefined) {
    error(checker, "no-spike-output", call.span, '"emit_spike" needs "output: spike" in the model');
    return VOID;
  }
  const { attributes } = output;
  const listed = attributes.map((attribute) => `${attribute.name} ${attribute.typeText}`).join(", ");
  const declared = listed === "" ? ", as the output has no attributes" : `, those of the output (${listed})`;
  if (checkCount(checker, call, attributes.length, declared)) {
    attributes.forEach((attribute, index) => {
      const what = `the attribute "${attribute.name}" of the spike`;
      checkFits(checker, call.args[index] as Expr, { type: attribute.type, what });
    });
  }
  return VOID;
}

function inferConvolve(checker: Checker, place: Place, call: CallExpr): Type | undefined {
  const [kernel, port] = call.args;
  if (!checkCount(checker, call, 2, " (a kernel and a spike port)")) return undefined;
  if (kernel === undefined || port === undefined) return undefined;
  const kernelType = inferKernelName(checker, place, kernel);
  const portType = inferSpikePort(checker, place, port);
  call.size = port.size;
  if (kernelType === undefined || portType === undefined) return undefined;
  // The convolution is an integral over time: kernel x (sum of delta functions, per time) x time.
  const train = isQuantity(portType) ? portType.dimensions : DIMENSIONLESS;
  const amount = multiplyDimensions(train, [0, 0, 1, 0, 0, 0, 0]);
  const shape = isQuantity(kernelType) ? kernelType.dimensions : DIMENSIONLESS;
  return coherentType(multiplyDimensions(shape, amount));
}

function inferKernelName(checker: Checker, place: Place, kernel: Expr): Type | undefined {
  const symbol = kernel.kind === "name" ? checker.symbols.get(kernel.name) : undefined;
  if (kernel.kind !== "name" || symbol?.role !== "kernel") {
    const kernels = [...checker.symbols.values()].filter((other) => other.role === "kernel");
    const names = kernels.map((other) => other.name);
    const hint = kernel.kind === "name" ? suggestion(kernel.name, names) : "";
    const found = symbol === undefined ? "" : `, found ${describeSymbol(symbol)}`;
    const message = `the first argument of "convolve" must be the name of a kernel${found}${hint}`;
    error(checker, "not-a-kernel", kernel.span, message);
    return undefined;
  }
  const type = inferName(checker, { ...place, kernel: new Set([kernel.name]) }, kernel);
  if (type !== undefined) kernel.type = type;
  return type;
}

function inferSpikePort(checker: Checker, place: Place, port: Expr): Type | undefined {
  const symbol = port.kind === "name" ? checker.symbols.get(port.name) : undefined;
  if (symbol?.port?.kind === "spike") return infer(checker, place, port);
  const names = checker.model.inputs.filter((input) => input.kind === "spike").map((input) => input.name);
  const hint = port.kind === "name" ? suggestion(port.name, names) : "";
  const found = symbol === undefined ? "" : `, found ${describeSymbol(symbol)}`;
  error(
    checker,
    "not-a-spike-port",
    port.span,
    `the second argument of "convolve" must be a spike port${found}${hint}`,
  );
  return undefined;
}
