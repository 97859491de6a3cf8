/**
 * From spikes to pixels: how many fall into each cell of a grid, and how strongly to colour it.
 */
import type { IndexedImage } from "./png.js";
import type { RasterBand, RasterFigure } from "./raster.js";
import { channels } from "./theme.js";

/** Counts of one band. */
export interface BandDensity {
  /** rows of cells; each holds `neurons / rows` neurons, or one */
  readonly rows: number;
  /** spikes per cell, row by row: rows x columns */
  readonly counts: Uint32Array;
  /** neurons in every row of cells */
  readonly neurons: Uint32Array;
}

export interface RasterDensity {
  readonly columns: number;
  /** ms per column; the last column may reach beyond the end of the raster */
  readonly columnWidth: number;
  readonly bands: readonly BandDensity[];
}

/**
 * Counts the spikes of a raster on a grid of at most `width` columns and `heights[k]` rows in band k.
 * Every spike of the figure is in exactly one cell.
 */
export function rasterDensity(
  figure: RasterFigure,
  width: number,
  heights: readonly number[],
): RasterDensity {
  const { start, stop, times, rows } = figure;
  const columnWidth = columnWidthOf(times, start, stop, Math.max(1, Math.floor(width)));
  const columns = Math.max(1, Math.ceil((stop - start) / columnWidth - 1e-6));
  const bands = figure.bands.map((band, k): BandDensity => {
    const cells = Math.max(1, Math.min(band.rows, Math.floor(heights[k]!)));
    const neurons = new Uint32Array(cells);
    for (let row = 0; row < band.rows; row++) neurons[Math.floor((row * cells) / band.rows)]!++;
    return { rows: cells, counts: new Uint32Array(cells * columns), neurons };
  });
  const bandOfRow = Int32Array.from(figure.bands.flatMap((band, k) => new Array<number>(band.rows).fill(k)));
  for (let k = 0; k < rows.length; k++) {
    const index = bandOfRow[rows[k]!]!;
    const [band, density] = [figure.bands[index]!, bands[index]!];
    const row = Math.floor(((rows[k]! - band.offset) * density.rows) / band.rows);
    const column = Math.min(columns, Math.max(1, Math.ceil((times[k]! - start) / columnWidth - 1e-6))) - 1;
    density.counts[row * columns + column]!++;
  }
  return { columns, columnWidth, bands };
}

/**
 * The width of a column in ms. Simulated spikes lie on a grid of time; columns that held sometimes one step more than their
 * neighbours would show as stripes, so every column holds the same whole number of steps.
 */
function columnWidthOf(times: ArrayLike<number>, start: number, stop: number, columns: number): number {
  const width = (stop - start) / columns;
  for (const step of [1, 0.5, 0.25, 0.2, 0.125, 0.1, 0.0625, 0.05, 0.025, 0.02, 0.01]) {
    if (step > 4 * width) continue;
    if (isOnGrid(times, start, step)) return Math.ceil(width / step - 1e-6) * step;
  }
  return width;
}

function isOnGrid(times: ArrayLike<number>, start: number, step: number): boolean {
  const stride = Math.max(1, Math.floor(times.length / 1000));
  for (let k = 0; k < times.length; k += stride) {
    const steps = (times[k]! - start) / step;
    if (Math.abs(steps - Math.round(steps)) > 1e-3) return false;
  }
  return true;
}

/** Shades of each band besides "no spike"; with it they fit into 4 bits per pixel. */
const shades = 15;

/** One image per band, in the band's colour; how opaque a cell is says how high the rate is in it. */
export function densityImages(bands: readonly RasterBand[], density: RasterDensity): readonly IndexedImage[] {
  const reference = referenceRate(density);
  return density.bands.map(({ rows, counts, neurons }, k): IndexedImage => {
    const [red, green, blue] = channels(bands[k]!.color);
    const pixels = new Uint8Array(counts.length);
    for (let cell = 0; cell < counts.length; cell++) {
      if (counts[cell] === 0) continue;
      const rate = counts[cell]! / neurons[Math.floor(cell / density.columns)]!;
      pixels[cell] = Math.max(1, Math.round(Math.min(1, (rate / reference) ** 0.75) * shades));
    }
    const palette = Array.from(
      { length: shades + 1 },
      (_, shade) =>
        [red, green, blue, shade === 0 ? 0 : Math.round(255 * (0.12 + (0.88 * shade) / shades))] as const,
    );
    return { width: density.columns, height: rows, pixels, palette };
  });
}

/** Spikes per neuron and cell that are drawn at full strength: all but the strongest 1 % of the cells with spikes are below. */
function referenceRate({ columns, bands }: RasterDensity): number {
  const rates: number[] = [];
  for (const { counts, neurons } of bands) {
    for (let cell = 0; cell < counts.length; cell++) {
      if (counts[cell] !== 0) rates.push(counts[cell]! / neurons[Math.floor(cell / columns)]!);
    }
  }
  const sorted = Float64Array.from(rates).sort();
  return sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 1;
}
