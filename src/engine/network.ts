/**
 * What an engine is given: populations with their compiled models and values, projections as plans of connection rules, and
 * drives (Poisson input). Plain data; every engine builds the same network from it.
 */

import type { NeuronProgram } from "../compiler/program.js";
import type { ConnectionPlan, Endpoints } from "../connectivity/rule.js";
import type { Sampler } from "../random/sampler.js";

/** One value for all neurons, or one per neuron. */
export type Values = number | Float64Array;

export interface Population {
  readonly index: number;
  /** global id of the first neuron; ids are contiguous */
  readonly first: number;
  readonly size: number;
  readonly program: NeuronProgram;
  /** per constant slot of the program */
  readonly constants: readonly Values[];
  /** per state slot: what the neurons start with, or what they had when the network was built before */
  readonly states: readonly Values[];
  /** key of the random numbers of the model's own noise */
  readonly key: readonly [number, number];
  /** the most spikes a neuron of this population can emit in one step */
  readonly maxEmission: number;
  /** several ranks: rank r owns the positions shares[r] to shares[r + 1] - 1 */
  readonly shares?: readonly number[];
}

/** A weight or delay of synapses: a constant, one value per synapse in the order of the rule's arrays, or a distribution. */
export type SynapseValue =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "array"; readonly values: Float64Array }
  | { readonly kind: "distribution"; readonly sampler: Sampler };

export interface Projection {
  /** counts connect() calls; part of the key of its random numbers */
  readonly id: number;
  readonly plan: ConnectionPlan;
  readonly endpoints: Endpoints;
  readonly weight: SynapseValue;
  /** in ms; rounded to steps when drawn */
  readonly delay: SynapseValue;
  /** by index of the target's population: the receptor for weights >= 0 and the one for weights < 0 */
  readonly receptors: ReadonlyMap<number, ReceptorChoice>;
  /** weights are multiplied by this (a spike generator's spike_weights) */
  readonly factor: number;
  /** ids that spikes of this projection's sources are published under, if not their own: the source at position s is first + s */
  readonly alias: number | undefined;
  /** the most spikes that one of its sources can emit in one step */
  readonly maxEmission: number;
}

export interface ReceptorChoice {
  readonly positive: number;
  readonly negative: number;
  /** how a weight enters: as it is, its magnitude, or not at all (a receptor that counts spikes) */
  readonly mode: "signed" | "magnitude" | "count";
}

/** Poisson input: independent spike trains to the targets of one generator through one projection. */
export interface Drive {
  readonly projection: Projection;
  /** mean number of spikes per step and synapse */
  readonly lambda: number;
  /** emitted time stamps s (steps) with start < s <= stop */
  readonly start: number;
  readonly stop: number;
}

/** Spikes that come from outside: spike generators. */
export interface ScheduledSpike {
  readonly step: number;
  readonly id: number;
  readonly multiplicity: number;
}

export interface Network {
  readonly seed: number;
  /** ms */
  readonly resolution: number;
  readonly precision: "float32" | "float64";
  readonly populations: readonly Population[];
  readonly projections: readonly Projection[];
  readonly drives: readonly Drive[];
  /** number of ids that can be published: nodes and aliases */
  readonly idCount: number;
}

/** Spikes in the order (step, id); whoever gets them may keep the arrays. */
export interface SpikeBatch {
  readonly ids: Uint32Array;
  readonly steps: Uint32Array;
  /** undefined: all are 1 */
  readonly multiplicities: Uint32Array | undefined;
}

/** Samples of state variables that an engine takes while it runs. */
export interface SampleRequest {
  readonly population: number;
  /** neurons, by position in the population */
  readonly neurons: Uint32Array;
  /** state slots */
  readonly slots: readonly number[];
  /** steps; sampled where (step - offset) is a multiple of interval and start < step <= stop */
  readonly interval: number;
  readonly offset: number;
  readonly start: number;
  readonly stop: number;
}

/** Rows of one request: for each sampled step, for each neuron, for each slot one value (coherent). */
export interface SampleBatch {
  readonly steps: Uint32Array;
  readonly values: Float64Array;
}
