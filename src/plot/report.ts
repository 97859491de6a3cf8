/**
 * Reports: figures in a grid with facts and tables, as one SVG, PNG or HTML file.
 */
import { bad, nonEmpty, positive } from "./check.js";
import { type Figure, renderSvg } from "./render.js";
import { type PngOptions, renderPng } from "./render-png.js";
import { reportHtml } from "./report-html.js";
import { gutter, reportSvg } from "./report-svg.js";
import type { Table } from "./types.js";

/** One line of what was run, e.g. { name: "neurons", value: "5,000" }. */
export interface Fact {
  readonly name: string;
  readonly value: string | number;
}

export interface ReportOptions {
  readonly title: string;
  /** a sentence below the title; default: none */
  readonly subtitle?: string;
  /** in reading order */
  readonly figures: readonly Figure[];
  /** tables besides those of the figures, drawn in full */
  readonly tables?: readonly Table[];
  readonly facts?: readonly Fact[] | Readonly<Record<string, string | number>>;
  /** columns of the grid; figures wider than one of them take a row of their own; default 2 */
  readonly columns?: number;
  /** width in pixels; default 1120 */
  readonly width?: number;
}

/** A figure at its place: laid out anew for the size of its cell. */
export interface PlacedFigure {
  readonly figure: Figure;
  /** columns that it takes */
  readonly span: number;
}

/** What the pages of a report are made of. */
export interface ReportContent {
  readonly title: string;
  readonly subtitle: string;
  readonly facts: readonly Fact[];
  readonly tables: readonly Table[];
  readonly rows: readonly (readonly PlacedFigure[])[];
  readonly columns: number;
  readonly width: number;
}

export interface Report {
  /** the whole report as one SVG */
  readonly svg: string;
  /** the whole report as one self-contained page, for light and dark, with the numbers behind every figure */
  readonly html: string;
  /** the whole report as one PNG */
  png(options?: PngOptions): Promise<Uint8Array>;
  /** every figure as a stand-alone SVG, with a name for its file */
  readonly figures: readonly { readonly name: string; readonly svg: string }[];
}

/**
 * Arranges figures, facts and tables.
 * @throws SynfireError "bad-argument" naming the key that is wrong
 */
export async function report(options: ReportOptions): Promise<Report> {
  if (typeof options.title !== "string" || options.title === "") bad("title", "must be given");
  const columns = options.columns ?? 2;
  if (!(Number.isInteger(columns) && columns >= 1))
    bad("columns", `must be a whole number above 0, not ${columns}`);
  const width = positive("width", options.width ?? 1120);
  const facts = options.facts ?? [];
  const content: ReportContent = {
    title: options.title,
    subtitle: options.subtitle ?? "",
    facts: isList(facts) ? facts : Object.entries(facts).map(([name, value]) => ({ name, value })),
    tables: options.tables ?? [],
    rows: arrange(nonEmpty("figures", options.figures), columns, width),
    columns,
    width,
  };
  const figures: { name: string; svg: string }[] = [];
  for (const [k, figure] of options.figures.entries()) {
    figures.push({ name: fileName(figure, k), svg: await renderSvg(figure) });
  }
  const svg = await reportSvg(content);
  const html = await reportHtml(content);
  return { svg, html, figures, png: (png) => renderPng(svg, png) };
}

function isList(
  facts: readonly Fact[] | Readonly<Record<string, string | number>>,
): facts is readonly Fact[] {
  return Array.isArray(facts);
}

/** Rows of figures. Figures of a row get the same height, and all get the width of their columns. */
function arrange(
  figures: readonly Figure[],
  columns: number,
  width: number,
): readonly (readonly PlacedFigure[])[] {
  const cell = (width - gutter * (columns + 1)) / columns;
  const rows: PlacedFigure[][] = [];
  let used = columns;
  for (const figure of figures) {
    const span = Math.min(columns, Math.max(1, Math.round(figure.width / cell)));
    if (used + span > columns) {
      rows.push([]);
      used = 0;
    }
    rows[rows.length - 1].push({ figure, span });
    used += span;
  }
  return rows.map((row) => {
    const height = Math.max(...row.map(({ figure }) => figure.height));
    return row.map(({ figure, span }, k) => {
      // the last figure of a row fills it, so that the grid has no holes
      const free = columns - row.reduce((sum, place) => sum + place.span, 0);
      const wide = k === row.length - 1 ? span + free : span;
      const size = { width: Math.floor(wide * cell + (wide - 1) * gutter), height };
      return { figure: { ...figure, ...size }, span: wide };
    });
  });
}

/** e.g. "01-spikes-of-a-brunel-network" */
function fileName(figure: Figure, position: number): string {
  const words = (figure.title === "" ? figure.kind : figure.title).toLowerCase().match(/[a-z0-9]+/g) ?? [
    figure.kind,
  ];
  return `${String(position + 1).padStart(2, "0")}-${words.slice(0, 6).join("-")}`;
}
