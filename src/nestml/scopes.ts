/**
 * The names of a model: what each stands for, and which are declared twice.
 */

import type {
  Declaration,
  Diagnostic,
  FunctionDefinition,
  InputPort,
  Kernel,
  Model,
  Role,
  Span,
  Type,
  VectorSize,
} from "./ast.js";
import { type PlaceKind, PREDEFINED } from "./functions.js";
import { MILLISECOND, PER_SECOND, parseTypeText, REAL } from "./types.js";
import { isUnitName } from "./units.js";

/** Something a name stands for. */
export interface ModelSymbol {
  readonly name: string;
  readonly role: Role;
  /** its type, by order of the derivative; undefined where the type could not be read */
  readonly types: Map<number, Type | undefined>;
  /** of inlines it is known once their expression is checked */
  size?: VectorSize;
  readonly span: Span;
  /** position among the declarations of its block */
  readonly rank: number;
  readonly port?: InputPort;
  readonly kernel?: Kernel;
}

/** Variables of a block of statements; those of the blocks around it are found through `parent`. */
export interface LocalScope {
  readonly parent?: LocalScope;
  readonly names: Map<
    string,
    { readonly type: Type | undefined; readonly size?: VectorSize; readonly span: Span }
  >;
}

/** The model being checked, its names, and what was found so far. */
export interface Checker {
  readonly model: Model;
  readonly file: string;
  readonly diagnostics: Diagnostic[];
  readonly symbols: Map<string, ModelSymbol>;
  readonly functions: Map<string, FunctionDefinition>;
}

/** Where an expression stands, and which names it sees. */
export interface Place {
  readonly kind: PlaceKind;
  readonly locals?: LocalScope;
  /** symbols of the same block from this rank on are not declared yet */
  readonly rank?: number;
  /** the names of the kernel that is being defined */
  readonly kernel?: ReadonlySet<string>;
}

/** Records an error. */
export function error(checker: Checker, code: string, span: Span, message: string): void {
  checker.diagnostics.push({ severity: "error", code, message, file: checker.file, span });
}

/** Records a warning. */
export function warn(checker: Checker, code: string, span: Span, message: string): void {
  checker.diagnostics.push({ severity: "warning", code, message, file: checker.file, span });
}

/** Names that every model has. */
export const CONSTANTS: ReadonlyMap<string, { readonly role: Role; readonly type: Type }> = new Map([
  ["t", { role: "time", type: MILLISECOND }],
  ["e", { role: "constant", type: REAL }],
  ["pi", { role: "constant", type: REAL }],
  ["inf", { role: "constant", type: REAL }],
]);

/** Reads a type as written; reports a unit that does not exist. */
export function resolveType(checker: Checker, text: string, span: Span): Type | undefined {
  const parsed = parseTypeText(text);
  if (parsed.ok) return parsed.type;
  error(checker, "unknown-unit", span, parsed.message);
  return undefined;
}

/** Collects the names of a model, resolves their types, and reports names that are taken. */
export function openModel(model: Model, file: string): Checker {
  const checker: Checker = { model, file, diagnostics: [], symbols: new Map(), functions: new Map() };
  const kernelNames = new Map<string, Kernel>();
  for (const kernel of model.kernels) {
    for (const definition of kernel.definitions)
      if (definition.order > 0) kernelNames.set(definition.name, kernel);
  }
  declareBlock(checker, "parameter", model.parameters, kernelNames);
  declareBlock(checker, "internal", model.internals, kernelNames);
  declareBlock(checker, "state", model.state, kernelNames);
  model.inlines.forEach((inline, rank) => {
    inline.type = resolveType(checker, inline.typeText, inline.typeSpan ?? inline.span);
    declare(checker, {
      name: inline.name,
      role: "inline",
      types: new Map([[0, inline.type]]),
      span: inline.nameSpan ?? inline.span,
      rank,
    });
  });
  model.kernels.forEach((kernel, rank) => {
    for (const { name, order, nameSpan } of kernel.definitions) {
      // The differential form is declared by its initial values in `state`.
      if (order > 0 && checker.symbols.get(name)?.role === "kernel") continue;
      declare(checker, {
        name,
        role: "kernel",
        types: new Map(),
        span: nameSpan ?? kernel.span,
        rank,
        kernel,
      });
    }
  });
  model.inputs.forEach((port, rank) => {
    port.type = portType(checker, port);
    for (const attribute of port.attributes) {
      attribute.type = resolveType(checker, attribute.typeText, attribute.typeSpan ?? attribute.span);
    }
    declare(checker, {
      name: port.name,
      role: "port",
      types: new Map([[0, port.type]]),
      size: sizeOf(port),
      span: port.nameSpan ?? port.span,
      rank,
      port,
    });
  });
  for (const definition of model.functions) declareFunction(checker, definition);
  return checker;
}

