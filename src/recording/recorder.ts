/** Recorders: what was recorded, in typed arrays that grow, or streamed to a writer. */

import { forEachRun, type Moments, momentsOf } from "./moments.js";
import type { RecordWriter } from "./writers/index.js";

/** Recorded events: parallel arrays. `times` in ms; the other entries are recorded variables in their units. */
export interface Events {
  readonly senders: Uint32Array;
  readonly times: Float64Array;
  readonly [variable: string]: Uint32Array | Float64Array;
}

/**
 * A column of parts, which are put behind each other when somebody looks: recording millions of events per second costs nothing
 * but to keep them.
 */
class Column<T extends Uint32Array | Float64Array, P extends Uint32Array | Float64Array = T> {
  readonly #make: (n: number) => T;
  readonly #put: (into: T, at: number, part: P) => void;
  #data: T;
  /** values of `#data` that are there */
  #filled = 0;
  #parts: P[] = [];
  length = 0;

  constructor(make: (n: number) => T, put: (into: T, at: number, part: P) => void) {
    this.#make = make;
    this.#put = put;
    this.#data = make(0);
  }

  /** the part belongs to the column from now on */
  append(part: P): void {
    if (part.length === 0) return;
    this.#parts.push(part);
    this.length += part.length;
  }

  /** what has been put behind each other, and what has not, in order */
  get parts(): readonly (T | P)[] {
    return [this.#data.subarray(0, this.#filled) as T, ...this.#parts];
  }

  get values(): T {
    if (this.length > this.#data.length) {
      // who looks again and again, while more is recorded, shall not have everything copied each time
      const room = this.#filled === 0 ? this.length : Math.max(this.length, 2 * this.#data.length);
      const larger = this.#make(room);
      larger.set(this.#data.subarray(0, this.#filled));
      this.#data = larger;
    }
    for (const part of this.#parts) {
      this.#put(this.#data, this.#filled, part);
      this.#filled += part.length;
    }
    this.#parts = [];
    return this.#data.subarray(0, this.length) as T;
  }

  clear(): void {
    this.#data = this.#make(0);
    this.#parts = [];
    this.#filled = this.length = 0;
  }
}

const integers = () =>
  new Column<Uint32Array>(
    (n) => new Uint32Array(n),
    (into, at, part) => into.set(part, at),
  );
const numbers = () =>
  new Column<Float64Array>(
    (n) => new Float64Array(n),
    (into, at, part) => into.set(part, at),
  );

/** times of steps in ascending order */
function putTimes(
  into: Float64Array,
  at: number,
  steps: Uint32Array,
  timeOf: (step: number) => number,
): void {
  forEachRun(steps, (step, from, end) => into.fill(timeOf(step), at + from, at + end));
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
  readonly #senders = integers();
  readonly #times: Column<Float64Array, Uint32Array | Float64Array>;
  readonly #timeOf: (step: number) => number;
  readonly #values: readonly Column<Float64Array>[];
  #writer: RecordWriter | undefined;
  #keep = true;
  #written = 0;

  /** @internal */
  constructor(kind: "spikes" | "states", variables: readonly string[], timeOf: (step: number) => number) {
    this.kind = kind;
    this.variables = variables;
    this.#timeOf = timeOf;
    this.#values = variables.map(numbers);
    this.#times = new Column<Float64Array, Uint32Array | Float64Array>(
      (n) => new Float64Array(n),
      (into, at, part) =>
        part instanceof Uint32Array ? putTimes(into, at, part, timeOf) : into.set(part, at),
    );
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
    return { senders: this.#senders.values, times: this.#times.values, ...this.variableValues };
  }

  /** Of the events the senders, the recorded variables, and the times in brief. @internal */
  get senders(): Uint32Array {
    return this.#senders.values;
  }
  /** @internal */
  get variableValues(): Readonly<Record<string, Float64Array>> {
    return Object.fromEntries(this.variables.map((name, i) => [name, this.#values[i]!.values]));
  }
  /** @internal */
  get moments(): Moments {
    return momentsOf(this.#times.parts, this.#timeOf);
  }

  /** Forgets what is held in memory. */
  clear(): void {
    for (const c of [this.#senders, this.#times, ...this.#values]) c.clear();
    this.#written = 0;
  }

  /** Takes spikes, in the order of steps; the arrays belong to the recorder from now on. @internal */
  async appendSpikes(senders: Uint32Array, steps: Uint32Array): Promise<void> {
    if (senders.length === 0) return;
    this.#written += senders.length;
    if (this.#keep) {
      this.#senders.append(senders);
      this.#times.append(steps);
    }
    if (!this.#writer) return;
    const times = new Float64Array(steps.length);
    putTimes(times, 0, steps, this.#timeOf);
    await this.#writer.writeSpikes({ senders, times });
  }

  /** Takes samples; the arrays belong to the recorder from now on. @internal */
  async appendStates(
    senders: Uint32Array,
    times: Float64Array,
    values: readonly Float64Array[],
  ): Promise<void> {
    if (senders.length === 0) return;
    this.#written += senders.length;
    if (this.#keep) {
      this.#senders.append(senders);
      this.#times.append(times);
      values.forEach((v, i) => {
        this.#values[i]!.append(v);
      });
    }
    await this.#writer?.writeStates({
      senders,
      times,
      values: Object.fromEntries(this.variables.map((name, i) => [name, values[i]!])),
    });
  }
}
