/**
 * Lines through measured points, with error bars, on linear or logarithmic axes: how a time grows with a size, say.
 */
import * as Plot from "@observablehq/plot";
import { bad, figureBase, nonEmpty } from "./check.js";
import { type Axis, type Frame, panel } from "./panel.js";
import { formatNumber } from "./text.js";
import { colorOf } from "./theme.js";
import type { FigureBase, FigureOptions } from "./types.js";

export interface LineSeries {
  readonly name: string;
  readonly x: ArrayLike<number>;
  /** as many as `x` */
  readonly y: ArrayLike<number>;
  /** ends of the error bars, as many as `x`; default: no error bars */
  readonly low?: ArrayLike<number>;
  readonly high?: ArrayLike<number>;
  /** `#rrggbb`; default: the theme's colour for this name or position */
  readonly color?: string;
}

export type AxisScale = "linear" | "log";

export interface LinesOptions extends FigureOptions {
  /** labels of the axes, with their units */
  readonly xLabel?: string;
  readonly yLabel?: string;
  /** default "linear", which begins at 0 for `y` unless there are values below */
  readonly xScale?: AxisScale;
  readonly yScale?: AxisScale;
}

export interface LinesFigure extends FigureBase<"lines"> {
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xScale: AxisScale;
  readonly yScale: AxisScale;
  readonly series: readonly {
    readonly name: string;
    readonly color: string;
    /** in ascending order of `x`; `low` and `high` are `y` where there is no error bar */
    readonly points: readonly LinePoint[];
  }[];
}

export interface LinePoint {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

/**
 * A line per series, with a dot and an error bar at every point.
 * @throws SynfireError "bad-argument" naming the key that is wrong
 */
export function lines(series: readonly LineSeries[], options: LinesOptions = {}): LinesFigure {
  const { xLabel = "x", yLabel = "y", xScale = "linear", yScale = "linear" } = options;
  for (const [key, scale] of Object.entries({ xScale, yScale }))
    if (scale !== "linear" && scale !== "log") bad(key, `must be "linear" or "log", not "${scale}"`);
  const drawn = nonEmpty("series", series).map((s, k) => {
    const points = pointsOf(s);
    if (xScale === "log") aboveZero("x", s.name, points, ({ x }) => x);
    if (yScale === "log") aboveZero(s.low ? "low" : "y", s.name, points, ({ low }) => low);
    return { name: s.name, color: colorOf(s, k), points };
  });
  const bars = series.some((s) => s.low !== undefined);
  const tables = [
    {
      title: yLabel,
      columns: ["", xLabel, yLabel, ...(bars ? ["from", "to"] : [])],
      rows: drawn.flatMap(({ name, points }) =>
        points.map(({ x, y, low, high }) => [name, x, y, ...(bars ? [low, high] : [])].map(cell)),
      ),
    },
  ];
  const legend = drawn.length > 1 ? drawn.map(({ name, color }) => ({ name, color })) : [];
  const base = figureBase("lines", options, { width: 470, height: 320, legend, tables });
  return { ...base, xLabel, yLabel, xScale, yScale, series: drawn };
}

const cell = (value: string | number) => (typeof value === "number" ? formatNumber(value) : value);

function pointsOf({ name, x, y, low = y, high = y }: LineSeries): readonly LinePoint[] {
  if (!(x.length > 0)) bad("x", `of "${name}" must have at least one value`);
  for (const [key, column] of Object.entries({ x, y, low, high })) {
    if (column.length !== x.length)
      bad(key, `of "${name}" must be as long as x: ${x.length}, not ${column.length}`);
    if (!Array.from(column).every(Number.isFinite)) bad(key, `of "${name}" must be finite numbers`);
  }
  const points = Array.from(x, (_, k) => ({ x: x[k], y: y[k], low: low[k], high: high[k] }));
  for (const p of points)
    if (!(p.low <= p.y && p.y <= p.high)) bad("low", `and high of "${name}" must lie around y (${p.y})`);
  return points.sort((a, b) => a.x - b.x);
}

function aboveZero(
  key: string,
  name: string,
  points: readonly LinePoint[],
  value: (point: LinePoint) => number,
): void {
  if (points.some((p) => !(value(p) > 0))) bad(key, `of "${name}" must be above 0 on a logarithmic axis`);
}

export function drawLines(figure: LinesFigure, frame: Frame): Element {
  const all = figure.series.flatMap(({ points }) => points);
  const barred = all.some(({ low, high }) => high > low);
  const marks = figure.series.map(({ points, color }, k) => {
    // error bars at the same x stand side by side
    const dx = barred ? 4 * (k - (figure.series.length - 1) / 2) : 0;
    return [
      Plot.link(
        points.filter(({ low, high }) => high > low),
        { x: "x", y1: "low", y2: "high", stroke: color, strokeWidth: 1.5, strokeOpacity: 0.6, dx },
      ),
      Plot.line(points, { x: "x", y: "y", stroke: color, strokeWidth: 1.4, dx }),
      Plot.dot(points, { x: "x", y: "y", fill: color, r: 3, dx }),
    ];
  });
  const x = axis(
    figure.xLabel,
    figure.xScale,
    all.map((p) => p.x),
    false,
  );
  const y = axis(
    figure.yLabel,
    figure.yScale,
    all.flatMap((p) => [p.low, p.high]),
    true,
  );
  return panel(frame, x, y, marks);
}

/** An axis with a little room on both sides of the values. */
function axis(label: string, scale: AxisScale, values: readonly number[], fromZero: boolean): Axis {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (scale === "log") {
    const room = high > low ? (high / low) ** 0.06 : 2;
    const domain = [low / room, high * room] as const;
    return { label, scale, domain, ticks: logTicks(domain), tickFormat: (value) => formatNumber(value) };
  }
  const room = high > low ? 0.05 * (high - low) : 0.5;
  if (fromZero && low >= 0) return { label, domain: [0, high > 0 ? 1.05 * high : 1], nice: true };
  return { label, domain: [low - room, high + room] };
}

/** Powers of ten if three of them fit, else simple multiples of these, else round numbers at the same distance. */
function logTicks([low, high]: readonly [number, number]): readonly number[] {
  const every = Math.ceil(Math.log10(high / low) / 8);
  for (const digits of [[1], [1, 2, 5], [1, 2, 3, 4, 5, 6, 8]]) {
    const ticks: number[] = [];
    for (let k = Math.floor(Math.log10(low)); k <= Math.log10(high); k++)
      if (k % every === 0) ticks.push(...digits.map((d) => Number(`${d}e${k}`)));
    const inside = ticks.filter((t) => t >= low && t <= high);
    if (inside.length > 2) return inside;
  }
  const power = 10 ** Math.floor(Math.log10(high - low));
  const step = power * ([0.2, 0.5, 1].find((s) => (high - low) / (s * power) < 6) ?? 2);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, k) => (first + k) * step);
}
