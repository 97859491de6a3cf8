/** Compiles a checked NESTML neuron to a program: analyses its equations and writes the update of one step as IR. */

import { SynfireError } from "../errors.js";
import type { Model } from "../nestml/ast.js";
import { Builder } from "./builder.js";
import { elaborate, type ScalarModel, type Sizes } from "./elaborate.js";
import { expressionsOf, nodesOf, ONE, real, rebuild, type S, statementsOf, type X } from "./expression.js";
import { evaluate, type HostContext } from "./host.js";
import { dumpIr, type IrFunction, type IrInput, type Value, type Variable, validateIr } from "./ir.js";
import { convolution, type KernelState } from "./kernels.js";
import { isConstant, type LinearForm, splitExact, variablesOf, withoutJumps } from "./linear.js";
import { LONGEST } from "./linear-motion.js";
import { assignedStates, Lowering, mostEmissions } from "./lower.js";
import * as math from "./math.js";
import type {
  Binding,
  ConstantSlot,
  NeuronProgram,
  ParameterLookup,
  Recordable,
  StateSlot,
} from "./program.js";
import { fastestRate, type Propagators, propagators } from "./propagators.js";
import { integrate } from "./runge-kutta.js";
import { type SplitUpdate, splitInput } from "./split-input.js";
import type { Integration } from "./sub-step.js";
import { findSpikeCurrent, type Upstroke } from "./upstroke.js";

export interface CompileOptions {
  readonly real: "f32" | "f64";
  /** ms */
  readonly resolution: number;
  /** values of the integer parameters that size vectors */
  readonly sizes: Sizes;
  /** are the stages of an upstroke a loop, for engines whose cache for instructions does not hold all of them? Results are the same */
  readonly rolled?: boolean;
}

/** @throws SynfireError "unsupported-model" for what cannot be compiled, e.g. a synapse */
export function compileNeuron(model: Model, options: CompileOptions): NeuronProgram {
  if (model.role === "synapse") {
    throw new SynfireError(
      "unsupported-model",
      `${model.name} is a synapse model; it parses and checks, but cannot be created as a neuron`,
      model.name,
    );
  }
  let rolled: NeuronProgram | undefined;
  return new NeuronCompiler(elaborate(model, options.sizes), options, () => {
    rolled ??= compileNeuron(model, { ...options, rolled: true });
    return rolled;
  }).compile();
}

/** Default of `gsl_error_tol` for models that do not declare it. */
const DEFAULT_TOLERANCE = 1e-6;

/** A neuron that fires more often than this inside one step stops the run with an error. */
const MOST_IN_STEP = 4;
/** Decorator of a state variable: conditions that read it are checked after each sub-step of the integrator. */
const SUBSTEP = "synfire::substep";

/** One use of integrate_odes with its own set of variables, over a part of the step: one set of propagators. */
interface ExactGroup {
  readonly active: readonly string[];
  readonly part: number;
  /** by exact variable those whose value at the start has an influence on it at the end */
  readonly reach: ReadonlyMap<string, ReadonlySet<string>>;
  /** the exact variables in groups that do not depend on each other */
  readonly coupled: readonly (readonly string[])[];
  /** constants that are entries of its propagators */
  readonly entries: { readonly slot: number; readonly pick: (g: GroupValues) => number }[];
}

const groupKey = ({ active, part }: Pick<ExactGroup, "active" | "part">): string =>
  `${[...active].sort().join(" ")}${part === 1 ? "" : ` after ${part} of the step`}`;

interface GroupValues {
  change(i: string, j: string): number;
  input(i: string, j: string): number;
  /** constant part of the input of j */
  rest(j: string): number;
  /** the fastest of variables, and of those that they are coupled with */
  rate(names: Iterable<string>): number;
}

class NeuronCompiler {
  readonly #m: ScalarModel;
  readonly #options: CompileOptions;
  readonly #rolled: () => NeuronProgram;
  readonly #b = new Builder();
  readonly #kernelStates: KernelState[] = [];
  readonly #odes: ReadonlyMap<string, X>;
  readonly #exact: ReadonlyMap<string, LinearForm>;
  /** derivatives within a step, of kernels' states, too */
  readonly #equations: ReadonlyMap<string, X>;
  readonly #numeric: readonly string[];
  readonly #states: StateSlot[];
  readonly #stateVariables = new Map<string, Variable>();
  readonly #constants: (ConstantSlot & { readonly evaluate: ((c: HostContext) => number) | undefined })[] =
    [];
  readonly #constantInputs = new Map<string, Variable>();
  readonly #inputs: { readonly input: IrInput; readonly binding: Binding }[] = [];
  readonly #inputVariables = new Map<string, Variable>();
  readonly #groups = new Map<string, ExactGroup>();
  readonly #emitted: Variable;
  readonly #failed: Variable;
  readonly #unfinished: Variable;
  readonly #steep: Variable;
  readonly #lowering: Lowering;
  #randomSites = 0;
  readonly #upstrokes = new Set<string>();
  readonly #update: readonly S[];
  readonly #onReceive: ScalarModel["onReceive"];
  readonly #onCondition: ScalarModel["onCondition"];

