/**
 * Parses NESTML text into models. Errors are collected: after one, parsing goes on at the next statement or block.
 */

import type {
  Declaration,
  Diagnostic,
  FunctionDefinition,
  InputPort,
  Model,
  OnCondition,
  OnOutput,
  OnReceive,
  OutputPort,
  Span,
  Statement,
} from "./ast.js";
import {
  accept,
  at,
  type Cursor,
  describe,
  expect,
  expectName,
  fail,
  parseSuite,
  peek,
  recovering,
  report,
  spanFrom,
  take,
} from "./cursor.js";
import { tokenize } from "./lexer.js";
import {
  type Equation,
  parseEquation,
  parseFunction,
  parseInputPort,
  parseLines,
  parseOnCondition,
  parseOnOutput,
  parseOnReceive,
  parseOutputPort,
} from "./parse-blocks.js";
import { parseBody, parseDeclarations } from "./parse-statements.js";
import { suggestion } from "./suggest.js";
import { callsIn } from "./walk.js";

export interface Parsed {
  readonly models: readonly Model[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Blocks that a model has at most once. */
const BLOCKS = ["state", "parameters", "internals", "equations", "input", "output", "update"] as const;
type BlockName = (typeof BLOCKS)[number];
const ALL_BLOCKS = [...BLOCKS, "function", "onReceive", "onCondition", "onOutput"];

/**
 * Parses a text. Never throws: what does not fit the grammar is in `diagnostics`, in the order of the text.
 * @param text - NESTML source, any number of models
 * @param file - its name, for diagnostics
 */
export function parseNestml(text: string, file = "<text>"): Parsed {
  const { tokens, comments, diagnostics } = tokenize(text, file);
  const cursor: Cursor = { tokens, comments, file, diagnostics: [], position: 0, depth: 0 };
  const models: Model[] = [];
  let documentation: string | undefined;
  while (peek(cursor).kind !== "end") {
    const token = peek(cursor);
    if (token.kind === "newline" || token.kind === "dedent") {
      take(cursor);
    } else if (token.kind === "documentation") {
      take(cursor);
      documentation = token.text.trim();
    } else {
      const model = recovering(cursor, () => parseModel(cursor, documentation));
      if (model !== undefined) models.push(model);
      documentation = undefined;
    }
  }
  if (models.length === 0 && cursor.diagnostics.length === 0 && diagnostics.length === 0) {
    report(cursor, "no-model", 'expected "model NAME:", found no model in the text', peek(cursor).span);
  }
  reportTwice(cursor, models);
  // Where a line could not be cut into tokens, what the parser says of it is an echo.
  const broken = new Set(diagnostics.map((diagnostic) => diagnostic.span.line));
  const own = cursor.diagnostics.filter((diagnostic) => !broken.has(diagnostic.span.line));
  return { models, diagnostics: [...diagnostics, ...own].sort(bySpan) };
}

/** Orders diagnostics by their place. */
export function bySpan(a: Diagnostic, b: Diagnostic): number {
  return a.span.line - b.span.line || a.span.column - b.span.column;
}

function reportTwice(cursor: Cursor, models: readonly Model[]): void {
  const seen = new Map<string, Model>();
  for (const model of models) {
    const first = seen.get(model.name);
    if (first === undefined) {
      seen.set(model.name, model);
      continue;
    }
    const message = `there is already a model "${model.name}" in this text, at line ${first.span.line}`;
    report(cursor, "duplicate-model", message, model.nameSpan ?? model.span);
  }
}

interface Draft {
  state: Declaration[];
  parameters: Declaration[];
  internals: Declaration[];
  equations: Equation[];
  inputs: InputPort[];
  outputs: OutputPort[];
  update: Statement[];
  functions: FunctionDefinition[];
  onReceive: OnReceive[];
  onCondition: OnCondition[];
  onOutput: OnOutput[];
  readonly seen: Map<BlockName, Span>;
}

function parseModel(cursor: Cursor, documentation: string | undefined): Model {
  const start = peek(cursor).span;
  expectModelKeyword(cursor);
  const name = expectName(cursor, "the model's name");
  expect(cursor, ":", "after the model's name");
  const draft: Draft = {
    state: [],
    parameters: [],
    internals: [],
    equations: [],
    inputs: [],
    outputs: [],
    update: [],
    functions: [],
    onReceive: [],
    onCondition: [],
    onOutput: [],
    seen: new Map(),
  };
  let inner: string | undefined;
  parseSuite(cursor, `the model "${name.text}"`, () => {
    const token = peek(cursor);
    if (token.kind === "documentation") {
      take(cursor);
      inner ??= token.text.trim();
    } else {
      parseBlock(cursor, draft);
    }
    return undefined;
  });
  const text = documentation ?? inner;
  const { equations, seen: _, ...rest } = draft;
  return {
    name: name.text,
    nameSpan: name.span,
    role: roleOf(draft),
    ...(text === undefined ? {} : { documentation: text }),
    ...rest,
    odes: equations.flatMap((equation) => (equation.kind === "ode" ? [equation.ode] : [])),
    inlines: equations.flatMap((equation) => (equation.kind === "inline" ? [equation.inline] : [])),
    kernels: equations.flatMap((equation) => (equation.kind === "kernel" ? [equation.kernel] : [])),
    span: spanFrom(cursor, start),
  };
}

function expectModelKeyword(cursor: Cursor): void {
  const token = peek(cursor);
  if (token.kind === "name" && (token.text === "neuron" || token.text === "synapse")) {
    const message = `expected "model": "${token.text} NAME:" is from before NESTML 8, now it is "model NAME:"`;
    report(cursor, "syntax", message, token.span);
    take(cursor);
    return;
  }
  if (accept(cursor, "model")) return;
  const near = token.kind === "name" ? suggestion(token.text, ["model"]) : "";
  fail(cursor, `expected "model NAME:", found ${describe(token)}${near}`);
}

function parseBlock(cursor: Cursor, draft: Draft): void {
  const token = peek(cursor);
  const block = BLOCKS.find((candidate) => at(cursor, candidate));
  if (block !== undefined) {
    const first = draft.seen.get(block);
    if (first === undefined) {
      draft.seen.set(block, token.span);
    } else {
      const message = `the block "${block}" is already at line ${first.line}; a model has it once`;
      report(cursor, "duplicate-block", message, token.span);
    }
    parseNamedBlock(cursor, draft, block);
  } else if (at(cursor, "function")) {
    draft.functions.push(parseFunction(cursor));
  } else if (at(cursor, "onReceive")) {
    draft.onReceive.push(parseOnReceive(cursor));
  } else if (at(cursor, "onCondition")) {
    draft.onCondition.push(parseOnCondition(cursor));
  } else if (at(cursor, "onOutput")) {
    draft.onOutput.push(parseOnOutput(cursor));
  } else {
    const near = token.kind === "name" ? suggestion(token.text, ALL_BLOCKS) : "";
    const allowed = `state, parameters, internals, equations, input, output, update, function, onReceive, onCondition or onOutput`;
    fail(
      cursor,
      `expected a block (${allowed}), found ${describe(token)}${near}`,
      token.span,
      "unknown-block",
    );
  }
}

function parseNamedBlock(cursor: Cursor, draft: Draft, block: BlockName): void {
  switch (block) {
    case "state":
    case "parameters":
    case "internals": {
      const lines = parseLines(cursor, block, () => {
        if (peek(cursor).kind !== "documentation") return parseDeclarations(cursor);
        take(cursor);
        return [];
      });
      draft[block].push(...lines.flat());
      return;
    }
    case "equations":
      draft.equations.push(...parseLines(cursor, block, () => parseEquation(cursor)));
      return;
    case "input":
      draft.inputs.push(...parseLines(cursor, block, () => parseInputPort(cursor)));
      return;
    case "output":
      draft.outputs.push(...parseLines(cursor, block, () => parseOutputPort(cursor)));
      return;
    case "update":
      take(cursor);
      expect(cursor, ":", 'after "update"');
      draft.update.push(...parseBody(cursor, 'the block "update"'));
      return;
    default:
      block satisfies never;
  }
}

/** A synapse sends weights: its output has the attribute `weight`, or a handler of an input emits with more than a multiplicity. */
function roleOf(draft: Draft): "neuron" | "synapse" {
  const attributes = draft.outputs.flatMap((output) => output.attributes.map((attribute) => attribute.name));
  if (attributes.includes("weight")) return "synapse";
  if (attributes.includes("multiplicity")) return "neuron";
  const emits = draft.onReceive.some((handler) =>
    callsIn(handler.body).some((call) => call.name === "emit_spike" && call.args.length > 0),
  );
  return emits ? "synapse" : "neuron";
}
