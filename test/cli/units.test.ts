/** The parts of the command line that need no process. */
import { describe, expect, test } from "vitest";
import { scriptArguments } from "../../src/cli/arguments.js";
import { medians } from "../../src/cli/bench-context.js";
import { resultsJson, resultsText } from "../../src/cli/print-results.js";
import { progressDisplay, progressLine } from "../../src/cli/progress.js";
import { createRun } from "../../src/cli/run-context.js";

describe("arguments of scripts", () => {
  test("name=value before --, flags behind it", () => {
    expect(scriptArguments(["order=200", "name=a=b", "fast=true"], [])).toEqual({
      order: 200,
      name: "a=b",
      fast: true,
    });
    expect(scriptArguments([], ["--order", "-3", "--fast", "--no-plots", "--x=1e3", "y=0x10"])).toEqual({
      order: -3,
      fast: true,
      plots: false,
      x: 1000,
      y: 16,
    });
  });

  test("other words are errors", () => {
    expect(() => scriptArguments(["200"], [])).toThrow('Cannot read the argument "200"');
    expect(() => scriptArguments([], ["-x"])).toThrow('Cannot read the argument "-x"');
  });

  test("parameters keep their type", () => {
    const run = createRun({ args: { order: 3, name: 5 } });
    expect(run.parameters({ order: 1, name: "a", fast: false })).toEqual({
      order: 3,
      name: "5",
      fast: false,
    });
    expect(() => run.parameters({ order: true, name: "a" })).toThrow("order must be true or false");
    expect(() => run.parameters({ name: "a" })).toThrow('Unknown argument of the script "order"');
    expect(() => run.path("x")).toThrow("--out DIR");
  });
});

describe("progress", () => {
  const progress = { time: 420, end: 1000, elapsed: 0.97, spikes: 64_428 };

  test("a line says how far a run is and how fast it goes", () => {
    expect(progressLine(progress, 0, 100)).toBe(
      `${"█".repeat(10)}${"░".repeat(14)}   42 %  420 / 1,000 ms  RTF 2.31  153,400 spikes/s`,
    );
    expect(progressLine(progress, 400, 0)).toBe("3 %  420 / 1,000 ms  RTF 48.50  3,221,400 spikes/s");
    expect(progressLine(progress, 0, 20)).toHaveLength(20);
  });

  test("without a terminal there is a line every five seconds and one at the end; short runs are silent", () => {
    const written: string[] = [];
    const stream = { isTTY: false, write: (text: string) => written.push(text) };
    const show = progressDisplay(stream as unknown as NodeJS.WriteStream).runs();
    show({ time: 10, end: 10, elapsed: 0.1, spikes: 0 });
    expect(written).toEqual([]);
    for (let second = 1; second <= 12; second++)
      show({ time: 10 + second, end: 22, elapsed: second, spikes: 5 * second });
    expect(written.map((line) => line.split("%")[0])).toEqual(["41 ", "83 ", "100 "]);
  });
});

describe("results", () => {
  const results = { rates: { E: 31.23456789, I: Number.NaN }, values: Float64Array.of(1, 2.5), n: 12 };

  test("as JSON", () => {
    expect(JSON.parse(resultsJson(results))).toEqual({
      rates: { E: 31.23456789, I: null },
      values: [1, 2.5],
      n: 12,
    });
    expect(resultsJson(undefined)).toBe("{}");
  });

  test("for people", () => {
    expect(resultsText(results)).toBe("rates\n  E  31.235\n  I  NaN\nvalues  1, 2.5\nn       12\n");
    expect(resultsText(undefined)).toBe("");
  });
});

test("medians of an odd and an even number of runs", () => {
  const run = (a: number) => ({ a });
  expect(medians([run(3), run(1), run(2)])).toEqual({ a: { median: 2, values: [3, 1, 2] } });
  expect(medians([run(3), run(1)]).a!.median).toBe(2);
});
