/** Rasters of a million spikes: small, and without losing one. */
import { describe, expect, test } from "vitest";
import { densityImages, rasterDensity } from "../../src/plot/density.js";
import { raster, renderSvg } from "../../src/plot/index.js";
import { numbers, populations, spikes } from "./figures.js";

const million = 1_000_000;
const neurons = 10_000;
const many = {
  senders: Int32Array.from(numbers(million), (u) => Math.floor(neurons * u)),
  times: Float64Array.from(numbers(million, 2), (u) => Math.ceil(10_000 * u + 1e-9) / 10),
};
const two = [
  { name: "E", ids: Array.from({ length: 8000 }, (_, k) => k) },
  { name: "I", ids: Array.from({ length: 2000 }, (_, k) => 8000 + k) },
];

describe("a raster of a million spikes", () => {
  const figure = raster(many, { populations: two, start: 0, stop: 1000 });

  test("is a density that counts every spike once", () => {
    expect(figure.style).toBe("density");
    const { bands, columns } = rasterDensity(figure, 880, [300, 75.5]);
    expect(bands.flatMap(({ counts }) => Array.from(counts)).reduce((a, b) => a + b)).toBe(million);
    expect(bands.map(({ rows }) => rows)).toEqual([300, 75]);
    expect(bands.map((band) => band.neurons.reduce((a, b) => a + b))).toEqual([8000, 2000]);
    expect(columns).toBeLessThanOrEqual(880);
  });

  test("leaves no cell with a spike blank", () => {
    const density = rasterDensity(figure, 880, [300, 75]);
    densityImages(figure.bands, density).forEach(({ pixels }, k) => {
      expect(pixels.every((pixel, cell) => pixel > 0 === density.bands[k].counts[cell] > 0)).toBe(true);
    });
  });

  test("has columns of a whole number of time steps, so that none is brighter by chance", () => {
    const { columnWidth } = rasterDensity(figure, 880, [300, 75]);
    expect(Math.abs(columnWidth / 0.1 - Math.round(columnWidth / 0.1))).toBeLessThan(1e-6);
  });

  test("is an SVG below a megabyte", async () => {
    const svg = await renderSvg(figure);
    expect(svg.length).toBeLessThan(1e6);
    expect(svg.match(/<image/g)).toHaveLength(2);
  });
});

describe("what a raster shows", () => {
  test("are the spikes after start, up to and including stop", () => {
    const at = { senders: [1, 1, 1, 1], times: [10, 10.1, 20, 20.1] };
    expect(Array.from(raster(at, { populations, start: 10, stop: 20 }).times)).toEqual([10.1, 20]);
  });

  test("are evenly spaced neurons, the same ones every time", () => {
    const figure = raster(spikes, { populations, fraction: { E: 0.25, I: 0.5 } });
    expect(figure.bands.map(({ rows, neurons: all, offset }) => [rows, all, offset])).toEqual([
      [2, 8, 0],
      [2, 4, 2],
    ]);
    const expected = spikes.senders.filter((id) => [3, 7, 10, 12].includes(id)).length;
    expect(figure.times).toHaveLength(expected);
    expect(figure).toEqual(raster(spikes, { populations, fraction: { E: 0.25, I: 0.5 } }));
  });

  test("are all neurons that fired, in order, if no populations are named", () => {
    const figure = raster({ senders: [7, 3, 7], times: [1, 2, 3] });
    expect(figure.bands).toMatchObject([{ name: "all", neurons: 2 }]);
    expect(Array.from(figure.rows)).toEqual([1, 0, 1]);
  });
});
