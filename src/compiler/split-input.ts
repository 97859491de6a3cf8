/**
 * Most models add what arrives in a step to their state at its very end: nothing of the step depends on it but the state that the next one begins
 * with. Their update falls into two functions, the rest and what receives, and an engine may run the second as late as before the next
 * step: then messages have a step more to travel. The operations are the same, in the same order, so results are, too.
 */

import type { Instruction, IrFunction, Value, Variable } from "./ir.js";
import { operandsOf, walk } from "./ir.js";

export interface SplitUpdate {
  /** all that does not depend on what arrives */
  readonly rest: IrFunction;
  /** what does, run after `rest` */
  readonly receive: IrFunction;
}

/**
 * @param inputs - variables that hold what arrives
 * @param states - variables that are kept from step to step
 * @param ofStep - variables that differ from step to step otherwise (its number, what random numbers follow from): what receives may not read them
 * @returns nothing if more depends on what arrives than the states at the end of the step
 */
export function splitInput(
  update: IrFunction,
  inputs: ReadonlySet<number>,
  states: ReadonlySet<number>,
  ofStep: ReadonlySet<number>,
): SplitUpdate | undefined {
  const late = new Set<number>();
  const lateVariables = new Set(inputs);
  const rest: Instruction[] = [];
  const received: Instruction[] = [];
  for (const i of update.body) {
    switch (i.kind) {
      case "const":
        rest.push(i);
        break;
      case "get":
      case "op":
      case "pick": {
        const isLate =
          i.kind === "get" ? lateVariables.has(i.variable.id) : operandsOf(i).some((a) => late.has(a.id));
        if (isLate) late.add(i.result.id);
        (isLate ? received : rest).push(i);
        break;
      }
      case "set":
        if (late.has(i.value.id)) {
          if (!states.has(i.variable.id)) return undefined;
          lateVariables.add(i.variable.id);
          received.push(i);
        } else if (lateVariables.has(i.variable.id)) return undefined;
        else rest.push(i);
        break;
      default:
        if (touches([i], late, lateVariables)) return undefined;
        rest.push(i);
    }
  }
  const parts = joined(update, rest, received, states);
  return parts && touches(parts.receive.body, new Set(), ofStep) ? undefined : parts;
}

/** Does anything read what is late, or set a variable that is? */
function touches(
  body: readonly Instruction[],
  late: ReadonlySet<number>,
  variables: ReadonlySet<number>,
): boolean {
  for (const i of walk(body)) {
    if ((i.kind === "get" || i.kind === "set") && variables.has(i.variable.id)) return true;
    if (operandsOf(i).some((v) => late.has(v.id))) return true;
  }
  return false;
}

/** Gives `received` the values of `rest` that it reads: constants again, all others by a state that holds them when the rest is done. */
function joined(
  update: IrFunction,
  rest: Instruction[],
  received: readonly Instruction[],
  states: ReadonlySet<number>,
): SplitUpdate | undefined {
  const made = new Map<number, Instruction>();
  const assigned = new Set<number>();
  for (const i of walk(update.body)) if (i.kind === "set") assigned.add(i.variable.id);
  for (const i of rest) if ("result" in i) made.set(i.result.id, i);
  const own = new Set(received.flatMap((i) => ("result" in i ? [i.result.id] : [])));
  const held = heldAtEnd(rest, states);
  const before: Instruction[] = [];
  const known = new Set<number>();

  /** makes a value known before what receives */
  const bring = (v: Value): boolean => {
    if (own.has(v.id) || known.has(v.id)) return true;
    const i = made.get(v.id);
    const constant =
      i?.kind === "const" ||
      (i?.kind === "get" && !assigned.has(i.variable.id)) ||
      (i?.kind === "op" && i.args.every(bring));
    const variable = held.get(v.id);
    if (constant) before.push(i);
    else if (variable) before.push({ kind: "get", result: v, variable });
    else return false;
    known.add(v.id);
    return true;
  };

  for (const i of received) {
    if (i.kind !== "set") continue;
    // at most one value of the rest that no state holds: the state that is set holds it until then
    const missing = leavesOf(i.value, received).filter((v) => !bring(v));
    if (
      missing.length > 1 ||
      (missing.length === 1 && [...held.values()].some((x) => x.id === i.variable.id))
    )
      return undefined;
    for (const value of missing) {
      rest.push({ kind: "set", variable: i.variable, value });
      held.set(value.id, i.variable);
      bring(value);
    }
  }
  const outputs = received.flatMap((i) => (i.kind === "set" ? [i.variable] : []));
  return {
    rest: { ...update, name: `${update.name}_rest`, body: rest },
    receive: {
      name: `${update.name}_receive`,
      inputs: update.inputs,
      outputs: [...new Set(outputs)],
      body: [...before, ...received],
    },
  };
}

/** the values that a value is made of and that are not late */
function leavesOf(value: Value, received: readonly Instruction[]): Value[] {
  const made = new Map(received.flatMap((i) => ("result" in i ? [[i.result.id, i] as const] : [])));
  const leaves = new Map<number, Value>();
  const visit = (v: Value) => {
    const i = made.get(v.id);
    if (!i) leaves.set(v.id, v);
    else for (const x of operandsOf(i)) visit(x);
  };
  visit(value);
  return [...leaves.values()];
}

/** by value, a state that certainly holds it after all of a body */
function heldAtEnd(body: readonly Instruction[], states: ReadonlySet<number>): Map<number, Variable> {
  const holds = new Map<number, { readonly variable: Variable; readonly value: Value }>();
  const forget = (inner: readonly Instruction[]) => {
    for (const i of walk(inner)) if (i.kind === "set") holds.delete(i.variable.id);
  };
  for (const i of body) {
    if (i.kind === "set" && states.has(i.variable.id))
      holds.set(i.variable.id, { variable: i.variable, value: i.value });
    else if (i.kind === "if" || i.kind === "while") forget([i]);
  }
  return new Map([...holds.values()].map(({ variable, value }) => [value.id, variable]));
}
