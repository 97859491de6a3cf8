/** Power spectral density by Welch's method, and that of the population rate. */
import { badArgument, checkPositive, checkSample } from "./checks.js";
import { fft, isPowerOfTwo } from "./fft.js";
import type { SpikeData } from "./spike-data.js";
import { type TimeHistogramOptions, timeHistogram } from "./time-histogram.js";

/** How to cut the signal into segments. */
export interface SpectrumOptions {
  /** ms between samples */
  readonly samplingInterval: number;
  /** samples per segment, a power of two; default: an eighth of the signal, but at least 256 if there are as many */
  readonly segmentLength?: number;
  /** part of a segment that it shares with the next, in [0, 1); default 0.5 */
  readonly overlap?: number;
}

/** A one-sided power spectral density. */
export interface PowerSpectrum {
  /** Hz, 0 to half the sampling rate */
  readonly frequencies: Float64Array;
  /** unit of the signal squared per Hz */
  readonly density: Float64Array;
  /** segments averaged; a last, shorter piece of the signal has no segment */
  readonly segmentCount: number;
}

/**
 * Welch's estimate (Welch 1967, doi 10.1109/TAU.1967.1161901): mean periodogram of overlapping segments, each with its mean
 * removed and a periodic Hann window; the same numbers as `scipy.signal.welch` with its default window and scaling.
 * @param signal - regular samples
 * @throws SynfireError "bad-argument" for an empty signal, a segment that is no power of two or too long, or a bad overlap
 */
export function powerSpectrum(signal: ArrayLike<number>, options: SpectrumOptions): PowerSpectrum {
  const { samplingInterval, overlap = 0.5 } = options;
  checkSample("signal", signal);
  checkPositive("samplingInterval", samplingInterval);
  const length = options.segmentLength ?? defaultLength(signal.length);
  if (!isPowerOfTwo(length) || length < 2 || length > signal.length) {
    throw badArgument(
      "segmentLength",
      length,
      `a power of two from 2 to the length of the signal (${signal.length})`,
    );
  }
  if (!(overlap >= 0 && overlap < 1)) throw badArgument("overlap", overlap, "0 up to, not including, 1");
  const hop = length - Math.floor(overlap * length);
  const segmentCount = Math.floor((signal.length - length) / hop) + 1;
  const window = Float64Array.from({ length }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / length));
  const power = new Float64Array(length / 2 + 1);
  for (let s = 0; s < segmentCount; s++) addPeriodogram(power, signal, s * hop, window);

  const samplingRate = 1000 / samplingInterval;
  let windowPower = 0;
  for (const w of window) windowPower += w * w;
  const scale = 1 / (samplingRate * windowPower * segmentCount);
  // all but the first and last frequency also stand for their negative
  const density = power.map((p, k) => p * scale * (k === 0 || k === length / 2 ? 1 : 2));
  const frequencies = density.map((_, k) => (k * samplingRate) / length);
  return { frequencies, density, segmentCount };
}

/**
 * Power spectral density of the rate of a population, from spikes counted in bins.
 * @param source - recorded spikes (with `trainCount`) or trains
 * @returns density in Hz^2 / Hz of the rate per neuron
 * @throws SynfireError "bad-argument" as timeHistogram and powerSpectrum
 */
export function rateSpectrum(
  source: SpikeData | readonly ArrayLike<number>[],
  options: Omit<TimeHistogramOptions, "output"> & Omit<SpectrumOptions, "samplingInterval">,
): PowerSpectrum {
  const rate = timeHistogram(source, { ...options, output: "rate" });
  return powerSpectrum(rate.values, { ...options, samplingInterval: options.binWidth });
}

function defaultLength(samples: number): number {
  const longest = 2 ** Math.floor(Math.log2(samples));
  return Math.max(Math.min(longest, 256), 2 ** Math.floor(Math.log2(samples / 8)));
}

/** Adds |X_k|^2 of one segment to `power`. */
function addPeriodogram(
  power: Float64Array,
  signal: ArrayLike<number>,
  from: number,
  window: Float64Array,
): void {
  const length = window.length;
  let mean = 0;
  for (let i = 0; i < length; i++) mean += signal[from + i] / length;
  const real = window.map((w, i) => w * (signal[from + i] - mean));
  const imaginary = new Float64Array(length);
  fft(real, imaginary);
  for (let k = 0; k < power.length; k++) power[k] += real[k] ** 2 + imaginary[k] ** 2;
}
