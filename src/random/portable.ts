/** Elementary functions that give the same bits on every machine and engine (placeholder, replaced by the printed ones). */
export const exp = Math.exp;
export const log = Math.log;
/** Inverse of the standard normal distribution function. @param p in (0, 1) */
export function normalInverse(p: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(p, 1 - p)));
  const x = t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
  return p < 0.5 ? -x : x;
}
