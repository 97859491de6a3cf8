/**
 * Units: names with prefixes, products, quotients and rational powers of them, as dimensions and a factor to the coherent system.
 *
 * Synfire's coherent system has ms, mV and pA (hence pF, nS, GOhm, 1/ms) and, for what those do not span, m, K, mol and cd. Factors
 * are powers of ten whose exponents are added as integers, so that a unit of the coherent system has the factor 1 exactly. (mV fixes
 * the coherent mass to 1e-24 kg, which shows only in units with a mass that are not electrical.)
 */

import type { Dimensions, Type } from "./ast.js";
import { suggestion } from "./suggest.js";

export type UnitType = Extract<Type, { kind: "unit" }>;

/** Dimensions and the power of ten that leads to SI base units. */
interface Scaled {
  readonly dimensions: Dimensions;
  readonly exponent: number;
}

/** No dimension: a plain number. */
export const DIMENSIONLESS: Dimensions = [0, 0, 0, 0, 0, 0, 0];

// Decimal exponents, in SI, of the coherent units of [m, kg, s, A, K, mol, cd].
const COHERENT = [0, -24, -3, -12, 0, 0, 0] as const;

const unit = (m: number, kg: number, s: number, a: number, exponent = 0): Scaled => {
  return { dimensions: [m, kg, s, a, 0, 0, 0], exponent };
};
const other = (index: 4 | 5 | 6, dimensions: Dimensions = DIMENSIONLESS, exponent = 0): Scaled => {
  return { dimensions: dimensions.with(index, 1) as unknown as Dimensions, exponent };
};
const PER_SECOND: Dimensions = [0, 0, -1, 0, 0, 0, 0];
const PER_CUBIC_METRE: Dimensions = [-3, 0, 0, 0, 0, 0, 0];
const PER_SQUARE_METRE: Dimensions = [-2, 0, 0, 0, 0, 0, 0];

/** Units by name, without prefix. */
const UNITS: ReadonlyMap<string, Scaled> = new Map([
  ["m", unit(1, 0, 0, 0)],
  ["g", unit(0, 1, 0, 0, -3)],
  ["s", unit(0, 0, 1, 0)],
  ["A", unit(0, 0, 0, 1)],
  ["K", other(4)],
  ["mol", other(5)],
  ["cd", other(6)],
  ["rad", unit(0, 0, 0, 0)],
  ["sr", unit(0, 0, 0, 0)],
  ["Hz", unit(0, 0, -1, 0)],
  ["N", unit(1, 1, -2, 0)],
  ["Pa", unit(-1, 1, -2, 0)],
  ["J", unit(2, 1, -2, 0)],
  ["W", unit(2, 1, -3, 0)],
  ["C", unit(0, 0, 1, 1)],
  ["V", unit(2, 1, -3, -1)],
  ["F", unit(-2, -1, 4, 2)],
  ["Ohm", unit(2, 1, -3, -2)],
  ["S", unit(-2, -1, 3, 2)],
  ["Wb", unit(2, 1, -2, -1)],
  ["T", unit(0, 1, -2, -1)],
  ["H", unit(2, 1, -2, -2)],
  ["lm", other(6)],
  ["lx", other(6, PER_SQUARE_METRE)],
  ["Bq", unit(0, 0, -1, 0)],
  ["Gy", unit(2, 0, -2, 0)],
  ["Sv", unit(2, 0, -2, 0)],
  ["kat", other(5, PER_SECOND)],
  ["L", unit(3, 0, 0, 0, -3)],
  ["l", unit(3, 0, 0, 0, -3)],
  ["M", other(5, PER_CUBIC_METRE, 3)],
]);

/** Prefixes and their powers of ten; "mu" is NESTML's older spelling of micro. */
const PREFIXES: readonly (readonly [string, number])[] = [
  ["mu", -6],
  ["da", 1],
  ["y", -24],
  ["z", -21],
  ["a", -18],
  ["f", -15],
  ["p", -12],
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["c", -2],
  ["d", -1],
  ["h", 2],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
  ["Z", 21],
  ["Y", 24],
];

/** Units that models use, for suggestions and for naming what was found. */
export const USUAL_UNITS: readonly string[] =
  "mV V uV pA nA uA A ms s us nS uS S pF nF uF F Hz kHz MOhm GOhm Ohm mM uM mol K um mm cm m".split(" ");

