/**
 * Matrices as images: correlations between neurons, weights between populations.
 */
import { quantiles } from "../analysis/quantiles.js";
import { bad, figureBase, interval } from "./check.js";
import { element } from "./dom.js";
import { bottomOf, type Frame, marginTop, panel } from "./panel.js";
import { dataUri, encodePng } from "./png.js";
import { formatNumber } from "./text.js";
import { channels, excitatoryColor, fontSize, inhibitoryColor, neutral } from "./theme.js";
import type { FigureBase, FigureOptions } from "./types.js";

/** Row by row: element (i, j) is values[i * columns + j]. Or nested arrays of rows. Or `size` for square matrices. */
export type Matrix =
  | readonly ArrayLike<number>[]
  | { readonly values: ArrayLike<number>; readonly size: number }
  | { readonly values: ArrayLike<number>; readonly rows: number; readonly columns: number };

export interface HeatmapOptions extends FigureOptions {
  /** values of the first and the last colour; default: symmetric about 0 if there are negative values, without outliers */
  readonly domain?: readonly [number, number];
  /** leave the diagonal of a square matrix blank, as it is 1 in a matrix of correlations; default false */
  readonly omitDiagonal?: boolean;
  /** labels of the columns, the rows and the values */
  readonly xLabel?: string;
  readonly yLabel?: string;
  readonly valueLabel?: string;
}

export interface HeatmapFigure extends FigureBase<"heatmap"> {
  readonly rows: number;
  readonly columns: number;
  /** row by row; NaN is left blank */
  readonly values: Float64Array;
  readonly domain: readonly [number, number];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly valueLabel: string;
}

/**
 * A matrix as an image with a scale of colours: blue to red about 0 if the domain has negative values, else white to blue.
 * @throws SynfireError "bad-argument" naming the key that is wrong
 */
export function heatmap(matrix: Matrix, options: HeatmapOptions = {}): HeatmapFigure {
  const { rows, columns, values } = flatten(matrix);
  if (options.omitDiagonal === true) {
    if (rows !== columns) bad("omitDiagonal", `needs a square matrix, not ${rows} x ${columns}`);
    for (let k = 0; k < rows; k++) values[k * columns + k] = Number.NaN;
  }
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) bad("matrix", "must hold at least one finite number");
  const domain = options.domain === undefined ? ownDomain(finite) : interval("domain", ...options.domain);
  const { xLabel = "column", yLabel = "row", valueLabel = "" } = options;
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length;
  const [least, median, most] = quantiles(finite, [0, 0.5, 1]);
  const tables = [
    {
      title: valueLabel === "" ? "Matrix" : valueLabel,
      columns: ["rows", "columns", "smallest", "median", "mean", "largest"],
      rows: [[rows, columns, ...[least, median, mean, most].map((value) => formatNumber(value))]],
    },
  ];
  const base = figureBase("heatmap", options, { width: 470, height: 420, tables });
  return { ...base, rows, columns, values, domain, xLabel, yLabel, valueLabel };
}

function flatten(matrix: Matrix): { rows: number; columns: number; values: Float64Array } {
  if (isNested(matrix)) {
    const list = matrix;
    const columns = list[0]?.length ?? 0;
    if (columns === 0) bad("matrix", "must have at least one row and one column");
    list.forEach((row, k) => {
      if (row.length !== columns)
        bad("matrix", `has rows of ${columns} and, at ${k}, of ${row.length} values`);
    });
    return { rows: list.length, columns, values: Float64Array.from(list.flatMap((row) => Array.from(row))) };
  }
  const { values } = matrix;
  const [rows, columns] = "size" in matrix ? [matrix.size, matrix.size] : [matrix.rows, matrix.columns];
  if (!(rows >= 1 && columns >= 1) || values.length !== rows * columns) {
    bad("values", `must be rows times columns (${rows} x ${columns}), not ${values.length}`);
  }
  return { rows, columns, values: Float64Array.from(values) };
}

function isNested(matrix: Matrix): matrix is readonly ArrayLike<number>[] {
  return Array.isArray(matrix);
}

/** All but the most extreme percent; symmetric about 0 if it lies inside. */
function ownDomain(finite: Float64Array): readonly [number, number] {
  const [low, high] = quantiles(finite, [0.005, 0.995]);
  if (low < 0) {
    const reach = Math.max(-low, high);
    return [-reach, reach];
  }
  return high > 0 ? [0, high] : [0, 1];
}

