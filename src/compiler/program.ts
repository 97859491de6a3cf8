/** What the compiler gives to the engines: one neuron model, ready to run with a given resolution, precision and set of sizes. */

import type { ScalarPort, ScalarVariable } from "./elaborate.js";
import type { IrFunction, Variable } from "./ir.js";
import type { SplitUpdate } from "./split-input.js";

/** Where an input of the update function comes from. */
export type Binding =
  | { readonly kind: "state"; readonly index: number }
  | { readonly kind: "constant"; readonly index: number }
  /** sum of the weights that arrive at a receptor at the end of this step */
  | { readonly kind: "receptor"; readonly index: number }
  /** value of a continuous port */
  | { readonly kind: "continuous"; readonly index: number }
  /** the most rounds of the integrator in this call (i32) */
  | { readonly kind: "limit" }
  /** time step (its end), global id of the neuron, and the two words of the key of its random numbers */
  | { readonly kind: "step" | "gid" | "key0" | "key1" };

export interface StateSlot {
  /** unique name; kernels' states and the integrator's step are here, too */
  readonly name: string;
  /** what users see; undefined for what the compiler added */
  readonly variable: ScalarVariable | undefined;
  readonly type: "real" | "i32";
}

/** A value that is known before the simulation and depends on parameters only. */
export interface ConstantSlot {
  readonly name: string;
  readonly type: "real" | "i32";
  /** unique names of the parameters it depends on */
  readonly parameters: ReadonlySet<string>;
}

export interface Recordable {
  readonly unit: string;
  /** indices of the state slots that it is computed from */
  readonly states: readonly number[];
  /** @param values - coherent values of these slots @param parameter - coherent value of a parameter; returns the value in `unit` */
  evaluate(values: readonly number[], parameter: (name: string) => number): number;
}

/** Coherent values of parameters by unique name. */
export type ParameterLookup = (name: string) => number;

export interface NeuronProgram {
  readonly name: string;
  readonly real: "f32" | "f64";
  /** ms */
  readonly resolution: number;
  readonly states: readonly StateSlot[];
  readonly parameters: readonly ScalarVariable[];
  readonly constants: readonly ConstantSlot[];
  readonly receptors: readonly ScalarPort[];
  readonly continuous: readonly { readonly name: string; readonly unit: string; readonly factor: number }[];
  readonly recordables: ReadonlyMap<string, Recordable>;
  /** can emit spikes */
  readonly spikes: boolean;
  /** advances one neuron by one step */
  readonly update: IrFunction;
  readonly bindings: readonly Binding[];
  /** number of spikes emitted in this step (i32) */
  readonly emitted: Variable;
  /** not 0 if the integration failed in this step (i32) */
  readonly failed: Variable;
  /** not 0 if the integrator was stopped by its limit: nothing of this call counts, it must be made again with a higher limit (i32) */
  readonly unfinished: Variable;
  /**
   * not 0 if the last round of the integrator was one of an upstroke, and so most likely the first of the next step will be (i32); as `rolled` has
   * it, also if the first of the next step will be where the last was none. Undefined if no variable has one
   */
  readonly steep: Variable | undefined;
  /** the most spikes that one step can emit by the text alone; Infinity if it depends on input */
  readonly maxEmission: number;
  /** values of all constants for one set of parameters */
  computeConstants(parameter: ParameterLookup, wanted?: (index: number) => boolean): Float64Array;
  /** default of a parameter, coherent */
  defaultParameter(name: string, parameter: ParameterLookup): number;
  /** initial value of a state slot, coherent */
  initialState(index: number, parameter: ParameterLookup): number;
  /** the first invariant (`[[ ... ]]`) of a parameter that does not hold, if any */
  violatedInvariant(parameter: ParameterLookup): { readonly name: string; readonly text: string } | undefined;
  /**
   * the same program, with the same states, constants and bindings, for engines whose cache for instructions does not hold all of this one, and that
   * run upstrokes aside
   */
  rolled(): NeuronProgram;
  /** the update in two parts, where nothing but the states at its end depends on what arrives in its step */
  splitUpdate(): SplitUpdate | undefined;
  /** how the equations are solved, for reading */
  describe(): string;
}

/** true if equations are integrated numerically, in as many rounds as each neuron needs */
export const isIntegrated = (program: Pick<NeuronProgram, "bindings">): boolean =>
  program.bindings.some((b) => b.kind === "limit");
