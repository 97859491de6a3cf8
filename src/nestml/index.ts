/**
 * NESTML: reads the text of models, checks them, and gives them back with types.
 *
 * The language is NESTML 8, with these extensions: arithmetic of vectors, element by element; `sum(vector)`; lists of values
 * for declared vectors; equations of vectors; arrays of ports as vectors; the multiplicity of spikes, `spike(multiplicity
 * integer)`.
 *
 * Stricter than NESTML: a plain number meets a unit with a warning only where the unit is coherent (mV, pA, ms, nS, pF, ...);
 * beside s or V it is an error, since its scale would be a guess. `/` of integers gives a real. Functions are not recursive and
 * assign no state. Units may be spelt without number (`pA * s`), but minutes, hours and days are no units, so that a forgotten
 * `d` or `h` is told. Not supported: values in the past (`x(t - d)`), assignments to inlines, units on spike ports (as before
 * NESTML 8).
 *
 * Inside an expression everything is coherent (see `ast.ts`). A spike port is a sum of delta functions in 1/s, in handlers and
 * `update` as well: `I += spikes * pA * s`. An attribute of a spike, `port.attribute`, has the attribute's own type in
 * statements and the type per second in equations.
 */

import type { Diagnostic, Model } from "./ast.js";
import { checkModel } from "./check.js";
import { NestmlError } from "./diagnostics.js";
import { bySpan, parseNestml } from "./parser.js";

export type * from "./ast.js";
export { checkModel } from "./check.js";
export { formatDiagnostic, NestmlError } from "./diagnostics.js";
export { PREDEFINED as PREDEFINED_FUNCTIONS } from "./functions.js";
export { type Parsed, parseNestml } from "./parser.js";
export { printExpression, printModel } from "./print.js";
export {
  coherentType,
  formatDimensions,
  isDimensionless,
  isUnitName,
  multiplyDimensions,
  type ParsedUnit,
  parseUnit,
  quantityOf,
  raiseDimensions,
  sameDimensions,
  type UnitType,
} from "./units.js";
export { callsIn, childrenOf, expressionsOf, walkExpression, walkStatements } from "./walk.js";

/** Models ready to compile, and what may be worth a look in their text. */
export interface Loaded {
  readonly models: readonly Model[];
  readonly warnings: readonly Diagnostic[];
}

/** After one of these, parts of the text are missing from the model, and checking it would only repeat the error. */
const INCOMPLETE: ReadonlySet<string> = new Set([
  "syntax",
  "indentation",
  "unclosed-bracket",
  "unterminated-string",
  "unexpected-character",
  "unknown-block",
  "empty-block",
  "zero-step",
  "too-deep",
]);

/**
 * Parses and checks a text. Errors of syntax are told alone; names, types and units are checked once the text parses.
 * @param text - NESTML source, one or more models
 * @param file - its name, for messages
 * @throws {NestmlError} if the text has errors; it tells all of them
 */
export function loadModels(text: string, file = "<text>"): Loaded {
  const parsed = parseNestml(text, file);
  const complete = !parsed.diagnostics.some((diagnostic) => INCOMPLETE.has(diagnostic.code));
  const checked = complete ? parsed.models.flatMap((model) => checkModel(model, file)) : [];
  const diagnostics = [...parsed.diagnostics, ...checked].sort(bySpan);
  if (diagnostics.some((diagnostic) => diagnostic.severity === "error")) {
    throw new NestmlError(diagnostics, text);
  }
  return { models: parsed.models, warnings: diagnostics };
}
