/** Peri-stimulus time histogram: spikes aligned to events. */
import { badArgument, checkAllFinite, checkAscending } from "./checks.js";
import type { TimeSeries } from "./instantaneous-rate.js";
import { type HistogramOutput, normalise } from "./time-histogram.js";
import { binIndex, binTimes, countBins, type TimeWindow } from "./time-window.js";

/** A window relative to each event, e.g. { start: -50, stop: 200 }, and its bins. */
export interface PsthOptions extends TimeWindow {
  /** ms; must divide the window */
  readonly binWidth: number;
  /** default "rate"; "mean" and "rate" are per event and train */
  readonly output?: HistogramOutput;
}

/**
 * Peri-stimulus time histogram of one or more trains. A spike counts once for every event whose window holds it.
 * @param trains - ascending times in ms
 * @param events - times of the stimuli, ms, in any order
 * @returns left bin edges relative to the event in ms, and Hz, or counts as asked for
 * @throws SynfireError "bad-argument" for bad trains, events, window or width
 */
export function psth(
  trains: readonly ArrayLike<number>[],
  events: ArrayLike<number>,
  options: PsthOptions,
): TimeSeries {
  const { start, stop, binWidth, output = "rate" } = options;
  const values = new Float64Array(countBins(options, binWidth));
  const binOf = binIndex(options, binWidth);
  checkAllFinite("events", events);
  if (events.length === 0) throw badArgument("events", "empty", "at least one event");
  trains.forEach((train, row) => {
    checkAscending(`trains[${row}]`, train);
    for (let e = 0; e < events.length; e++) {
      // one bin early and late: the exact edges are binOf's business
      for (let i = lowerBound(train, events[e] + start - binWidth); i < train.length; i++) {
        const relative = train[i] - events[e];
        if (relative > stop + binWidth) break;
        const bin = binOf(relative);
        if (bin >= 0 && bin < values.length) values[bin]++;
      }
    }
  });
  normalise(values, output, trains.length * events.length, binWidth);
  return { times: binTimes(start, binWidth, values.length), values };
}

/** The first index whose time is not below `time`. */
function lowerBound(train: ArrayLike<number>, time: number): number {
  let low = 0;
  let high = train.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (train[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
