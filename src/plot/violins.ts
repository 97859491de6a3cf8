/**
 * Violins: smoothed distributions side by side, whole or as two halves, with their quartiles.
 */
import * as Plot from "@observablehq/plot";
import { kernelDensity } from "../analysis/kernel-density.js";
import { quantiles } from "../analysis/quantiles.js";
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

export interface ViolinGroup extends Sample {
  /** with `split`: the violin that this group is one half of; default: all groups share one */
  readonly category?: string;
}

export interface ViolinOptions extends FigureOptions {
  /** draw the two groups of a category as the left and the right half of one violin; default false */
  readonly split?: boolean;
  /** lines at the quartiles; default true */
  readonly quartiles?: boolean;
  /** label of the values, with their unit */
  readonly yLabel?: string;
  /** smallest and largest value of the axis; default: those that occur */
  readonly domain?: readonly [number, number];
  /** values that cannot be passed, e.g. [0, Infinity] for a CV; default: none */
  readonly bounds?: readonly [number, number];
  /** how far violins reach beyond the smallest and largest value, in bandwidths; default 2 */
  readonly reach?: number;
  /** the same area for all violins, or the same width; default "area" */
  readonly scale?: "area" | "width";
}

/** One violin, or half of one. */
export interface Violin {
  readonly name: string;
  readonly color: string;
  /** position along the axis, counted from 0 */
  readonly place: number;
  readonly side: "both" | "left" | "right";
  /** values, ascending, and how wide the violin is there: 0 to 1 */
  readonly points: Float64Array;
  readonly widths: Float64Array;
  readonly quartiles: readonly [number, number, number];
}

export interface ViolinFigure extends FigureBase<"violins"> {
  readonly yLabel: string;
  /** names below the axis, and where */
  readonly places: readonly { readonly name: string; readonly at: number }[];
  /** smallest and largest position along the axis */
  readonly extent: readonly [number, number];
  readonly violins: readonly Violin[];
  readonly showQuartiles: boolean;
  readonly domain: readonly [number, number];
}

/** half the width of the widest violin; places are 1 apart */
const halfWidth = 0.42;

/**
 * Violins of several samples: kernel density estimates with Scott's bandwidth.
 * @throws SynfireError "bad-argument" naming the key that is wrong
 */
export function violins(groups: readonly ViolinGroup[], options: ViolinOptions = {}): ViolinFigure {
  const {
    split = false,
    yLabel = "value",
    bounds = [-Infinity, Infinity],
    reach = 2,
    scale = "area",
  } = options;
  if (!(reach >= 0)) bad("reach", `must be a number of bandwidths, not ${reach}`);
  if (scale !== "area" && scale !== "width") bad("scale", `must be "area" or "width", not "${scale}"`);
  if (!(bounds[0] < bounds[1])) bad("bounds", "must be two numbers in ascending order");
  const samples = checkSamples("groups", groups);
  const categories = categoriesOf(groups, split);
  const shapes = samples.map((sample) => shapeOf(sample, bounds, reach));
  const peaks = shapes.map(({ density }) => Math.max(...density));
  const drawn = samples.map((sample, k): Violin => {
    const peak = scale === "width" ? peaks[k] : Math.max(...peaks);
    const place = split ? categories.indexOf(groups[k].category ?? "") : k;
    const first = groups.findIndex((group) => (group.category ?? "") === (groups[k].category ?? "")) === k;
    const [lower, median, upper] = quantiles(sample.values, [0.25, 0.5, 0.75]);
    return {
      name: sample.name,
      color: sample.color,
      place,
      side: !split ? "both" : first ? "left" : "right",
      points: shapes[k].points,
      widths: shapes[k].density.map((d) => d / peak),
      quartiles: [lower, median, upper],
    };
  });
  if (options.domain !== undefined) interval("domain", ...options.domain);
  const domain = options.domain ?? extentOf(shapes.map(({ points }) => ({ values: points })));
  const names = samples.filter((sample, k) => samples.findIndex(({ name }) => name === sample.name) === k);
  const pair = split && categories.length === 1 && categories[0] === "";
  const places = pair
    ? names.map(({ name }, k) => ({ name, at: k === 0 ? -halfWidth / 2 : halfWidth / 2 }))
    : categories.map((name, at) => ({ name, at }));
  const extent = [-0.5, categories.length - 0.5] as const;
  const legend = split && !pair ? names.map(({ name, color }) => ({ name, color })) : [];
  const tables = [
    summaryTable(
      yLabel,
      samples.map(({ name, values }, k) => ({
        name: [groups[k].category, name].filter(Boolean).join(" "),
        values,
      })),
    ),
  ];
  const remarks = [droppedRemark(samples)];
  const base = figureBase("violins", options, { width: 470, height: 320, legend, tables, remarks });
  return {
    ...base,
    yLabel,
    places,
    extent,
    violins: drawn,
    showQuartiles: options.quartiles ?? true,
    domain,
  };
}

