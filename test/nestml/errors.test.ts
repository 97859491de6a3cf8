/**
 * How mistakes are told: place, source, mark, what was expected, the nearest name; and that several are told at once.
 */

import { describe, expect, test } from "vitest";
import { SynfireError } from "../../src/errors.js";
import { formatDiagnostic, loadModels, NestmlError } from "../../src/nestml/index.js";

function errorOf(text: string, file = "model.nestml"): NestmlError {
  try {
    loadModels(text, file);
  } catch (error) {
    if (error instanceof NestmlError) return error;
    throw error;
  }
  throw new Error("expected an error, found none");
}

describe("messages", () => {
  test("a colon left out", () => {
    expect(errorOf("model m\n    state:\n        x real = 0\n").message).toMatchInlineSnapshot(`
      "model.nestml:1:8: error: expected ":" after the model's name, found the end of the line
        1 | model m
          |        ^"
    `);
  });

  test("an undefined name", () => {
    const text =
      "model m:\n    parameters:\n        tau_m ms = 10 ms\n    internals:\n        f real = exp(-1 ms / tau_n)\n";
    expect(errorOf(text).message).toMatchInlineSnapshot(`
      "model.nestml:5:30: error: "tau_n" is not defined; did you mean "tau_m"?
        5 |         f real = exp(-1 ms / tau_n)
          |                              ^~~~~"
    `);
  });

  test("units that do not fit", () => {
    expect(
      errorOf("model m:\n    state:\n        V_m mV = 3 pA * 2 GOhm / (1 ms)\n").message,
    ).toMatchInlineSnapshot(`
      "model.nestml:3:18: error: the value of "V_m": expected mV (voltage), found mV/ms
        3 |         V_m mV = 3 pA * 2 GOhm / (1 ms)
          |                  ^~~~~~~~~~~~~~~~~~~~~~"
    `);
  });

  test("a port that does not exist", () => {
    const text =
      "model m:\n    input:\n        spikes <- spike\n    onReceive(spikess):\n        x real = 0\n    output: spike\n";
    expect(errorOf(text).message).toMatchInlineSnapshot(`
      "model.nestml:4:15: error: "onReceive" needs a spike port of "input", found "spikess", which is not defined; did you mean "spikes"?
        4 |     onReceive(spikess):
          |               ^~~~~~~"
    `);
  });

  test("tabs are kept above the mark", () => {
    expect(errorOf("model m:\n\tstate:\n\t\tx mV = 1 + foo\n").message).toMatchInlineSnapshot(`
      "model.nestml:3:14: error: "foo" is not defined
        3 | 		x mV = 1 + foo
          | 		           ^~~"
    `);
  });

  test("several at once, warnings after errors", () => {
    const text = [
      "model m:",
      "    state:",
      "        V_m mV = 1",
      "        x real = y",
      "    update:",
      "        z = 1",
      "        emit_spike()",
      "",
    ].join("\n");
    const error = errorOf(text);
    expect(error.message).toMatchInlineSnapshot(`
      "model.nestml:4:18: error: "y" is not defined
        4 |         x real = y
          |                  ^

      model.nestml:6:9: error: "z" is not defined
        6 |         z = 1
          |         ^

      model.nestml:7:9: error: "emit_spike" needs "output: spike" in the model
        7 |         emit_spike()
          |         ^~~~~~~~~~~~"
    `);
    expect(error.diagnostics.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
      "error undefined-name",
      "error undefined-name",
      "error no-spike-output",
      "warning implicit-conversion",
    ]);
  });

  test("parsing goes on after a mistake in a statement, a block and a model", () => {
    const text = [
      "model a:",
      "    state:",
      "        x real == 0",
      "        y real = )",
      "    paramters:",
      "        a real = 0",
      "    update:",
      "        if x >",
      "            x = 0",
      "        x = 1 +",
      "model b",
      "    state:",
      "        x real = 0",
      "model c:",
      "    state:",
      "        x real 0",
      "",
    ].join("\n");
    expect(errorOf(text).diagnostics.map(({ span }) => `${span.line}:${span.column}`)).toEqual([
      "3:16",
      "4:18",
      "5:5",
      "8:15",
      "10:16",
      "11:8",
      "16:16",
    ]);
  });
});

describe("the error", () => {
  test("is a SynfireError with a code", () => {
    const error = errorOf("model m:\n    state:\n        x real = y\n");
    expect(error).toBeInstanceOf(SynfireError);
    expect(error.code).toBe("nestml");
    expect(error.name).toBe("NestmlError");
  });

  test("warnings alone do not throw", () => {
    const { models, warnings } = loadModels("model m:\n    state:\n        x mV = 1\n", "m.nestml");
    expect(models[0]?.name).toBe("m");
    expect(
      warnings.map((warning) => formatDiagnostic(warning, "model m:\n    state:\n        x mV = 1\n")),
    ).toEqual([
      [
        'm.nestml:3:16: warning: the value of "x": expected mV (voltage), found a number without unit; it is taken in mV',
        "  3 |         x mV = 1",
        "    |                ^",
      ].join("\n"),
    ]);
  });
});
