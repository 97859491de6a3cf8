/**
 * Distributions as lines, for many samples at once: one per seed, say, with a reference among them.
 */
import * as Plot from "@observablehq/plot";
import { histogram } from "../analysis/histogram.js";
import { kernelDensity } from "../analysis/kernel-density.js";
import { bad, figureBase, interval } from "./check.js";
import { type Frame, panel } from "./panel.js";
import {
  type CheckedSample,
  checkSamples,
  droppedRemark,
  extentOf,
  type Sample,
  summaryTable,
} from "./series.js";
import type { FigureBase, FigureOptions } from "./types.js";

export interface DistributionSample extends Sample {
  /** samples of a group share a colour and an entry in the legend; default: the sample's own name */
  readonly group?: string;
  /** draw as a dashed line, e.g. a reference; default false */
  readonly dashed?: boolean;
}

export interface DistributionOptions extends FigureOptions {
  /** kernel density estimate, histogram with unit area, or cumulative fraction; default "density" */
  readonly style?: "density" | "steps" | "cumulative";
  /** label of the values, with their unit */
  readonly xLabel?: string;
  /** smallest and largest value of the axis; default: those of all samples */
  readonly domain?: readonly [number, number];
  /** number of bins of "steps"; default 40 */
  readonly bins?: number;
}

export interface DistributionFigure extends FigureBase<"distributions"> {
  readonly style: "density" | "steps" | "cumulative";
  readonly xLabel: string;
  readonly domain: readonly [number, number];
  readonly lines: readonly {
    readonly name: string;
    readonly color: string;
    readonly dashed: boolean;
    /** x and y of the line's points */
    readonly x: Float64Array;
    readonly y: Float64Array;
  }[];
}

/**
 * Distributions of several samples as lines in one pair of axes.
 * @throws SynfireError "bad-argument" naming the key that is wrong
 */
export function distributionLines(
  samples: readonly DistributionSample[],
  options: DistributionOptions = {},
): DistributionFigure {
  const { style = "density", xLabel = "value", bins = 40 } = options;
  if (!["density", "steps", "cumulative"].includes(style)) {
    bad("style", `must be "density", "steps" or "cumulative", not "${style}"`);
  }
  const groups = [...new Set(samples.map((sample) => sample.group ?? sample.name))];
  const checked = checkSamples("samples", samples).map((sample, k) => {
    const group = samples[k].group ?? sample.name;
    if (samples[k].color !== undefined) return sample;
    return {
      ...sample,
      color: checkSamples(
        "samples",
        groups.map((name) => ({ name, values: [0] })),
      )[groups.indexOf(group)].color,
    };
  });
  const domain = options.domain === undefined ? paddedExtent(checked) : interval("domain", ...options.domain);
  const lines = checked.map((sample, k) => ({
    name: sample.name,
    color: sample.color,
    dashed: samples[k].dashed ?? false,
    ...lineOf(sample, style, domain, bins),
  }));
  const firstOf = (group: string) => samples.findIndex((sample) => (sample.group ?? sample.name) === group);
  const legend = groups.map((name) => ({
    name,
    color: lines[firstOf(name)].color,
    dashed: lines[firstOf(name)].dashed,
  }));
  const tables = [summaryTable(xLabel, checked)];
  const remarks = [droppedRemark(checked)];
  const base = figureBase("distributions", options, { width: 470, height: 320, legend, tables, remarks });
  return { ...base, style, xLabel, domain, lines };
}

function paddedExtent(samples: readonly CheckedSample[]): readonly [number, number] {
  const [low, high] = extentOf(samples);
  const pad = high > low ? 0.05 * (high - low) : 0.5;
  return [low - pad, high + pad];
}

function lineOf(
  { values }: CheckedSample,
  style: DistributionFigure["style"],
  domain: readonly [number, number],
  bins: number,
) {
  if (style === "cumulative") return cumulative(values, domain);
  if (style === "steps") {
    const { edges, density } = histogram(values, { bins, range: domain });
    const y = Float64Array.from(edges, (_, k) => density[Math.min(k, density.length - 1)]);
    return { x: edges, y };
  }
  const [low, high] = domain;
  const points = Float64Array.from({ length: 201 }, (_, k) => low + ((high - low) * k) / 200);
  const [least, most] = extentOf([{ values }]);
  const bandwidth = most > least ? "scott" : (high - low) / 200;
  return { x: points, y: kernelDensity(values, { points, bandwidth }).density };
}

/** Fraction of values at or below x, at no more than 400 of the values. */
function cumulative(values: Float64Array, [low, high]: readonly [number, number]) {
  const sorted = values.slice().sort();
  const stride = Math.max(1, Math.ceil(sorted.length / 400));
  const [x, y]: [number[], number[]] = [
    [low],
    [sorted.filter((value) => value < low).length / sorted.length],
  ];
  for (let k = 0; k < sorted.length; k += stride) {
    if (sorted[k] < low || sorted[k] > high) continue;
    x.push(sorted[k]);
    y.push((k + 1) / sorted.length);
  }
  x.push(high);
  y.push(sorted.filter((value) => value <= high).length / sorted.length);
  return { x: Float64Array.from(x), y: Float64Array.from(y) };
}

const yLabels = {
  density: "probability density",
  steps: "probability density",
  cumulative: "cumulative fraction",
};

export function drawDistributions(figure: DistributionFigure, frame: Frame): Element {
  const { style, domain, lines } = figure;
  const highest = Math.max(...lines.map(({ y }) => Math.max(...y)));
  const many = lines.length > 6;
  return panel(
    frame,
    { label: figure.xLabel, domain, grid: false },
    {
      label: yLabels[style],
      domain: [0, style === "cumulative" ? 1 : highest * 1.04],
      nice: style !== "cumulative",
    },
    lines.map(({ x, y, color, dashed }) =>
      Plot.line(x, {
        x,
        y,
        stroke: color,
        strokeWidth: many ? 1 : 1.5,
        strokeOpacity: many && !dashed ? 0.75 : 1,
        curve: style === "density" ? "linear" : "step-after",
        ...(dashed ? { strokeDasharray: "5 3" } : {}),
      }),
    ),
  );
}
