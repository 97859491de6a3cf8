/** Bad input is refused with the name of the key. */
import { describe, expect, test } from "vitest";
import { SynfireError } from "../../src/errors.js";
import {
  distributionLines,
  heatmap,
  histogramPlot,
  lines,
  raster,
  rateOverTime,
  renderPng,
  renderSvg,
  report,
  stack,
  timers,
  traces,
  violins,
} from "../../src/plot/index.js";
import { figures, populations, spikes } from "./figures.js";

const two = [
  { name: "E", values: [1, 2] },
  { name: "I", values: [1, 2] },
];

const cases: readonly [key: string, what: string, make: () => unknown][] = [
  ["times", "columns of different length", () => raster({ senders: [1, 2], times: [1] })],
  ["stop", "an empty window", () => raster(spikes, { start: 10, stop: 10 })],
  ["stop", "no spikes and no window", () => raster({ senders: [], times: [] })],
  ["fraction", "a fraction above 1", () => raster(spikes, { populations, fraction: 2 })],
  ["fraction", "a population that is not there", () => raster(spikes, { populations, fraction: { X: 0.5 } })],
  ["ids", "an empty population", () => raster(spikes, { populations: [{ name: "E", ids: [] }] })],
  [
    "name",
    "two populations of one name",
    () => raster(spikes, { populations: [populations[0], populations[0]] }),
  ],
  [
    "color",
    "a colour by name",
    () => raster(spikes, { populations: [{ name: "E", ids: [1], color: "red" }] }),
  ],
  ["width", "no width", () => raster(spikes, { width: 0 })],
  ["binWidth", "bins of no width", () => rateOverTime(spikes, { binWidth: 0 })],
  [
    "binWidth",
    "a window of part of a bin",
    () => rateOverTime(spikes, { start: 0, stop: 100, binWidth: 30 }),
  ],
  ["values", "a sample without finite values", () => histogramPlot([Number.NaN])],
  ["normalize", "an unknown normalisation", () => histogramPlot([1, 2], { normalize: "area" as "density" })],
  ["range", "a range upside down", () => histogramPlot([1, 2], { range: [2, 1] })],
  ["split", "three halves", () => violins([...two, { name: "X", values: [1, 2] }], { split: true })],
  ["groups", "no groups", () => violins([])],
  ["times", "traces without times", () => traces([{ name: "a", values: [1, 2] }])],
  ["values", "more values than times", () => traces([{ name: "a", values: [1, 2, 3] }], { times: [1, 2] })],
  ["seconds", "negative time", () => timers([{ name: "connect", seconds: -1 }])],
  ["style", "an unknown style", () => distributionLines(two, { style: "bars" as "steps" })],
  ["series", "no lines", () => lines([])],
  ["y", "more y than x", () => lines([{ name: "a", x: [1], y: [1, 2] }])],
  ["y", "a point at infinity", () => lines([{ name: "a", x: [1], y: [Infinity] }])],
  ["low", "an error bar beside its point", () => lines([{ name: "a", x: [1], y: [1], low: [2] }])],
  ["x", "0 on a logarithmic axis", () => lines([{ name: "a", x: [0], y: [1] }], { xScale: "log" })],
  ["yScale", "an unknown scale", () => lines([{ name: "a", x: [1], y: [1] }], { yScale: "ln" as "log" })],
  ["matrix", "a ragged matrix", () => heatmap([[1, 2], [3]])],
  ["values", "a matrix of the wrong size", () => heatmap({ size: 2, values: [1, 2, 3] })],
  [
    "figures",
    "a stack over different times",
    () => stack([raster(spikes, { stop: 50 }), raster(spikes, { stop: 60 })]),
  ],
  ["height", "a figure without room", () => renderSvg({ ...figures.rate, height: 40 })],
  ["scale", "a PNG of no size", () => renderPng(figures.rate, { scale: 0 })],
  ["title", "a report without a title", () => report({ title: "", figures: [figures.rate] })],
  ["figures", "a report without figures", () => report({ title: "One", figures: [] })],
];

describe("plots refuse", () => {
  test.each(cases)("%s: %s", async (key, _what, make) => {
    const error = await Promise.resolve()
      .then(make)
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SynfireError);
    expect(error).toMatchObject({ key, code: "bad-argument" });
  });
});
