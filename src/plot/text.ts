/**
 * Text without a browser: escaping, estimating widths, wrapping, and printing numbers.
 */

/** Text made safe for SVG and HTML, also inside double quotes. */
export function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]!);
}

/** Estimated width in pixels; on the generous side, since fonts differ (DejaVu Sans is wide). */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const c of text) width += /[il.,:;|!'() ]/.test(c) ? 0.36 : /[A-Zmw%@]/.test(c) ? 0.76 : 0.6;
  return width * size;
}

/** Lines no wider than `width` pixels, broken at spaces. */
export function wrapText(text: string, size: number, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((w) => w !== "")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && textWidth(longer, size) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line === "" ? lines : [...lines, line];
}

/** A number for readers: thousands separated, `digits` significant digits where there is a fraction. */
export function formatNumber(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e9)
      ? value.toExponential(digits - 1).replace("e+", "e")
      : Number.isInteger(value) || size >= 10 ** digits
        ? Math.round(value).toLocaleString("en-US")
        : String(Number(value.toPrecision(digits)));
  return text.replace(/-/g, "−");
}
