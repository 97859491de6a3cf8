/**
 * What a name in an expression stands for: a local, a variable of the model, a port, a constant or a unit.
 */

import type { Expr, Role, Type, VectorSize } from "./ast.js";
import { PLACE_NAMES, type PlaceKind } from "./functions.js";
import { infer } from "./infer.js";
import {
  type Checker,
  CONSTANTS,
  error,
  findLocal,
  type ModelSymbol,
  type Place,
  visibleNames,
} from "./scopes.js";
import { suggestion } from "./suggest.js";
import { constantValue, describeType, isQuantity, PER_SECOND } from "./types.js";
import { multiplyDimensions, parseUnit, USUAL_UNITS } from "./units.js";

type NameExpr = Extract<Expr, { kind: "name" }>;

/** Which roles a place may read. */
const READABLE: Readonly<Record<PlaceKind, readonly Role[]>> = {
  parameters: ["parameter"],
  internals: ["parameter", "internal"],
  state: ["parameter", "internal", "state"],
  size: ["parameter", "internal"],
  invariant: ["parameter", "internal", "state"],
  equations: ["parameter", "internal", "state", "inline", "port", "time"],
  kernel: ["parameter", "internal", "time"],
  statements: ["parameter", "internal", "state", "inline", "port", "time"],
  function: ["parameter", "internal", "state", "inline", "time"],
};

const ROLE_NAMES: Readonly<Record<Role, string>> = {
  state: "the state variable",
  parameter: "the parameter",
  internal: "the internal",
  inline: "the inline",
  kernel: "the kernel",
  port: "the input port",
  local: "the local variable",
  constant: "the constant",
  time: "the time",
  unit: "the unit",
};

/** How a symbol is named in a message: `the parameter "tau"`. */
export function describeRole(role: Role, name: string): string {
  return `${ROLE_NAMES[role]} "${name}"`;
}

/** How a symbol is named in a message, with the kind of a port: `the continuous port "I"`. */
export function describeSymbol({ role, name, port }: ModelSymbol): string {
  return port === undefined ? describeRole(role, name) : `the ${port.kind} port "${name}"`;
}

/** Finds the type of a name, and writes its role on it. */
export function inferName(checker: Checker, place: Place, expression: NameExpr): Type | undefined {
  const { name } = expression;
  const local = findLocal(place.locals, name);
  if (local !== undefined) {
    expression.role = "local";
    if (expression.order > 0 || expression.attribute !== undefined) {
      return undefinedName(checker, place, expression);
    }
    const type = local.type;
    return element(checker, place, expression, local.size) ? type : undefined;
  }
  const symbol = checker.symbols.get(name);
  if (symbol !== undefined) return inferSymbol(checker, place, expression, symbol);
  const constant = CONSTANTS.get(name);
  const bare = expression.order === 0 && expression.index === undefined && expression.attribute === undefined;
  if (constant !== undefined && bare) {
    expression.role = constant.role;
    return readable(checker, place, expression, constant.role) ? constant.type : undefined;
  }
  const unit = bare ? parseUnit(name) : undefined;
  if (unit?.ok) {
    expression.role = "unit";
    return unit.type;
  }
  return undefinedName(checker, place, expression);
}

function readable(checker: Checker, place: Place, expression: NameExpr, role: Role): boolean {
  if (role === "constant" || READABLE[place.kind].includes(role)) return true;
  if (role === "kernel" && place.kernel?.has(expression.name)) return true;
  const what = describeRole(role, expression.name);
  const where = PLACE_NAMES[place.kind];
  const hint = role === "kernel" ? "; a kernel stands only as the first argument of convolve" : "";
  const code = role === "kernel" ? "kernel-outside-convolve" : "not-allowed-here";
  error(checker, code, expression.span, `${what} cannot be used in ${where}${hint}`);
  return false;
}

function undefinedName(checker: Checker, place: Place, expression: NameExpr): undefined {
  const { name, span } = expression;
  const shown = `${name}${"'".repeat(expression.order)}`;
  const units = USUAL_UNITS.filter((unit) => unit.toLowerCase() === name.toLowerCase());
  const hint = suggestion(name, visibleNames(checker, place), units);
  error(checker, "undefined-name", span, `"${shown}" is not defined${hint}`);
  return undefined;
}

