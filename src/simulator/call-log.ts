/** What was asked of a simulator, call by call, so that ranks can see whether they were asked the same. */

import { SynfireError } from "../errors.js";
import type { Ranks } from "./join-ranks.js";

const LONGEST = 300;

export class CallLog {
  #texts: string[] = [];
  #hashes: number[] = [];
  /** over all calls so far */
  #sum = 0x811c9dc5;
  #compared = 0;

  /** Notes a call. Arrays count by their values, node collections by their ids. */
  note(name: string, ...values: readonly unknown[]): void {
    const text = `${name}(${values.map((v) => shown(v)).join(", ")})`;
    const hash = fnv(values.map((v) => exact(v)).join("\u0000"), fnv(name));
    this.#texts.push(text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text);
    this.#hashes.push(hash);
    this.#sum = fnv(String(hash), this.#sum);
  }

  clear(): void {
    [this.#texts, this.#hashes, this.#sum, this.#compared] = [[], [], 0x811c9dc5, 0];
  }

  /**
   * Compares with the other ranks. A collective call.
   * @throws SynfireError "ranks-disagree" naming the first call that differs
   */
  compare(ranks: Pick<Ranks, "gatherNumbers" | "gatherBytes" | "gatherText">): void {
    const same = (values: ArrayLike<number>) => Array.from(values).every((v) => v === values[0]);
    const agree = [same(ranks.gatherNumbers(this.#sum)), same(ranks.gatherNumbers(this.#hashes.length))];
    if (agree.every(Boolean)) {
      this.#compared = this.#hashes.length;
      return;
    }
    const lists = ranks
      .gatherBytes(new Uint8Array(Float64Array.from(this.#hashes).buffer))
      .map((b) => new Float64Array(b.slice().buffer));
    let first = this.#compared;
    const longest = Math.max(...lists.map((list) => list.length));
    while (first < longest && same(lists.map((list) => list[first] ?? -1))) first++;
    const texts = ranks.gatherText(this.#texts[first] ?? "nothing more");
    const reference = texts[0]!;
    const other = texts.findIndex((t, r) => t !== reference || lists[r]![first] !== lists[0]![first]);
    throw new SynfireError(
      "ranks-disagree",
      `All ranks must make the same calls. Call ${first + 1} is ${reference} on rank 0, but ${texts[other]}${texts[other] === reference ? " with other values" : ""} on rank ${other}. Use remoteCreate and remoteConnect, on every rank, for what lies on one of them.`,
    );
  }
}

/** 32-bit hash (Fowler, Noll, Vo 1a) of a text */
function fnv(text: string, from = 0x811c9dc5): number {
  let h = from;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

const isNodes = (
  v: unknown,
): v is { segments: readonly { first: number; length: number }[]; length: number } =>
  typeof v === "object" && v !== null && "segments" in v;

/** for people */
function shown(v: unknown): string {
  if (isNodes(v)) return `${v.length} nodes`;
  if (ArrayBuffer.isView(v) || Array.isArray(v))
    return `${(v as unknown as ArrayLike<unknown>).length} values`;
  if (typeof v === "object" && v !== null)
    return `{${Object.entries(v)
      .map(([key, value]) => `${key}: ${shown(value)}`)
      .join(", ")}}`;
  return typeof v === "string" ? `"${v}"` : String(v);
}

/** for comparison */
function exact(v: unknown): string {
  if (isNodes(v)) return v.segments.map((s) => `${s.first}+${s.length}`).join();
  if (ArrayBuffer.isView(v) || Array.isArray(v))
    return Array.from(v as unknown as ArrayLike<unknown>, exact).join();
  if (typeof v === "object" && v !== null)
    return Object.entries(v)
      .map(([key, value]) => `${key}=${exact(value)}`)
      .sort()
      .join(";");
  return String(v);
}
