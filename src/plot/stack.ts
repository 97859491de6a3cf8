/**
 * Figures above each other that share their axis of time, such as a raster over a rate.
 */
import { bad, figureBase, nonEmpty } from "./check.js";
import { marginBottom } from "./panel.js";
import type { RasterFigure } from "./raster.js";
import type { RateFigure } from "./rate.js";
import type { TraceFigure } from "./traces.js";
import type { FigureBase, FigureOptions, LegendEntry } from "./types.js";

/** Figures over time. */
export type TimeFigure = RasterFigure | RateFigure | TraceFigure;

export interface StackFigure extends FigureBase<"stack"> {
  readonly figures: readonly TimeFigure[];
}

/**
 * Figures over the same time, above each other, with one axis of time below the last. Their heights are shared out in the
 * proportions that they have; their titles are left out.
 * @throws SynfireError "bad-argument" if they do not cover the same time
 */
export function stack(figures: readonly TimeFigure[], options: FigureOptions = {}): StackFigure {
  const [first] = nonEmpty("figures", figures);
  for (const { start, stop, kind } of figures) {
    if (start !== first.start || stop !== first.stop) {
      bad(
        "figures",
        `must cover the same time: ${first.start} to ${first.stop} ms, but the ${kind} ${start} to ${stop} ms`,
      );
    }
  }
  const legend = new Map<string, LegendEntry>();
  const labelled = new Set(
    figures.flatMap((f) => (f.kind === "raster" ? f.bands.map(({ name, color }) => name + color) : [])),
  );
  for (const entry of figures.flatMap((f) => f.legend)) {
    // the names beside a raster's bands are legend enough
    if (!labelled.has(entry.name + entry.color)) legend.set(entry.name + entry.color, entry);
  }
  const base = figureBase("stack", options, {
    width: Math.max(...figures.map((f) => f.width)),
    height: figures.reduce((sum, f) => sum + f.height, 0) - (figures.length - 1) * marginBottom,
    legend: [...legend.values()],
    tables: figures.flatMap((f) => f.tables),
    remarks: figures.map((f) => f.caption),
  });
  return { ...base, figures };
}
