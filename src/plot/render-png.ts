/**
 * From SVG to PNG: with resvg in Node, with a canvas in the browser.
 */
import { bad, positive } from "./check.js";
import { type Figure, renderSvg } from "./render.js";

export interface PngOptions {
  /** pixels per pixel of the SVG; default 2 */
  readonly scale?: number;
}

/**
 * Draws a figure, or an SVG, as a PNG.
 * @returns the PNG's bytes; its size is that of the SVG times `scale`
 * @throws SynfireError "bad-argument" naming the key that is wrong
 */
export async function renderPng(source: Figure | string, options: PngOptions = {}): Promise<Uint8Array> {
  const scale = positive("scale", options.scale ?? 2);
  const svg = typeof source === "string" ? source : await renderSvg(source);
  if (globalThis.document !== undefined) return canvasPng(svg, scale);
  const name = "@resvg/resvg-js"; // not a literal in import(), so that bundlers leave it out of a browser's bundle
  const { Resvg } = (await import(/* @vite-ignore */ name)) as typeof import("@resvg/resvg-js");
  const image = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    // the machine may have no fonts at all
    font: { loadSystemFonts: true, fontFiles: await fontFiles(), defaultFontFamily: "DejaVu Sans" },
  });
  return image.render().asPng();
}

/** The fonts that come with the package, so that text looks the same everywhere. */
async function fontFiles(): Promise<string[]> {
  const { createRequire } = await import("node:module");
  const require = createRequire(import.meta.url);
  return ["DejaVuSans", "DejaVuSans-Bold"].map((name) => require.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`));
}

async function canvasPng(svg: string, scale: number): Promise<Uint8Array> {
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.naturalWidth * scale);
    canvas.height = Math.round(image.naturalHeight * scale);
    const context = canvas.getContext("2d");
    if (context === null) bad("source", "cannot be drawn: this browser gives no 2D canvas");
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
    if (blob === null) bad("scale", "makes an image larger than this browser allows");
    return new Uint8Array(await blob.arrayBuffer());
  } finally {
    URL.revokeObjectURL(url);
  }
}
