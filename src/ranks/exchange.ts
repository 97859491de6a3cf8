/**
 * The exchange of spikes over MPI, once for each interval. A message holds the number of spikes of each step, then their ids, and
 * multiplicities only if one of them is not 1: 4 bytes for most spikes.
 *
 * Where a rank hears from few others (a ring), each pair exchanges messages of its own, with the spikes that the receiver needs. Where
 * all hear from all, one collective call does it. What does not fit into the first message of fixed size follows in a second.
 */

import type { SpikeExchange, SpikeNeeds, SpikePart } from "../engine/team.js";
import { bytes, type Requests, Tag } from "./mpi.js";
import type { World } from "./world.js";

export type ExchangeMode = "point-to-point" | "collective";

/** Bytes of a first message: most intervals need no second. */
const FIRST = { "point-to-point": 32 * 1024, collective: 4 * 1024 } as const;
/** From this many ranks on, and this share of all pairs, a collective call takes less time than messages between pairs. */
const COLLECTIVE_RANKS = 8;
const DENSE = 0.5;

const HEADER = 2;

/** What an exchange did so far. */
export interface ExchangeReport {
  mode: ExchangeMode | "rehearsed";
  readonly sendsTo: readonly number[];
  readonly receivesFrom: readonly number[];
  intervals: number;
  bytesSent: number;
  bytesReceived: number;
  /** of which waiting for others */
  seconds: number;
  waiting: number;
}

/** A report of an exchange that has not begun. */
export function newReport(mode: ExchangeReport["mode"], needs: SpikeNeeds): ExchangeReport {
  return {
    mode,
    sendsTo: [...new Set(needs.sets.flat())].sort((a, b) => a - b),
    receivesFrom: needs.from,
    intervals: 0,
    bytesSent: 0,
    bytesReceived: 0,
    seconds: 0,
    waiting: 0,
  };
}

/** A message that grows. */
class Message {
  #words = new Uint32Array(new ArrayBuffer(4096));
  length = 0;

