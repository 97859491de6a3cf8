/**
 * A report as one HTML page that needs no other file and no network: inline SVG, inline CSS, light and dark.
 */
import { type Figure, renderSvg } from "./render.js";
import type { ReportContent } from "./report.js";
import { escapeText, formatNumber } from "./text.js";
import type { Table } from "./types.js";

export async function reportHtml(content: ReportContent): Promise<string> {
  const figures: string[] = [];
  for (const { figure, span } of content.rows.flat()) figures.push(await figureHtml(figure, span));
  const facts = content.facts.map(
    ({ name, value }) => `<div><dt>${escapeText(name)}</dt><dd>${cell(value)}</dd></div>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(content.title)}</title>
<style>${css(content)}</style>
</head>
<body>
<main>
<header>
<h1>${escapeText(content.title)}</h1>
${content.subtitle === "" ? "" : `<p>${escapeText(content.subtitle)}</p>`}
</header>
${facts.length === 0 ? "" : `<dl>${facts.join("")}</dl>`}
<div class="grid">
${figures.join("\n")}
</div>
${content.tables.map((table) => `<section>${tableHtml(table)}</section>`).join("\n")}
</main>
</body>
</html>
`;
}

async function figureHtml(figure: Figure, span: number): Promise<string> {
  const svg = await renderSvg(figure, { words: false, background: false });
  const caption = figure.caption === "" ? "" : `<p>${escapeText(figure.caption)}</p>`;
  return `<figure style="grid-column: span ${span}">
${figure.title === "" ? "" : `<h2>${escapeText(figure.title)}</h2>`}
${svg.trim()}
<figcaption>${caption}<details><summary>Numbers</summary>${figure.tables.map(tableHtml).join("")}</details></figcaption>
</figure>`;
}

function tableHtml(table: Table): string {
  const head = table.columns.map((name) => `<th scope="col">${escapeText(name)}</th>`).join("");
  const body = table.rows
    .map((row) => `<tr>${row.map((value) => `<td>${cell(value)}</td>`).join("")}</tr>`)
    .join("");
  return `<div class="table"><table><caption>${escapeText(table.title)}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function cell(value: string | number): string {
  return escapeText(typeof value === "number" ? formatNumber(value, 4) : value);
}

function css({ columns, width }: ReportContent): string {
  return `
:root { --page: #f6f7f9; --card: #ffffff; --ink: #1d232b; --muted: #667080; --line: #1d232b24; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0f1216; --card: #171b21; --ink: #e4e8ed; --muted: #97a1ae; --line: #e4e8ed2b; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; }
main { max-width: ${width + 40}px; margin: 0 auto; padding: 28px 20px 48px; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0; letter-spacing: -.01em; }
header p { color: var(--muted); margin: 6px 0 0; max-width: 75ch; }
dl { display: flex; flex-wrap: wrap; gap: 10px 32px; margin: 20px 0 0; padding: 12px 0; border: solid var(--line); border-width: 1px 0; }
dt { color: var(--muted); font-size: .78rem; }
dd { margin: 0; font-weight: 650; font-variant-numeric: tabular-nums; }
.grid { display: grid; grid-template-columns: repeat(${columns}, minmax(0, 1fr)); gap: 20px; margin-top: 22px; }
figure, section { margin: 0; padding: 14px 16px 12px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; min-width: 0; }
section { margin-top: 20px; }
h2 { font-size: 1rem; margin: 0 0 4px; }
svg { display: block; color: var(--ink); }
figure > svg { width: 100%; height: auto; }
figcaption { color: var(--muted); font-size: .82rem; }
figcaption p { margin: 6px 0 0; }
details { margin-top: 6px; }
summary { cursor: pointer; }
.table { overflow-x: auto; }
table { border-collapse: collapse; margin-top: 6px; font-size: .82rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 650; color: var(--ink); padding-bottom: 2px; }
th, td { padding: 3px 18px 3px 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { font-weight: 500; color: var(--muted); }
th:first-child, td:first-child { text-align: left; }
@media (max-width: 760px) { .grid { grid-template-columns: minmax(0, 1fr); } figure { grid-column: auto !important; } }
@media print { body { background: none; } figure, section { break-inside: avoid; } }
`;
}
