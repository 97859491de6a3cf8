/** Prints statements in languages with C's `if` and `for`: printers differ in how they say a value. */

import type { Instruction } from "./ir.js";

type Of<K extends Instruction["kind"]> = Extract<Instruction, { readonly kind: K }>;

/** How a language says the instructions that have no others inside. */
export interface Phrases {
  constant(i: Of<"const">): string;
  operation(i: Of<"op">): string;
  pick(i: Of<"pick">): string;
  get(i: Of<"get">): string;
  set(i: Of<"set">): string;
  /** a line before a loop */
  readonly beforeLoop?: string;
}

/** @returns lines */
export function printStatements(body: readonly Instruction[], phrases: Phrases, indent: string): string[] {
  const inner = (statements: readonly Instruction[]) => printStatements(statements, phrases, `${indent}  `);
  return body.flatMap((i): string[] => {
    switch (i.kind) {
      case "const":
        return [indent + phrases.constant(i)];
      case "op":
        return [indent + phrases.operation(i)];
      case "pick":
        return [indent + phrases.pick(i)];
      case "get":
        return [indent + phrases.get(i)];
      case "set":
        return [indent + phrases.set(i)];
      case "if":
        return [
          `${indent}if (v${i.condition.id}) {`,
          ...inner(i.then),
          ...(i.otherwise.length > 0 ? [`${indent}} else {`, ...inner(i.otherwise)] : []),
          `${indent}}`,
        ];
      case "while":
        return [
          ...(phrases.beforeLoop === undefined ? [] : [phrases.beforeLoop]),
          `${indent}for (;;) {`,
          ...inner(i.test),
          `${indent}  if (!v${i.condition.id}) break;`,
          ...inner(i.body),
          `${indent}}`,
        ];
      default:
        return i satisfies never;
    }
  });
}
