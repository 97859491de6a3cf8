/**
 * The ranks of a run as one rank sees them: who they are, small collective calls, and the watch over the others. Every rank makes
 * the same calls in the same order; all calls wait, and end with an error if a rank they wait for has ended.
 */

import type { Post, SpikeExchange, SpikeNeeds, Team } from "../engine/team.js";
import { SynfireError } from "../errors.js";
import { type ExchangeMode, type ExchangeReport, makeExchange } from "./exchange.js";
import type { FarWatch } from "./far-watch.js";
import { bytes, type Mpi, type Requests, Tag } from "./mpi.js";

/** How often a waiting rank looks whether the others are alive, in ms. */
const WATCH_MS = 100;
/** What a rank contributed before it ended its script arrives within this time, in ms. */
const GRACE_MS = 1000;
/** Looks at an operation between two at the clock. */
const SPIN = 200;

/** What the world asks of the system. */
export interface Host {
  readonly cores: number;
  /** lets another process run */
  yield(): void;
  /** is the process of this host alive? */
  isAlive(pid: number): boolean;
  /** true once after the launcher has asked this process to end */
  isAskedToEnd(): boolean;
}

/** The ranks of a run, as the simulator needs them. All calls but `report` are collective. */
export interface Ranks extends Team {
  readonly report: ExchangeReport | undefined;
  mode: ExchangeMode | "auto";
  gatherEqual(own: Uint8Array): Uint8Array;
  gatherNumbers(own: number): Float64Array;
  gatherText(own: string): string[];
  collect(own: Uint8Array, to: number): Uint8Array[] | undefined;
}

interface Peer {
  readonly pid: number;
  readonly host: string;
}