function lookUp(name: string): Scaled | undefined {
  const plain = UNITS.get(name);
  if (plain !== undefined) return plain;
  for (const [prefix, exponent] of PREFIXES) {
    const rest = name.startsWith(prefix) ? UNITS.get(name.slice(prefix.length)) : undefined;
    if (rest !== undefined) return { dimensions: rest.dimensions, exponent: rest.exponent + exponent };
  }
  return undefined;
}

/** Whether a name is a unit, with or without prefix. */
export function isUnitName(name: string): boolean {
  return lookUp(name) !== undefined;
}

// Sums of rational exponents pick up rounding errors; those of thirds and the like are cut off here.
function tidy(exponent: number): number {
  const rounded = Math.round(exponent * 1e6) / 1e6;
  return Math.abs(rounded - exponent) < 1e-9 ? rounded + 0 : exponent;
}

function combine(a: Scaled, b: Scaled, sign: 1 | -1): Scaled {
  return {
    dimensions: multiplyDimensions(a.dimensions, b.dimensions, sign),
    exponent: tidy(a.exponent + sign * b.exponent),
  };
}

/** Dimensions of a product (`sign` 1) or quotient (`sign` -1). */
export function multiplyDimensions(a: Dimensions, b: Dimensions, sign: 1 | -1 = 1): Dimensions {
  return a.map((exponent, index) => tidy(exponent + sign * (b[index] ?? 0))) as unknown as Dimensions;
}

/** Dimensions of a power. */
export function raiseDimensions(dimensions: Dimensions, power: number): Dimensions {
  return dimensions.map((exponent) => tidy(exponent * power)) as unknown as Dimensions;
}

/** Whether two quantities may be compared and added. */
export function sameDimensions(a: Dimensions, b: Dimensions): boolean {
  return a.every((exponent, index) => Math.abs(exponent - (b[index] ?? 0)) < 1e-9);
}

/** Whether dimensions are those of a plain number. */
export function isDimensionless(dimensions: Dimensions): boolean {
  return sameDimensions(dimensions, DIMENSIONLESS);
}

function factorOf({ dimensions, exponent }: Scaled): number {
  const coherent = dimensions.reduce((sum, power, index) => sum + power * (COHERENT[index] ?? 0), 0);
  const difference = tidy(exponent - coherent);
  // Decimal literals are rounded correctly, powers computed by Math.pow need not be.
  return Number.isInteger(difference) ? Number(`1e${difference}`) : 10 ** difference;
}

/** A quantity in the coherent system: a unit with factor 1, or real if there is no dimension. */
export function coherentType(dimensions: Dimensions): Type {
  if (isDimensionless(dimensions)) return { kind: "real" };
  return { kind: "unit", dimensions, factor: 1, text: formatDimensions(dimensions) };
}

export type ParsedUnit =
  | { readonly ok: true; readonly type: UnitType }
  | { readonly ok: false; readonly name: string; readonly message: string };

/** Thrown inside `parseUnit` only. */
class UnitFailure extends Error {
  readonly unitName: string;
  constructor(name: string, message: string) {
    super(message);
    this.unitName = name;
  }
}

/**
 * Reads a unit expression such as `mV`, `1/s`, `nS*mV/ms**2` or `mV**(1/2)`.
 * @returns the unit, or what is wrong with it
 */
export function parseUnit(text: string): ParsedUnit {
  const parts = text.match(/\*\*|[A-Za-z_$][\w$]*|\d+|\S/g) ?? [];
  let position = 0;
  const take = (expected: string): boolean => {
    if (parts[position] !== expected) return false;
    position++;
    return true;
  };
  const wholeNumber = (): number => {
    const sign = take("-") ? -1 : 1;
    if (sign === 1) take("+");
    const part = parts[position++];
    if (part === undefined || !/^\d+$/.test(part)) {
      throw new UnitFailure(part ?? "", `expected a whole number as the exponent in the unit "${text}"`);
    }
    return sign * Number(part);
  };
  const power = (base: Scaled): Scaled => {
    if (!take("**")) return base;
    let exponent: number;
    if (take("(")) {
      exponent = wholeNumber();
      if (take("/")) exponent /= wholeNumber();
      if (!take(")")) throw new UnitFailure("", `expected ")" in the unit "${text}"`);
    } else {
      exponent = wholeNumber();
    }
    return {
      dimensions: raiseDimensions(base.dimensions, exponent),
      exponent: tidy(base.exponent * exponent),
    };
  };
  const factor = (): Scaled => {
    if (take("(")) {
      const inner = product();
      if (!take(")")) throw new UnitFailure("", `expected ")" in the unit "${text}"`);
      return power(inner);
    }
    const part = parts[position++] ?? "";
    if (part === "1") return power({ dimensions: DIMENSIONLESS, exponent: 0 });
    const found = lookUp(part);
    if (found === undefined) {
      throw new UnitFailure(part, `unknown unit "${part}"${suggestion(part, USUAL_UNITS)}`);
    }
    return power(found);
  };
  const product = (): Scaled => {
    let result = factor();
    for (;;) {
      if (take("*")) result = combine(result, factor(), 1);
      else if (take("/")) result = combine(result, factor(), -1);
      else return result;
    }
  };
  try {
    const result = product();
    if (position < parts.length)
      throw new UnitFailure("", `unexpected "${parts[position]}" in the unit "${text}"`);
    return {
      ok: true,
      type: { kind: "unit", dimensions: result.dimensions, factor: factorOf(result), text },
    };
  } catch (error) {
    if (!(error instanceof UnitFailure)) throw error;
    return { ok: false, name: error.unitName, message: error.message };
  }
}

