/**
 * Traces over time, such as membrane potentials: one above the other, or all in one pair of axes.
 */
import * as Plot from "@observablehq/plot";
import { bad, figureBase, interval, nonEmpty } from "./check.js";
import { element } from "./dom.js";
import { type Frame, marginBottom, marginTop, panel } from "./panel.js";
import { extentOf } from "./series.js";
import { formatNumber } from "./text.js";
import { colorOf, fontSize, neutral } from "./theme.js";
import type { FigureBase, FigureOptions } from "./types.js";

export interface Trace {
  readonly name: string;
  /** one value per time */
  readonly values: ArrayLike<number>;
  /** ms, ascending; default: those of the options */
  readonly times?: ArrayLike<number>;
  /** times in ms at which to mark a spike */
  readonly spikes?: ArrayLike<number>;
  /** `#rrggbb`; default: the theme's colour for this name or position */
  readonly color?: string;
}

export interface TraceOptions extends FigureOptions {
  /** ms, ascending: times of the traces that have none of their own */
  readonly times?: ArrayLike<number>;
  /** start of the window in ms; default: the first time */
  readonly start?: number;
  /** end of the window in ms; default: the last time */
  readonly stop?: number;
  /** what the values are, with their unit; default "V_m (mV)" */
  readonly yLabel?: string;
  /** smallest and largest value of the axis; default: those that occur */
  readonly domain?: readonly [number, number];
  /** a dashed line at this value */
  readonly threshold?: number;
  /** traces above each other, or in one pair of axes; default "rows" */
  readonly layout?: "rows" | "overlay";
}

/** A trace ready to draw: at most four points per pixel column, with every minimum and maximum kept. */
export interface DrawnTrace {
  readonly name: string;
  readonly color: string;
  /** ms */
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** ms */
  readonly spikes: Float64Array;
}

export interface TraceFigure extends FigureBase<"traces"> {
  readonly start: number;
  readonly stop: number;
  readonly yLabel: string;
  readonly domain: readonly [number, number];
  readonly threshold?: number;
  readonly layout: "rows" | "overlay";
  readonly traces: readonly DrawnTrace[];
}

/**
 * Traces over time, with optional marks at spikes and a line at the threshold.
 * @throws SynfireError "bad-argument" naming the key that is wrong
 */
export function traces(series: readonly Trace[], options: TraceOptions = {}): TraceFigure {
  const { yLabel = "V_m (mV)", layout = "rows", threshold } = options;
  if (layout !== "rows" && layout !== "overlay")
    bad("layout", `must be "rows" or "overlay", not "${layout}"`);
  const timesOf = nonEmpty("series", series).map((trace) => checkedTimes(trace, options.times));
  const [first, last] = extentOf(timesOf.map((values) => ({ values })));
  const [start, stop] = interval("stop", options.start ?? first, options.stop ?? last);
  const drawn = series.map((trace, k): DrawnTrace => {
    const spikes = Float64Array.from(trace.spikes ?? []).filter((t) => t >= start && t <= stop);
    const points = thin(timesOf[k], trace.values, start, stop, options.width ?? 960);
    return { name: trace.name, color: colorOf(trace, k), ...points, spikes };
  });
  const [low, high] = extentOf(drawn);
  if (low > high) bad("values", `must hold finite numbers between ${start} and ${stop} ms`);
  const [bottom, highest] = [Math.min(low, threshold ?? low), Math.max(high, threshold ?? high)];
  const spiking = drawn.some((trace) => trace.spikes.length > 0);
  const top = spiking ? highest + spikeHeight * (highest - bottom) : highest;
  const pad = top > bottom ? 0.06 * (top - bottom) : 1;
  const legend = layout === "overlay" ? drawn.map(({ name, color }) => ({ name, color })) : [];
  const height = layout === "rows" ? 60 + 105 * series.length : 300;
  const base = figureBase("traces", options, {
    width: 960,
    height,
    legend,
    tables: [summary(yLabel, drawn)],
  });
  const domain = options.domain ?? ([bottom - pad, top + pad] as const);
  return { ...base, start, stop, yLabel, domain, threshold, layout, traces: drawn };
}

function summary(yLabel: string, drawn: readonly DrawnTrace[]) {
  const rows = drawn.map((trace) => {
    const [low, high] = extentOf([trace]);
    return [trace.name, formatNumber(low), formatNumber(high), trace.spikes.length];
  });
  return { title: yLabel, columns: ["trace", "smallest", "largest", "spikes marked"], rows };
}

