/**
 * Spike rasters: a mark per spike while marks can be told apart, an image of their density when there are more.
 */
import { windowBounds } from "../analysis/time-window.js";
import { bad, checkSpikes, figureBase, timeWindow } from "./check.js";
import { populationsOf, rowFinder, subsample } from "./neurons.js";
import { formatNumber } from "./text.js";
import { colorOf } from "./theme.js";
import type { FigureBase, FigureOptions, Population, Spikes } from "./types.js";

export interface RasterOptions extends FigureOptions {
  /** drawn as bands from top to bottom; default: one of all neurons that fired, in the order of their ids */
  readonly populations?: readonly Population[];
  /** part of each population that is drawn (0 to 1), evenly spaced: one number, or one per population name; default 1 */
  readonly fraction?: number | Readonly<Record<string, number>>;
  /** start of the window in ms, itself not included (NEST stamps the end of a step); default 0 */
  readonly start?: number;
  /** end of the window in ms, included; default: the last spike */
  readonly stop?: number;
  /** up to this many spikes are drawn as single marks, more as a density; default 20,000 */
  readonly marksLimit?: number;
}

/** A population's share of a raster. */
export interface RasterBand {
  readonly name: string;
  readonly color: string;
  /** neurons in the population */
  readonly neurons: number;
  /** neurons drawn: one row each */
  readonly rows: number;
  /** number of rows in the bands above */
  readonly offset: number;
}

export interface RasterFigure extends FigureBase<"raster"> {
  /** ms */
  readonly start: number;
  /** ms */
  readonly stop: number;
  readonly bands: readonly RasterBand[];
  readonly style: "marks" | "density";
  /** times in ms of the spikes that are drawn */
  readonly times: Float64Array;
  /** their rows, counted from the top through all bands */
  readonly rows: Int32Array;
}

/**
 * A raster of spikes, neurons from top to bottom, grouped by population.
 * @throws SynfireError "bad-argument" naming the key that is wrong
 */
export function raster(spikes: Spikes, options: RasterOptions = {}): RasterFigure {
  checkSpikes(spikes);
  const [start, stop] = timeWindow(spikes.times, options.start, options.stop);
  const populations = populationsOf(spikes, options.populations);
  const shown = populations.map((population) =>
    subsample(population.ids, fractionOf(population, options, populations)),
  );
  const { times, rows } = select(spikes, shown, start, stop);

  let offset = 0;
  const bands = populations.map((population, k): RasterBand => {
    const band = { neurons: population.ids.length, rows: shown[k]!.length, offset };
    offset += band.rows;
    return { name: population.name, color: colorOf(population, k), ...band };
  });
  const counts = bands.map(() => 0);
  for (const row of rows) counts[bands.findLastIndex((band) => row >= band.offset)]!++;

  const limit = options.marksLimit ?? 20_000;
  if (!(limit >= 0)) bad("marksLimit", `must be a number of marks, not ${limit}`);
  const style = rows.length > limit ? "density" : "marks";
  const remarks = [subsampleRemark(bands), densityRemark(style, rows.length)];
  const table = {
    title: "Spikes drawn",
    columns: ["population", "neurons", "neurons drawn", "spikes drawn", "mean rate (spikes/s)"],
    rows: bands.map((band, k) => [
      band.name,
      band.neurons,
      band.rows,
      counts[k]!,
      formatNumber((counts[k]! / band.rows / (stop - start)) * 1000),
    ]),
  };
  const base = figureBase("raster", options, { width: 960, height: 460, tables: [table], remarks });
  return { ...base, start, stop, bands, style, times, rows };
}

function fractionOf(
  { name }: Population,
  options: RasterOptions,
  populations: readonly Population[],
): number {
  const { fraction = 1 } = options;
  if (typeof fraction === "object") {
    const stranger = Object.keys(fraction).find((key) => !populations.some((p) => p.name === key));
    if (stranger !== undefined) bad("fraction", `names "${stranger}", which is not a population`);
  }
  const value = typeof fraction === "number" ? fraction : (fraction[name] ?? 1);
  if (!(value > 0 && value <= 1)) bad("fraction", `must be above 0 and at most 1, not ${value}`);
  return value;
}

/** The spikes of the rows' neurons between start and stop. */
function select(spikes: Spikes, rowIds: readonly ArrayLike<number>[], start: number, stop: number) {
  const { low, high } = windowBounds({ start, stop, closed: "right" });
  const find = rowFinder(rowIds, spikes.times.length);
  const times = new Float64Array(spikes.times.length);
  const rows = new Int32Array(spikes.times.length);
  let count = 0;
  for (let k = 0; k < spikes.times.length; k++) {
    const time = spikes.times[k]!;
    if (!(time >= low && time < high)) continue;
    const row = find(spikes.senders[k]!);
    if (row < 0) continue;
    times[count] = time;
    rows[count++] = row;
  }
  return { times: times.slice(0, count), rows: rows.slice(0, count) };
}

function subsampleRemark(bands: readonly RasterBand[]): string {
  const parts = bands
    .filter((band) => band.rows < band.neurons)
    .map((band) => `${formatNumber(band.rows)} of ${formatNumber(band.neurons)} neurons of ${band.name}`);
  return parts.length === 0 ? "" : `Shown are ${parts.join(", ")}, evenly spaced.`;
}

function densityRemark(style: "marks" | "density", spikes: number): string {
  return style === "marks"
    ? ""
    : `Density of ${formatNumber(spikes)} spikes: the stronger the colour, the higher the rate.`;
}