// Coherent units that name a quantity, tried in this order alone, then as quotients.
const NAMED: readonly (readonly [string, string])[] = [
  ["mV", "voltage"],
  ["pA", "current"],
  ["ms", "time"],
  ["pF", "capacitance"],
  ["nS", "conductance"],
  ["GOhm", "resistance"],
  ["fC", "charge"],
  ["m", "length"],
  ["K", "temperature"],
  ["mol", "amount of substance"],
  ["mM", "concentration"],
];

const NAMED_DIMENSIONS = new Map<string, Dimensions>(
  NAMED.map(([name]) => [name, lookUp(name)?.dimensions ?? DIMENSIONLESS]),
);

/** The physical quantity that dimensions stand for, if it has a name: "voltage", "current", ... */
export function quantityOf(dimensions: Dimensions): string | undefined {
  for (const [name, quantity] of NAMED) {
    if (sameDimensions(dimensions, NAMED_DIMENSIONS.get(name) ?? DIMENSIONLESS)) return quantity;
  }
  return sameDimensions(dimensions, PER_SECOND) ? "rate" : undefined;
}

const showPower = (name: string, power: number): string => {
  if (power === 1) return name;
  if (Number.isInteger(power)) return `${name}**${power}`;
  for (let denominator = 2; denominator <= 12; denominator++) {
    const numerator = tidy(power * denominator);
    if (Number.isInteger(numerator)) return `${name}**(${numerator}/${denominator})`;
  }
  return `${name}**(${power})`;
};

const formatted = new Map<string, string>();

/** Writes dimensions as a unit expression of coherent units: "mV/ms", "1/ms", "nS*mV". */
export function formatDimensions(dimensions: Dimensions): string {
  const key = dimensions.join(" ");
  let text = formatted.get(key);
  if (text === undefined) {
    text = searchName(dimensions) ?? composeName(dimensions);
    formatted.set(key, text);
  }
  return text;
}

function searchName(dimensions: Dimensions): string | undefined {
  if (isDimensionless(dimensions)) return "1";
  for (const power of [1, -1, 2, -2, 3, -3]) {
    for (const [name, of] of NAMED_DIMENSIONS) {
      if (!sameDimensions(dimensions, raiseDimensions(of, power))) continue;
      return power > 0 ? showPower(name, power) : `1/${showPower(name, -power)}`;
    }
  }
  const joins = [
    ["/", -1],
    ["*", 1],
  ] as const;
  for (const [join, sign] of joins) {
    for (const power of [1, 2]) {
      for (const [first, a] of NAMED_DIMENSIONS) {
        for (const [second, b] of NAMED_DIMENSIONS) {
          const both = multiplyDimensions(a, raiseDimensions(b, power), sign);
          if (sameDimensions(dimensions, both)) return `${first}${join}${showPower(second, power)}`;
        }
      }
    }
  }
  return undefined;
}

/** Any dimensions as a product of powers of mV (which carries the mass), pA, ms, m, K, mol and cd. */
function composeName(dimensions: Dimensions): string {
  const [metre, mass, second, ampere, kelvin, mole, candela] = dimensions;
  const powers: (readonly [string, number])[] = [
    ["mV", mass],
    ["pA", tidy(ampere + mass)],
    ["ms", tidy(second + 3 * mass)],
    ["m", tidy(metre - 2 * mass)],
    ["K", kelvin],
    ["mol", mole],
    ["cd", candela],
  ];
  return powers
    .filter(([, power]) => power !== 0)
    .map(([name, power]) => showPower(name, power))
    .join("*");
}
