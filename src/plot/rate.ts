/**
 * The rate of populations over time, as steps.
 */
import * as Plot from "@observablehq/plot";
import { binIndex, countBins, type TimeWindow } from "../analysis/time-window.js";
import { checkSpikes, figureBase, positive, timeWindow } from "./check.js";
import { populationsOf, rowFinder } from "./neurons.js";
import { type Frame, panel } from "./panel.js";
import { formatNumber } from "./text.js";
import { colorOf } from "./theme.js";
import type { FigureBase, FigureOptions, Population, Spikes } from "./types.js";

export interface RateOptions extends FigureOptions {
  /** one line each; default: one of all neurons that fired */
  readonly populations?: readonly Population[];
  /** ms; must divide the window into whole bins; default 5 */
  readonly binWidth?: number;
  /** start of the window in ms, itself not included; default 0 */
  readonly start?: number;
  /** end of the window in ms, included; default: the end of the bin with the last spike */
  readonly stop?: number;
  /** smallest and largest rate of the axis in spikes/s; default: from 0 to above the largest */
  readonly domain?: readonly [number, number];
}

export interface RateFigure extends FigureBase<"rate"> {
  /** ms */
  readonly start: number;
  /** ms */
  readonly stop: number;
  /** ms */
  readonly binWidth: number;
  readonly series: readonly {
    readonly name: string;
    readonly color: string;
    /** spikes/s per neuron in every bin */
    readonly rates: Float64Array;
  }[];
  readonly domain?: readonly [number, number];
}

/**
 * Mean rate per neuron (spikes/s) of every population in bins of time.
 * @throws SynfireError "bad-argument" naming the key that is wrong
 */
export function rateOverTime(spikes: Spikes, options: RateOptions = {}): RateFigure {
  checkSpikes(spikes);
  const binWidth = positive("binWidth", options.binWidth ?? 5);
  const [start, last] = timeWindow(spikes.times, options.start, options.stop);
  const stop = options.stop ?? start + Math.ceil((last - start) / binWidth - 1e-6) * binWidth;
  const populations = populationsOf(spikes, options.populations);
  const counts = countByPopulation(spikes, populations, { start, stop, closed: "right" }, binWidth);
  const series = populations.map((population, k) => ({
    name: population.name,
    color: colorOf(population, k),
    rates: Float64Array.from(counts[k], (n) => (1000 * n) / (population.ids.length * binWidth)),
  }));
  const rows = series.map(({ name, rates }) => {
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    return [name, formatNumber(mean), formatNumber(Math.min(...rates)), formatNumber(Math.max(...rates))];
  });
  const columns = ["population", "mean rate (spikes/s)", "lowest bin", "highest bin"];
  const tables = [{ title: `Rate in bins of ${formatNumber(binWidth)} ms`, columns, rows }];
  const legend = series.length > 1 ? series.map(({ name, color }) => ({ name, color })) : [];
  const base = figureBase("rate", options, { width: 960, height: 260, legend, tables });
  return { ...base, start, stop, binWidth, series, domain: options.domain };
}

function countByPopulation(
  spikes: Spikes,
  populations: readonly Population[],
  window: TimeWindow,
  binWidth: number,
): readonly Uint32Array[] {
  const bins = countBins(window, binWidth);
  const binOf = binIndex(window, binWidth);
  const lists = populations.map((population) => population.ids);
  const populationOfRow = Uint16Array.from(lists.flatMap((ids, k) => new Array<number>(ids.length).fill(k)));
  const find = rowFinder(lists, spikes.times.length);
  const counts = lists.map(() => new Uint32Array(bins));
  for (let k = 0; k < spikes.times.length; k++) {
    const bin = binOf(spikes.times[k]);
    if (!(bin >= 0 && bin < bins)) continue;
    const row = find(spikes.senders[k]);
    if (row >= 0) counts[populationOfRow[row]][bin]++;
  }
  return counts;
}

export function drawRate(figure: RateFigure, frame: Frame): Element {
  const { start, stop, binWidth, series } = figure;
  const highest = Math.max(...series.map(({ rates }) => rates.reduce((a, b) => Math.max(a, b), 0)));
  const domain = figure.domain ?? [0, highest > 0 ? highest * 1.04 : 1];
  const lines = series.map(({ color, rates }) =>
    Plot.line(
      Array.from({ length: rates.length + 1 }, (_, k) => [
        start + k * binWidth,
        rates[Math.min(k, rates.length - 1)],
      ]),
      {
        curve: "step-after",
        stroke: color,
        strokeWidth: series.length > 4 ? 1 : 1.25,
        strokeLinejoin: "miter",
      },
    ),
  );
  const nice = figure.domain === undefined;
  return panel(
    frame,
    { label: "time (ms)", domain: [start, stop] },
    { label: "rate (spikes/s)", domain, nice },
    lines,
  );
}