/** Names along the axis. */
function categoriesOf(groups: readonly ViolinGroup[], split: boolean): readonly string[] {
  if (!split) return groups.map(({ name }) => name);
  const places = [...new Set(groups.map(({ category }) => category ?? ""))];
  for (const place of places) {
    const halves = groups.filter(({ category }) => (category ?? "") === place).length;
    if (halves !== 2) bad("split", `needs two groups per category, but "${place}" has ${halves}`);
  }
  return places;
}

/** The density, cut off at the bounds. Values that are all equal have none: they get a thin bump. */
function shapeOf({ values }: CheckedSample, [low, high]: readonly [number, number], reach: number) {
  const [least, most] = extentOf([{ values }]);
  const bandwidth = most > least ? "scott" : Math.max(1e-3, Math.abs(least) * 0.01);
  const { points, density } = kernelDensity(values, { bandwidth, reach, points: 120 });
  const inside = (_: number, k: number) => points[k] >= low && points[k] <= high;
  return { points: points.filter(inside), density: density.filter(inside) };
}

export function drawViolins(figure: ViolinFigure, frame: Frame): Element {
  const { places, yLabel, domain } = figure;
  return panel(
    frame,
    {
      label: "",
      domain: figure.extent,
      ticks: places.map(({ at }) => at),
      tickFormat: (tick) => places.find(({ at }) => at === tick)?.name ?? "",
      grid: false,
    },
    { label: yLabel, domain, nice: true },
    figure.violins.map((violin) => [
      shape(violin, domain),
      figure.showQuartiles ? quartileLines(violin, domain) : null,
    ]),
  );
}

function edgesAt(violin: Violin, width: number): { x1: number; x2: number } {
  const { place, side } = violin;
  return {
    x1: side === "right" ? place : place - width * halfWidth,
    x2: side === "left" ? place : place + width * halfWidth,
  };
}

function shape(violin: Violin, [low, high]: readonly [number, number]): Plot.Markish {
  const rows = Array.from(violin.points, (y, k) => ({ y, ...edgesAt(violin, violin.widths[k]) }));
  return Plot.areaX(
    rows.filter(({ y }) => y >= low && y <= high),
    {
      y: "y",
      x1: "x1",
      x2: "x2",
      fill: violin.color,
      fillOpacity: 0.6,
      stroke: violin.color,
      strokeWidth: 1.1,
    },
  );
}

function quartileLines(violin: Violin, [low, high]: readonly [number, number]): Plot.Markish {
  const lines = violin.quartiles
    .map((y, k) => ({ y, median: k === 1, ...edgesAt(violin, widthAt(violin, y)) }))
    .filter(({ y }) => y >= low && y <= high);
  const style = { y: "y", x1: "x1", x2: "x2", stroke: "currentColor" } as const;
  return [
    Plot.ruleY(
      lines.filter(({ median }) => median),
      { ...style, strokeWidth: 1.5 },
    ),
    Plot.ruleY(
      lines.filter(({ median }) => !median),
      { ...style, strokeWidth: 1, strokeDasharray: "3 2.5" },
    ),
  ];
}

/** Width of a violin at a value, interpolated. */
function widthAt({ points, widths }: Violin, value: number): number {
  const above = points.findIndex((point) => point >= value);
  if (above <= 0) return widths[0] ?? 0;
  const part = (value - points[above - 1]) / (points[above] - points[above - 1]);
  return widths[above - 1] + part * (widths[above] - widths[above - 1]);
}
