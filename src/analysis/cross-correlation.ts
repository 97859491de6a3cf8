/** Cross-correlation histogram of two binned spike trains. */
import { type BinnedSpikeTrains, checkRow } from "./binned-spike-trains.js";
import { badArgument, checkAllFinite } from "./checks.js";

/** What to compute. The steps are applied in this order: border correction, smoothing, coefficient (as Elephant does). */
export interface CrossCorrelationOptions {
  /** smallest and largest lag in bins; default: all, -(binCount - 1) to binCount - 1 */
  readonly lags?: readonly [number, number];
  /** multiply lag b by L / (L - |b|), with L bins, for what the borders cut off; default false */
  readonly borderCorrection?: boolean;
  /** smoothing weights, scaled to sum 1; no longer than the histogram */
  readonly kernel?: ArrayLike<number>;
  /** turn counts into correlation coefficients in [-1, 1] (Elephant's `cross_correlation_coefficient`); default false */
  readonly coefficient?: boolean;
}

/** A histogram over lags. */
export interface CrossCorrelation {
  /** bins; positive where the second train follows the first */
  readonly lags: Int32Array;
  /** the same in ms: centres of the bins */
  readonly times: Float64Array;
  /** pairs of spikes at that lag, or what they were turned into */
  readonly values: Float64Array;
}

/**
 * Cross-correlation histogram of rows `first` and `second`: C(lag) = sum over bins t of b_first(t) b_second(t + lag)
 * (Elephant's `cross_correlation_histogram`). The same row twice gives the autocorrelation.
 * @throws SynfireError "bad-argument" for a row, range of lags or kernel that is not allowed
 */
export function crossCorrelationHistogram(
  binned: BinnedSpikeTrains,
  first: number,
  second: number,
  options: CrossCorrelationOptions = {},
): CrossCorrelation {
  checkRow(binned, "first", first);
  checkRow(binned, "second", second);
  const { binCount, binWidth } = binned;
  const [from, to] = options.lags ?? [1 - binCount, binCount - 1];
  if (!(Number.isInteger(from) && Number.isInteger(to) && from <= to && from > -binCount && to < binCount)) {
    throw badArgument(
      "lags",
      `[${from}, ${to}]`,
      `integers in ascending order, less than ${binCount} bins either way`,
    );
  }
  const lags = Int32Array.from({ length: to - from + 1 }, (_, i) => from + i);
  let values = countPairs(binned, first, second, from, to);
  if (options.borderCorrection)
    values = values.map((v, i) => (v * binCount) / (binCount - Math.abs(lags[i])));
  if (options.kernel !== undefined) values = smooth(values, options.kernel);
  if (options.coefficient) {
    const [a, b] = [rowSums(binned, first), rowSums(binned, second)];
    const scale = Math.sqrt((a.squares - a.total ** 2 / binCount) * (b.squares - b.total ** 2 / binCount));
    values = values.map((v) => (v - (a.total * b.total) / binCount) / scale);
  }
  return { lags, times: Float64Array.from(lags, (lag) => lag * binWidth), values };
}

/**
 * Autocorrelation histogram of a row: the cross-correlation histogram with itself.
 * @throws SynfireError "bad-argument" as crossCorrelationHistogram
 */
export function autocorrelationHistogram(
  binned: BinnedSpikeTrains,
  row: number,
  options: CrossCorrelationOptions = {},
): CrossCorrelation {
  return crossCorrelationHistogram(binned, row, row, options);
}

function countPairs(
  binned: BinnedSpikeTrains,
  first: number,
  second: number,
  from: number,
  to: number,
): Float64Array {
  const { offsets, bins, counts } = binned;
  const values = new Float64Array(to - from + 1);
  const end = offsets[second + 1];
  let low = offsets[second];
  for (let a = offsets[first]; a < offsets[first + 1]; a++) {
    const origin = bins[a] + from;
    while (low < end && bins[low] < origin) low++;
    for (let b = low; b < end && bins[b] <= bins[a] + to; b++)
      values[bins[b] - origin] += counts[a] * counts[b];
  }
  return values;
}

/** Convolution with a kernel of unit sum, cut to the middle (NumPy's mode "same"). */
function smooth(values: Float64Array, kernel: ArrayLike<number>): Float64Array {
  checkAllFinite("kernel", kernel);
  if (kernel.length === 0 || kernel.length > values.length) {
    throw badArgument("kernel", `${kernel.length} long`, `1 to ${values.length} weights`);
  }
  let sum = 0;
  for (let k = 0; k < kernel.length; k++) sum += kernel[k];
  if (!(sum > 0)) throw badArgument("kernel", `weights that sum to ${sum}`, "a sum above 0");
  const middle = (kernel.length - 1) >> 1;
  return values.map((_, i) => {
    let smoothed = 0;
    for (let k = 0; k < kernel.length; k++) smoothed += kernel[k] * (values[i + middle - k] ?? 0);
    return smoothed / sum;
  });
}

function rowSums({ offsets, counts }: BinnedSpikeTrains, row: number): { total: number; squares: number } {
  let total = 0;
  let squares = 0;
  for (let k = offsets[row]; k < offsets[row + 1]; k++) {
    total += counts[k];
    squares += counts[k] ** 2;
  }
  return { total, squares };
}
