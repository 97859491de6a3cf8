/** The firing rate as a function of time: each spike is replaced by a kernel. */
import { checkAllFinite } from "./checks.js";
import { type KernelOptions, smoothingKernel } from "./smoothing-kernel.js";
import { binTimes, countBins, type TimeWindow } from "./time-window.js";

/** A quantity sampled at regular times. */
export interface TimeSeries {
  /** ms */
  readonly times: Float64Array;
  /** one per time */
  readonly values: Float64Array;
}

/** Where to evaluate the rate and with which kernel. */
export interface InstantaneousRateOptions extends TimeWindow {
  /** ms between samples; must divide the window */
  readonly samplingPeriod: number;
  readonly kernel: KernelOptions;
  /** where tails are cut, in units of sigma; default 5, as in Elephant */
  readonly cutoff?: number;
  /** shift the kernel so that its median lies on the spike (Elephant's `center_kernel`); default false: causal stays causal */
  readonly centred?: boolean;
}

/**
 * Instantaneous rate by kernel estimation, r(t) = sum over spikes of k(t - t_i), evaluated at the exact spike times
 * (Elephant's `instantaneous_rate` first moves the spikes to the sampling grid; the two agree for fine sampling).
 * @param train - times in ms, in any order; spikes outside the window reach into it with their kernels
 * @returns Hz at start, start + samplingPeriod, ... (stop excluded)
 * @throws SynfireError "bad-argument" for a bad window, kernel or sampling period, or a time that is not finite
 */
export function instantaneousRate(train: ArrayLike<number>, options: InstantaneousRateOptions): TimeSeries {
  const { start, samplingPeriod, cutoff = 5, centred = false } = options;
  checkAllFinite("train", train);
  const count = countBins(options, samplingPeriod, "samplingPeriod");
  const kernel = smoothingKernel(options.kernel, cutoff);
  const shift = centred ? kernel.median : 0;
  const values = new Float64Array(count);
  for (let i = 0; i < train.length; i++) {
    const origin = train[i] - shift;
    const first = Math.max(0, Math.ceil((origin + kernel.from - start) / samplingPeriod));
    const last = Math.min(count - 1, Math.floor((origin + kernel.to - start) / samplingPeriod));
    for (let s = first; s <= last; s++)
      values[s] += 1000 * kernel.density(start + s * samplingPeriod - origin);
  }
  return { times: binTimes(start, samplingPeriod, count), values };
}
