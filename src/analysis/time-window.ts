/** The stretch of time that a statistic looks at, and which of its two ends belongs to it. */
import { badArgument, checkFinite, checkPositive } from "./checks.js";

/**
 * A stretch of time in ms. By default it is [start, stop), and its bins are closed on the left, as in Elephant and NumPy.
 * A spike of NEST stamped t happened in the step that ends at t, so NEST's recorders use (start, stop]:
 * `closed: "right"` counts whole steps, including the last step of a simulation.
 */
export interface TimeWindow {
  /** ms */
  readonly start: number;
  /** ms, after `start` */
  readonly stop: number;
  /** the end that belongs to the window and to each bin; default "left" */
  readonly closed?: "left" | "right";
}

/**
 * Slack for times that are multiples of a step only up to rounding, e.g. 3 * 0.1 > 0.3: a fraction of the bin width
 * when binning, ms otherwise. Elephant's BinnedSpikeTrain has the same value.
 */
export const TOLERANCE = 1e-8;

/** Throws a SynfireError ("bad-argument") unless start and stop are finite, start < stop, and closed is known. */
export function checkWindow(window: TimeWindow): void {
  checkFinite("start", window.start);
  checkFinite("stop", window.stop);
  if (window.stop <= window.start)
    throw badArgument("stop", window.stop, `a time after start (${window.start} ms)`);
  const { closed } = window;
  if (closed !== undefined && closed !== "left" && closed !== "right") {
    throw badArgument("closed", closed, '"left" or "right"');
  }
}

/**
 * Membership in a window as a half-open interval [low, high) of times, ready for a fast loop.
 * The slack moves both ends to the same side, so that adjacent windows share no spike and lose none.
 */
export function windowBounds(window: TimeWindow): { readonly low: number; readonly high: number } {
  checkWindow(window);
  const shift = window.closed === "right" ? TOLERANCE : -TOLERANCE;
  return { low: window.start + shift, high: window.stop + shift };
}

/**
 * The number of bins of a window.
 * @param key - what the width is called in the error
 * @throws SynfireError "bad-argument" if the window is not a whole number of bins
 */
export function countBins(window: TimeWindow, width: number, key = "binWidth"): number {
  checkWindow(window);
  checkPositive(key, width);
  const exact = (window.stop - window.start) / width;
  const count = Math.round(exact);
  if (count < 1 || Math.abs(exact - count) > 1e-6) {
    const allowed = `a width that divides the window (${window.start} to ${window.stop} ms) into whole bins`;
    throw badArgument(key, `${width} ms`, allowed);
  }
  return count;
}

/** A function from a time in ms to its bin: negative or at least the number of bins if the time is outside the window. */
export function binIndex(window: TimeWindow, binWidth: number): (time: number) => number {
  const { start } = window;
  return window.closed === "right"
    ? (time) => Math.ceil((time - start) / binWidth - TOLERANCE) - 1
    : (time) => Math.floor((time - start) / binWidth + TOLERANCE);
}

/** The left edges of the bins, ms. */
export function binTimes(start: number, binWidth: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => start + i * binWidth);
}
