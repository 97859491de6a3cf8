/** Node collections: ordered sets of node ids, as runs of neighbouring ids. */

import type { NodeIds } from "../connectivity/rule.js";
import { SynfireError } from "../errors.js";
import type { Status, StatusValue } from "./status.js";

interface Segment {
  readonly first: number;
  readonly length: number;
  /** position of `first` in the collection */
  readonly position: number;
}

/** What a collection asks of its simulator. */
export interface NodeOwner {
  /** how often the owner was reset */
  readonly epoch: number;
  getStatus(nodes: NodeCollection): Record<string, Status>;
  getStatus(nodes: NodeCollection, name: string): Status;
  setStatus(nodes: NodeCollection, values: Readonly<Record<string, StatusValue>>): void;
}

/**
 * An ordered set of nodes. Made by `Simulator.create`, cut with `slice`, joined with `concat`.
 */
export class NodeCollection implements NodeIds, Iterable<number> {
  readonly length: number;
  readonly #segments: readonly Segment[];
  readonly #sorted: readonly Segment[];
  /** the simulator that owns the nodes */
  readonly owner: NodeOwner;
  /** the owner's epoch when the collection was made */
  readonly epoch: number;

  /** @internal */
  constructor(owner: NodeOwner, runs: readonly { readonly first: number; readonly length: number }[]) {
    this.owner = owner;
    this.epoch = owner.epoch;
    const segments: Segment[] = [];
    let position = 0;
    for (const { first, length } of runs) {
      if (length === 0) continue;
      const last = segments[segments.length - 1];
      if (last && last.first + last.length === first)
        segments[segments.length - 1] = { ...last, length: last.length + length };
      else segments.push({ first, length, position });
      position += length;
    }
    this.length = position;
    this.#segments = segments;
    this.#sorted = [...segments].sort((a, b) => a.first - b.first);
    for (let i = 1; i < this.#sorted.length; i++) {
      const [a, b] = [this.#sorted[i - 1]!, this.#sorted[i]!];
      if (a.first + a.length > b.first)
        throw new SynfireError(
          "bad-nodes",
          `A collection holds every node once; node ${b.first} is in it twice.`,
        );
    }
  }

  /** Runs of neighbouring ids, in order. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** The id at a position. @throws SynfireError "bad-nodes" outside 0 <= position < length */
  id(position: number): number {
    if (!(Number.isInteger(position) && position >= 0 && position < this.length))
      throw new SynfireError(
        "bad-nodes",
        `There is no position ${position} in a collection of ${this.length} nodes.`,
      );
    const s = this.#segments;
    if (s.length === 1) return s[0]!.first + position;
    let [low, high] = [0, s.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (s[middle]!.position <= position) low = middle;
      else high = middle - 1;
    }
    return s[low]!.first + position - s[low]!.position;
  }

  /** The position of an id, -1 if it is not in the collection. */
  position(id: number): number {
    const s = this.#sorted;
    let [low, high] = [0, s.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (s[middle]!.first <= id) low = middle;
      else high = middle - 1;
    }
    const found = s[low];
    return found && id >= found.first && id < found.first + found.length
      ? found.position + id - found.first
      : -1;
  }

  *[Symbol.iterator](): Generator<number> {
    for (const s of this.#segments) for (let i = 0; i < s.length; i++) yield s.first + i;
  }

  /** All ids. */
  toArray(): Uint32Array {
    const ids = new Uint32Array(this.length);
    for (const s of this.#segments) for (let i = 0; i < s.length; i++) ids[s.position + i] = s.first + i;
    return ids;
  }

  /** One node, counted from 0; negative positions count from the end. */
  at(position: number): NodeCollection {
    return this.#pick([position < 0 ? this.length + position : position]);
  }

  /** Positions from (inclusive) to (exclusive), every step-th; negative positions count from the end, as for arrays. */
  slice(from = 0, to = this.length, step = 1): NodeCollection {
    if (!Number.isInteger(step) || step < 1)
      throw new SynfireError("bad-nodes", `slice: step must be a positive integer, not ${step}.`, "step");
    for (const [key, value] of Object.entries({ from, to }))
      if (!Number.isInteger(value))
        throw new SynfireError("bad-nodes", `slice: ${key} must be an integer, not ${value}.`, key);
    const bound = (x: number) => Math.max(0, Math.min(this.length, x < 0 ? this.length + x : x));
    const [a, b] = [bound(from), bound(to)];
    if (step > 1) {
      const positions: number[] = [];
      for (let i = a; i < b; i += step) positions.push(i);
      return this.#pick(positions);
    }
    const runs: { first: number; length: number }[] = [];
    for (const s of this.#segments) {
      const [x, y] = [Math.max(a, s.position), Math.min(b, s.position + s.length)];
      if (x < y) runs.push({ first: s.first + x - s.position, length: y - x });
    }
    return new NodeCollection(this.owner, runs);
  }

  /** The nodes at given positions, in that order. */
  pick(positions: ArrayLike<number>): NodeCollection {
    return this.#pick(Array.from(positions));
  }

  #pick(positions: readonly number[]): NodeCollection {
    return new NodeCollection(
      this.owner,
      positions.map((p) => ({ first: this.id(p), length: 1 })),
    );
  }

  /** This collection followed by others; no node may occur twice. */
  concat(...others: readonly NodeCollection[]): NodeCollection {
    for (const o of others)
      if (o.owner !== this.owner)
        throw new SynfireError("bad-nodes", "The collections belong to different simulators.");
    return new NodeCollection(
      this.owner,
      [this, ...others].flatMap((c) => c.segments),
    );
  }

  /** All parameters and state variables, or the one named: a value if all nodes agree, else one per node. */
  get(): Record<string, Status>;
  get(name: string): Status;
  get(name?: string): Status | Record<string, Status> {
    return name === undefined ? this.owner.getStatus(this) : this.owner.getStatus(this, name);
  }

  /** Sets parameters and state variables: numbers, one number per node, or distributions. */
  set(values: Readonly<Record<string, StatusValue>>): void {
    this.owner.setStatus(this, values);
  }
}