function checkedTimes(trace: Trace, shared: ArrayLike<number> | undefined): ArrayLike<number> {
  const times = trace.times ?? shared;
  if (times === undefined) bad("times", `of "${trace.name}" are missing`);
  if (times.length !== trace.values.length || times.length < 2) {
    bad(
      "values",
      `of "${trace.name}" must be as many as times (${times.length}), at least 2, not ${trace.values.length}`,
    );
  }
  return times;
}

/** First, lowest, highest and last value of every column of time: what a line of that resolution shows. */
function thin(
  times: ArrayLike<number>,
  values: ArrayLike<number>,
  start: number,
  stop: number,
  columns: number,
) {
  const [keptTimes, keptValues]: [number[], number[]] = [[], []];
  let column = -1;
  let [first, low, high, last] = [0, 0, 0, -1];
  const flush = () => {
    if (last < 0) return;
    for (const k of [...new Set([first, low, high, last])].sort((a, b) => a - b)) {
      keptTimes.push(times[k]);
      keptValues.push(values[k]);
    }
  };
  for (let k = 0; k < times.length; k++) {
    if (!(times[k] >= start && times[k] <= stop && Number.isFinite(values[k]))) continue;
    const at = Math.floor(((times[k] - start) / (stop - start)) * columns);
    if (at !== column) {
      flush();
      column = at;
      first = low = high = k;
    }
    if (values[k] < values[low]) low = k;
    if (values[k] > values[high]) high = k;
    last = k;
  }
  flush();
  return { times: Float64Array.from(keptTimes), values: Float64Array.from(keptValues) };
}

export function drawTraces(figure: TraceFigure, frame: Frame): Element {
  if (figure.layout === "overlay" || figure.traces.length === 1)
    return drawPanel(figure, figure.traces, frame);
  const { document, width, height } = frame;
  const group = element(document, "svg", { width, height, "aria-hidden": "true" });
  const axis = frame.showXAxis ? marginBottom - 8 : 0;
  const each = (height - axis) / figure.traces.length;
  figure.traces.forEach((trace, k) => {
    const lowest = k === figure.traces.length - 1;
    const inner = { ...frame, height: each + (lowest ? axis : 0), showXAxis: lowest && frame.showXAxis };
    const part = drawPanel(figure, [trace], inner);
    part.setAttribute("y", String(k * each));
    group.append(part);
  });
  return group;
}

function drawPanel(figure: TraceFigure, drawn: readonly DrawnTrace[], frame: Frame): Element {
  const { start, stop, domain, threshold, yLabel } = figure;
  const rows = figure.layout === "rows";
  return panel(frame, { label: "time (ms)", domain: [start, stop] }, { label: yLabel, domain }, [
    threshold === undefined
      ? null
      : Plot.ruleY([threshold], { stroke: neutral.line, strokeDasharray: "4 3", strokeWidth: 1 }),
    drawn.map((trace) => [
      spikeMarks(trace, domain, threshold),
      Plot.line(trace.times, {
        x: trace.times,
        y: trace.values,
        stroke: trace.color,
        strokeWidth: 1.1,
        strokeLinejoin: "round",
      }),
      rows ? nameMark(trace) : null,
    ]),
  ]);
}

/** Room above the traces for marks of spikes, as part of their range. */
const spikeHeight = 0.4;

/** A point neuron's spike is an event without a shape: a line from the threshold to the top. */
function spikeMarks(
  trace: DrawnTrace,
  domain: readonly [number, number],
  threshold: number | undefined,
): Plot.Markish {
  if (trace.spikes.length === 0) return null;
  const y1 = threshold ?? domain[0] + 0.85 * (domain[1] - domain[0]);
  return Plot.ruleX(trace.spikes, {
    y1,
    y2: domain[1],
    stroke: trace.color,
    strokeWidth: 1.1,
    strokeOpacity: 0.8,
  });
}

/** The trace's name in the margin's stead: at the top right, above the line. */
function nameMark(trace: DrawnTrace): Plot.RenderFunction {
  return (_index, _scales, _values, { width, marginRight: right }, { document }) =>
    element(
      document,
      "text",
      {
        x: width - right,
        y: marginTop - 1,
        "text-anchor": "end",
        "font-size": fontSize.legend,
        "font-weight": 700,
        fill: trace.color,
      },
      trace.name,
    );
}
