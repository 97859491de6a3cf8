/**
 * NESTML: reads the text of models, checks them, and gives them back with types.
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
