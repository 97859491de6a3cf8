/** Poisson spike trains for tests. */
import fc from "fast-check";

/** A generator of uniform numbers in (0, 1], of good enough quality for tests, seeded. */
export function uniforms(seed: number): () => number {
  let state = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1); // sets neighbouring seeds apart
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 1) / 2 ** 32;
  };
}

/** @returns ascending times in ms in [0, duration) of a Poisson process of `rate` Hz */
export function poissonTrain(rate: number, duration: number, seed: number): Float64Array {
  const uniform = uniforms(seed);
  const times: number[] = [];
  for (let time = 0; ; ) {
    time -= (Math.log(uniform()) * 1000) / rate;
    if (time >= duration) return Float64Array.from(times);
    times.push(time);
  }
}

/** Any sample of 1 to 40 values that fit a statistic. */
export const sample = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
  minLength: 1,
  maxLength: 40,
});
