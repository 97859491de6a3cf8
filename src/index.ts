/**
 * Synfire: a simulator of large networks of spiking point neurons.
 * @packageDocumentation
 */

export type { ConnectionSpec } from "./connectivity/index.js";
export type { RingScale } from "./engine/calibration.js";
export type { EngineState, MemoryReport } from "./engine/engine.js";
export { SynfireError } from "./errors.js";
export { NestmlError } from "./nestml/index.js";
export {
  type Bounds,
  type Distribution,
  exponential,
  exponentialClipped,
  lognormal,
  lognormalClipped,
  type MeanAndDeviation,
  normal,
  normalClipped,
  uniform,
} from "./random/index.js";
export { type Events, Recorder } from "./recording/recorder.js";
export type { SynapseSpec } from "./simulator/connect.js";
export type { ConnectionFilter, Connections } from "./simulator/connections.js";
export { NodeCollection } from "./simulator/nodes.js";
export type { Progress, SimulatorOptions } from "./simulator/options.js";
export { Simulator, type Timers } from "./simulator/simulator.js";
export type { Snapshot } from "./simulator/snapshot.js";
export type { Status, StatusValue } from "./simulator/status.js";