function inferSymbol(
  checker: Checker,
  place: Place,
  expression: NameExpr,
  symbol: ModelSymbol,
): Type | undefined {
  const { name, order, span } = expression;
  expression.role = symbol.role;
  if (!readable(checker, place, expression, symbol.role)) return undefined;
  if (isLater(place, symbol)) {
    const message = `"${name}" is used before its declaration at line ${symbol.span.line}`;
    error(checker, "used-before-declaration", span, message);
    return undefined;
  }
  if (!symbol.types.has(order)) {
    const shown = `${name}${"'".repeat(order)}`;
    const hint = symbol.role === "state" ? `; state has no initial value for it` : "";
    error(checker, "undefined-derivative", span, `"${shown}" is not defined${hint}`);
    return undefined;
  }
  const type = symbol.types.get(order);
  if (!element(checker, place, expression, symbol.size)) return undefined;
  if (expression.attribute === undefined) return type;
  return inferAttribute(checker, place, expression, symbol);
}

/** Whether a place of the same block comes before the symbol's declaration. */
function isLater(place: Place, symbol: ModelSymbol): boolean {
  if (place.rank === undefined || symbol.rank < place.rank) return false;
  switch (place.kind) {
    case "parameters":
      return symbol.role === "parameter";
    case "internals":
      return symbol.role === "internal";
    case "state":
      return symbol.role === "state";
    case "equations":
      return symbol.role === "inline";
    default:
      return false;
  }
}

/** The type of `port.attribute`: in statements that of the attribute, in equations a sum of delta functions of time with it. */
function inferAttribute(
  checker: Checker,
  place: Place,
  expression: NameExpr,
  symbol: ModelSymbol,
): Type | undefined {
  const wanted = expression.attribute ?? "";
  const attributes = symbol.port?.attributes ?? [];
  const found = attributes.find((attribute) => attribute.name === wanted);
  if (found === undefined) {
    const names = attributes.map((attribute) => attribute.name);
    const hint = suggestion(wanted, names);
    const what = describeRole(symbol.role, symbol.name);
    error(checker, "unknown-attribute", expression.span, `${what} has no attribute "${wanted}"${hint}`);
    return undefined;
  }
  if (place.kind === "statements" || found.type === undefined) return found.type;
  if (!isQuantity(found.type)) return PER_SECOND;
  return {
    kind: "unit",
    dimensions: multiplyDimensions(found.type.dimensions, PER_SECOND.dimensions),
    factor: found.type.factor * PER_SECOND.factor,
    text: `${found.type.text}/s`,
  };
}

/** Checks the index of a name and sets its size; false if an error was found. */
function element(
  checker: Checker,
  place: Place,
  expression: NameExpr,
  size: VectorSize | undefined,
): boolean {
  const { index, name, span } = expression;
  if (index === undefined) {
    expression.size = size;
    return true;
  }
  if (size === undefined) {
    error(checker, "not-a-vector", span, `"${name}" is not a vector and takes no index`);
    return false;
  }
  checkIndex(checker, place, index, size, name);
  return true;
}

/** Checks an index: an integer, and in range where it is a literal. */
export function checkIndex(
  checker: Checker,
  place: Place,
  index: Expr,
  size: VectorSize,
  name: string,
): void {
  const type = infer(checker, place, index);
  if (type !== undefined && type.kind !== "integer") {
    const message = `the index of "${name}" must be an integer, found ${describeType(type)}`;
    error(checker, "type-mismatch", index.span, message);
    return;
  }
  const value = constantValue(index);
  if (value === undefined) return;
  const last = "literal" in size ? size.literal - 1 : Number.POSITIVE_INFINITY;
  if (value >= 0 && value <= last) return;
  const range = Number.isFinite(last) ? `0 to ${last}` : "0 or more";
  error(checker, "index-out-of-range", index.span, `the index of "${name}" must be ${range}, found ${value}`);
}
