/** Plots: figures as plain data, drawn as SVG, PNG or a report in HTML, in Node and in browsers. */
export {
  type DistributionFigure,
  type DistributionOptions,
  type DistributionSample,
  distributionLines,
} from "./distributions.js";
export { type HeatmapFigure, type HeatmapOptions, heatmap, type Matrix } from "./heatmap.js";
export { type HistogramFigure, type HistogramPlotOptions, histogramPlot } from "./histogram.js";
export {
  type AxisScale,
  type LinePoint,
  type LineSeries,
  type LinesFigure,
  type LinesOptions,
  lines,
} from "./lines.js";
export { type RasterBand, type RasterFigure, type RasterOptions, raster } from "./raster.js";
export { type RateFigure, type RateOptions, rateOverTime } from "./rate.js";
export { type Figure, type RenderOptions, renderSvg } from "./render.js";
export { type PngOptions, renderPng } from "./render-png.js";
export { type Fact, type Report, type ReportOptions, report } from "./report.js";
export type { Sample } from "./series.js";
export { type StackFigure, stack, type TimeFigure } from "./stack.js";
export { excitatoryColor, inhibitoryColor, palette } from "./theme.js";
export { type Timer, type TimerFigure, timers } from "./timers.js";
export { type Trace, type TraceFigure, type TraceOptions, traces } from "./traces.js";
export type { FigureBase, FigureOptions, LegendEntry, Population, Spikes, Table } from "./types.js";
export { type Violin, type ViolinFigure, type ViolinGroup, type ViolinOptions, violins } from "./violins.js";