  room(words: number): Uint32Array {
    if (words > this.#words.length) this.#words = new Uint32Array(new ArrayBuffer(8 * words));
    return this.#words;
  }

  bytes(from: number): Uint8Array {
    return new Uint8Array(this.#words.buffer, from);
  }
}

/** Writes the spikes that `wanted` selects. */
function encode(
  message: Message,
  parts: readonly SpikePart[],
  from: number,
  steps: number,
  wanted: (id: number) => boolean,
): void {
  const cursor = new Uint32Array(steps + 1);
  let [total, multiple] = [0, 0];
  for (const { view, first, end } of parts)
    for (let i = first; i < end; i += 3) {
      if (!wanted(view[i]!)) continue;
      cursor[view[i + 1]! - from]!++;
      total++;
      if (view[i + 2] !== 1) multiple = 1;
    }
  const data = HEADER + steps;
  message.length = data + total * (1 + multiple);
  const w = message.room(message.length);
  w[0] = total;
  w[1] = multiple;
  let sum = 0;
  for (let s = 0; s < steps; s++) {
    const n = cursor[s + 1]!;
    w[HEADER + s] = n;
    cursor[s] = sum;
    sum += n;
  }
  for (const { view, first, end } of parts)
    for (let i = first; i < end; i += 3) {
      const id = view[i]!;
      if (!wanted(id)) continue;
      const at = cursor[view[i + 1]! - from - 1]!++;
      w[data + at] = id;
      if (multiple) w[data + total + at] = view[i + 2]!;
    }
}

const lengthOf = (header: Uint32Array, steps: number): number =>
  HEADER + steps + header[0]! * (1 + header[1]!);

/** Reads messages spike by spike. */
class Reader {
  #queue: Uint32Array[] = [];
  #from = 0;
  #steps = 0;
  #step = 0;
  #left = 0;
  #at = 0;

  start(messages: Uint32Array[], from: number, steps: number): void {
    this.#queue = messages.filter((m) => m[0]! > 0).reverse();
    [this.#from, this.#steps] = [from, steps];
    this.#open();
  }

  #open(): void {
    const m = this.#queue[this.#queue.length - 1];
    [this.#step, this.#at, this.#left] = [0, 0, m ? m[HEADER]! : 0];
  }

  take(into: Uint32Array): { readonly words: number; readonly more: boolean } {
    let out = 0;
    const room = Math.floor(into.length / 3) * 3;
    for (;;) {
      const m = this.#queue[this.#queue.length - 1];
      if (!m || out === room) return { words: out, more: m !== undefined };
      const [total, data] = [m[0]!, HEADER + this.#steps];
      while (this.#left === 0 && this.#step < this.#steps - 1) this.#left = m[HEADER + ++this.#step]!;
      const n = Math.min(this.#left, (room - out) / 3);
      const step = this.#from + this.#step + 1;
      for (let k = 0; k < n; k++, out += 3) {
        into[out] = m[data + this.#at]!;
        into[out + 1] = step;
        into[out + 2] = m[1] ? m[data + total + this.#at]! : 1;
        this.#at++;
      }
      this.#left -= n;
      if (this.#at === total) {
        this.#queue.pop();
        this.#open();
      }
    }
  }
}

/** @param wanted - the mode, for tests; default: chosen by how many ranks hear from each other */
export function makeExchange(
  world: World,
  needs: SpikeNeeds,
  interval: number,
  wanted: ExchangeMode | "auto",
): SpikeExchange & { readonly report: ExchangeReport } {
  const report = newReport("point-to-point", needs);
  const pairs = world.gatherNumbers(report.sendsTo.length).reduce((a, b) => a + b, 0);
  const dense = world.size >= COLLECTIVE_RANKS && pairs > DENSE * world.size * (world.size - 1);
  const mode = wanted === "auto" ? (dense ? "collective" : "point-to-point") : wanted;
  report.mode = mode;
  // a first message holds at least the numbers of spikes of all steps
  const first = Math.max(FIRST[mode], 4 * (HEADER + interval));
  return mode === "collective"
    ? new CollectiveExchange(world, needs, first, report)
    : new PairExchange(world, needs, first, report);
}

abstract class Exchange implements SpikeExchange {
  readonly report: ExchangeReport;
  protected readonly world: World;
  protected readonly needs: SpikeNeeds;
  protected readonly first: number;
  protected from = 0;
  protected steps = 0;
  readonly #reader = new Reader();
  #fresh = false;

  constructor(world: World, needs: SpikeNeeds, first: number, report: ExchangeReport) {
    this.world = world;
    this.needs = needs;
    this.first = first;
    this.report = report;
  }

  begin(parts: readonly SpikePart[], from: number, steps: number): void {
    const began = performance.now();
    [this.from, this.steps, this.#fresh] = [from, steps, true];
    this.send(parts);
    this.report.intervals++;
    this.report.seconds += (performance.now() - began) / 1000;
  }

  take(into: Uint32Array): { readonly words: number; readonly more: boolean } {
    const began = performance.now();
    if (this.#fresh) {
      const messages = this.receive();
      for (const m of messages) this.report.bytesReceived += 4 * lengthOf(m, this.steps);
      this.#reader.start(messages, this.from, this.steps);
      this.#fresh = false;
    }
    const taken = this.#reader.take(into);
    this.report.seconds += (performance.now() - began) / 1000;
    return taken;
  }

  protected wait(requests: Requests, count: number): void {
    const began = performance.now();
    this.world.wait(requests, count);
    this.report.waiting += (performance.now() - began) / 1000;
  }

  protected abstract send(parts: readonly SpikePart[]): void;
  /** the messages of all others, complete */
  protected abstract receive(): Uint32Array[];
}

/** Messages between pairs of ranks. */
class PairExchange extends Exchange {
  readonly #out: { readonly rank: number; readonly message: Message; readonly sets: Uint8Array }[];
  readonly #in: { readonly rank: number; buffer: Uint8Array }[];
  readonly #requests: Requests;
  readonly #second: Requests;
  #count = 0;

  constructor(world: World, needs: SpikeNeeds, first: number, report: ExchangeReport) {
    super(world, needs, first, report);
    this.#out = report.sendsTo.map((rank) => ({
      rank,
      message: new Message(),
      sets: Uint8Array.from(needs.sets, (set) => (set.includes(rank) ? 1 : 0)),
    }));
    this.#in = needs.from.map((rank) => ({ rank, buffer: bytes(first) }));
    this.#requests = world.requests(this.#in.length + 2 * this.#out.length);
    this.#second = world.requests(this.#in.length);
  }

  protected send(parts: readonly SpikePart[]): void {
    let n = 0;
    for (const { rank, buffer } of this.#in) this.#requests.irecv(n++, buffer, this.first, rank, Tag.spikes);
    const { setOf } = this.needs;
    for (const { rank, message, sets } of this.#out) {
      encode(message, parts, this.from, this.steps, (id) => sets[setOf[id]!] === 1);
      const length = 4 * message.length;
      this.#requests.isend(n++, message.bytes(0), Math.min(length, this.first), rank, Tag.spikes);
      if (length > this.first)
        this.#requests.isend(n++, message.bytes(this.first), length - this.first, rank, Tag.moreSpikes);
      this.report.bytesSent += length;
    }
    this.#count = n;
  }

  protected receive(): Uint32Array[] {
    const incoming = this.#in.length;
    // what is first in the list are the messages of others
    this.wait(this.#requests, incoming);
    let more = 0;
    for (const peer of this.#in) {
      const length = 4 * lengthOf(words(peer.buffer), this.steps);
      if (length <= this.first) continue;
      if (peer.buffer.length < length) {
        const larger = bytes(2 * length);
        larger.set(peer.buffer.subarray(0, this.first));
        peer.buffer = larger;
      }
      this.#second.irecv(
        more++,
        peer.buffer.subarray(this.first),
        length - this.first,
        peer.rank,
        Tag.moreSpikes,
      );
    }
    if (more > 0) this.wait(this.#second, more);
    this.wait(this.#requests, this.#count);
    return this.#in.map(({ buffer }) => words(buffer));
  }
}

/** One collective call: everybody hears everything. */
class CollectiveExchange extends Exchange {
  readonly #message = new Message();
  readonly #all: Uint8Array;
  readonly #requests: Requests;
  readonly #wanted: Uint8Array;

  constructor(world: World, needs: SpikeNeeds, first: number, report: ExchangeReport) {
    super(world, needs, first, report);
    this.#all = bytes(first * world.size);
    this.#requests = world.requests(1);
    this.#wanted = Uint8Array.from(needs.sets, (set) => (set.length > 0 ? 1 : 0));
  }

  protected send(parts: readonly SpikePart[]): void {
    const { setOf } = this.needs;
    encode(this.#message, parts, this.from, this.steps, (id) => this.#wanted[setOf[id]!] === 1);
    this.#message.room(this.first / 4);
    this.#requests.iallgather(0, this.#message.bytes(0), this.first, this.#all);
    this.report.bytesSent += 4 * this.#message.length;
  }

  protected receive(): Uint32Array[] {
    this.wait(this.#requests, 1);
    const firsts = Array.from({ length: this.world.size }, (_, rank) =>
      words(this.#all.subarray(rank * this.first, (rank + 1) * this.first)),
    );
    const lengths = firsts.map((m) => 4 * lengthOf(m, this.steps));
    const rest = Math.max(...lengths) - this.first;
    const others = firsts.filter((_, rank) => rank !== this.world.rank);
    if (rest <= 0) return others;
    const own = bytes(rest);
    own.set(this.#message.bytes(this.first).subarray(0, Math.max(0, 4 * this.#message.length - this.first)));
    const all = bytes(rest * this.world.size);
    this.#requests.iallgather(0, own, rest, all);
    this.wait(this.#requests, 1);
    return firsts.flatMap((m, rank) => {
      if (rank === this.world.rank) return [];
      const whole = new Uint32Array((this.first + rest) / 4);
      whole.set(m);
      whole.set(words(all.subarray(rank * rest, (rank + 1) * rest)), this.first / 4);
      return [whole];
    });
  }
}

const words = (b: Uint8Array): Uint32Array => new Uint32Array(b.buffer, b.byteOffset, b.length >>> 2);
