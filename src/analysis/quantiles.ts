/** Quantiles of a sample. */
import { badArgument, checkSample } from "./checks.js";

/**
 * Quantiles by linear interpolation between order statistics (Hyndman & Fan 1996, doi 10.1080/00031305.1996.10473566, type 7;
 * the default of `numpy.quantile`).
 * @param probabilities - each in [0, 1], e.g. [0.25, 0.5, 0.75] for quartiles
 * @returns one value per probability
 * @throws SynfireError "bad-argument" for an empty sample, a value that is not finite, or a probability outside [0, 1]
 */
export function quantiles(values: ArrayLike<number>, probabilities: ArrayLike<number>): Float64Array {
  checkSample("values", values);
  const sorted = Float64Array.from(values).sort();
  return Float64Array.from(probabilities, (p) => {
    if (!(p >= 0 && p <= 1)) throw badArgument("probabilities", p, "0 to 1");
    const place = p * (sorted.length - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
  });
}
