/**
 * Units: dimensions, factors to the coherent system of ms, mV and pA, and names.
 */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatDimensions,
  multiplyDimensions,
  parseUnit,
  quantityOf,
  raiseDimensions,
  sameDimensions,
  type UnitType,
} from "../../src/nestml/index.js";

function unit(text: string): UnitType {
  const parsed = parseUnit(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.type;
}

describe("factors", () => {
  test.each([
    "mV",
    "pA",
    "ms",
    "pF",
    "nS",
    "GOhm",
    "kHz",
    "1/ms",
    "ms**-1",
    "mV/ms",
    "pA/ms",
    "nS/ms",
    "mV*nS/pA",
    "fC",
    "mV**2",
    "mV**(1/2)",
    "(ms*mV)**-1",
    "mM",
    "m",
    "K",
    "mol",
    "cd",
    "pA/mV",
    "pF*mV/ms",
    "nS*mV",
    "1/(GOhm*ms)",
  ])("%s is coherent", (text) => {
    expect(unit(text).factor).toBe(1);
  });

  test.each([
    ["V", 1000],
    ["uV", 1e-3],
    ["muV", 1e-3],
    ["s", 1000],
    ["us", 1e-3],
    ["A", 1e12],
    ["nA", 1e3],
    ["F", 1e12],
    ["nF", 1e3],
    ["S", 1e9],
    ["uS", 1e3],
    ["Ohm", 1e-9],
    ["MOhm", 1e-3],
    ["Hz", 1e-3],
    ["1/s", 1e-3],
    ["V/s", 1],
    ["C", 1e15],
    ["uM", 1e-3],
    ["mm", 1e-3],
    ["dam", 10],
    ["L", 1e-3],
    ["kat", 1e-3],
    ["uS/cm**2", 1e7],
    ["V**(1/3)", 10],
  ])("%s has the factor %d", (text, factor) => {
    expect(unit(text).factor).toBe(factor);
  });

  test("mass has the scale that mV gives it: 1 J = 1 C V", () => {
    expect(unit("J").factor).toBe(unit("C*V").factor);
    expect(unit("kg*m**2/s**2").factor).toBe(unit("J").factor);
  });
});

describe("dimensions", () => {
  test.each([
    ["V", "J/C"],
    ["F", "C/V"],
    ["S", "1/Ohm"],
    ["Ohm", "V/A"],
    ["W", "V*A"],
    ["Hz", "1/s"],
    ["N", "kg*m/s**2"],
    ["Pa", "N/m**2"],
    ["Wb", "V*s"],
    ["T", "Wb/m**2"],
    ["H", "Wb/A"],
    ["lx", "lm/m**2"],
    ["Bq", "Hz"],
    ["Gy", "J/kg"],
    ["kat", "mol/s"],
    ["M", "mol/L"],
    ["mV**(2/4)", "mV**(1/2)"],
    ["1/(mV/ms)", "ms/mV"],
    ["rad", "m/m"],
  ])("%s is %s", (a, b) => {
    expect(unit(a).dimensions).toEqual(unit(b).dimensions);
    expect(unit(a).factor).toBeCloseTo(unit(b).factor, 12);
  });

  test("prefixes are taken only where the whole name is no unit", () => {
    expect(unit("Pa").dimensions).toEqual(unit("N/m**2").dimensions);
    expect(unit("cd").dimensions).toEqual([0, 0, 0, 0, 0, 0, 1]);
    expect(unit("mol").dimensions).toEqual([0, 0, 0, 0, 0, 1, 0]);
  });
});

describe("mistakes", () => {
  test.each([
    ["mv", 'unknown unit "mv"; did you mean "mV"?'],
    ["gohm", 'unknown unit "gohm"; did you mean "GOhm"?'],
    ["xyzzyx", 'unknown unit "xyzzyx"'],
    ["kkV", 'unknown unit "kkV"; did you mean "mV"?'],
    ["k", 'unknown unit "k"'],
    ["mV**x", 'expected a whole number as the exponent in the unit "mV**x"'],
    ["(mV", 'expected ")" in the unit "(mV"'],
    ["mV ms", 'unexpected "ms" in the unit "mV ms"'],
  ])("%s", (text, message) => {
    const parsed = parseUnit(text);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.message).toContain(message);
  });
});

describe("names", () => {
  test.each([
    ["V", "mV"],
    ["s", "ms"],
    ["Hz", "1/ms"],
    ["V/s", "mV/ms"],
    ["uS/s", "nS/ms"],
    ["1/Ohm", "nS"],
    ["pA*mV", "mV*pA"],
    ["mV**(1/2)", "mV**(1/2)"],
    ["m/m", "1"],
  ])("%s is shown as %s", (text, expected) => {
    expect(formatDimensions(unit(text).dimensions)).toBe(expected);
  });

  test("quantities", () => {
    expect(
      ["V", "nA", "s", "pF", "S", "MOhm", "pC", "Hz", "mM", "mV/ms"].map((text) =>
        quantityOf(unit(text).dimensions),
      ),
    ).toEqual([
      "voltage",
      "current",
      "time",
      "capacitance",
      "conductance",
      "resistance",
      "charge",
      "rate",
      "concentration",
      undefined,
    ]);
  });

  const exponent = fc.integer({ min: -4, max: 4 });
  const half = exponent.map((value) => value / 2);
  const dimensions = fc.tuple(half, half, half, half, exponent, exponent, exponent);

  test("what is shown is read as the same, coherent unit", () => {
    fc.assert(
      fc.property(dimensions, (wanted) => {
        const type = unit(formatDimensions(wanted));
        expect(sameDimensions(type.dimensions, wanted)).toBe(true);
        expect(type.factor).toBe(1);
      }),
    );
  });

  test("factors of products are products of factors", () => {
    const simple = fc.constantFrom("mV", "V", "s", "ms", "nA", "uS", "pF", "MOhm", "Hz", "mM", "g", "cm");
    fc.assert(
      fc.property(simple, simple, exponent, (a, b, power) => {
        const product = unit(`${a}*${b}**${power}`);
        const expected = unit(a).factor * unit(b).factor ** power;
        expect(product.factor / expected).toBeCloseTo(1, 9);
        const together = multiplyDimensions(unit(a).dimensions, raiseDimensions(unit(b).dimensions, power));
        expect(sameDimensions(product.dimensions, together)).toBe(true);
      }),
    );
  });
});
