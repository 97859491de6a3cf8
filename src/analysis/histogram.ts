/** Histogram of a sample. */
import { badArgument, checkInteger, checkSample } from "./checks.js";
import { quantiles } from "./quantiles.js";

/** Which bins to use. */
export interface HistogramOptions {
  /** a number of bins, ascending edges, or the rule of Freedman and Diaconis (default) */
  readonly bins?: number | ArrayLike<number> | "freedman-diaconis";
  /** smallest and largest value; default: those of the sample; not with edges */
  readonly range?: readonly [number, number];
}

/** Counts per bin. Bins are closed on the left; the last one is closed on both sides, as NumPy's. */
export interface Histogram {
  /** one more than there are bins */
  readonly edges: Float64Array;
  readonly counts: Uint32Array;
  /** counts scaled so that the bins have unit area; NaN if no value lies in them */
  readonly density: Float64Array;
  /** values below the first and above the last edge, which are in no bin */
  readonly below: number;
  readonly above: number;
}

/**
 * Histogram of a sample (`numpy.histogram`). A sample of equal values gets one unit around them as its range.
 * @throws SynfireError "bad-argument" for an empty sample, a value that is not finite, or bins or a range that are not allowed
 */
export function histogram(values: ArrayLike<number>, options: HistogramOptions = {}): Histogram {
  checkSample("values", values);
  const edges = binEdges(values, options);
  const last = edges.length - 1;
  const counts = new Uint32Array(last);
  let below = 0;
  let above = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < edges[0]) below++;
    else if (values[i] > edges[last]) above++;
    else counts[Math.min(findBin(edges, values[i]), last - 1)]++;
  }
  const inside = values.length - below - above;
  const density = Float64Array.from(counts, (count, k) => count / inside / (edges[k + 1] - edges[k]));
  return { edges, counts, density, below, above };
}

/**
 * Number of bins of width 2 IQR / n^(1/3) that cover the range
 * (Freedman & Diaconis 1981, doi 10.1007/BF01025868); Sturges' log2(n) + 1 if the interquartile range is 0.
 */
function freedmanDiaconis(values: ArrayLike<number>, span: number): number {
  const [lower, upper] = quantiles(values, [0.25, 0.75]);
  const width = (2 * (upper - lower)) / Math.cbrt(values.length);
  const count = width > 0 ? span / width : Math.log2(values.length) + 1;
  return Math.max(1, Math.ceil(count));
}

function binEdges(
  values: ArrayLike<number>,
  { bins = "freedman-diaconis", range }: HistogramOptions,
): Float64Array {
  if (typeof bins === "object") {
    if (range !== undefined)
      throw badArgument("range", `[${range.join(", ")}] with edges`, "no range when edges are given");
    for (let i = 0; i < bins.length; i++) {
      if (!(Number.isFinite(bins[i]) && (i === 0 || bins[i] > bins[i - 1])))
        throw badArgument("bins", bins[i], "ascending edges");
    }
    if (bins.length < 2) throw badArgument("bins", `${bins.length} edges`, "at least 2 edges");
    return Float64Array.from(bins);
  }
  let [low, high] = range ?? extent(values);
  if (!(Number.isFinite(high - low) && low <= high))
    throw badArgument("range", `[${low}, ${high}]`, "ascending finite values");
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  if (typeof bins === "string" && bins !== "freedman-diaconis") {
    throw badArgument("bins", bins, 'a number of bins, edges, or "freedman-diaconis"');
  }
  const count = typeof bins === "number" ? bins : freedmanDiaconis(values, high - low);
  checkInteger("bins", count, 1);
  if (count > 1e7)
    throw badArgument("bins", count, "at most 1e7 bins; one far value makes Freedman-Diaconis ask for many");
  return Float64Array.from({ length: count + 1 }, (_, k) =>
    k === count ? high : low + ((high - low) * k) / count,
  );
}

function extent(values: ArrayLike<number>): [number, number] {
  let [low, high] = [values[0], values[0]];
  for (let i = 1; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return [low, high];
}

/** The last edge that is not above `value`. */
function findBin(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (edges[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}
