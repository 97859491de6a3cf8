/**
 * Histograms: bars for one sample, translucent steps for several.
 */
import * as Plot from "@observablehq/plot";
import { histogram } from "../analysis/histogram.js";
import { bad, figureBase, interval } from "./check.js";
import { type Frame, panel } from "./panel.js";
import { checkSamples, droppedRemark, extentOf, type Sample, summaryTable } from "./series.js";
import { formatNumber } from "./text.js";
import type { FigureBase, FigureOptions } from "./types.js";

export interface HistogramPlotOptions extends FigureOptions {
  /** number of bins, or their edges; default: the rule of Freedman and Diaconis, between 10 and 60, on the grid of the values if they have one */
  readonly bins?: number | ArrayLike<number>;
  /** smallest and largest value that is binned; default: those of all samples; not with edges */
  readonly range?: readonly [number, number];
  /** label of the values, with their unit */
  readonly xLabel?: string;
  /** counts, counts divided by the size of the sample, or density; default "count" */
  readonly normalize?: "count" | "fraction" | "density";
}

export interface HistogramFigure extends FigureBase<"histogram"> {
  readonly xLabel: string;
  readonly yLabel: string;
  /** one more than there are bins */
  readonly edges: Float64Array;
  /** a height per bin */
  readonly series: readonly {
    readonly name: string;
    readonly color: string;
    readonly heights: Float64Array;
  }[];
}

/**
 * A histogram of one sample, or of several on common bins.
 * @throws SynfireError "bad-argument" naming the key that is wrong
 */
export function histogramPlot(
  samples: ArrayLike<number> | readonly Sample[],
  options: HistogramPlotOptions = {},
): HistogramFigure {
  const checked = checkSamples("samples", samples);
  const { normalize = "count", xLabel = "value" } = options;
  if (!["count", "fraction", "density"].includes(normalize)) {
    bad("normalize", `must be "count", "fraction" or "density", not "${normalize}"`);
  }
  const edges = commonEdges(checked, options);
  let outside = 0;
  const series = checked.map(({ name, color, values }) => {
    const { counts, density, below, above } = histogram(values, { bins: edges });
    outside += below + above;
    const heights =
      normalize === "density"
        ? density
        : Float64Array.from(counts, (n) => (normalize === "count" ? n : n / values.length));
    return { name, color, heights };
  });
  const remarks = [
    droppedRemark(checked),
    outside === 0 ? "" : `${formatNumber(outside)} values lie outside of the bins.`,
  ];
  const legend = series.length > 1 ? series.map(({ name, color }) => ({ name, color })) : [];
  const tables = [summaryTable(xLabel, checked)];
  const base = figureBase("histogram", options, { width: 470, height: 320, legend, tables, remarks });
  return { ...base, xLabel, yLabel: normalize, edges, series };
}

function commonEdges(
  samples: readonly { values: Float64Array }[],
  options: HistogramPlotOptions,
): Float64Array {
  const { bins: asked } = options;
  if (typeof asked === "object") {
    if (options.range !== undefined) bad("range", "cannot be given together with edges");
    return histogram([], { bins: Float64Array.from(asked) }).edges;
  }
  const range = options.range ?? extentOf(samples);
  if (options.range !== undefined) interval("range", ...options.range);
  if (asked !== undefined) return histogram(range, { bins: asked, range }).edges;
  const all = Float64Array.from(samples.flatMap(({ values }) => Array.from(values)));
  const own = Math.min(60, Math.max(10, histogram(all, { range }).counts.length));
  const step = options.range === undefined ? gridOf(all) : undefined;
  if (step === undefined) return histogram(range, { bins: own, range }).edges;
  const width = Math.max(1, Math.round((range[1] - range[0]) / own / step)) * step;
  const bins = Math.floor((range[1] - range[0]) / width + 1e-6) + 1;
  return Float64Array.from({ length: bins + 1 }, (_, k) => range[0] - step / 2 + k * width);
}

/**
 * The step between values that lie on a grid, as rates do: a neuron fires a whole number of times. Bins that held sometimes one
 * step more than their neighbours would look like a comb.
 */
function gridOf(values: Float64Array): number | undefined {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  if (sorted.length < 2 || sorted.length > 1000) return undefined;
  const gaps = sorted.slice(1).map((value, k) => value - sorted[k]);
  const step = gaps.reduce(
    (least, gap) => (gap > 1e-9 ? Math.min(least, gap) : least),
    Number.POSITIVE_INFINITY,
  );
  const offGrid = gaps.some((gap) => Math.abs(gap / step - Math.round(gap / step)) > 1e-3);
  return offGrid || (sorted[sorted.length - 1] - sorted[0]) / step > 1e4 ? undefined : step;
}

export function drawHistogram(figure: HistogramFigure, frame: Frame): Element {
  const { edges, series, xLabel, yLabel } = figure;
  const highest = Math.max(...series.map(({ heights }) => Math.max(...heights)));
  const marks =
    series.length === 1
      ? [bars(edges, series[0].heights, series[0].color)]
      : series.map(({ heights, color }) => outline(edges, heights, color));
  const span = edges[edges.length - 1] - edges[0];
  return panel(
    frame,
    { label: xLabel, domain: [edges[0] - 0.02 * span, edges[edges.length - 1] + 0.02 * span], grid: false },
    { label: yLabel, domain: [0, highest > 0 ? highest * 1.03 : 1], nice: true },
    marks,
  );
}

function bars(edges: Float64Array, heights: Float64Array, color: string): Plot.Markish {
  const data = Array.from(heights, (y, k) => ({ x1: edges[k], x2: edges[k + 1], y })).filter(
    ({ y }) => y > 0,
  );
  return Plot.rect(data, {
    x1: "x1",
    x2: "x2",
    y1: 0,
    y2: "y",
    fill: color,
    fillOpacity: 0.85,
    insetLeft: 0.5,
    insetRight: 0.5,
  });
}

/** Steps around a histogram, closed at both ends, over a tint. */
function outline(edges: Float64Array, heights: Float64Array, color: string): Plot.Markish {
  const corners = [[edges[0], 0]];
  heights.forEach((y, k) => {
    corners.push([edges[k], y], [edges[k + 1], y]);
  });
  corners.push([edges[heights.length], 0]);
  return [
    Plot.area(corners, {
      x1: (d: number[]) => d[0],
      y1: 0,
      y2: (d: number[]) => d[1],
      fill: color,
      fillOpacity: 0.22,
    }),
    Plot.line(corners, { stroke: color, strokeWidth: 1.4, strokeLinejoin: "miter" }),
  ];
}
