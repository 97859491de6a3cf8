/**
 * Passes messages on between GPUs that cannot reach each other: blocks write them into memory of the host (`outgoing`), from where
 * they are sent to the other processes, while the kernels run; what comes from there is put into other memory of the host
 * (`incoming`), where blocks find it. Both are laid out as mailboxes are.
 */

import type { Post, Team } from "../team.js";
import type { HostMail } from "./mailboxes.js";
import type { Shape } from "./shape.js";

/** Words of 32 bits of a message: its length, and whether it is the last one of a launch. */
const HEADER = 2;
/** Bytes of a message; many steps of a small network, a part of a step of a large one. */
const LONGEST = 256 * 1024;

/** in the upper half of a mailbox's word: tag (16 bits), stop, number of neurons */
const tagOf = (upper: number): number => upper >>> 16;
const countOf = (upper: number): number => upper & 0x7fff;

export class Relay {
  readonly #shape: Shape;
  readonly #post: Post;
  readonly #partners: readonly number[];
  readonly #incoming: Uint32Array;
  readonly #outgoing: Uint32Array;
  readonly #firstBlock: number;
  readonly #message: Uint32Array;
  /** what is sent next: the message of this block for this step of the launch */
  #step = 1;
  #block = 0;
  #listening = new Set<number>();
  #ended = false;

  constructor(shape: Shape, mail: HostMail, team: Team) {
    this.#shape = shape;
    this.#partners = mail.ranks;
    this.#incoming = mail.incoming.words;
    this.#outgoing = mail.outgoing.words;
    this.#firstBlock = team.rank * shape.processBlocks;
    const longest = Math.max(LONGEST, 4 * (HEADER + 2 + 2 * shape.mailWords));
    this.#message = new Uint32Array(new ArrayBuffer(longest));
    this.#post = team.post(this.#partners, longest);
  }

  /** Before a launch, and before others may send for it. */
  start(): void {
    this.#incoming.fill(0);
    this.#outgoing.fill(0);
    [this.#step, this.#block, this.#ended] = [1, 0, false];
    this.#listening = new Set(this.#partners);
    for (const partner of this.#partners) this.#post.listen(partner);
  }

  /** Sends what there is to send and takes what has come; never waits. */
  turn(): void {
    if (this.#post.sent()) {
      const length = this.#collect();
      if (length > HEADER) this.#send(length, 0);
    }
    for (const partner of this.#listening) {
      const message = this.#post.receive(partner);
      if (!message) continue;
      const words = new Uint32Array(message.buffer, message.byteOffset, message.length >>> 2);
      this.#deliver(words);
      if (words[1] === 1) this.#listening.delete(partner);
      else this.#post.listen(partner);
    }
  }

  /**
   * After own kernels have ended: goes on until everything has been sent and received.
   * @param steps - of the launch
   * @returns whether it has
   */
  finish(steps: number): boolean {
    this.turn();
    if (!this.#post.sent()) return false;
    if (this.#step <= steps) return false;
    if (!this.#ended) {
      this.#ended = true;
      this.#send(HEADER, 1);
      return false;
    }
    return this.#listening.size === 0;
  }

  #send(length: number, last: number): void {
    this.#message[0] = length;
    this.#message[1] = last;
    this.#post.send(new Uint8Array(this.#message.buffer, 0, 4 * length));
  }

  /** where a block's message for a step begins, in words of 32 bits */
  #at(step: number, block: number): number {
    const { mailDepth, allBlocks, mailWords } = this.#shape;
    return 2 * ((step & (mailDepth - 1)) * allBlocks + block) * mailWords;
  }

  #wordsFor(neurons: number): number {
    if (this.#shape.wideEntries) return neurons <= 1 ? 1 : neurons;
    return neurons <= 2 ? 1 : 1 + Math.floor(neurons / 3);
  }

  /** puts the messages that are complete into one, in the order of steps and blocks @returns its words */
  #collect(): number {
    const { processBlocks } = this.#shape;
    const [out, to] = [this.#outgoing, this.#message];
    let end = HEADER;
    for (;;) {
      const at = this.#at(this.#step, this.#firstBlock + this.#block);
      const tag = this.#step & 0xffff;
      // a word has been written whole where its upper half has the tag
      const first = Atomics.load(out, at + 1);
      if (tagOf(first) !== tag) return end;
      const words = this.#wordsFor(countOf(first));
      if (end + 2 + 2 * words > to.length) return end;
      to[end] = this.#step;
      to[end + 1] = this.#firstBlock + this.#block;
      for (let w = 0, into = end + 2; w < words; w++, into += 2) {
        const upper = Atomics.load(out, at + 2 * w + 1);
        if (tagOf(upper) !== tag) return end;
        to[into] = out[at + 2 * w]!;
        to[into + 1] = upper;
      }
      end += 2 + 2 * words;
      this.#block++;
      if (this.#block === processBlocks) [this.#step, this.#block] = [this.#step + 1, 0];
    }
  }

  #deliver(message: Uint32Array): void {
    const into = this.#incoming;
    const end = message[0]!;
    for (let from = HEADER; from < end; ) {
      const at = this.#at(message[from]!, message[from + 1]!);
      const words = this.#wordsFor(countOf(message[from + 3]!));
      from += 2;
      for (let w = 0; w < words; w++, from += 2) {
        into[at + 2 * w] = message[from]!;
        // the tag last: with it the word counts
        Atomics.store(into, at + 2 * w + 1, message[from + 1]!);
      }
    }
  }
}
