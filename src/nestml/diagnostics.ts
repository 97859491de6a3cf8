/**
 * How diagnostics are shown, and the error that carries them.
 */

import { SynfireError } from "../errors.js";
import type { Diagnostic } from "./ast.js";

/**
 * Shows a diagnostic as `file:line:column: error: message`, with the line of the source and a mark under the place.
 * @param source - the text that was read
 */
export function formatDiagnostic(diagnostic: Diagnostic, source: string): string {
  const { file, severity, message, span } = diagnostic;
  const head = `${file}:${span.line}:${span.column}: ${severity}: ${message}`;
  const line = source.split(/\r\n?|\n/)[span.line - 1];
  if (line === undefined || line.trim() === "") return head;
  const number = String(span.line);
  const length = span.endLine === span.line ? span.endColumn - span.column : line.length - span.column + 1;
  // Tabs are kept, so that the mark stands under the place whatever their width.
  const indentation = line
    .slice(0, span.column - 1)
    .replace(/[^\t]/g, " ")
    .padEnd(span.column - 1, " ");
  const mark = `^${"~".repeat(Math.max(0, length - 1))}`;
  return `${head}\n  ${number} | ${line}\n  ${" ".repeat(number.length)} | ${indentation}${mark}`;
}

/** A text that is no valid NESTML. Its message shows each error with its place in the source. */
export class NestmlError extends SynfireError {
  /** errors first, then warnings, each in the order of the text */
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[], source: string) {
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error");
    const shown = errors.map((diagnostic) => formatDiagnostic(diagnostic, source)).join("\n\n");
    super("nestml", shown);
    this.name = "NestmlError";
    this.diagnostics = [...errors, ...diagnostics.filter((diagnostic) => diagnostic.severity === "warning")];
  }
}
