/** Recorders and writers. */
export { type Events, Recorder, type RecorderOptions } from "./recorder.js";
export * from "./writers/index.js";
