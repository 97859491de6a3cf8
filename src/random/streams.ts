/**
 * Streams: how a seed, a purpose and an id become a key of Philox, and how a word of Philox becomes a number.
 *
 * The synapse draw, shared by every engine: the k-th synapse (ordinal k, from 0) of the target with global id `target` in the
 * projection `projection` uses the words of philox(counter [target, k, 0, 0], key streamKey(seed, Purpose.synapse, projection)):
 * word 0 gives the source, mulHigh(word 0, number of sources), where a rule draws sources with replacement; word 1 is the
 * weight's uniform, word 2 the delay's; word 3 is reserved.
 */
import { SynfireError } from "../errors.js";
import { philox } from "./philox.js";

/** What a stream of random numbers is for: part of its key, so that no two purposes share a draw. */
export const Purpose = {
  synapse: 1,
  source: 2,
  tree: 3,
  initial: 4,
  poisson: 5,
  bernoulli: 6,
  shuffle: 7,
} as const;

/** "SYNF" in ASCII: word 2 of the counter from which keys are derived. */
const DOMAIN = 0x53594e46;
const TWO_32 = 4294967296;

/**
 * The key of one stream: words 0 and 1 of philox(counter [id, purpose, "SYNF", 0], key [low, high word of the seed]).
 * @param seed - integer, 0 <= seed < 2^53
 * @param purpose - one of {@link Purpose}
 * @param id - projection, device or population: an unsigned 32-bit integer
 * @returns two unsigned 32-bit words
 * @throws SynfireError "bad-seed"
 */
export function streamKey(seed: number, purpose: number, id: number): readonly [k0: number, k1: number] {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new SynfireError(
      "bad-seed",
      `The seed must be an integer from 0 to 2^53 - 1, not ${seed}.`,
      "seed",
    );
  }
  const out = new Uint32Array(4);
  philox(id, purpose, DOMAIN, 0, seed % TWO_32, Math.floor(seed / TWO_32), out);
  return [out[0]!, out[1]!];
}

/**
 * A uniform number in (0, 1) from 32 random bits: (word + 0.5) * 2^-32, which is exact; from 2^-33 to 1 - 2^-33.
 * @param word - unsigned 32-bit integer
 */
export function uniform(word: number): number {
  return (word + 0.5) * 2.3283064365386963e-10;
}

/**
 * A uniform number in (0, 1) from the upper 26 bits of each of two words: exact; from 2^-53 to 1 - 2^-53.
 * @param high - unsigned 32-bit integer
 * @param low - unsigned 32-bit integer
 */
export function uniform52(high: number, low: number): number {
  return ((high >>> 6) * 67108864 + (low >>> 6) + 0.5) * 2.220446049250313e-16;
}

/**
 * A uniform integer in [0, n) from 32 random bits: floor(word * n / 2^32), exact.
 * @param word - unsigned 32-bit integer
 * @param n - integer, 0 < n <= 2^32
 */
export function mulHigh(word: number, n: number): number {
  if (n <= 2097152) return Math.floor((word * n) / TWO_32); // the product stays below 2^53
  const high = (word >>> 16) * n; // below 2^48
  const low = (word & 0xffff) * n;
  return Math.floor((high + Math.floor(low / 65536)) / 65536);
}

/** A sequence of uniform numbers, two from each block of Philox; `start` rewinds it to the first number of a counter. */
export interface UniformSequence {
  /** Words 0, 1 and 3 of the counter; word 2 counts the blocks. */
  start(c0: number, c1: number, c3: number): void;
  /** The next number in (0, 1), with 52 random bits. */
  readonly next: () => number;
}

/** A sequence of 52-bit uniforms on the stream of `key`, for draws that need a varying number of them. */
export function uniformSequence(key: readonly [number, number]): UniformSequence {
  const words = new Uint32Array(4);
  const [k0, k1] = key;
  let c0 = 0;
  let c1 = 0;
  let c3 = 0;
  let drawn = 0;
  return {
    start(first, second, fourth) {
      c0 = first;
      c1 = second;
      c3 = fourth;
      drawn = 0;
    },
    next() {
      const odd = drawn % 2 === 1;
      if (!odd) philox(c0, c1, drawn / 2, c3, k0, k1, words);
      drawn++;
      return odd ? uniform52(words[2]!, words[3]!) : uniform52(words[0]!, words[1]!);
    },
  };
}