type Rgba = readonly [number, number, number, number];

/** 255 colours; the palette's first entry is "no value". */
function paletteOf([low]: readonly [number, number]): readonly Rgba[] {
  const white = [248, 248, 246] as const;
  const stops =
    low < 0
      ? [
          darken(excitatoryColor),
          channels(excitatoryColor),
          white,
          channels(inhibitoryColor),
          darken(inhibitoryColor),
        ]
      : [white, channels("#8fb8dd"), channels(excitatoryColor), darken(excitatoryColor)];
  const colours = Array.from({ length: 255 }, (_, k): Rgba => {
    const at = (k / 254) * (stops.length - 1);
    const [from, to] = [stops[Math.floor(at)], stops[Math.min(stops.length - 1, Math.floor(at) + 1)]];
    const mix = (c: 0 | 1 | 2) => Math.round(from[c] + (at % 1) * (to[c] - from[c]));
    return [mix(0), mix(1), mix(2), 255];
  });
  return [[0, 0, 0, 0], ...colours];
}

function darken(color: string): readonly [number, number, number] {
  const [red, green, blue] = channels(color);
  return [Math.round(red * 0.45), Math.round(green * 0.45), Math.round(blue * 0.45)];
}

const scaleWidth = 12;
const scaleRoom = 74;

/** Room for the scale of colours. */
export const heatmapMarginRight = scaleRoom;

export async function drawHeatmap(figure: HeatmapFigure, frame: Frame): Promise<Element> {
  const { rows, columns, values, domain } = figure;
  const palette = paletteOf(domain);
  const pixels = Uint8Array.from(values, (value) => {
    if (!Number.isFinite(value)) return 0;
    return 1 + Math.round(254 * Math.min(1, Math.max(0, (value - domain[0]) / (domain[1] - domain[0]))));
  });
  const image = dataUri(await encodePng({ width: columns, height: rows, pixels, palette }));
  const ramp = Uint8Array.from({ length: 255 }, (_, k) => 255 - k);
  const scale = dataUri(await encodePng({ width: 1, height: 255, pixels: ramp, palette }));

  // square cells where the frame allows
  const [roomX, roomY] = [
    frame.width - frame.marginLeft - scaleRoom,
    frame.height - marginTop - bottomOf(frame),
  ];
  const cell = Math.min(roomX / columns, roomY / rows);
  const unused = roomX - cell * columns;
  const inner = { ...frame, marginLeft: frame.marginLeft + unused / 2, marginRight: scaleRoom + unused / 2 };
  const lowered = { ...inner, height: cell * rows + marginTop + bottomOf(frame) };
  const integers = {
    domain: [0, 0] as const,
    tickFormat: (value: number) => formatNumber(value),
    grid: false,
  };
  return panel(
    lowered,
    { ...integers, label: figure.xLabel, domain: [0, columns] },
    { ...integers, label: figure.yLabel, domain: [rows, 0] },
    [
      (_index, _scales, _values, d, { document }) => {
        const [width, height] = [
          d.width - d.marginLeft - d.marginRight,
          d.height - d.marginTop - d.marginBottom,
        ];
        const crisp = { preserveAspectRatio: "none", "image-rendering": "optimizeSpeed" };
        const x = d.marginLeft + width + 14;
        const group = element(document, "g", {});
        group.append(
          element(document, "image", { ...crisp, x: d.marginLeft, y: marginTop, width, height, href: image }),
          element(document, "image", {
            preserveAspectRatio: "none",
            x,
            y: marginTop,
            width: scaleWidth,
            height,
            href: scale,
          }),
          ...scaleLabels(document, figure, x + scaleWidth + 5, height),
        );
        return group;
      },
    ],
  );
}

function scaleLabels(
  document: Document,
  figure: HeatmapFigure,
  x: number,
  height: number,
): readonly Element[] {
  const [low, high] = figure.domain;
  const labels = [low, (low + high) / 2, high].map((value, k) =>
    element(
      document,
      "text",
      { x, y: marginTop + height * (1 - k / 2) + 4, "text-anchor": "start" },
      formatNumber(value, 2),
    ),
  );
  const place = `translate(${x + 40},${marginTop + height / 2}) rotate(-90)`;
  const title = {
    transform: place,
    "text-anchor": "middle",
    "font-size": fontSize.label,
    fill: neutral.muted,
  };
  return [...labels, element(document, "text", title, figure.valueLabel)];
}
