/**
 * Checks a parsed model: writes types, roles and sizes on it, and says what is wrong.
 */

import type { Diagnostic, Model } from "./ast.js";
import { bySpan } from "./parser.js";
import { checkBlocks } from "./rules/blocks.js";
import { checkDeclarations } from "./rules/declarations.js";
import { checkEquations } from "./rules/equations.js";
import { openModel } from "./scopes.js";

/**
 * Checks a model, in place: every expression, declaration, port and function gets its `type`, every name its `role`, vectors their
 * `size`. Where an error was found, types may be missing.
 * @param model - as `parseNestml` gives it
 * @param file - the name of its source, for diagnostics
 * @returns errors and warnings, in the order of the text
 */
export function checkModel(model: Model, file = "<text>"): Diagnostic[] {
  const checker = openModel(model, file);
  checkDeclarations(checker);
  checkEquations(checker);
  checkBlocks(checker);
  return checker.diagnostics.sort(bySpan);
}
