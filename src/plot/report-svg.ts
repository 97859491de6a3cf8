/**
 * A report as one SVG: heading, facts, the grid of figures, tables.
 */
import { renderSvg, svgOpen } from "./render.js";
import type { ReportContent } from "./report.js";
import { escapeText, formatNumber, textWidth, wrapText } from "./text.js";
import { neutral, paper } from "./theme.js";
import type { Table } from "./types.js";

/** pixels between figures, and around the page */
export const gutter = 20;

interface Block {
  readonly height: number;
  readonly svg: string;
}

export async function reportSvg(content: ReportContent): Promise<string> {
  const { width } = content;
  const blocks: Block[] = [heading(content), factBlock(content)];
  for (const row of content.rows) {
    let x = gutter;
    const parts: string[] = [];
    for (const { figure } of row) {
      const svg = await renderSvg(figure, { background: false });
      parts.push(svg.replace("<svg ", `<svg x="${x}" y="0" `));
      x += figure.width + gutter;
    }
    blocks.push({
      height: Math.max(...row.map(({ figure }) => figure.height)) + gutter,
      svg: parts.join(""),
    });
  }
  for (const table of content.tables) blocks.push(tableBlock(table, width));

  let height = 0;
  const parts = blocks.map((block) => {
    const part = block.svg === "" ? "" : `<g transform="translate(0,${height})">${block.svg}</g>`;
    height += block.height;
    return part;
  });
  height += gutter / 2;
  const page = `<rect class="page" width="${width}" height="${height}" fill="${paper}"/>`;
  return [
    svgOpen(width, height, content.title),
    page,
    ...parts.filter((part) => part !== ""),
    "</svg>\n",
  ].join("\n");
}

function heading({ title, subtitle, width }: ReportContent): Block {
  const left = gutter + 16;
  const titles = wrapText(title, 23, width - 2 * left);
  const lines = wrapText(subtitle, 13, width - 2 * left);
  const top = 48 + 28 * (titles.length - 1);
  return {
    height: top + 20 * lines.length + 18,
    svg: [
      ...titles.map(
        (line, k) =>
          `<text x="${left}" y="${48 + 28 * k}" font-size="23" font-weight="700">${escapeText(line)}</text>`,
      ),
      ...lines.map(
        (line, k) =>
          `<text x="${left}" y="${top + 24 + 20 * k}" font-size="13" fill="${neutral.muted}">${escapeText(line)}</text>`,
      ),
    ].join(""),
  };
}

/** Facts side by side: value over name, in columns of the same width. */
function factBlock({ facts, width }: ReportContent): Block {
  if (facts.length === 0) return { height: 0, svg: "" };
  const left = gutter + 16;
  const texts = facts.map(({ name, value }) => ({ name, value: text(value) }));
  const widest =
    Math.max(...texts.map(({ name, value }) => Math.max(textWidth(name, 11), textWidth(value, 14.5)))) + 24;
  const perRow = Math.max(1, Math.min(facts.length, Math.floor((width - 2 * left) / widest)));
  const step = (width - 2 * left) / perRow;
  const rows = Math.ceil(facts.length / perRow);
  const svg = texts.map(({ name, value }, k) => {
    const [x, y] = [left + step * (k % perRow), 46 * Math.floor(k / perRow)];
    return `<text x="${Math.round(x)}" y="${y + 28}" font-size="14.5" font-weight="700">${escapeText(value)}</text><text x="${Math.round(x)}" y="${y + 44}" fill="${neutral.muted}">${escapeText(name)}</text>`;
  });
  const rule = (y: number) =>
    `<path d="M${left} ${y}H${width - left}" stroke="currentColor" stroke-opacity=".14"/>`;
  return { height: 46 * rows + 34, svg: rule(4) + svg.join("") + rule(46 * rows + 14) };
}

function tableBlock(table: Table, width: number): Block {
  const left = gutter + 16;
  const cells = table.rows.map((row) => row.map(text));
  const widths = table.columns.map(
    (name, k) => 26 + Math.max(textWidth(name, 11), ...cells.map((row) => textWidth(row[k] ?? "", 12))),
  );
  const total = widths.reduce((sum, w) => sum + w, 0);
  const scale = Math.min(1, (width - 2 * left) / total);
  const rightOf = widths.map(
    (_, k) => left + scale * widths.slice(0, k + 1).reduce((sum, w) => sum + w, 0) - 26 * scale,
  );
  const place = (k: number) => (k === 0 ? `x="${left}"` : `x="${Math.round(rightOf[k])}" text-anchor="end"`);
  const head = table.columns.map(
    (name, k) => `<text ${place(k)} y="50" fill="${neutral.muted}">${escapeText(name)}</text>`,
  );
  const body = cells.flatMap((row, line) =>
    row.map((cell, k) => `<text ${place(k)} y="${76 + 20 * line}" font-size="12">${escapeText(cell)}</text>`),
  );
  const rule = `<path d="M${left} 58H${Math.round(left + scale * total)}" stroke="currentColor" stroke-opacity=".25"/>`;
  const title = `<text x="${left}" y="26" font-size="14" font-weight="700">${escapeText(table.title)}</text>`;
  return { height: 80 + 20 * cells.length, svg: title + head.join("") + rule + body.join("") };
}

function text(value: string | number): string {
  return typeof value === "number" ? formatNumber(value, 4) : value;
}
