/**
 * One rank of a run that does not take place: it is told that all others think as it does, and hears spikes of theirs that nobody
 * has emitted, drawn with one rate. What is built, the memory and the time are those of the real run; the activity is not.
 */

import type { SpikeExchange, SpikeNeeds } from "../engine/team.js";
import { type ExchangeReport, newReport } from "./exchange.js";
import type { Ranks } from "./world.js";

export interface RehearsalSettings {
  readonly rank: number;
  readonly size: number;
  /** spikes per second of a neuron elsewhere */
  readonly rate: number;
  /** ms */
  readonly resolution: number;
}

export function rehearsal(settings: RehearsalSettings): Ranks {
  const { rank, size } = settings;
  const ranks: Ranks & { report: ExchangeReport | undefined } = {
    rank,
    size,
    onHost: 1,
    local: 0,
    watch() {},
    isHere: (r) => r === rank,
    post() {
      throw new Error("There is nobody to send to in a rehearsal.");
    },
    report: undefined,
    mode: "auto",
    min: (own) => own,
    exchange(needs) {
      const made = new AssumedSpikes(settings, needs);
      ranks.report = made.report;
      return made;
    },
    gatherEqual(own) {
      const all = new Uint8Array(own.length * size);
      for (let r = 0; r < size; r++) all.set(own, r * own.length);
      return all;
    },
    gatherNumbers: (own) => new Float64Array(size).fill(own),
    gatherBytes: (own) => Array.from({ length: size }, () => own),
    // what others would say is not known
    gatherText: (own) => [own],
    // whoever is asked for: there is nobody else to look at it
    collect: (own) => Array.from({ length: size }, (_, r) => (r === rank ? own : new Uint8Array(0))),
  };
  return ranks;
}

class AssumedSpikes implements SpikeExchange {
  readonly report: ExchangeReport;
  readonly #settings: RehearsalSettings;
  readonly #needs: SpikeNeeds;
  #state = 2463534242;
  #from = 0;
  #steps = 1;
  #left = 0;
  #owed = 0;

  constructor(settings: RehearsalSettings, needs: SpikeNeeds) {
    this.#settings = settings;
    this.#needs = needs;
    this.report = newReport("rehearsed", needs);
  }

  begin(
    parts: readonly { readonly view: Uint32Array; readonly first: number; readonly end: number }[],
    from: number,
    steps: number,
  ): void {
    const { setOf, sets } = this.#needs;
    for (const { view, first, end } of parts)
      for (let i = first; i < end; i += 3) this.report.bytesSent += 4 * sets[setOf[view[i]!]!]!.length;
    [this.#from, this.#steps] = [from, steps];
    const { rate, resolution } = this.#settings;
    this.#owed +=
      this.#needs.heard.reduce((n, r) => n + r.end - r.first, 0) * rate * resolution * 1e-3 * steps;
    this.#left = Math.floor(this.#owed);
    this.#owed -= this.#left;
    this.report.intervals++;
    this.report.bytesReceived += 4 * this.#left;
  }

  take(into: Uint32Array): { readonly words: number; readonly more: boolean } {
    const { heard } = this.#needs;
    const n = Math.min(this.#left, Math.floor(into.length / 3));
    const total = heard.reduce((sum, r) => sum + r.end - r.first, 0);
    for (let k = 0; k < n; k++) {
      let at = Math.floor(this.#uniform() * total);
      let r = 0;
      while (at >= heard[r]!.end - heard[r]!.first) at -= heard[r]!.end - heard[r++]!.first;
      into[3 * k] = heard[r]!.first + at;
      into[3 * k + 1] = this.#from + 1 + Math.floor(this.#uniform() * this.#steps);
      into[3 * k + 2] = 1;
    }
    this.#left -= n;
    return { words: 3 * n, more: this.#left > 0 };
  }

  /** xorshift32 (Marsaglia 2003, doi:10.18637/jss.v008.i14): these numbers are assumptions, and no part of the network */
  #uniform(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 2 ** 32;
  }
}
