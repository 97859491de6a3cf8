/** A population of neurons as the simulator keeps it: model, parameters, initial states; and their values as constants of the program. */

import type { ScalarVariable } from "../compiler/elaborate.js";
import type { NeuronProgram } from "../compiler/program.js";
import { SynfireError, unknownName } from "../errors.js";
import {
  condensed,
  finite,
  isArrayLike,
  type PerNode,
  perNode,
  type Status,
  type StatusValue,
} from "./status.js";

export interface NeuronPopulation {
  readonly index: number;
  readonly model: string;
  readonly first: number;
  readonly size: number;
  readonly program: NeuronProgram;
  /** several ranks: rank r holds the positions shares[r] to shares[r + 1] - 1 */
  readonly shares?: readonly number[];
  readonly sizes: Readonly<Record<string, number>>;
  /** coherent values by unique name; only what was set */
  readonly parameters: Map<string, PerNode>;
  /** coherent values by state slot; only what was set before the network was built */
  readonly states: Map<number, PerNode>;
}

/** A change that has been checked but not made: by unique name of a parameter or by state slot. */
export interface Change {
  readonly parameters: Map<string, PerNode>;
  readonly states: Map<number, PerNode>;
}

/** Elements of a declared parameter or state variable, in order. */
function elementsOf(variables: readonly ScalarVariable[], key: string): ScalarVariable[] {
  return variables.filter((v) => v.base === key);
}

export const stateVariables = (program: NeuronProgram): ScalarVariable[] =>
  program.states.flatMap((s) => (s.variable ? [s.variable] : []));

/** True for a parameter or state variable with several elements. */
export const isVector = (p: NeuronPopulation, key: string): boolean =>
  [...p.program.parameters, ...stateVariables(p.program)].some(
    (v) => v.base === key && v.element !== undefined,
  );

/** Names that can be set. */
export function settableNames(p: NeuronPopulation): string[] {
  return [...new Set([...p.program.parameters, ...stateVariables(p.program)].map((v) => v.base))];
}

/**
 * Checks values for some nodes of a population (positions in it) and returns them as whole-population values.
 * @param stream - numbers the draws of distributions
 * @throws SynfireError "bad-parameter" naming the key; nothing has been changed then
 */
export function checkedChange(
  p: NeuronPopulation,
  positions: Uint32Array | undefined,
  values: Readonly<Record<string, StatusValue>>,
  seed: number,
  stream: () => number,
  current: (slot: number) => PerNode,
): Change {
  const change: Change = { parameters: new Map(), states: new Map() };
  const count = positions?.length ?? p.size;
  const ids = {
    length: count,
    *[Symbol.iterator]() {
      for (let i = 0; i < count; i++) yield p.first + (positions?.[i] ?? i);
    },
  };
  const parameter = (name: string): PerNode =>
    change.parameters.get(name) ?? p.parameters.get(name) ?? parameterValue(p, name);
  for (const [key, value] of Object.entries(values)) {
    const own = elementsOf(p.program.parameters, key);
    const states = elementsOf(stateVariables(p.program), key);
    const elements = own.length > 0 ? own : states;
    if (elements.length === 0)
      throw unknownName("bad-parameter", `parameter of ${p.model}`, key, settableNames(p));
    if (key in p.sizes) {
      if (value !== p.sizes[key])
        throw new SynfireError(
          "bad-parameter",
          `${p.model}: ${key} is fixed when neurons are created (${p.sizes[key]}).`,
          key,
        );
      continue;
    }
    elements.forEach((v, e) => {
      const part =
        v.element === undefined ? value : elementValue(value, e, elements.length, count, key, p.model);
      // a bound such as V_min is infinite by default; nothing else may be
      const byDefault = own.length > 0 && v.value !== undefined ? defaultOf(p, v.name) : 0;
      const check = (x: unknown) => {
        const number = finite(x, key, p.model, !Number.isFinite(byDefault));
        if (v.type === "integer" && !Number.isInteger(number))
          throw new SynfireError("bad-parameter", `${p.model}: ${key} is an integer, not ${number}.`, key);
        return number * v.factor;
      };
      const given = perNode(part, key, p.model, ids, seed, stream(), check);
      const whole = positions
        ? merged(own.length > 0 ? parameter(v.name) : current(slotOf(p, v.name)), given, positions, p.size)
        : given;
      if (own.length > 0) change.parameters.set(v.name, typeof whole === "number" ? whole : condensed(whole));
      else change.states.set(slotOf(p, v.name), whole);
    });
  }
  checkInvariants(p, parameter);
  return change;
}

const slotOf = (p: NeuronPopulation, name: string) => p.program.states.findIndex((s) => s.name === name);

function elementValue(
  value: StatusValue,
  element: number,
  elements: number,
  nodes: number,
  key: string,
  model: string,
): StatusValue {
  if (!isArrayLike(value)) return value;
  if (isArrayLike(value[0])) {
    // one list of elements per node
    const rows = value as ArrayLike<ArrayLike<number>>;
    if (rows.length !== nodes)
      throw new SynfireError(
        "bad-parameter",
        `${model}: ${key} has ${rows.length} lists for ${nodes} nodes.`,
        key,
      );
    return Array.from(rows, (r) => r[element]!);
  }
  if (value.length !== elements)
    throw new SynfireError(
      "bad-parameter",
      `${model}: ${key} has ${elements} elements, not ${value.length}.`,
      key,
    );
  return value[element] as number;
}

function merged(old: PerNode, given: PerNode, positions: Uint32Array, size: number): PerNode {
  const whole = typeof old === "number" ? new Float64Array(size).fill(old) : Float64Array.from(old);
  positions.forEach((position, i) => {
    whole[position] = typeof given === "number" ? given : given[i]!;
  });
  return whole;
}

