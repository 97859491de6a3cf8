/**
 * From figures to SVG: the room that title, legend and caption take, and which drawing belongs to which kind.
 */
import { bad } from "./check.js";
import { type DistributionFigure, drawDistributions } from "./distributions.js";
import { element, openDocument, serialize } from "./dom.js";
import { drawRaster, rasterMarginLeft } from "./draw-raster.js";
import { drawHeatmap, type HeatmapFigure, heatmapMarginRight } from "./heatmap.js";
import { drawHistogram, type HistogramFigure } from "./histogram.js";
import { drawLines, type LinesFigure } from "./lines.js";
import { type Frame, marginBottom, marginLeft, marginRight } from "./panel.js";
import type { RasterFigure } from "./raster.js";
import { drawRate, type RateFigure } from "./rate.js";
import type { StackFigure } from "./stack.js";
import { escapeText, textWidth, wrapText } from "./text.js";
import { fontFamily, fontSize, ink, neutral, paper } from "./theme.js";
import { drawTimers, type TimerFigure, timersMarginLeft } from "./timers.js";
import { drawTraces, type TraceFigure } from "./traces.js";
import type { LegendEntry } from "./types.js";
import { drawViolins, type ViolinFigure } from "./violins.js";

/** All kinds of figures. */
export type Figure =
  | RasterFigure
  | RateFigure
  | HistogramFigure
  | ViolinFigure
  | TraceFigure
  | TimerFigure
  | DistributionFigure
  | HeatmapFigure
  | LinesFigure
  | StackFigure;

export interface RenderOptions {
  /** draw title and caption; false where the page around the figure says them; default true */
  readonly words?: boolean;
  /** a white page behind the figure; default true */
  readonly background?: boolean;
}

/**
 * Draws a figure as a stand-alone SVG, in the browser's document or in linkedom's.
 * @returns the SVG as text, `width` x `height` of the figure (lower by title and caption without `words`)
 */
export async function renderSvg(figure: Figure, options: RenderOptions = {}): Promise<string> {
  const { words = true, background = true } = options;
  const { width } = figure;
  const title = words ? titleBlock(figure.title, width) : { height: 0, svg: "" };
  const caption = words ? captionBlock(figure.caption, width) : { height: 0, svg: "" };
  const left = marginLeftOf(figure);
  const legend = legendBlock(figure.legend, left, width);
  const reserved = titleBlock(figure.title, width).height + captionBlock(figure.caption, width).height;
  const bodyHeight = figure.height - reserved - legend.height;
  if (bodyHeight < marginBottom + 20 || width < left + marginRight + 20) {
    bad("height", `and width (${figure.width} x ${figure.height}) leave no room for the figure`);
  }
  const body = await draw(figure, {
    document: await openDocument(),
    width,
    height: bodyHeight,
    marginLeft: left,
    marginRight: figure.kind === "heatmap" ? heatmapMarginRight : marginRight,
    showXAxis: true,
  });
  const head = title.height + legend.height;
  const height = head + bodyHeight + caption.height;
  return [
    svgOpen(width, height, figure.title === "" ? figure.kind : figure.title),
    background ? `<rect class="page" width="${width}" height="${height}" fill="${paper}"/>` : "",
    title.svg,
    legend.svg === "" ? "" : `<g transform="translate(0,${title.height})">${legend.svg}</g>`,
    `<g transform="translate(0,${head})">${serialize(body)}</g>`,
    caption.svg === "" ? "" : `<g transform="translate(0,${head + bodyHeight})">${caption.svg}</g>`,
    "</svg>\n",
  ]
    .filter((part) => part !== "")
    .join("\n");
}

/** The opening tag of a stand-alone SVG with the house's font and ink. */
export function svgOpen(width: number, height: number, label: string): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escapeText(label)}" font-family="${fontFamily}" font-size="${fontSize.tick}" color="${ink}" fill="currentColor">`;
}

