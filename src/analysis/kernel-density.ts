/** Gaussian kernel density estimate, e.g. for violin plots. */
import { badArgument, checkAllFinite, checkInteger, checkPositive, checkSample } from "./checks.js";
import { standardDeviation } from "./moments.js";

/** Where to evaluate the estimate, and how wide its kernel is. */
export interface KernelDensityOptions {
  /** standard deviation of the kernel in the unit of the values, or a rule; default "scott" */
  readonly bandwidth?: number | "scott" | "silverman";
  /** where to evaluate, or at how many regular points; default 200 */
  readonly points?: number | ArrayLike<number>;
  /** how far the regular points reach beyond the smallest and largest value, in bandwidths; default 3 */
  readonly reach?: number;
}

/** An estimate of a probability density. */
export interface KernelDensity {
  readonly points: Float64Array;
  /** per unit of the values */
  readonly density: Float64Array;
  /** the bandwidth that was used, in the unit of the values */
  readonly bandwidth: number;
}

/**
 * Gaussian kernel density estimate (`scipy.stats.gaussian_kde`). Bandwidth: sample standard deviation times n^(-1/5) (Scott 1992,
 * doi 10.1002/9780470316849) or times (3 n / 4)^(-1/5) (Silverman 1986).
 * @throws SynfireError "bad-argument" for an empty sample, a value that is not finite, a bad option, or a rule for the bandwidth
 * of values that are all equal
 */
export function kernelDensity(values: ArrayLike<number>, options: KernelDensityOptions = {}): KernelDensity {
  checkSample("values", values);
  const bandwidth = chooseBandwidth(values, options.bandwidth ?? "scott");
  const points = choosePoints(values, options, bandwidth);
  const norm = 1 / (values.length * bandwidth * Math.sqrt(2 * Math.PI));
  const density = points.map((point) => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += Math.exp(-0.5 * ((point - values[i]) / bandwidth) ** 2);
    return sum * norm;
  });
  return { points, density, bandwidth };
}

function chooseBandwidth(values: ArrayLike<number>, rule: number | "scott" | "silverman"): number {
  if (typeof rule === "number") {
    checkPositive("bandwidth", rule);
    return rule;
  }
  if (rule !== "scott" && rule !== "silverman") {
    throw badArgument("bandwidth", rule satisfies never, 'a number, "scott" or "silverman"');
  }
  const spread = standardDeviation(values, 1);
  if (!(spread > 0))
    throw badArgument("bandwidth", `"${rule}" for values without spread`, "a number for such values");
  return spread * (rule === "scott" ? values.length : (3 * values.length) / 4) ** -0.2;
}

function choosePoints(
  values: ArrayLike<number>,
  options: KernelDensityOptions,
  bandwidth: number,
): Float64Array {
  const { points = 200, reach = 3 } = options;
  if (typeof points !== "number") {
    checkAllFinite("points", points);
    return Float64Array.from(points);
  }
  checkInteger("points", points, 2);
  if (!(Number.isFinite(reach) && reach >= 0))
    throw badArgument("reach", reach, "a finite number of at least 0");
  let [low, high] = [values[0], values[0]];
  for (let i = 1; i < values.length; i++) [low, high] = [Math.min(low, values[i]), Math.max(high, values[i])];
  const from = low - reach * bandwidth;
  const step = (high - low + 2 * reach * bandwidth) / (points - 1);
  return Float64Array.from({ length: points }, (_, k) => from + k * step);
}
