/** How the command line tells errors: the message alone where the user can mend it, the stack where a programmer must. */

import { SynfireError } from "../errors.js";

/** What to print for an error. */
export function failureText(error: unknown): string {
  if (error instanceof SynfireError) return `synfire: ${error.message}\n`;
  // cac says what is wrong with the command line in errors of this name
  if (error instanceof Error && error.name === "CACError") return `synfire: ${error.message}.\n`;
  if (error instanceof Error) return `${error.stack ?? error.message}\n`;
  return `synfire: ${String(error)}\n`;
}
