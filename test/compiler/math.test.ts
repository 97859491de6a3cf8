import { describe, expect, it } from "vitest";
import { Builder } from "../../src/compiler/builder.js";
import { type IrType, type Value, validateIr } from "../../src/compiler/ir.js";
import * as math from "../../src/compiler/math.js";
import { compileJs } from "../../src/compiler/print-js.js";

function compile(type: IrType, define: (b: Builder, x: Value) => Value): (x: number) => number {
  const b = new Builder();
  const x = b.variable("x", type);
  const y = b.variable("y", type);
  b.set(y, define(b, b.get(x)));
  const fn = b.finish("f", [{ variable: x, uniform: false }], [y]);
  validateIr(fn);
  return compileJs(fn);
}

const grid = (from: number, to: number, n = 4001) =>
  Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));

describe("portable elementary functions", () => {
  const cases: [string, (b: Builder, x: Value) => Value, (x: number) => number, number[], number, number][] =
    [
      ["exp", math.exp, Math.exp, grid(-700, 700), 4e-16, 3e-7],
      ["exp near 0", math.exp, Math.exp, grid(-1, 1), 4e-16, 3e-7],
      ["expm1", math.expm1, Math.expm1, grid(-3, 3), 2e-15, 6e-7],
      ["log", math.log, Math.log, grid(1e-3, 50), 1e-15, 5e-7],
      ["log10", math.log10, Math.log10, grid(2, 1e6), 1e-15, 5e-7],
      ["sin", math.sin, Math.sin, grid(-50, 50), 5e-15, 5e-6],
      ["cos", math.cos, Math.cos, grid(-50, 50), 5e-15, 5e-6],
      ["sinh", math.sinh, Math.sinh, grid(-20, 20), 3e-15, 1e-6],
      ["cosh", math.cosh, Math.cosh, grid(-20, 20), 2e-15, 1e-6],
      ["tanh", math.tanh, Math.tanh, grid(-20, 20), 3e-15, 1e-6],
    ];
  for (const [name, define, truth, points, tolerance64, tolerance32] of cases) {
    it(`${name}: f64`, () => {
      const f = compile("f64", define);
      for (const x of points) {
        const t = truth(x);
        expect(Math.abs(f(x) - t), `${name}(${x}) = ${f(x)}, not ${t}`).toBeLessThanOrEqual(
          tolerance64 * Math.max(Math.abs(t), name.length === 3 ? 1 : 0),
        );
      }
    });
    it(`${name}: f32`, () => {
      const f = compile("f32", define);
      for (const point of points.filter((p) => Math.abs(p) < 80)) {
        const x = Math.fround(point);
        const t = truth(x);
        expect(Math.abs(f(x) - t), `${name}(${x}) = ${f(x)}, not ${t}`).toBeLessThanOrEqual(
          tolerance32 * Math.max(Math.abs(t), name.length === 3 ? 1 : 0),
        );
      }
    });
  }

  it("exp and log at their edges", () => {
    const exp = compile("f64", math.exp);
    const log = compile("f64", math.log);
    expect([exp(-Infinity), exp(-800), exp(800), exp(0)]).toEqual([0, 0, Infinity, 1]);
    expect(exp(NaN)).toBeNaN();
    expect([log(0), log(1), log(Infinity)]).toEqual([-Infinity, 0, Infinity]);
    expect(log(-1)).toBeNaN();
    expect(log(5e-324)).toBeCloseTo(Math.log(5e-324), 12);
  });

  it("erf against its published values (Abramowitz & Stegun, table 7.1)", () => {
    const erf = compile("f64", math.erf);
    const table: [number, number][] = [
      [0, 0],
      [0.5, 0.5204998778],
      [1, 0.8427007929],
      [2, 0.995322265],
      [2.5, 0.999593048],
      [3, 0.99997791],
    ];
    for (const [x, y] of table) {
      expect(erf(x)).toBeCloseTo(y, 9);
      expect(erf(-x)).toBeCloseTo(-y, 9);
    }
  });

  it("normalInverse inverts the normal distribution function", () => {
    const inverse = compile("f64", math.normalInverse);
    const erf = compile("f64", math.erf);
    for (const p of grid(0.001, 0.999, 999))
      expect(0.5 * (1 + erf(inverse(p) / Math.SQRT2))).toBeCloseTo(p, 13);
    expect(inverse(0.5)).toBe(0);
    // quantiles of Wichura's own check
    expect(inverse(0.25)).toBeCloseTo(-0.6744897501960817, 15);
    expect(inverse(0.001)).toBeCloseTo(-3.090232306167814, 14);
    expect(inverse(1e-20)).toBeCloseTo(-9.262340089798408, 13);
  });

  it("pow: integral exponents of negative numbers, NaN for others", () => {
    const power = (x: number, y: number) => compile("f64", (b, v) => math.pow(b, v, b.constant("f64", y)))(x);
    expect(power(-2, 3)).toBeCloseTo(-8, 13);
    expect(power(-2, 2)).toBeCloseTo(4, 13);
    expect(power(-2, 0.5)).toBeNaN();
    expect(power(0, 2)).toBe(0);
    expect(power(9, 0.5)).toBeCloseTo(3, 14);
    expect(compile("f64", (b, v) => math.powInteger(b, v, -3))(2)).toBe(0.125);
  });

  it("philox gives the known answers of its authors", () => {
    const b = new Builder();
    const inputs = Array.from({ length: 6 }, (_, i) => b.variable(`i${i}`, "u32"));
    const outputs = Array.from({ length: 4 }, (_, i) => b.variable(`o${i}`, "u32"));
    const words = math.philox(b, inputs.slice(0, 4).map(b.get.bind(b)), inputs.slice(4).map(b.get.bind(b)));
    outputs.forEach((o, i) => b.set(o, words[i]!));
    const fn = b.finish(
      "philox",
      inputs.map((variable) => ({ variable, uniform: false })),
      outputs,
    );
    validateIr(fn);
    const run = compileJs(fn) as unknown as (...x: number[]) => number[];
    expect(run(0, 0, 0, 0, 0, 0)).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    const ones = 0xffffffff;
    expect(run(ones, ones, ones, ones, ones, ones)).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
    expect(run(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0)).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ]);
  });
});
