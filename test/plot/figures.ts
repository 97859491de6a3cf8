/** One small figure of every kind, on fixed data. */
import {
  distributionLines,
  type Figure,
  heatmap,
  histogramPlot,
  lines,
  raster,
  rateOverTime,
  stack,
  timers,
  traces,
  violins,
} from "../../src/plot/index.js";

/** Numbers between 0 and 1 that are the same everywhere. */
export function numbers(count: number, seed = 1): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  });
}

export const populations = [
  { name: "E", ids: Array.from({ length: 8 }, (_, k) => k + 1) },
  { name: "I", ids: Array.from({ length: 4 }, (_, k) => k + 9) },
];

/** 60 spikes of 12 neurons between 0 and 100 ms on a grid of 0.1 ms. */
export const spikes = {
  senders: numbers(60).map((u) => 1 + Math.floor(12 * u)),
  times: numbers(60, 2).map((u) => Math.ceil(1000 * u) / 10),
};

const small = { width: 320, height: 220 };
const window = { start: 0, stop: 100 };
const times = Array.from({ length: 40 }, (_, k) => k);
const samples = [
  { name: "E", values: numbers(30, 3).map((u) => 0.5 + u) },
  { name: "I", values: [...numbers(20, 4), Number.NaN] },
];

/** By the name of their snapshot. */
export const figures: Readonly<Record<string, Figure>> = {
  raster: raster(spikes, { populations, ...window, fraction: { E: 0.5 }, ...small, title: "Spikes" }),
  "raster-density": raster(spikes, { populations, ...window, ...small, marksLimit: 10 }),
  rate: rateOverTime(spikes, { populations, ...window, binWidth: 10, ...small }),
  stack: stack(
    [
      raster(spikes, { populations, ...window, ...small }),
      rateOverTime(spikes, { populations, ...window, binWidth: 20, ...small, height: 150 }),
    ],
    { title: "Spikes and rates" },
  ),
  histogram: histogramPlot([1, 2, 2, 3, 3, 3, 4, 4, 9], { ...small, xLabel: "rate (spikes/s)" }),
  "histogram-two": histogramPlot(samples, { ...small, bins: 8, normalize: "density" }),
  violins: violins(samples, { ...small, yLabel: "correlation" }),
  "violins-split": violins(samples, { ...small, split: true, yLabel: "CV", bounds: [0, Infinity] }),
  traces: traces(
    [
      { name: "neuron 1", values: times.map((t) => -70 + (t % 20)), spikes: [20] },
      { name: "neuron 2", values: times.map((t) => -65 + (t % 7)) },
    ],
    { ...small, height: 260, times, threshold: -50 },
  ),
  timers: timers(
    [
      { name: "create", seconds: 0.01 },
      { name: "simulate", seconds: 2.5 },
    ],
    { ...small, height: 130, caption: "One second of biological time." },
  ),
  "timers-stacked": timers(
    ["rank 0", "rank 1"].flatMap((run, k) => [
      { run, name: "connect", seconds: 1 + k },
      { run, name: "simulate", seconds: 2 },
    ]),
    { ...small, height: 150 },
  ),
  distributions: distributionLines(
    [
      { name: "seed 1", group: "Synfire", values: numbers(20, 5) },
      { name: "seed 2", group: "Synfire", values: numbers(20, 6) },
      { name: "reference", values: numbers(20, 7), dashed: true },
    ],
    { ...small, style: "steps", bins: 10, xLabel: "rate (spikes/s)" },
  ),
  lines: lines(
    [1, 2].map((ranks) => ({
      name: `${ranks} ranks`,
      x: [1, 10, 100, 1000],
      y: [0.4, 0.5, 0.9, 2 * ranks],
      low: [0.3, 0.45, 0.9, 1.5 * ranks],
      high: [0.6, 0.55, 0.9, 3 * ranks],
    })),
    { ...small, xScale: "log", xLabel: "scale", yLabel: "real-time factor" },
  ),
  "lines-log": lines([{ name: "construction", x: [3, 1, 2], y: [0.39, 0.22, 0.31] }], {
    ...small,
    yScale: "log",
    xLabel: "ranks",
    yLabel: "construction (s)",
  }),
  heatmap: heatmap(
    [
      [1, 0.2, -0.1],
      [0.2, 1, 0.05],
      [-0.1, 0.05, 1],
    ],
    { ...small, omitDiagonal: true, valueLabel: "correlation" },
  ),
};