function portType(checker: Checker, port: InputPort): Type | undefined {
  const span = port.typeSpan ?? port.span;
  if (port.kind === "spike") {
    if (port.typeText !== undefined) {
      const message = `a spike port has no unit (its value is in 1/s): write ${port.name} <- spike`;
      error(checker, "port-type", span, message);
    }
    return PER_SECOND;
  }
  if (port.typeText === undefined) {
    const message = `expected a unit: a continuous port has one, as in ${port.name} pA <- continuous`;
    error(checker, "port-type", port.nameSpan ?? port.span, message);
    return undefined;
  }
  return resolveType(checker, port.typeText, span);
}

/** The size as written: a literal or a name; undefined for scalars and for sizes that are neither. */
export function sizeOf(declared: Declaration | InputPort): VectorSize | undefined {
  const { size } = declared;
  if (size?.kind === "number") return { literal: size.value };
  if (size?.kind === "name") return { name: size.name };
  return undefined;
}

function declareBlock(
  checker: Checker,
  role: "parameter" | "internal" | "state",
  declarations: readonly Declaration[],
  kernels: ReadonlyMap<string, Kernel>,
): void {
  declarations.forEach((declaration, rank) => {
    declaration.type = resolveType(checker, declaration.typeText, declaration.typeSpan ?? declaration.span);
    const { name, order } = declaration;
    const existing = checker.symbols.get(name);
    const kernel = role === "state" ? kernels.get(name) : undefined;
    const span = declaration.nameSpan ?? declaration.span;
    const wanted = kernel === undefined ? role : "kernel";
    if (
      existing !== undefined &&
      existing.role === wanted &&
      role === "state" &&
      !existing.types.has(order)
    ) {
      existing.types.set(order, declaration.type);
      return;
    }
    declare(checker, {
      name,
      role: wanted,
      types: new Map([[order, declaration.type]]),
      size: sizeOf(declaration),
      span,
      rank,
      ...(kernel === undefined ? {} : { kernel }),
    });
  });
}

function declare(checker: Checker, symbol: ModelSymbol): void {
  const { name, span } = symbol;
  const existing = checker.symbols.get(name);
  if (existing !== undefined) {
    const message = `"${name}" is already declared at line ${existing.span.line}`;
    error(checker, "duplicate-name", span, message);
    return;
  }
  if (CONSTANTS.has(name)) {
    error(checker, "reserved-name", span, `"${name}" is predefined and cannot be declared`);
    return;
  }
  if (isUnitName(name)) {
    warn(checker, "unit-name", span, `"${name}" is also a unit; in this model it stands for the variable`);
  }
  checker.symbols.set(name, symbol);
}

function declareFunction(checker: Checker, definition: FunctionDefinition): void {
  const { name, parameters, returnTypeText } = definition;
  const span = definition.nameSpan ?? definition.span;
  definition.returnType = resolveType(checker, returnTypeText, definition.returnTypeSpan ?? span);
  for (const parameter of parameters) {
    parameter.type = resolveType(checker, parameter.typeText, parameter.typeSpan ?? parameter.span);
  }
  if (Object.hasOwn(PREDEFINED, name)) {
    error(checker, "reserved-name", span, `the function "${name}" is predefined and cannot be defined again`);
    return;
  }
  const existing = checker.functions.get(name);
  if (existing !== undefined) {
    error(
      checker,
      "duplicate-name",
      span,
      `the function "${name}" is already defined at line ${existing.span.line}`,
    );
    return;
  }
  checker.functions.set(name, definition);
}

/** A local variable, in the innermost block that has it. */
export function findLocal(scope: LocalScope | undefined, name: string) {
  for (let inner = scope; inner !== undefined; inner = inner.parent) {
    const found = inner.names.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All names that a place sees, for suggestions. */
export function visibleNames(checker: Checker, place: Place): string[] {
  const names = [...checker.symbols.keys(), ...CONSTANTS.keys()];
  for (let scope = place.locals; scope !== undefined; scope = scope.parent) names.push(...scope.names.keys());
  return names;
}