export class World implements Ranks {
  readonly rank: number;
  readonly size: number;
  readonly #mpi: Mpi;
  #peers: readonly Peer[] = [];
  #broken: SynfireError | undefined;
  readonly #farewells: {
    readonly rank: number;
    readonly requests: Requests;
    readonly buffer: Uint8Array;
    said: boolean;
    /** when somebody who waited noticed it */
    seen?: number;
  }[] = [];
  #crowded = false;
  #far: FarWatch | undefined;

  readonly #host: Host;

  private constructor(mpi: Mpi, host: Host) {
    this.#mpi = mpi;
    this.#host = host;
    this.rank = mpi.rank;
    this.size = mpi.size;
  }

  get local(): number {
    return this.#here.filter((rank) => rank < this.rank).length;
  }

  get onHost(): number {
    return this.#here.length;
  }

  /** the ranks of this host */
  get #here(): number[] {
    return [...this.#peers.keys()].filter((rank) => this.isHere(rank));
  }

  /** Is it certain that a rank has ended? */
  #hasEnded(rank: number): boolean {
    if (this.isHere(rank)) return !this.#host.isAlive(this.#peers[rank]!.pid);
    return this.#far?.hasEnded(rank) ?? false;
  }

  /** From now on it is known what happens on other hosts. */
  lookFar(watch: FarWatch): void {
    this.#far = watch;
  }

  /** Meets the other ranks. A collective call. */
  static start(mpi: Mpi, self: Peer, host: Host): World {
    const world = new World(mpi, host);
    world.#peers = world.gatherText(JSON.stringify(self)).map((text) => JSON.parse(text) as Peer);
    world.#crowded = world.onHost > host.cores;
    for (let rank = 0; rank < mpi.size; rank++) {
      if (rank === mpi.rank) continue;
      const requests = mpi.requests(1);
      const buffer = bytes(64);
      requests.irecv(0, buffer, 1, rank, Tag.farewell);
      world.#farewells.push({ rank, requests, buffer, said: false });
    }
    return world;
  }

  /** What the exchange of spikes that was made last did so far. */
  report: ExchangeReport | undefined;
  /** How spikes are exchanged from the next calibration on, for tests. */
  mode: ExchangeMode | "auto" = "auto";

  exchange(needs: SpikeNeeds, interval: number): SpikeExchange {
    const made = makeExchange(this, needs, interval, this.mode);
    this.report = made.report;
    return made;
  }

  isHere(rank: number): boolean {
    return this.#peers[rank]!.host === this.#peers[this.rank]!.host;
  }

  post(partners: readonly number[], longest: number): Post {
    const out = this.#mpi.requests(partners.length);
    const incoming = new Map(
      partners.map((rank) => [rank, { requests: this.#mpi.requests(1), buffer: bytes(longest) }]),
    );
    let sending = false;
    return {
      send: (data) => {
        sending = true;
        for (const [k, rank] of partners.entries()) out.isend(k, data, data.length, rank, Tag.post);
      },
      sent: () => {
        if (sending && out.test(partners.length)) sending = false;
        return !sending;
      },
      listen: (rank) => {
        const { requests, buffer } = incoming.get(rank)!;
        requests.irecv(0, buffer, longest, rank, Tag.post);
      },
      receive: (rank) => {
        const { requests, buffer } = incoming.get(rank)!;
        return requests.test(1) ? buffer : undefined;
      },
    };
  }

  requests(count: number): Requests {
    return this.#mpi.requests(count);
  }

  /**
   * Waits for the first `count` operations of a list.
   * @param partner - the only rank that takes part in them; default: all may
   * @throws SynfireError "rank-lost" if another rank has ended meanwhile
   */
  wait(requests: Requests, count: number, partner?: number): void {
    if (this.#broken) throw this.#broken;
    let watched = 0;
    for (let round = 1; !requests.test(count); round++) {
      // who waits for long may hold the processor that the other rank needs
      if (this.#crowded || round > SPIN) this.#host.yield();
      if (round % SPIN !== 0) continue;
      const now = performance.now();
      if (watched === 0) watched = now;
      else if (now - watched > WATCH_MS) {
        watched = now;
        this.#lookAround(partner);
      }
    }
  }

  #watched = 0;
  watch(): void {
    const now = performance.now();
    if (now - this.#watched < WATCH_MS) return;
    this.#watched = now;
    this.#lookAround();
  }

  /** The launcher asks this rank to end, mostly because another one has: perhaps on another host, where nobody here can see it. */
  interrupt(): void {
    try {
      this.#lookAround();
    } catch {
      // it is known which one
    }
    this.#broken ??= lost(`The launcher has asked rank ${this.rank} to end.`);
  }

  #lookAround(partner?: number): void {
    if (this.#broken) throw this.#broken;
    if (this.#host.isAskedToEnd()) this.interrupt();
    if (this.#broken) throw this.#broken;
    const ended: string[] = [];
    for (const farewell of this.#farewells) {
      const { rank } = farewell;
      farewell.said ||= farewell.requests.test(1);
      if (farewell.said && (partner ?? rank) === rank) {
        // others may still pass on what it contributed
        farewell.seen ??= performance.now();
        if (performance.now() - farewell.seen > GRACE_MS)
          this.#lose(`Rank ${rank} has come to the end of its script, while rank ${this.rank} waits for it.`);
      }
      if (this.#hasEnded(rank)) ended.push(this.#nameOf(rank));
    }
    // the first to be killed may have taken others along that saw it earlier than this one
    if (ended.length > 0)
      this.#lose(`Rank ${this.rank} cannot go on: ${ended.join(" and ")} ended during the run.`);
  }

  #nameOf(rank: number): string {
    const { pid, host } = this.#peers[rank]!;
    return `rank ${rank} (process ${pid}${this.isHere(rank) ? "" : ` on ${host}`})`;
  }

  #lose(message: string): never {
    this.#broken = lost(message);
    throw this.#broken;
  }

  /** False after a rank has been lost. */
  get whole(): boolean {
    return this.#broken === undefined;
  }

  /** The bytes of all ranks, by rank; all give the same number. */
  gatherEqual(own: Uint8Array): Uint8Array {
    const into = bytes(own.length * this.size);
    const from = bytes(own.length);
    from.set(own);
    const requests = this.#mpi.requests(1);
    requests.iallgather(0, from, own.length, into);
    this.wait(requests, 1);
    return into;
  }

  /** One number of each rank, by rank. */
  gatherNumbers(own: number): Float64Array {
    const all = this.gatherEqual(new Uint8Array(Float64Array.of(own).buffer));
    return new Float64Array(all.buffer, all.byteOffset, this.size);
  }

  /** The smallest of all ranks' numbers. */
  min(own: number): number {
    return this.gatherNumbers(own).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  }

  /** The bytes of all ranks, by rank, however many each gives. */
  gatherBytes(own: Uint8Array): Uint8Array[] {
    const lengths = this.gatherNumbers(own.length);
    const longest = Math.max(...lengths);
    const padded = bytes(longest);
    padded.set(own);
    if (longest === 0) return Array.from(lengths, () => new Uint8Array(0));
    const all = this.gatherEqual(padded);
    return Array.from(lengths, (n, rank) => all.subarray(rank * longest, rank * longest + n));
  }

  gatherText(own: string): string[] {
    return this.gatherBytes(new TextEncoder().encode(own)).map((b) => new TextDecoder().decode(b));
  }

  /**
   * Sends bytes of all ranks to one.
   * @returns on that rank, the bytes by rank; elsewhere undefined
   */
  collect(own: Uint8Array, to: number): Uint8Array[] | undefined {
    const lengths = this.gatherNumbers(own.length);
    if (this.rank !== to) {
      const requests = this.#mpi.requests(1);
      const sent = own.buffer.byteLength > SMALL ? own : bytes(own.length);
      if (sent !== own) sent.set(own);
      for (let at = 0; at < sent.length; at += MOST_BYTES) {
        requests.isend(0, sent.subarray(at), Math.min(MOST_BYTES, sent.length - at), to, Tag.data);
        this.wait(requests, 1, to);
      }
      return undefined;
    }
    return Array.from(lengths, (length, rank) => {
      if (rank === to) return own;
      const into = bytes(length);
      const requests = this.#mpi.requests(1);
      for (let at = 0; at < length; at += MOST_BYTES) {
        requests.irecv(0, into.subarray(at), Math.min(MOST_BYTES, length - at), rank, Tag.data);
        this.wait(requests, 1, rank);
      }
      return into;
    });
  }

  /** Says goodbye, waits until all have done so, and ends MPI. Does nothing once a rank was lost. */
  end(): void {
    if (!this.whole) return;
    const out = bytes(64);
    const own = this.#mpi.requests(this.#farewells.length);
    for (const [k, { rank }] of this.#farewells.entries()) own.isend(k, out, 1, rank, Tag.farewell);
    const isSaid = () =>
      this.#farewells.every((f) => (f.said ||= f.requests.test(1))) && own.test(this.#farewells.length);
    const missed = new Set<number>();
    let watched = performance.now();
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    while (!isSaid()) {
      // others may be busy with what was recorded for long
      Atomics.wait(sleeper, 0, 0, 1);
      if (performance.now() - watched < WATCH_MS) continue;
      watched = performance.now();
      // who died says nothing any more; what another one said last may come a little later than the news of its end
      const gone = this.#farewells.filter((f) => !f.said && this.#hasEnded(f.rank) && !f.requests.test(1));
      if (gone.some((f) => missed.has(f.rank))) return;
      for (const f of gone) missed.add(f.rank);
    }
    this.#mpi.finalize();
  }
}

const lost = (message: string): SynfireError =>
  new SynfireError("rank-lost", `${message} What was recorded until then is kept.`);

/** of one message */
const MOST_BYTES = 2 ** 30;
/** Arrays of so few bytes may lie where the garbage collector moves them. */
const SMALL = 64;
