/** Recorders: what was recorded, in typed arrays that grow, or streamed to a writer. */

import type { RecordWriter } from "./writers/index.js";

/** Recorded events: parallel arrays. `times` in ms; the other entries are recorded variables in their units. */
export interface Events {
  readonly senders: Uint32Array;
  readonly times: Float64Array;
  readonly [variable: string]: Uint32Array | Float64Array;
}

/** A column that grows without losing anything. */
class Column<T extends Uint32Array | Float64Array> {
  #data: T;
  #length = 0;
  readonly #make: (n: number) => T;

  constructor(make: (n: number) => T) {
    this.#make = make;
    this.#data = make(1024);
  }

  append(values: ArrayLike<number>): void {
    const needed = this.#length + values.length;
    if (needed > this.#data.length) {
      const bigger = this.#make(Math.max(needed, 2 * this.#data.length));
      bigger.set(this.#data.subarray(0, this.#length));
      this.#data = bigger;
    }
    this.#data.set(values, this.#length);
    this.#length = needed;
  }

  get values(): T {
    return this.#data.subarray(0, this.#length) as T;
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#data = this.#make(1024);
    this.#length = 0;
  }
}

export interface RecorderOptions {
  /** gets every chunk as it is recorded */
  readonly writer?: RecordWriter;
  /** also keep events in memory; default: true without a writer, false with one */
  readonly keep?: boolean;
}

/** Holds the events of one recorder. */
export class Recorder {
  readonly kind: "spikes" | "states";
  /** names of the recorded variables */
  readonly variables: readonly string[];
  readonly #senders = new Column((n) => new Uint32Array(n));
  readonly #times = new Column((n) => new Float64Array(n));
  readonly #values: readonly Column<Float64Array>[];
  #writer: RecordWriter | undefined;
  #keep = true;
  #written = 0;

  /** @internal */
  constructor(kind: "spikes" | "states", variables: readonly string[]) {
    this.kind = kind;
    this.variables = variables;
    this.#values = variables.map(() => new Column((n) => new Float64Array(n)));
  }

  /** Streams to a writer from now on. The caller closes the writer. */
  streamTo(writer: RecordWriter, options: { readonly keep?: boolean } = {}): void {
    this.#writer = writer;
    this.#keep = options.keep ?? false;
  }

  /** Number of events so far, streamed ones included. */
  get nEvents(): number {
    return Math.max(this.#senders.length, this.#written);
  }

  /** What is held in memory: views that stay valid until the next run or `clear`. */
  get events(): Events {
    const columns: Record<string, Uint32Array | Float64Array> = {};
    this.variables.forEach((name, i) => {
      columns[name] = this.#values[i]!.values;
    });
    return { senders: this.#senders.values, times: this.#times.values, ...columns };
  }

  /** Forgets what is held in memory. */
  clear(): void {
    for (const c of [this.#senders, this.#times, ...this.#values]) c.clear();
    this.#written = 0;
  }

  /** @internal */
  async append(senders: Uint32Array, times: Float64Array, values: readonly Float64Array[]): Promise<void> {
    if (senders.length === 0) return;
    this.#written += senders.length;
    if (this.#keep) {
      this.#senders.append(senders);
      this.#times.append(times);
      values.forEach((v, i) => {
        this.#values[i]!.append(v);
      });
    }
    if (!this.#writer) return;
    if (this.kind === "spikes") await this.#writer.writeSpikes({ senders, times });
    else
      await this.#writer.writeStates({
        senders,
        times,
        values: Object.fromEntries(this.variables.map((name, i) => [name, values[i]!])),
      });
  }
}