function marginLeftOf(figure: Figure): number {
  switch (figure.kind) {
    case "raster":
      return rasterMarginLeft(figure);
    case "timers":
      return timersMarginLeft(figure);
    case "stack":
      return Math.max(...figure.figures.map(marginLeftOf));
    default:
      return marginLeft;
  }
}

async function draw(figure: Figure, frame: Frame): Promise<Element> {
  switch (figure.kind) {
    case "raster":
      return drawRaster(figure, frame);
    case "rate":
      return drawRate(figure, frame);
    case "histogram":
      return drawHistogram(figure, frame);
    case "violins":
      return drawViolins(figure, frame);
    case "traces":
      return drawTraces(figure, frame);
    case "timers":
      return drawTimers(figure, frame);
    case "distributions":
      return drawDistributions(figure, frame);
    case "heatmap":
      return drawHeatmap(figure, frame);
    case "lines":
      return drawLines(figure, frame);
    case "stack":
      return drawStack(figure, frame);
    default:
      return bad("kind", `"${(figure satisfies never as Figure).kind}" is not a kind of figure`);
  }
}

/** Panels above each other; the last one has the axis. */
async function drawStack(figure: StackFigure, frame: Frame): Promise<Element> {
  const { document, width, height } = frame;
  const group = element(document, "svg", { width, height, "aria-hidden": "true" });
  const total = figure.figures.reduce((sum, { height: h }) => sum + h - marginBottom, 0);
  let top = 0;
  for (const [k, part] of figure.figures.entries()) {
    const showXAxis = k === figure.figures.length - 1;
    const share =
      ((height - marginBottom) * (part.height - marginBottom)) / total + (showXAxis ? marginBottom : 0);
    const panel = await draw(part, { ...frame, height: share, showXAxis });
    panel.setAttribute("y", String(Math.round(top * 100) / 100));
    group.append(panel);
    top += share;
  }
  return group;
}

interface Block {
  readonly height: number;
  readonly svg: string;
}

function titleBlock(title: string, width: number): Block {
  if (title === "") return { height: 4, svg: "" };
  const lines = wrapText(title, fontSize.title, width - 32);
  const texts = lines.map((line, k) => `<text x="16" y="${24 + 18 * k}">${escapeText(line)}</text>`);
  return {
    height: 16 + 18 * lines.length,
    svg: `<g font-size="${fontSize.title}" font-weight="700">${texts.join("")}</g>`,
  };
}

function captionBlock(caption: string, width: number): Block {
  const lines = wrapText(caption, fontSize.caption, width - 32);
  if (lines.length === 0) return { height: 0, svg: "" };
  const texts = lines.map((line, k) => `<text x="16" y="${12 + 15 * k}">${escapeText(line)}</text>`);
  return {
    height: 10 + 15 * lines.length,
    svg: `<g font-size="${fontSize.caption}" fill="${neutral.muted}">${texts.join("")}</g>`,
  };
}

/** Squares (or dashes) and names, in as many lines as they need. */
function legendBlock(entries: readonly LegendEntry[], left: number, width: number): Block {
  if (entries.length === 0) return { height: 0, svg: "" };
  let [x, line] = [left, 0];
  const parts = entries.map(({ name, color, dashed }) => {
    const room = 22 + textWidth(name, fontSize.legend) + 16;
    if (x > left && x + room > width - marginRight) [x, line] = [left, line + 1];
    const y = 18 * line;
    const sign = dashed
      ? `<path d="M${x} ${y + 11.5}h16" stroke="${color}" stroke-width="2" stroke-dasharray="5 3" fill="none"/>`
      : `<rect x="${x + 2}" y="${y + 6}" width="11" height="11" rx="2" fill="${color}"/>`;
    const text = `<text x="${x + 20}" y="${y + 15.5}">${escapeText(name)}</text>`;
    x = Math.round(x + room);
    return sign + text;
  });
  return { height: 18 * (line + 1) + 6, svg: `<g font-size="${fontSize.legend}">${parts.join("")}</g>` };
}
