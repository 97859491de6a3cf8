/**
 * Exact draws from the hypergeometric distribution in portable arithmetic: how many of the distinct things drawn fall into a
 * part of a range. By inversion from the mode, with the probabilities of saddle-point.ts; the cost grows like the standard
 * deviation, which splitting a range in halves keeps small where there are many ranges.
 */
import { SynfireError } from "../errors.js";
import { exp } from "./portable.js";
import { binomialLogDensity } from "./saddle-point.js";

/** Below this, relative to the whole, the rest of a tail is left to rounding. */
const NEGLIGIBLE = 1e-30;

/**
 * One draw from the hypergeometric distribution: how many of `count` distinct things, drawn from `left + right`, are among the
 * `left`.
 * @param count - integer, 0 <= count <= left + right
 * @param left - integer of at least 0
 * @param right - integer of at least 0
 * @param next - gives uniform numbers in (0, 1), with at least 52 bits
 * @throws SynfireError "bad-hypergeometric"
 */
export function hypergeometric(count: number, left: number, right: number, next: () => number): number {
  if (!(isCount(count) && isCount(left) && isCount(right) && count <= left + right)) {
    throw new SynfireError(
      "bad-hypergeometric",
      `${count} distinct things cannot be drawn from ${left} and ${right}.`,
    );
  }
  const least = Math.max(0, count - right);
  const most = Math.min(count, left);
  if (least === most) return least;
  const estimate = Math.floor((count + 1) * ((left + 1) / (left + right + 2)));
  const mode = Math.min(Math.max(estimate, least), most);
  const atMode = exp(logDensity(mode, count, left, right));
  for (;;) {
    let remaining = next() - atMode;
    if (remaining < 0) return mode;
    let up = mode;
    let upProbability = atMode;
    let down = mode;
    let downProbability = atMode;
    while (upProbability > NEGLIGIBLE || downProbability > NEGLIGIBLE) {
      upProbability *= up < most ? ((count - up) / (up + 1)) * ((left - up) / (right - count + up + 1)) : 0;
      up++;
      remaining -= upProbability;
      if (remaining < 0) return up;
      downProbability *=
        down > least ? (down / (count - down + 1)) * ((right - count + down) / (left - down + 1)) : 0;
      down--;
      remaining -= downProbability;
      if (remaining < 0) return down;
    }
    // Rounding let the number pass the whole sum, which happens less than once in 10^10 draws: draw again.
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** The logarithm of C(left, k) C(right, count - k) / C(left + right, count), as a ratio of binomial probabilities. */
function logDensity(k: number, count: number, left: number, right: number): number {
  const p = count / (left + right);
  if (p === 1) return 0;
  return (
    binomialLogDensity(k, left, p) +
    binomialLogDensity(count - k, right, p) -
    binomialLogDensity(count, left + right, p)
  );
}
