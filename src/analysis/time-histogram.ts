/** Spikes of a population per time bin. */
import { binSpikes } from "./binned-spike-trains.js";
import { badArgument, checkInteger } from "./checks.js";
import type { TimeSeries } from "./instantaneous-rate.js";
import { checkSpikeData, type SpikeData } from "./spike-data.js";
import { binIndex, binTimes, countBins, type TimeWindow } from "./time-window.js";

/** What the values of a histogram are: spikes, spikes per train, or spikes per train and second. */
export type HistogramOutput = "counts" | "mean" | "rate";

/** Bins and normalisation of a time histogram. */
export interface TimeHistogramOptions extends TimeWindow {
  /** ms; must divide the window */
  readonly binWidth: number;
  /** default "counts" */
  readonly output?: HistogramOutput;
  /** count a train at most once per bin; needs trains; default false */
  readonly binary?: boolean;
  /** number of neurons behind SpikeData, silent ones included; needed there for "mean" and "rate" */
  readonly trainCount?: number;
}

/**
 * Histogram of spike times across trains (Elephant's `time_histogram`), from trains or straight from recorded spikes.
 * @param source - trains (ascending, ms) or recorded spikes
 * @returns left bin edges in ms, and counts, counts per train, or Hz per train
 * @throws SynfireError "bad-argument" for a bad window or width, or if the number of trains is needed and missing
 */
export function timeHistogram(
  source: SpikeData | readonly ArrayLike<number>[],
  options: TimeHistogramOptions,
): TimeSeries {
  const { start, binWidth, output = "counts", binary = false } = options;
  const values = new Float64Array(countBins(options, binWidth));
  let trainCount = options.trainCount;
  if ("senders" in source) {
    if (binary) throw badArgument("binary", "true with recorded spikes", "false, or trains from spikeTrains");
    addTimes(values, source, options);
  } else {
    const binned = binSpikes(source, { ...options, clip: binary });
    for (let k = 0; k < binned.bins.length; k++) values[binned.bins[k]] += binned.counts[k];
    trainCount ??= source.length;
  }
  normalise(values, output, trainCount, binWidth);
  return { times: binTimes(start, binWidth, values.length), values };
}

function addTimes(values: Float64Array, data: SpikeData, options: TimeHistogramOptions): void {
  checkSpikeData(data);
  const binOf = binIndex(options, options.binWidth);
  for (let k = 0; k < data.times.length; k++) {
    const bin = binOf(data.times[k]);
    if (bin >= 0 && bin < values.length) values[bin]++;
    else if (!Number.isFinite(data.times[k]))
      throw badArgument(`times[${k}]`, data.times[k], "finite times (ms)");
  }
}

/**
 * Turns counts over `trainCount` trains into the output that was asked for, in place.
 * @throws SynfireError "bad-argument" for an unknown output or a missing number of trains
 */
export function normalise(
  values: Float64Array,
  output: HistogramOutput,
  trainCount: number | undefined,
  binWidth: number,
): void {
  if (output === "counts") return;
  if (output !== "mean" && output !== "rate")
    throw badArgument("output", output satisfies never, "counts, mean, rate");
  if (trainCount === undefined)
    throw badArgument("trainCount", trainCount, 'the number of neurons, for "mean" and "rate"');
  checkInteger("trainCount", trainCount, 1);
  const divisor = trainCount * (output === "rate" ? binWidth / 1000 : 1);
  for (let i = 0; i < values.length; i++) values[i] /= divisor;
}
