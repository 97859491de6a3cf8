/** Wasserstein (earth mover's) distance between two one-dimensional samples. */
import { badArgument, checkAllFinite, checkSample } from "./checks.js";

/**
 * First Wasserstein distance: the area between the two empirical distribution functions
 * (`scipy.stats.wasserstein_distance`; Ramdas, Garcia & Cuturi 2017, doi 10.3390/e19020047).
 * @param firstWeights, secondWeights - mass of each value; need not sum to 1; default: equal
 * @returns in the unit of the values
 * @throws SynfireError "bad-argument" for an empty sample, a value that is not finite, or weights that are negative, all 0,
 * or not one per value
 */
export function wassersteinDistance(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  firstWeights?: ArrayLike<number>,
  secondWeights?: ArrayLike<number>,
): number {
  const a = distribution("first", first, firstWeights);
  const b = distribution("second", second, secondWeights);
  const points = Float64Array.from([...a.values, ...b.values]).sort();
  let area = 0;
  let [i, j, cumulativeA, cumulativeB] = [0, 0, 0, 0];
  for (let k = 0; k + 1 < points.length; k++) {
    for (; i < a.values.length && a.values[i] <= points[k]; i++) cumulativeA += a.masses[i];
    for (; j < b.values.length && b.values[j] <= points[k]; j++) cumulativeB += b.masses[j];
    area += Math.abs(cumulativeA / a.total - cumulativeB / b.total) * (points[k + 1] - points[k]);
  }
  return area;
}

/** Values in ascending order with the mass of each. */
function distribution(key: string, values: ArrayLike<number>, weights: ArrayLike<number> | undefined) {
  checkSample(key, values);
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort(
    (p, q) => values[p] - values[q],
  );
  const masses = Float64Array.from(order, (i) => weights?.[i] ?? 1);
  if (weights !== undefined) {
    checkAllFinite(`${key}Weights`, weights);
    if (weights.length !== values.length || masses.some((mass) => mass < 0)) {
      throw badArgument(
        `${key}Weights`,
        "negative or of another length",
        `${values.length} weights of at least 0`,
      );
    }
  }
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  if (total === 0) throw badArgument(`${key}Weights`, "all 0", "at least one weight above 0");
  return { values: Float64Array.from(order, (i) => values[i]), masses, total };
}
