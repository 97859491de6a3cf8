/**
 * Where the time went: horizontal bars of the phases of a run, one per bar, or stacked per run.
 */
import * as Plot from "@observablehq/plot";
import { bad, figureBase, nonEmpty } from "./check.js";
import { element } from "./dom.js";
import { type Frame, marginLeft, panel } from "./panel.js";
import { formatNumber, textWidth } from "./text.js";
import { colorOf, fontSize, neutral, palette } from "./theme.js";
import type { FigureBase, FigureOptions } from "./types.js";

export interface Timer {
  /** the phase, e.g. "connect" */
  readonly name: string;
  /** seconds */
  readonly seconds: number;
  /** the run (rank, scale, ...) that the phase belongs to; with it, the phases of a run are stacked into one bar */
  readonly run?: string;
  /** `#rrggbb` */
  readonly color?: string;
}

/** A piece of a bar. */
export interface TimerSegment {
  /** row of the bar, from the top */
  readonly row: number;
  /** seconds */
  readonly from: number;
  readonly to: number;
  readonly color: string;
}

export interface TimerFigure extends FigureBase<"timers"> {
  readonly rows: readonly string[];
  readonly segments: readonly TimerSegment[];
  /** length of every row in seconds */
  readonly totals: readonly number[];
}

/**
 * Bars of the time that phases took.
 * @throws SynfireError "bad-argument" naming the key that is wrong
 */
export function timers(bars: readonly Timer[], options: FigureOptions = {}): TimerFigure {
  for (const { name, seconds } of nonEmpty("bars", bars)) {
    if (!(Number.isFinite(seconds) && seconds >= 0))
      bad("seconds", `of "${name}" must be 0 or more, not ${seconds}`);
  }
  const stacked = bars.some((bar) => bar.run !== undefined);
  const rowOf = (bar: Timer) => (stacked ? (bar.run ?? "") : bar.name);
  const rows = stacked ? [...new Set(bars.map(rowOf))] : bars.map(rowOf);
  const phases = [...new Set(bars.map((bar) => bar.name))];
  const totals = rows.map(() => 0);
  const segments = bars.map((bar, k): TimerSegment => {
    const row = stacked ? rows.indexOf(rowOf(bar)) : k;
    const from = totals[row];
    totals[row] += bar.seconds;
    const color = stacked ? palette[phases.indexOf(bar.name) % palette.length] : neutral.bar;
    return { row, from, to: totals[row], color: bar.color === undefined ? color : colorOf(bar, 0) };
  });
  const legend = stacked
    ? phases.map((name) => ({ name, color: segments[bars.findIndex((bar) => bar.name === name)].color }))
    : [];
  const tables = [
    {
      title: "Wall-clock time",
      columns: [...(stacked ? ["run"] : []), "phase", "seconds"],
      rows: bars.map((bar) => [...(stacked ? [rowOf(bar)] : []), bar.name, formatNumber(bar.seconds)]),
    },
  ];
  // with room for a title and two lines of legend
  const height = (stacked ? 130 : 66) + 30 * rows.length;
  const base = figureBase("timers", options, { width: 470, height, legend, tables });
  return { ...base, rows, segments, totals };
}

/** Room for the names of the rows. */
export function timersMarginLeft(figure: TimerFigure): number {
  return Math.max(
    marginLeft,
    Math.ceil(Math.max(...figure.rows.map((row) => textWidth(row, fontSize.label)))) + 14,
  );
}

export function drawTimers(figure: TimerFigure, frame: Frame): Element {
  const { rows, segments, totals } = figure;
  const longest = Math.max(...totals);
  const labelRoom = 1.16;
  const labels = totals.map((total, row) => ({ x: total, y: row, text: duration(total) }));
  const bar = { insetTop: 3, insetBottom: 3, fillOpacity: 0.9, insetRight: 0.5 };
  return panel(
    frame,
    { label: "wall-clock time (s)", domain: [0, longest > 0 ? longest * labelRoom : 1] },
    undefined,
    [
      [
        Plot.rect(
          segments.filter(({ from, to }) => to > from),
          {
            ...bar,
            x1: "from",
            x2: "to",
            y1: (d: TimerSegment) => -d.row + 0.4,
            y2: (d: TimerSegment) => -d.row - 0.4,
            fill: (d: TimerSegment) => d.color,
          },
        ),
        Plot.text(labels, {
          x: "x",
          y: (d: { y: number }) => -d.y,
          text: "text",
          textAnchor: "start",
          dx: 6,
        }),
      ],
      rowNames(rows),
    ],
  );
}

/** seconds as people say them */
function duration(seconds: number): string {
  return seconds > 0 && seconds < 0.1 ? `${formatNumber(seconds * 1000)} ms` : `${formatNumber(seconds)} s`;
}

function rowNames(rows: readonly string[]): Plot.RenderFunction {
  return (_index, scales, _values, { marginLeft: left }, { document }) => {
    const group = element(document, "g", { "text-anchor": "end", "font-size": fontSize.label });
    rows.forEach((row, k) => {
      group.append(element(document, "text", { x: left - 8, y: Number(scales.y?.(-k)) + 4 }, row));
    });
    return group;
  };
}
