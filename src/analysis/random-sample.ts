/** A seeded random subset, for statistics of pairs that would take too long for all. */
import { badArgument, checkInteger } from "./checks.js";

/**
 * Draws `size` of the integers 0 to count - 1 without replacement: the first steps of a Fisher-Yates shuffle.
 * The same arguments give the same subset on every machine.
 * @param seed - 0 to 2^32 - 1
 * @returns ascending indices
 * @throws SynfireError "bad-argument" if size exceeds count, or an argument is not a non-negative integer
 */
export function randomSample(count: number, size: number, seed: number): Uint32Array {
  checkInteger("count", count);
  checkInteger("size", size);
  checkInteger("seed", seed);
  if (seed > 0xffffffff) throw badArgument("seed", seed, "0 to 2^32 - 1");
  if (size > count) throw badArgument("size", size, `at most count (${count})`);
  const next = generator(seed);
  const pool = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = 0; i < size; i++) {
    const j = i + below(next, count - i);
    [pool[i], pool[j]] = [pool[j], pool[i]];
  }
  return pool.slice(0, size).sort();
}

/** Uniform 32-bit integers: a Weyl sequence through the finaliser of MurmurHash3, "splitmix32". */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  };
}

/** A uniform integer below `limit`, without the bias of a remainder: numbers above the last full multiple are drawn again. */
function below(next: () => number, limit: number): number {
  const end = 2 ** 32 - (2 ** 32 % limit);
  for (;;) {
    const x = next();
    if (x < end) return x % limit;
  }
}
