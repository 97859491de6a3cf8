/** What a writer is: it takes recordings chunk by chunk, so that a long run never holds everything in memory. */

/** Spikes, in the order recorded. */
export interface SpikeChunk {
  /** node ids, one per spike */
  readonly senders: Uint32Array;
  /** ms, one per spike */
  readonly times: Float64Array;
}

/** Samples of state variables. */
export interface StateChunk {
  /** node ids, one per sample */
  readonly senders: Uint32Array;
  /** ms, one per sample */
  readonly times: Float64Array;
  /** one column per recorded variable, e.g. V_m in mV, each as long as `times` */
  readonly values: Readonly<Record<string, Float64Array>>;
}

/** Where text goes: a file, a response, memory. A returned promise resolves when more may be written. */
export interface TextSink {
  write(text: string): void | Promise<void>;
  close(): void | Promise<void>;
}

/**
 * Writes the recordings of one device: either spikes or samples of the same variables, never both.
 * Await each call before the next. `close` completes the file and closes the sink; nothing can be written after it.
 */
export interface RecordWriter {
  /** @throws SynfireError "bad-argument" for columns that do not fit, "writer-closed" after close */
  writeSpikes(chunk: SpikeChunk): Promise<void>;
  /** @throws SynfireError "bad-argument" for columns that do not fit, "writer-closed" after close */
  writeStates(chunk: StateChunk): Promise<void>;
  close(): Promise<void>;
}
