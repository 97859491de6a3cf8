/**
 * The interface of an engine. An engine advances a network by steps and gives back what was recorded. It knows nothing of
 * NESTML, of connection rules beyond their plans, of recorders beyond sample requests, or of files.
 */

import type { Layout, RingScale } from "./calibration.js";
import type { Network, SampleBatch, SampleRequest, ScheduledSpike, SpikeBatch } from "./network.js";
import type { Team } from "./team.js";

export interface EngineOptions {
  /** cpu: number of threads */
  readonly threads: number;
  /** cpu: neurons per tile at most; for tests: results do not depend on it */
  readonly tileSize: number | undefined;
  /** cpu: when spikes are added to their targets; for tests: results do not depend on it */
  readonly delivery: "auto" | "emission" | "arrival";
  /** cuda: which GPUs */
  readonly gpus: readonly number[] | "all";
  /** the other ranks, if there are any */
  readonly team?: Team | undefined;
  /** cuda: resident blocks per GPU; for tests: results do not depend on it */
  readonly blocks: number | undefined;
}

export interface RunRequest {
  readonly steps: number;
  /** keep all spikes for the host */
  readonly record: boolean;
  /** spikes from outside whose steps lie in this run, by step */
  readonly scheduled: readonly ScheduledSpike[];
}

export interface RunOutcome {
  /** steps done; fewer than asked for if a buffer was full: call again */
  readonly steps: number;
  /** recorded spikes of neurons in the order (step, id) */
  readonly spikes: SpikeBatch;
  /** emitted spike events of neurons */
  readonly spikeCount: number;
  /** by sample request */
  readonly samples: readonly SampleBatch[];
  /** what stopped the run, if a neuron's equations could not be solved or it emitted more than it may */
  readonly failure:
    | { readonly kind: "integration" | "emission" | "remembered"; readonly id: number; readonly step: number }
    /** another rank has stopped or was lost */
    | { readonly kind: "rank"; readonly id: -1; readonly step: number; readonly message: string }
    | undefined;
}

/** State that a run leaves behind, in a form that does not depend on partitions: for rebuilding, save and restore. */
export interface EngineState {
  readonly step: number;
  /** by population, by state slot */
  readonly states: readonly (readonly Float64Array[])[];
  /** by population, by receptor: sums that arrive later; row r (of `rows`) arrives in step + 1 + r, one value per neuron */
  readonly pending: readonly (readonly { readonly rows: number; readonly values: Float64Array }[])[];
}

/** The synapses of one projection in the order (source id, target id, ordinal). */
export interface SynapseTable {
  readonly sources: Uint32Array;
  readonly targets: Uint32Array;
  readonly weights: Float64Array;
  /** ms */
  readonly delays: Float64Array;
  readonly receptors: Uint8Array;
}

export interface ProjectionReport {
  readonly projection: number;
  readonly synapses: number;
  readonly layout: Layout;
  readonly reason: string;
  readonly bytes: number;
}

export interface MemoryReport {
  /** bytes that the engine holds in all */
  readonly total: number;
  readonly synapses: number;
  readonly neurons: number;
  readonly rings: number;
  readonly projections: readonly ProjectionReport[];
  /** by population, by receptor: how inputs are summed */
  readonly scales: readonly (readonly RingScale[])[];
  readonly tiles: number;
}

export interface Engine {
  readonly name: "reference" | "cpu" | "cuda";
  /** what it runs on, for people */
  readonly hardware?: string;
  /** steps per exchange, and the number of threads */
  readonly minDelay: number;
  readonly threads: number;
  /** @throws SynfireError "numerical-instability" and the like are not thrown here but reported in the outcome */
  run(request: RunRequest): Promise<RunOutcome>;
  /** what the run left behind */
  exportState(): EngineState;
  importState(state: EngineState): void;
  /** replaces values of a constant or a state slot of a population */
  setConstant(population: number, slot: number, values: number | Float64Array): boolean;
  getState(population: number, slot: number): Float64Array;
  setState(population: number, slot: number, values: Float64Array): void;
  /** value of a continuous port, one per neuron */
  setContinuous(population: number, port: number, values: Float64Array): void;
  setDrive(drive: number, lambda: number, start: number, stop: number): boolean;
  synapses(projection: number): SynapseTable;
  memory(): MemoryReport;
  dispose(): void;
}

/** How an engine is made: the samples to take are fixed at construction. */
export type EngineFactory = (
  network: Network,
  samples: readonly SampleRequest[],
  options: EngineOptions,
) => Promise<Engine>;
