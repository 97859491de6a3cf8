/** PNGs have the size that was asked for and something on them; the encoder's own PNGs are read back by another decoder. */
import { Resvg } from "@resvg/resvg-js";
import { describe, expect, test } from "vitest";
import { renderPng } from "../../src/plot/index.js";
import { dataUri, encodePng } from "../../src/plot/png.js";
import { figures } from "./figures.js";

const signature = [137, 80, 78, 71, 13, 10, 26, 10];

/** Red, green, blue, alpha of every pixel. */
function decode(png: Uint8Array, width: number, height: number): Uint8Array {
  const size = `width="${width}" height="${height}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size}><image ${size} image-rendering="optimizeSpeed" href="${dataUri(png)}"/></svg>`;
  return new Resvg(svg).render().pixels;
}

describe("figures as PNG", () => {
  for (const name of ["stack", "raster-density", "violins-split", "heatmap"]) {
    test(name, async () => {
      const figure = figures[name];
      const png = await renderPng(figure, { scale: 1.5 });
      expect(Array.from(png.subarray(0, 8))).toEqual(signature);
      const view = new DataView(png.buffer, png.byteOffset);
      const [width, height] = [view.getUint32(16), view.getUint32(20)];
      expect([width, height]).toEqual([figure.width * 1.5, figure.height * 1.5]);
      const pixels = decode(png, width, height);
      const inked = pixels.filter((value, k) => k % 4 === 0 && value < 200).length / (width * height);
      expect(inked).toBeGreaterThan(0.005);
      expect(inked).toBeLessThan(0.7);
    });
  }
});

describe("the PNG encoder", () => {
  for (const colours of [3, 16, 17, 256]) {
    test(`writes ${colours} colours`, async () => {
      const [width, height] = [7, 5];
      const palette = Array.from({ length: colours }, (_, k) => [k, 255 - k, (3 * k) % 256, 255] as const);
      const pixels = Uint8Array.from({ length: width * height }, (_, k) => (k * 11) % colours);
      const decoded = decode(await encodePng({ width, height, pixels, palette }), width, height);
      expect(Array.from(decoded)).toEqual(Array.from(pixels).flatMap((pixel) => [...palette[pixel]]));
    });
  }
});
