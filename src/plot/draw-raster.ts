/**
 * Draws rasters. Marks of a band are one path, and a density is one small image per band, so that size does not grow with the
 * number of elements.
 */
import type * as Plot from "@observablehq/plot";
import { densityImages, rasterDensity } from "./density.js";
import { element } from "./dom.js";
import { bottomOf, type Frame, marginLeft, marginTop, panel } from "./panel.js";
import { dataUri, encodePng } from "./png.js";
import type { RasterBand, RasterFigure } from "./raster.js";
import { formatNumber, textWidth } from "./text.js";
import { fontSize, neutral } from "./theme.js";

const gap = 5;
const leastBandHeight = 15;
/** bands at least this high have room for a second line of text */
const tallBand = 34;

/** Room for the names of the populations. */
export function rasterMarginLeft(figure: RasterFigure): number {
  const widths = figure.bands.map((band) =>
    Math.max(textWidth(band.name, fontSize.label + 1), textWidth(rowsOf(band), fontSize.tick)),
  );
  return Math.max(marginLeft, Math.ceil(Math.max(...widths)) + 26);
}

export async function drawRaster(figure: RasterFigure, frame: Frame): Promise<Element> {
  const { start, stop } = figure;
  const left = frame.marginLeft;
  const width = frame.width - left - frame.marginRight;
  const bands = layOut(figure, frame.height - marginTop - bottomOf(frame));
  const images = figure.style === "density" ? await bandImages(figure, width, bands) : undefined;

  const draw: Plot.RenderFunction = (_index, _scales, _values, _dimensions, { document }) => {
    const group = element(document, "g", { "aria-label": "spikes" });
    figure.bands.forEach((band, k) => {
      const { top, height } = bands[k]!;
      if (k > 0) {
        const y = top - gap / 2;
        group.append(
          element(document, "line", {
            x1: left,
            x2: left + width,
            y1: y,
            y2: y,
            stroke: neutral.line,
            "stroke-opacity": 0.45,
          }),
        );
      }
      group.append(...bandLabel(document, band, left - 10, top, height));
      if (images === undefined) return;
      const { href, share } = images[k]!;
      group.append(
        element(document, "image", {
          x: left,
          y: top,
          width: width * share,
          height,
          preserveAspectRatio: "none",
          "image-rendering": "optimizeSpeed",
          href,
        }),
      );
    });
    if (images === undefined) group.append(...markPaths(document, figure, bands, left, width));
    return group;
  };
  return panel(frame, { label: "time (ms)", domain: [start, stop] }, undefined, [draw]);
}

interface BandBox {
  readonly top: number;
  readonly height: number;
}

/** Heights in proportion to the rows, but enough for the label; what small bands need is taken from the others. */
function layOut(figure: RasterFigure, height: number): readonly BandBox[] {
  const room = height - gap * (figure.bands.length - 1);
  const least = Math.min(leastBandHeight, room / figure.bands.length);
  const small = new Set<number>();
  let heights: number[] = [];
  for (let before = -1; before !== small.size; ) {
    before = small.size;
    const rows = figure.bands.reduce((sum, band, k) => sum + (small.has(k) ? 0 : band.rows), 0);
    const rest = room - small.size * least;
    heights = figure.bands.map((band, k) => (small.has(k) ? least : (rest * band.rows) / rows));
    heights.forEach((h, k) => {
      if (h < least) small.add(k);
    });
  }
  let top = marginTop;
  return heights.map((h) => {
    const box = { top, height: h };
    top += h + gap;
    return box;
  });
}

function rowsOf(band: RasterBand): string {
  return `n = ${formatNumber(band.rows)}`;
}

function bandLabel(
  document: Document,
  band: RasterBand,
  x: number,
  top: number,
  height: number,
): readonly Element[] {
  const middle = top + height / 2;
  const tall = height >= tallBand;
  const end = { x, "text-anchor": "end" };
  const title = element(
    document,
    "text",
    {
      ...end,
      y: middle + (tall ? -2 : 4),
      fill: band.color,
      "font-weight": 700,
      "font-size": fontSize.label + 1,
    },
    band.name,
  );
  if (!tall) return [title];
  return [title, element(document, "text", { ...end, y: middle + 13, fill: neutral.muted }, rowsOf(band))];
}

/** One path per band. Coordinates are whole tenths of a pixel, relative to the mark before, which keeps the path short. */
function markPaths(
  document: Document,
  figure: RasterFigure,
  bands: readonly BandBox[],
  left: number,
  width: number,
): readonly Element[] {
  const order = Int32Array.from(figure.rows.keys()).sort(
    (a, b) => figure.rows[a]! - figure.rows[b]! || figure.times[a]! - figure.times[b]!,
  );
  let next = 0;
  return figure.bands.map((band, k) => {
    const { top, height } = bands[k]!;
    const pitch = height / band.rows;
    const length = Math.max(18, Math.min(70, Math.round(pitch * 9)));
    const path: string[] = [];
    let [x, y] = [0, 0];
    for (; next < order.length && figure.rows[order[next]!]! < band.offset + band.rows; next++) {
      const spike = order[next]!;
      const time = (figure.times[spike]! - figure.start) / (figure.stop - figure.start);
      const toX = Math.round(10 * (left + time * width));
      const toY = Math.round(10 * (top + (figure.rows[spike]! - band.offset + 0.5) * pitch) - length / 2);
      path.push(
        path.length === 0 ? `M${toX} ${toY}` : `m${toX - x}${toY < y ? "" : " "}${toY - y}`,
        `v${length}`,
      );
      [x, y] = [toX, toY + length];
    }
    return element(document, "path", {
      transform: "scale(.1)",
      fill: "none",
      stroke: band.color,
      "stroke-width": figure.times.length > 8000 ? 9 : 12,
      d: path.join(""),
    });
  });
}

/** The images of all bands, and the part of the raster's width that they take (1, or a little more). */
async function bandImages(figure: RasterFigure, width: number, bands: readonly BandBox[]) {
  const heights = bands.map((band) => band.height);
  const density = rasterDensity(figure, width, heights);
  const share = (density.columns * density.columnWidth) / (figure.stop - figure.start);
  return Promise.all(
    densityImages(figure.bands, density).map(async (image) => ({
      href: dataUri(await encodePng(image)),
      share,
    })),
  );
}
