/** Writers that stream recordings to text, and readers of what they write. The Node-only `file-sink.js` is imported by itself. */
export { type CsvOptions, csvWriter } from "./csv-writer.js";
export { type DatHeader, datWriter } from "./dat-writer.js";
export { type JsonOptions, jsonWriter } from "./json-writer.js";
export { type MemorySink, memorySink } from "./memory-sink.js";
export { type DatRecording, type ReadDatOptions, readDat } from "./read-dat.js";
export { readJsonEvents } from "./read-json-events.js";
export type { RecordWriter, SpikeChunk, StateChunk, TextSink } from "./record-writer.js";
