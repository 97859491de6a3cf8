/**
 * Which rank holds which nodes. Ids are global and the same on every rank, since all ranks make the same calls. Neurons lie on one
 * rank (`remoteCreate`), on each rank (`create`: every rank has its own), or are dealt to all (`distribute`). Devices hold nothing,
 * and are everywhere.
 */

import { shareOf } from "../engine/team.js";
import { SynfireError } from "../errors.js";
import { NodeCollection } from "./nodes.js";
import type { NeuronPopulation } from "./population.js";

/** Nodes that every rank has a copy of: `length` ids for rank 0, then as many for rank 1, and so on. */
interface Copies {
  readonly first: number;
  readonly length: number;
}

export type Deal = "each" | "all" | number;

export class Placement {
  readonly rank: number;
  readonly size: number;
  #copies: Copies[] = [];
  #groups: (readonly number[])[] = [];

  constructor(rank: number, size: number) {
    this.rank = rank;
    this.size = size;
  }

  /** Forgets all nodes and groups. */
  clear(): void {
    this.#copies = [];
    this.#groups = [];
  }

  /** Names a group of ranks. @returns its number @throws SynfireError "bad-rank" */
  createGroup(ranks: readonly number[]): number {
    for (const rank of ranks) this.checkRank(rank, "ranks");
    if (new Set(ranks).size < ranks.length || ranks.length === 0)
      throw new SynfireError(
        "bad-rank",
        "ranks: a host group has at least one rank, and each only once.",
        "ranks",
      );
    return this.#groups.push([...ranks]) - 1;
  }

  /** @throws SynfireError "bad-rank" if there is no such group, or a rank is not in it */
  checkGroup(group: number, ranks: readonly number[]): void {
    const members = this.#groups[group];
    if (!members)
      throw new SynfireError(
        "bad-rank",
        `group: there is no host group ${group}; ${this.#groups.length} were created.`,
        "group",
      );
    for (const rank of ranks)
      if (!members.includes(rank))
        throw new SynfireError(
          "bad-rank",
          `group: rank ${rank} is not in host group ${group} (${members.join(", ")}).`,
          "group",
        );
  }

  /** @throws SynfireError "bad-rank" */
  checkRank(rank: number, key: string): void {
    if (!(Number.isInteger(rank) && rank >= 0 && rank < this.size))
      throw new SynfireError(
        "bad-rank",
        `${key} must be a rank: an integer from 0 to ${this.size - 1}, not ${String(rank)}.`,
        key,
      );
  }

  /** How many neurons of a population that is created with n there are on all ranks together. */
  total(n: number, deal: Deal): number {
    return deal === "each" ? n * this.size : n;
  }

  /** Shares of a population of n neurons, n on each rank, n on one, or n dealt to all; undefined with one rank. */
  shares(n: number, deal: Deal): readonly number[] | undefined {
    if (this.size === 1) return undefined;
    return Array.from({ length: this.size + 1 }, (_, rank) =>
      deal === "each" ? rank * n : deal === "all" ? Math.floor((rank * n) / this.size) : rank > deal ? n : 0,
    );
  }

  /** The nodes of a population that was just created, as `create` returns them. */
  created(
    owner: ConstructorParameters<typeof NodeCollection>[0],
    first: number,
    n: number,
    deal: Deal,
  ): NodeCollection {
    if (this.size === 1 || deal !== "each") return new NodeCollection(owner, [{ first, length: n }]);
    this.#copies.push({ first, length: n });
    return new NodeCollection(owner, [{ first: first + this.rank * n, length: n }]);
  }

  #copyOf(id: number): Copies | undefined {
    return this.#copies.find((c) => id >= c.first && id < c.first + c.length * this.size);
  }

  /**
   * Does every rank have a copy of these nodes (true), or are they the same nodes for all (false)?
   * @throws SynfireError "bad-nodes" for a mixture
   */
  hasCopies(nodes: NodeCollection, key: string): boolean {
    if (this.size === 1) return false;
    const kinds = new Set(nodes.segments.map((s) => this.#copyOf(s.first) !== undefined));
    if (kinds.size > 1)
      throw new SynfireError(
        "bad-nodes",
        `${key} mixes nodes that each rank has of its own with others; use them one by one.`,
        key,
      );
    return kinds.has(true);
  }

  /** A rank's copy of nodes that each rank has; other nodes as they are. */
  copy(nodes: NodeCollection, rank: number, key: string): NodeCollection {
    if (!this.hasCopies(nodes, key)) return nodes;
    return new NodeCollection(
      nodes.owner,
      nodes.segments.map(({ first, length }) => {
        const c = this.#copyOf(first)!;
        return { first: c.first + rank * c.length + ((first - c.first) % c.length), length };
      }),
    );
  }

  /** The positions of a population that this rank holds. */
  own(p: NeuronPopulation): { from: number; to: number } {
    return shareOf(p, this);
  }

  holds(p: NeuronPopulation, position: number): boolean {
    const { from, to } = this.own(p);
    return position >= from && position < to;
  }

  /** @throws SynfireError "bad-rank" if a neuron lies on another rank than the one named */
  checkOn(rank: number, nodes: NodeCollection, populations: readonly NeuronPopulation[], key: string): void {
    for (const p of populations) {
      if (!p.shares) continue;
      const [from, to] = [p.first + p.shares[rank]!, p.first + p.shares[rank + 1]!];
      for (const s of nodes.segments) {
        const [first, end] = [Math.max(s.first, p.first), Math.min(s.first + s.length, p.first + p.size)];
        if (first < end && (first < from || end > to))
          throw new SynfireError(
            "bad-rank",
            `${key}: node ${first < from ? first : to} is not on rank ${rank}.`,
            key,
          );
      }
    }
  }
}
