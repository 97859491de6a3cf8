/**
 * Several processes (ranks) that simulate one network. Each holds the neurons of its share and their synapses; what an engine needs
 * of the others is here. Engines know neither MPI nor how ranks were started.
 */

import type { Network, Population } from "./network.js";

/** Own spikes of one interval: triples (id, step, multiplicity) from word `first` to word `end` of a view. */
export interface SpikePart {
  readonly view: Uint32Array;
  readonly first: number;
  readonly end: number;
}

/** The exchange of spikes between ranks, once for each interval, by all ranks. */
export interface SpikeExchange {
  /** Begins to send what this rank's neurons emitted in the steps from + 1 to from + steps. */
  begin(parts: readonly SpikePart[], from: number, steps: number): void;
  /**
   * Takes what other ranks' neurons emitted in the interval that was begun, as triples.
   * @returns the number of words written, and whether there is more to take
   */
  take(into: Uint32Array): { readonly words: number; readonly more: boolean };
}

/** Messages of bytes between ranks that come when they come. Nothing here waits. */
export interface Post {
  /** Sends to all partners. The data must stay as it is until `sent` says true. */
  send(data: Uint8Array): void;
  sent(): boolean;
  /** Allows for one more message of a partner. */
  listen(partner: number): void;
  /** The message that was allowed for, once it is there; its bytes are valid until `listen`. What lies behind its end means nothing. */
  receive(partner: number): Uint8Array | undefined;
}

export interface Team {
  readonly rank: number;
  readonly size: number;
  /** ranks on this rank's host, itself included: they share its cores; and this rank's number among them */
  readonly onHost: number;
  readonly local: number;
  /** Is a rank on this rank's host? */
  isHere(rank: number): boolean;
  /** @param longest - bytes of the longest message */
  post(partners: readonly number[], longest: number): Post;
  /** The smallest of all ranks' numbers. A collective call, as all others. */
  min(own: number): number;
  /** The bytes of all ranks, by rank. */
  gatherBytes(own: Uint8Array): Uint8Array[];
  /** Not collective: @throws SynfireError "rank-lost" if another rank has ended. Looks a few times a second at most. */
  watch(): void;
  /** @param interval - the most steps of an interval */
  exchange(needs: SpikeNeeds, interval: number): SpikeExchange;
}

/** Which ranks need the spikes of which nodes. */
export interface SpikeNeeds {
  /** by id: a set of ranks, as a position in `sets`; what this rank does not own has set 0, which is empty */
  readonly setOf: Uint16Array;
  readonly sets: readonly (readonly number[])[];
  /** ranks whose spikes this one needs, and the neurons there that it may hear: ids from first to end - 1 */
  readonly from: readonly number[];
  readonly heard: readonly { readonly first: number; readonly end: number }[];
}

/** The positions from (inclusive) to (exclusive) of a population that a rank owns. */
export function shareOf(
  p: Pick<Population, "size" | "shares">,
  team: { readonly rank: number } | undefined,
): { from: number; to: number } {
  if (!p.shares || !team) return { from: 0, to: p.size };
  return { from: p.shares[team.rank]!, to: p.shares[team.rank + 1]! };
}

/** The rank that owns a neuron. */
export function ownerOf(p: Pick<Population, "shares">, position: number): number {
  const shares = p.shares;
  if (!shares) return 0;
  let rank = 0;
  while (shares[rank + 1]! <= position) rank++;
  return rank;
}

interface Range {
  readonly first: number;
  readonly end: number;
  readonly rank: number;
}

/** Runs of ids with their owners, ascending. */
export function ownedRanges(network: Network): Range[] {
  const ranges: Range[] = [];
  for (const p of network.populations)
    for (let rank = 0; rank + 1 < (p.shares?.length ?? 0); rank++) {
      const [from, to] = [p.shares![rank]!, p.shares![rank + 1]!];
      if (to > from) ranges.push({ first: p.first + from, end: p.first + to, rank });
    }
  return ranges.sort((a, b) => a.first - b.first);
}

type Runs = readonly { readonly first: number; readonly length: number }[];

/** the ranges that a set of ids, given as runs, touches */
const touching = (ranges: readonly Range[], runs: Runs) =>
  ranges.filter((r) => runs.some((s) => s.first < r.end && r.first < s.first + s.length));

/** The ranks that own some of a set of ids, given as runs. */
export const ranksOf = (ranges: readonly Range[], runs: Runs): number[] => [
  ...new Set(touching(ranges, runs).map((r) => r.rank)),
];

/**
 * Who needs whose spikes, from the connect() calls alone: a rank needs the sources of every projection that has targets of its
 * own. Every rank finds the same without asking the others. That a certain source happens to have no target on a rank is left
 * out: with k synapses per source and rank that is a fraction e^-k of them.
 *
 * @param runsOf - the runs of neighbouring ids of one end of a projection
 */
export function spikeNeeds(
  network: Network,
  team: { readonly rank: number; readonly size: number },
  runsOf: (ids: Network["projections"][number]["endpoints"]["sources"]) => Runs,
): SpikeNeeds {
  const ranges = ownedRanges(network);
  const sets: number[][] = [[]];
  const setOf = new Uint16Array(network.idCount);
  const from = new Set<number>();
  const heard = new Map<number, Range>();
  /** by set and by ranks that are added to it: the set that results */
  const known = new Map<string, number>([["", 0]]);
  const enlarged = (set: number, ranks: readonly number[]): number => {
    const all = [...new Set([...sets[set]!, ...ranks])].sort((a, b) => a - b);
    const key = all.join(" ");
    let at = known.get(key);
    if (at === undefined) {
      at = sets.push(all) - 1;
      known.set(key, at);
    }
    return at;
  };
  for (const p of network.projections) {
    const sources = runsOf(p.endpoints.sources);
    const targets = ranksOf(ranges, runsOf(p.endpoints.targets));
    const others = targets.filter((rank) => rank !== team.rank);
    const own = targets.includes(team.rank);
    for (const range of touching(ranges, sources)) {
      if (range.rank !== team.rank) {
        if (own) {
          from.add(range.rank);
          heard.set(range.first, range);
        }
        continue;
      }
      if (others.length === 0) continue;
      const moved = new Map<number, number>();
      for (const run of sources) {
        const end = Math.min(range.end, run.first + run.length);
        for (let id = Math.max(range.first, run.first); id < end; id++) {
          const before = setOf[id]!;
          let after = moved.get(before);
          if (after === undefined) {
            after = enlarged(before, others);
            moved.set(before, after);
          }
          setOf[id] = after;
        }
      }
    }
  }
  return { setOf, sets, from: [...from].sort((a, b) => a - b), heard: [...heard.values()] };
}