  constructor(model: ScalarModel, options: CompileOptions, rolled: () => NeuronProgram) {
    this.#rolled = rolled;
    const convolved = resolveConvolutions(model, this.#kernelStates);
    this.#m = convolved.model;
    this.#options = options;
    this.#update = this.#m.update;
    this.#onReceive = this.#m.onReceive;
    this.#onCondition = this.#m.onCondition;
    this.#odes = this.#m.odes;
    const all = new Map([...this.#odes, ...this.#kernelStates.map((k) => [k.name, k.derivative] as const)]);
    this.#checkCalls(all);
    const { exact, numeric } = splitExact(
      all,
      new Set(this.#m.spikePorts.map((p) => p.name)),
      new Set(this.#setBySubsteps()),
    );
    this.#exact = exact;
    this.#numeric = numeric;
    this.#equations = new Map(
      [...all].map(([name, x]) => {
        const form = exact.get(name);
        return [name, form && form.jumps.size > 0 ? withoutJumps(form) : x];
      }),
    );
    this.#states = [
      ...this.#m.states
        .filter((s) => !convolved.consumed.has(s.name))
        .map((s): StateSlot => ({ name: s.name, variable: s, type: s.type === "real" ? "real" : "i32" })),
      ...this.#kernelStates.map((k): StateSlot => ({ name: k.name, variable: undefined, type: "real" })),
    ];
    if (numeric.length > 0) this.#states.push({ name: "__step", variable: undefined, type: "real" });
    for (const [index, slot] of this.#states.entries()) {
      const variable = this.#b.variable(slot.name, slot.type === "real" ? options.real : "i32");
      this.#stateVariables.set(slot.name, variable);
      this.#inputs.push({ input: { variable, uniform: false }, binding: { kind: "state", index } });
    }
    this.#emitted = this.#b.variable("emitted", "i32");
    this.#failed = this.#b.variable("failed", "i32");
    this.#unfinished = this.#b.variable("unfinished", "i32");
    this.#steep = this.#b.variable("steep", "i32");
    this.#lowering = new Lowering({
      b: this.#b,
      real: options.real,
      functions: this.#m.functions,
      constant: (x) => this.#constant(x),
      state: (name) => this.#state(name),
      input: (role, name) => this.#input(role, name),
      randomSite: () => this.#randomSite(),
      emit: (count) => this.#emit(count),
      integrate: (names) => this.#integrate(names),
    });
  }

  compile(): NeuronProgram {
    const { b } = this;
    b.set(this.#emitted, b.constant("i32", 0));
    b.set(this.#failed, b.constant("i32", 0));
    b.set(this.#unfinished, b.constant("i32", 0));
    const nextKernels = this.#kernelStates.map((k) => [k, this.#advanceKernel(k)] as const);
    this.#lowering.statements(this.#update);
    for (const handler of this.#onReceive) this.#lowering.statements(handler.body);
    for (const [k, next] of nextKernels) {
      const arrived = this.#input("port", k.port);
      const raised =
        k.jump.k === "number" && k.jump.value === 0
          ? next
          : b.add(next, b.mul(this.#lowering.as("real", k.jump), arrived));
      b.set(this.#state(k.name), raised);
    }
    this.#applyJumps();
    for (const handler of this.#onCondition)
      if (!this.#isSubstep(handler.condition)) this.#condition(handler);
    const outputs = [...this.#stateVariables.values(), this.#emitted, this.#failed, this.#unfinished];
    const update = b.finish(
      `update_${this.#m.name.replace(/\W/g, "_")}`,
      this.#inputs.map((i) => i.input),
      outputs,
    );
    validateIr(update);
    return this.#program(update);
  }

  get b(): Builder {
    return this.#b;
  }

  #state(name: string): Variable {
    const variable = this.#stateVariables.get(name);
    if (!variable)
      throw new SynfireError("unsupported-model", `${this.#m.name}: ${name} is not a state variable`, name);
    return variable;
  }

  #emitting = false;
  #emit(count: Value): void {
    if (this.#emitting)
      throw new SynfireError(
        "unsupported-model",
        `${this.#m.name}: onOutput may not emit spikes itself`,
        "onOutput",
      );
    this.b.set(this.#emitted, this.b.add(this.b.get(this.#emitted), count));
    this.#emitting = true;
    for (const body of this.#m.onOutput) this.#lowering.statements(body);
    this.#emitting = false;
  }

  #condition(handler: ScalarModel["onCondition"][number]): void {
    this.#b.if(this.#lowering.as("boolean", handler.condition), () =>
      this.#lowering.statements(handler.body),
    );
  }

  /** true if the condition reads a state that is marked to be watched inside the integrator's steps */
  #isSubstep(condition: X): boolean {
    const marked = new Set(this.#m.states.filter((s) => s.decorators.includes(SUBSTEP)).map((s) => s.name));
    return [...nodesOf(condition)].some((n) => n.k === "ref" && marked.has(n.name));
  }

  /** handlers that run inside the integrator's steps */
  get #substepHandlers(): ScalarModel["onCondition"] {
    return this.#onCondition.filter((h) => this.#isSubstep(h.condition));
  }

  /** states that these may set */
  #setBySubsteps(): string[] {
    const handlers = this.#substepHandlers;
    const bodies = handlers.length > 0 ? [...handlers.map((h) => h.body), ...this.#m.onOutput] : [];
    return bodies.flatMap((body) => [...assignedStates(body)]);
  }

  /** Functions in equations get variables as arguments: what they read by themselves nobody would integrate along. */
  #checkCalls(odes: ReadonlyMap<string, X>): void {
    const reads = (name: string, seen: Set<string>): string | undefined => {
      const body = this.#m.functions.get(name)?.body;
      if (!body || seen.has(name)) return undefined;
      seen.add(name);
      for (const x of [...statementsOf(body)].flatMap(expressionsOf).flatMap((x) => [...nodesOf(x)])) {
        if (x.k === "ref" && x.role === "state" && odes.has(x.name)) return x.name;
        const inner = x.k === "call" ? reads(x.name, seen) : undefined;
        if (inner !== undefined) return inner;
      }
      return undefined;
    };
    for (const [variable, x] of odes) {
      for (const call of nodesOf(x)) {
        if (call.k !== "call") continue;
        const read = reads(call.name, new Set());
        if (read === undefined) continue;
        throw new SynfireError(
          "unsupported-model",
          `${this.#m.name}: the equation of ${variable} calls ${call.name}, which reads ${read}; give ${read} to ${call.name} as an argument`,
          variable,
        );
      }
    }
  }

  // constants

  #slot(
    key: string,
    type: "real" | "i32",
    parameters: ReadonlySet<string>,
    evaluateSlot?: (c: HostContext) => number,
  ): { index: number; variable: Variable } {
    const known = this.#constantInputs.get(key);
    if (known) return { index: this.#constants.findIndex((c) => c.name === key), variable: known };
    const index = this.#constants.push({ name: key, type, parameters, evaluate: evaluateSlot }) - 1;
    const variable = this.#b.variable(`constant ${index}`, type === "real" ? this.#options.real : "i32");
    this.#constantInputs.set(key, variable);
    this.#inputs.push({ input: { variable, uniform: false }, binding: { kind: "constant", index } });
    return { index, variable };
  }

  #constant(x: X): Value {
    if (x.k === "number") return this.#b.constant(this.#lowering.irType(x.type), x.value);
    if (x.k === "call" && (x.name === "resolution" || x.name === "timestep")) {
      return this.#b.constant(this.#options.real, this.#options.resolution);
    }
    const type = x.type === "real" ? "real" : "i32";
    const { variable } = this.#slot(JSON.stringify(x), type, this.#parametersOf(x), (c) => evaluate(x, c));
    const value = this.#b.get(variable);
    return x.type === "boolean" ? this.#b.compare("ne", value, this.#b.constant("i32", 0)) : value;
  }

  /** the parameters that a constant expression depends on, through internals */
  #parametersOf(x: X, seen = new Set<string>()): Set<string> {
    const names = new Set<string>();
    for (const n of nodesOf(x)) {
      if (n.k !== "ref") continue;
      if (n.role === "parameter") names.add(n.name);
      else if (n.role === "internal" && !seen.has(n.name)) {
        seen.add(n.name);
        const value = this.#m.internals.find((i) => i.name === n.name)?.value;
        if (value) for (const p of this.#parametersOf(value, seen)) names.add(p);
      }
    }
    return names;
  }

  // inputs

  #input(role: string, name: string): Value {
    const key = `${role} ${name}`;
    let variable = this.#inputVariables.get(key);
    if (!variable) {
      const { binding, type, uniform } = this.#bindingOf(role, name);
      variable = this.#b.variable(key, type);
      this.#inputVariables.set(key, variable);
      this.#inputs.push({ input: { variable, uniform }, binding });
    }
    const value = this.#b.get(variable);
    if (role === "count") return this.#b.convert("i32", value);
    if (role === "time")
      return this.#b.mul(
        this.#b.convert(this.#options.real, value),
        this.#b.constant(this.#options.real, this.#options.resolution),
      );
    return value;
  }

  #bindingOf(role: string, name: string): { binding: Binding; type: Variable["type"]; uniform: boolean } {
    if (role === "time") return { binding: { kind: "step" }, type: "u32", uniform: true };
    if (role === "limit") return { binding: { kind: "limit" }, type: "i32", uniform: true };
    if (role === "step" || role === "key0" || role === "key1")
      return { binding: { kind: role }, type: "u32", uniform: true };
    if (role === "gid") return { binding: { kind: "gid" }, type: "u32", uniform: false };
    const spike = this.#m.spikePorts.findIndex((p) => p.name === name);
    if (spike >= 0)
      return { binding: { kind: "receptor", index: spike }, type: this.#options.real, uniform: false };
    const continuous = this.#m.continuousPorts.findIndex((p) => p.name === name);
    if (continuous < 0)
      throw new SynfireError("unsupported-model", `${this.#m.name}: no input port ${name}`, name);
    return { binding: { kind: "continuous", index: continuous }, type: this.#options.real, uniform: false };
  }

  #randomSite(): (round: Value) => readonly Value[] {
    const site = this.#b.constant("u32", this.#randomSites++);
    const [gid, step, key0, key1] = ["gid", "step", "key0", "key1"].map((k) => this.#input(k, k)) as [
      Value,
      Value,
      Value,
      Value,
    ];
    return (round) => math.philox(this.#b, [gid, step, site, round], [key0, key1]);
  }

  // equations

  /** by exact variable those whose value at the start of the step has an influence on it at its end */
  #reach(active: ReadonlySet<string>): Map<string, Set<string>> {
    const reach = new Map<string, Set<string>>();
    for (const name of this.#exact.keys()) reach.set(name, new Set([name]));
    for (let changed = true; changed; ) {
      changed = false;
      for (const [name, form] of this.#exact) {
        if (!active.has(name)) continue;
        const own = reach.get(name)!;
        for (const j of form.coefficients.keys()) {
          for (const k of reach.get(j)!) {
            if (!own.has(k)) {
              own.add(k);
              changed = true;
            }
          }
        }
      }
    }
    return reach;
  }

  #group(active: readonly string[], part = 1): ExactGroup {
    const key = groupKey({ active, part });
    let group = this.#groups.get(key);
    if (!group) {
      const moving = new Set(active);
      group = { active, part, reach: this.#reach(moving), coupled: this.#coupled(moving), entries: [] };
      this.#groups.set(key, group);
    }
    return group;
  }

  /** the parameters that propagators depend on */
  get #exactParameters(): ReadonlySet<string> {
    this.#propagatorParameters ??= new Set(
      [...this.#exact.values()]
        .flatMap((form) => [...form.coefficients.values(), ...form.rest.filter(isConstant)])
        .flatMap((x) => [...this.#parametersOf(x)]),
    );
    return this.#propagatorParameters;
  }
  #propagatorParameters: ReadonlySet<string> | undefined;

  #entry(group: ExactGroup, name: string, pick: (g: GroupValues) => number): Value {
    const key = `${groupKey(group)}: ${name}`;
    const known = this.#constantInputs.has(key);
    const { index, variable } = this.#slot(key, "real", this.#exactParameters);
    if (!known) group.entries.push({ slot: index, pick });
    return this.#b.get(variable);
  }

  /** the value of an exact variable after the group's part of the step */
  #advance(name: string, group: ExactGroup): Value {
    const { b } = this;
    const active = new Set(group.active);
    const reach = group.reach.get(name)!;
    const form = this.#exact.get(name)!;
    const own = b.get(this.#state(name));
    const restOf = (j: string) => (active.has(j) ? this.#exact.get(j)!.rest : []);
    const constantRest = [...reach].some((j) => restOf(j).some(isConstant));
    const runtimeRest = [...reach].filter((j) => restOf(j).some((x) => !isConstant(x)));
    if (reach.size === 1 && !constantRest && runtimeRest.length === 0) {
      if (form.coefficients.size === 0) return own;
      return b.mul(
        own,
        this.#entry(group, `propagator ${name}`, (g) => 1 + g.change(name, name)),
      );
    }
    let change: Value | undefined;
    const addTerm = (x: Value) => {
      change = change ? b.add(change, x) : x;
    };
    if (constantRest)
      addTerm(
        this.#entry(group, `offset ${name}`, (g) =>
          [...reach].reduce((sum, j) => sum + g.input(name, j) * g.rest(j), 0),
        ),
      );
    for (const j of reach)
      addTerm(
        b.mul(
          b.get(this.#state(j)),
          this.#entry(group, `change ${name} ${j}`, (g) => g.change(name, j)),
        ),
      );
    for (const j of runtimeRest) {
      const values = restOf(j).filter((x) => !isConstant(x));
      const sum = values.map((x) => this.#lowering.as("real", x)).reduce((x, y) => b.add(x, y));
      addTerm(
        b.mul(
          sum,
          this.#entry(group, `input ${name} ${j}`, (g) => g.input(name, j)),
        ),
      );
    }
    return b.add(own, change!);
  }

  #advanceKernel(k: KernelState): Value {
    return this.#advance(k.name, this.#group(this.#kernelStates.map((s) => s.name)));
  }

  #integrate(names: readonly string[] | undefined): void {
    const chosen = names ?? [...this.#odes.keys()];
    for (const name of chosen) {
      if (!this.#odes.has(name))
        throw new SynfireError("unsupported-model", `integrate_odes: ${name} has no equation`, name);
    }
    const kernels = this.#kernelStates.map((k) => k.name);
    const exact = chosen.filter((n) => this.#exact.has(n));
    const group = this.#group([...exact, ...kernels]);
    const next = exact.map((n) => [n, this.#advance(n, group)] as const);
    const numeric = chosen.filter((n) => !this.#exact.has(n));
    if (numeric.length > 0) this.#rungeKutta(numeric, group.active);
    for (const [name, value] of next) this.#b.set(this.#state(name), value);
  }

  /** @param moving - exact variables that change in this step: they matter here if a numeric one depends on them */
  #rungeKutta(numeric: readonly string[], moving: readonly string[]): void {
    const { b } = this;
    const right = (name: string) => this.#equations.get(name)!;
    const readBy = (name: string) =>
      variablesOf(right(name), this.#equations).filter((j) => moving.includes(j));
    const read = [...new Set(numeric.flatMap(readBy))];
    const along = new Set(read);
    // what is added meanwhile is visited, too
    for (const name of along) for (const j of readBy(name)) along.add(j);
    const variables = new Map(numeric.map((name) => [name, this.#state(name)]));
    for (const name of along) {
      const copy = b.variable(`${name} inside`, this.#options.real);
      b.set(copy, b.get(this.#state(name)));
      variables.set(name, copy);
    }
    const events = this.#substepHandlers;
    const tolerance = this.#m.parameters.find((p) => p.name === "gsl_error_tol");
    const names = [...variables.keys()];
    const integration: Integration = {
      b,
      real: this.#options.real,
      interval: b.constant(this.#options.real, this.#options.resolution),
      tolerance: tolerance
        ? this.#constant({ k: "ref", type: "real", role: "parameter", name: tolerance.name, factor: 1 })
        : b.constant(this.#options.real, DEFAULT_TOLERANCE),
      variables,
      controlled: numeric,
      along: {
        names: [...along],
        read,
        longest: this.#longestSubstep(this.#group(moving), along),
        exactlyAfter: (part) => {
          const group = this.#group(moving, part);
          return new Map(read.map((name) => [name, this.#advance(name, group)]));
        },
        later: (name, before) => this.#later(name, (j) => (along.has(j) ? before(j) : undefined)),
      },
      step: this.#state("__step"),
      failed: this.#failed,
      limit: this.#input("limit", "limit"),
      unfinished: this.#unfinished,
      steep: this.#steep,
      rolled: this.#options.rolled ?? false,
      derivatives: (values, of = names) =>
        new Map(of.map((name) => [name, this.#lowering.at(values, right(name))])),
      event: () => {
        for (const handler of events) this.#condition(handler);
      },
      eventVariables: [this.#emitted, ...this.#setBySubsteps().map((n) => this.#state(n))],
    };
    integrate(integration, this.#upstroke(names, right, events));
  }

  /** as far as linear variables allow it */
  #longestSubstep(group: ExactGroup, along: ReadonlySet<string>): Value {
    return this.#entry(
      group,
      `longest sub-step with ${[...along].sort().join(" ")}`,
      (g) => LONGEST / g.rate(along),
    );
  }

  /** the derivative of a derivative of an exact variable, by those of the variables that its equation reads; undefined if it is 0 */
  #later(name: string, before: (name: string) => Value | undefined): Value | undefined {
    const { b } = this;
    let sum: Value | undefined;
    for (const [j, coefficient] of this.#exact.get(name)!.coefficients) {
      const x = before(j);
      if (!x) continue;
      const one = coefficient.k === "number" && coefficient.value === 1;
      const term = one ? x : b.mul(this.#constant(coefficient), x);
      sum = sum ? b.add(sum, term) : term;
    }
    return sum;
  }

  #upstroke(
    names: readonly string[],
    right: (name: string) => X,
    events: ScalarModel["onCondition"],
  ): Upstroke | undefined {
    const found = findSpikeCurrent(
      names,
      right,
      events.map((h) => h.condition),
    );
    if (!found) return undefined;
    this.#upstrokes.add(found.variable);
    const lowering = this.#lowering;
    const real = (x: X) => lowering.as("real", x);
    // stands for the exponential, which is recognised by how it is written
    const text = JSON.stringify(found.exponential);
    const given: X = { k: "ref", type: "real", role: "state", name: "__exponential", factor: 1 };
    const replaced = new Map(
      names.map((name) => [name, rebuild(right(name), (n) => (JSON.stringify(n) === text ? given : n))]),
    );
    return {
      variable: found.variable,
      scale: real(found.scale),
      threshold: real(found.threshold),
      linear: found.linear,
      bounded: (values) => lowering.at(values, found.bounded),
      exponential: (values) => lowering.at(values, found.exponential),
      derivatives: (values, exponential, of = names) => {
        const all = new Map([...values, [given.name, exponential]]);
        return new Map(of.map((name) => [name, lowering.at(all, replaced.get(name)!)]));
      },
    };
  }

  /** spikes that enter an equation as delta functions raise the variable at the end of the step */
  #applyJumps(): void {
    for (const [name, form] of this.#exact) {
      for (const [port, coefficient] of form.jumps) {
        const raise = this.#b.mul(this.#lowering.as("real", coefficient), this.#input("port", port));
        this.#b.set(this.#state(name), this.#b.add(this.#b.get(this.#state(name)), raise));
      }
    }
    for (const name of this.#numeric) {
      for (const n of nodesOf(this.#odes.get(name)!)) {
        if (n.k === "ref" && n.role === "port" && this.#m.spikePorts.some((p) => p.name === n.name)) {
          throw new SynfireError(
            "unsupported-model",
            `${this.#m.name}: the spikes of ${n.name} enter the nonlinear equation of ${name}; add them in onReceive(${n.name}) instead`,
            n.name,
          );
        }
      }
    }
  }

  // the program

  #host(parameter: ParameterLookup): HostContext {
    const known = new Map<string, number>();
    const context: HostContext = {
      resolution: this.#options.resolution,
      functions: this.#m.functions,
      lookup: (name) => {
        const internal = this.#internalsByName.get(name);
        if (!internal) return parameter(name);
        let value = known.get(name);
        if (value === undefined) {
          value = internal.value ? evaluate(internal.value, context) : 0;
          known.set(name, value);
        }
        return value;
      },
    };
    return context;
  }

  get #internalsByName(): ReadonlyMap<string, ScalarModel["internals"][number]> {
    this.#internalMap ??= new Map(this.#m.internals.map((i) => [i.name, i]));
    return this.#internalMap;
  }
  #internalMap: ReadonlyMap<string, ScalarModel["internals"][number]> | undefined;

  #groupValues(group: ExactGroup, context: HostContext): GroupValues {
    const active = new Set(group.active);
    const forms = (name: string) => (active.has(name) ? this.#exact.get(name)! : undefined);
    interface System {
      readonly n: number;
      readonly a: Float64Array;
      readonly solved: Propagators;
    }
    const places = new Map<string, { readonly system: System; readonly index: number }>();
    for (const names of group.coupled) {
      const n = names.length;
      const a = new Float64Array(n * n);
      names.forEach((name, i) => {
        for (const [j, c] of forms(name)?.coefficients ?? [])
          a[i * n + names.indexOf(j)] = evaluate(c, context);
      });
      const system = { n, a, solved: propagators(a, n, group.part * this.#options.resolution) };
      names.forEach((name, index) => {
        places.set(name, { system, index });
      });
    }
    const entry = (of: "change" | "input", i: string, j: string) => {
      const [{ system, index }, column] = [places.get(i)!, places.get(j)!];
      return system === column.system ? system.solved[of][index * system.n + column.index]! : 0;
    };
    return {
      change: (i, j) => entry("change", i, j),
      input: (i, j) => entry("input", i, j),
      rate: (names) => {
        const systems = new Set(Array.from(names, (name) => places.get(name)!.system));
        return Math.max(...Array.from(systems, ({ a, n }) => fastestRate(a, n)));
      },
      rest: (j) =>
        (forms(j)?.rest ?? []).filter(isConstant).reduce((sum, x) => sum + evaluate(x, context), 0),
    };
  }

  /** the exact variables in groups that do not depend on each other */
  #coupled(active: ReadonlySet<string>): string[][] {
    const groupOf = new Map([...this.#exact.keys()].map((name) => [name, [name]]));
    for (const [name, form] of this.#exact) {
      if (!active.has(name)) continue;
      for (const j of form.coefficients.keys()) {
        const [own, other] = [groupOf.get(name)!, groupOf.get(j)!];
        if (own === other) continue;
        own.push(...other);
        for (const k of other) groupOf.set(k, own);
      }
    }
    return [...new Set(groupOf.values())];
  }

  #program(update: IrFunction): NeuronProgram {
    const m = this.#m;
    const constants = this.#constants;
    const groups = [...this.#groups.values()].filter((g) => g.entries.length > 0);
    const parameterDefaults = new Map(m.parameters.map((p) => [p.name, p]));
    const initials = this.#states.map((slot) => {
      if (slot.name === "__step") return real(this.#options.resolution);
      return slot.variable?.value ?? real(0);
    });
    let split: { readonly update: SplitUpdate | undefined } | undefined;
    const variablesOf = (...kinds: readonly Binding["kind"][]) =>
      new Set(
        this.#inputs.flatMap(({ input, binding }) =>
          kinds.includes(binding.kind) ? [input.variable.id] : [],
        ),
      );
    const program: NeuronProgram = {
      name: m.name,
      real: this.#options.real,
      resolution: this.#options.resolution,
      states: this.#states,
      parameters: m.parameters,
      constants,
      receptors: m.spikePorts,
      continuous: m.continuousPorts,
      recordables: this.#recordables(),
      spikes: m.spikes,
      update,
      bindings: this.#inputs.map((i) => i.binding),
      emitted: this.#emitted,
      failed: this.#failed,
      unfinished: this.#unfinished,
      steep: this.#upstrokes.size > 0 ? this.#steep : undefined,
      maxEmission: this.#maxEmission(),
      computeConstants: (parameter, wanted = () => true) => {
        const context = this.#host(parameter);
        const values = Float64Array.from(constants, (c, k) =>
          c.evaluate && wanted(k) ? c.evaluate(context) : 0,
        );
        for (const group of groups) {
          const entries = group.entries.filter((e) => wanted(e.slot));
          if (entries.length === 0) continue;
          const g = this.#groupValues(group, context);
          for (const { slot, pick } of entries) values[slot] = pick(g);
        }
        return values;
      },
      defaultParameter: (name, parameter) => {
        const value = parameterDefaults.get(name)?.value;
        return value ? evaluate(value, this.#host(parameter)) : 0;
      },
      initialState: (index, parameter) => {
        const context = this.#host(parameter);
        // an initial value may refer to other states' initial values
        const withStates: HostContext = {
          ...context,
          lookup: (name) => {
            const other = this.#states.findIndex((s) => s.name === name);
            return other >= 0 && other !== index
              ? evaluate(initials[other]!, withStates)
              : context.lookup(name);
          },
        };
        return evaluate(initials[index]!, withStates);
      },
      violatedInvariant: (parameter) => {
        const names = new Set(m.parameters.flatMap((p) => [p.name, p.base]));
        const context = this.#host(parameter);
        return m.invariants.find((i) => names.has(i.name) && evaluate(i.condition, context) === 0);
      },
      splitUpdate: () => {
        const ofStep = variablesOf("step", "gid", "key0", "key1", "limit");
        split ??= { update: splitInput(update, variablesOf("receptor"), variablesOf("state"), ofStep) };
        return split.update;
      },
      describe: () => this.#describe(update),
      rolled: () => (this.#options.rolled || this.#upstrokes.size === 0 ? program : this.#rolled()),
    };
    return program;
  }

  #maxEmission(): number {
    const own =
      mostEmissions(this.#update) + this.#onReceive.reduce((sum, h) => sum + mostEmissions(h.body), 0);
    return this.#onCondition.reduce((sum, h) => {
      const most = mostEmissions(h.body);
      // inside the integrator a condition may hold in several sub-steps
      return sum + (this.#isSubstep(h.condition) ? most * MOST_IN_STEP : most);
    }, own);
  }

  #recordables(): Map<string, Recordable> {
    const recordables = new Map<string, Recordable>();
    const slots = new Map(this.#states.map((s, i) => [s.name, i]));
    for (const [label, { value, factor, unit }] of this.#m.recordables) {
      const names = [
        ...new Set([...nodesOf(value)].flatMap((n) => (n.k === "ref" && n.role === "state" ? [n.name] : []))),
      ];
      const states = names.map((n) => slots.get(n));
      if (states.some((s) => s === undefined)) continue;
      const hostOnly = [...nodesOf(value)].every(
        (n) => n.k !== "ref" || ["state", "parameter", "internal"].includes(n.role),
      );
      if (!hostOnly) continue;
      const plain = value.k === "ref" && value.role === "state";
      recordables.set(label, {
        unit,
        states: states as number[],
        evaluate: (values, parameter) => {
          if (plain) return values[0]! / factor;
          const context = this.#host(parameter);
          const lookup = (name: string) => {
            const k = names.indexOf(name);
            return k >= 0 ? values[k]! : context.lookup(name);
          };
          return evaluate(value, { ...context, lookup }) / factor;
        },
      });
    }
    return recordables;
  }

  #describe(update: IrFunction): string {
    const exact = [...this.#exact.keys()];
    return [
      `model ${this.#m.name}, ${this.#options.real}, resolution ${this.#options.resolution} ms`,
      `exact propagators: ${exact.join(", ") || "none"}`,
      `Runge-Kutta 4(5): ${this.#numeric.join(", ") || "none"}`,
      ...[...this.#upstrokes].map((name) => `upstroke of ${name} in exp(-${name})`),
      `constants: ${this.#constants.length}`,
      ...this.#constants.map((c, i) => `  constant ${i} = ${c.name}`),
      dumpIr(update),
    ].join("\n");
  }
}

/** Replaces convolve() everywhere by kernel states. */
function resolveConvolutions(
  model: ScalarModel,
  kernelStates: KernelState[],
): { model: ScalarModel; consumed: ReadonlySet<string> } {
  const consumed = new Set<string>();
  const values = new Map<string, X>();
  const initial = (name: string): X => {
    consumed.add(name);
    return model.states.find((s) => s.name === name)?.value ?? ONE;
  };
  const resolve = (x: X): X =>
    rebuild(x, (n) => {
      if (n.k !== "convolve") return n;
      const key = `${n.kernel} ${n.port}`;
      let value = values.get(key);
      if (!value) {
        const definition = model.kernels.get(n.kernel);
        if (!definition)
          throw new SynfireError("unsupported-model", `${model.name}: unknown kernel ${n.kernel}`, n.kernel);
        const made = convolution(n.kernel, n.port, definition, initial);
        kernelStates.push(...made.states);
        value = made.value;
        values.set(key, value);
      }
      return value;
    });
  const statements = (body: readonly S[]): S[] =>
    body.map((s): S => {
      switch (s.k) {
        case "set":
          return { ...s, value: resolve(s.value) };
        case "if":
          return {
            ...s,
            branches: s.branches.map((b) => ({ condition: resolve(b.condition), body: statements(b.body) })),
            otherwise: statements(s.otherwise),
          };
        case "while":
          return { ...s, condition: resolve(s.condition), body: statements(s.body) };
        case "for":
          return { ...s, from: resolve(s.from), to: resolve(s.to), body: statements(s.body) };
        default:
          return s;
      }
    });
  const resolved: ScalarModel = {
    ...model,
    odes: new Map([...model.odes].map(([name, x]) => [name, resolve(x)])),
    recordables: new Map(
      [...model.recordables].map(([name, r]) => [name, { ...r, value: resolve(r.value) }]),
    ),
    update: statements(model.update),
    onReceive: model.onReceive.map((h) => ({ ...h, body: statements(h.body) })),
    onOutput: model.onOutput.map(statements),
    onCondition: model.onCondition.map((h) => ({
      condition: resolve(h.condition),
      body: statements(h.body),
    })),
  };
  return { model: resolved, consumed };
}