/** What a parameter is if nothing is set. */
function defaultOf(p: NeuronPopulation, name: string): number {
  const lookup = (other: string): number => p.sizes[other] ?? p.program.defaultParameter(other, lookup);
  return lookup(name);
}

/** Value of a parameter: what was set, or its default, which may follow other parameters. */
export function parameterValue(p: NeuronPopulation, name: string): PerNode {
  const set = p.parameters.get(name);
  if (set !== undefined) return set;
  const size = p.sizes[name];
  if (size !== undefined) return size;
  return forEachNode(p, (lookup) => p.program.defaultParameter(name, lookup));
}

/** Evaluates once, or once per node if it looks up something that differs between nodes. */
export function forEachNode(
  p: NeuronPopulation,
  evaluate: (lookup: (name: string) => number) => number,
): PerNode {
  let node = -1;
  const lookup = (name: string): number => {
    const v = p.sizes[name] ?? p.parameters.get(name);
    if (v === undefined) return p.program.defaultParameter(name, lookup);
    if (typeof v === "number") return v;
    if (node < 0) {
      node = 0;
    }
    return v[node]!;
  };
  const first = evaluate(lookup);
  if (node < 0) return first;
  const out = new Float64Array(p.size);
  for (node = 0; node < p.size; node++) out[node] = evaluate(lookup);
  return out;
}

function checkInvariants(p: NeuronPopulation, parameter: (name: string) => PerNode): void {
  const values = new Map(p.program.parameters.map((v) => [v.name, parameter(v.name)]));
  const varying = [...values.values()].some((v) => typeof v !== "number");
  for (let i = 0; i < (varying ? p.size : 1); i++) {
    const violated = p.program.violatedInvariant((name) => {
      const v = values.get(name);
      return v === undefined ? (p.sizes[name] ?? 0) : typeof v === "number" ? v : v[i]!;
    });
    if (violated)
      throw new SynfireError(
        "bad-parameter",
        `${p.model}: ${violated.name} is out of range: ${violated.text} must hold.`,
        violated.name,
      );
  }
}

/** All constants of the program. */
export function constantsOf(p: NeuronPopulation): PerNode[] {
  const { program } = p;
  const varying = new Set([...p.parameters].flatMap(([name, v]) => (typeof v === "number" ? [] : [name])));
  const lookupAt = (i: number) => {
    const lookup = (name: string): number => {
      const v = p.sizes[name] ?? p.parameters.get(name);
      return v === undefined ? program.defaultParameter(name, lookup) : typeof v === "number" ? v : v[i]!;
    };
    return lookup;
  };
  if (varying.size === 0) return [...program.computeConstants(lookupAt(0))];
  // defaults may follow parameters that differ between nodes
  const depends = program.constants.map((c) =>
    [...c.parameters].some(
      (name) => varying.has(name) || (!p.parameters.has(name) && followsVarying(p, name, varying)),
    ),
  );
  const first = program.computeConstants(lookupAt(0));
  const out = program.constants.map((_, k): PerNode => (depends[k] ? new Float64Array(p.size) : first[k]!));
  const cache = new Map<string, Float64Array>();
  const names = [...varying];
  for (let i = 0; i < p.size; i++) {
    const key = names.map((n) => (p.parameters.get(n) as Float64Array)[i]).join();
    let values = cache.get(key);
    if (!values) {
      values = program.computeConstants(lookupAt(i), (k) => depends[k]!);
      if (cache.size < 4096) cache.set(key, values);
    }
    for (let k = 0; k < out.length; k++) if (depends[k]) (out[k] as Float64Array)[i] = values[k]!;
  }
  return out;
}

function followsVarying(p: NeuronPopulation, name: string, varying: ReadonlySet<string>): boolean {
  let follows = false;
  const lookup = (other: string): number => {
    if (varying.has(other)) follows = true;
    const v = p.sizes[other] ?? p.parameters.get(other);
    return v === undefined ? p.program.defaultParameter(other, lookup) : typeof v === "number" ? v : v[0]!;
  };
  p.program.defaultParameter(name, lookup);
  return follows;
}

/** What the neurons start with. */
export function initialStates(p: NeuronPopulation): PerNode[] {
  return p.program.states.map(
    (_, slot) => p.states.get(slot) ?? forEachNode(p, (lookup) => p.program.initialState(slot, lookup)),
  );
}

/** Value of a parameter or state variable in declared units, for some nodes. */
export function statusOf(
  p: NeuronPopulation,
  key: string,
  positions: Uint32Array,
  state: (slot: number) => PerNode,
): Status {
  const own = elementsOf(p.program.parameters, key);
  const elements = own.length > 0 ? own : elementsOf(stateVariables(p.program), key);
  if (elements.length === 0)
    throw unknownName("bad-parameter", `parameter of ${p.model}`, key, ["model", ...settableNames(p)]);
  const columns = elements.map((v) => {
    const whole = own.length > 0 ? parameterValue(p, v.name) : state(slotOf(p, v.name));
    const picked =
      typeof whole === "number" ? whole : condensed(Float64Array.from(positions, (i) => whole[i]!));
    const declared = typeof picked === "number" ? picked / v.factor : picked.map((x) => x / v.factor);
    return v.type === "boolean" && typeof declared === "number" ? declared !== 0 : declared;
  });
  if (elements[0]!.element === undefined) return columns[0]!;
  if (columns.every((c) => typeof c === "number")) return Float64Array.from(columns as number[]);
  return Array.from(positions, (_, i) =>
    Float64Array.from(columns, (c) => (typeof c === "number" ? c : (c as Float64Array)[i]!)),
  );
}
