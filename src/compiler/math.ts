/**
 * Elementary functions over + - * / sqrt, comparisons and integer operations, written once for every engine: each takes a
 * builder and values of type f32 or f64 and adds its instructions. No table, no fused multiply-add, no platform library.
 */

import type { Builder } from "./builder.js";
import type { IrType, Value } from "./ir.js";

type Unary = (b: Builder, x: Value) => Value;

/**
 * c[0] + c[1] x + c[2] x^2 + ... by Horner's rule. In f32 even and odd powers apart, so that half as many operations wait for each other;
 * in f64 one after the other, since drawn weights and delays must keep their bits.
 */
function polynomial(b: Builder, x: Value, coefficients: readonly number[]): Value {
  if (x.type === "f32" && coefficients.length > 4) {
    const part = (odd: number) => coefficients.filter((_, k) => k % 2 === odd);
    const square = b.mul(x, x);
    return b.add(horner(b, square, part(0)), b.mul(x, horner(b, square, part(1))));
  }
  return horner(b, x, coefficients);
}

function horner(b: Builder, x: Value, coefficients: readonly number[]): Value {
  let sum = b.constant(x.type, coefficients[coefficients.length - 1]!);
  for (let i = coefficients.length - 2; i >= 0; i--)
    sum = b.add(b.mul(sum, x), b.constant(x.type, coefficients[i]!));
  return sum;
}

function reciprocalFactorials(from: number, to: number): number[] {
  let factorial = 1;
  for (let i = 2; i <= from; i++) factorial *= i;
  const terms: number[] = [];
  for (let i = from; i <= to; i++) {
    if (i > from) factorial *= i;
    terms.push(1 / factorial);
  }
  return terms;
}

/** ln 2 in two parts; the upper one has trailing zeros, so that its product with an exponent is exact. */
const LN2 = {
  f64: [0.69314718036912381649, 1.90821492927058770002e-10],
  f32: [0.693359375, -2.1219444e-4],
} as const;

/** x - n ln 2 */
function lessLn2(b: Builder, x: Value, n: Value): Value {
  const [upper, lower] = LN2[x.type as "f32" | "f64"];
  const c = (v: number) => b.constant(x.type, v);
  return b.sub(b.sub(x, b.mul(n, c(upper))), b.mul(n, c(lower)));
}

/** Range of x in which exp(x) is a normal number. */
const EXP_RANGE = { f32: [-86.6, 88.72], f64: [-707.7, 709.78] } as const;

/** Adding and subtracting it rounds f32 to a whole number, which then is in the lowest bits. */
const ROUNDER = 1.5 * 2 ** 23;

/** e^x; 0 below the range of normal numbers, infinity above it, NaN for NaN. */
export const exp: Unary = (b, x) => {
  const c = (v: number) => b.constant(x.type, v);
  const [lowest, highest] = EXP_RANGE[x.type as "f32" | "f64"];
  const inside = b.min(b.max(x, c(lowest)), c(highest));
  const bounded = (y: Value) =>
    b.select(b.lt(x, c(lowest)), c(0), b.select(b.gt(x, c(highest)), c(Infinity), y));
  // 2^n as 2 * 2^(n-1): n may be one above the largest exponent
  if (x.type === "f32") {
    const rounded = b.add(b.mul(inside, c(Math.LOG2E)), c(ROUNDER));
    const r = lessLn2(b, inside, b.sub(rounded, c(ROUNDER)));
    const twice = reciprocalFactorials(0, 7).map((v) => 2 * v);
    const exponent = b.add(b.shl(b.bits("i32", rounded), 23), b.constant("i32", 126 * 2 ** 23));
    return bounded(b.mul(polynomial(b, r, twice), b.bits("f32", exponent)));
  }
  const n = b.floor(b.add(b.mul(inside, c(Math.LOG2E)), c(0.5)));
  const series = polynomial(b, lessLn2(b, inside, n), reciprocalFactorials(0, 13));
  const exponent = b.add(b.convert("i32", b.sub(n, c(1))), b.constant("i32", 1023));
  const y = b.mul(b.mul(series, b.pack(b.shl(exponent, 20), b.constant("i32", 0))), c(2));
  return b.select(b.compare("ne", x, x), x, bounded(y));
};

/** e^x - 1, accurate near 0. */
export const expm1: Unary = (b, x) => {
  const c = (v: number) => b.constant(x.type, v);
  const small = b.mul(x, polynomial(b, x, reciprocalFactorials(1, x.type === "f32" ? 8 : 15)));
  return b.select(b.lt(b.abs(x), c(0.35)), small, b.sub(exp(b, x), c(1)));
};

/** (ln(1 + f) - f + f^2 / 2) / f^3 where 1 + f is in [sqrt(1/2), sqrt 2): errors of the logarithm stay below 1e-8 of it */
const LOG_TAIL = [
  0.3333331672581722, -0.2500081040515012, 0.20002286274923203, -0.16624554043495582, 0.1418119193848199,
  -0.13128754802682596, 0.1288164749119595, -0.07859611500978102,
];

/** Natural logarithm of a positive normal number, times 2^shift. */
export function logOfNormal(b: Builder, x: Value, shift?: Value): Value {
  const c = (v: number) => b.constant(x.type, v);
  const f32 = x.type === "f32";
  const i = (v: number) => b.constant("i32", v);
  const bits = f32 ? 23 : 20;
  const word = f32 ? b.bits("i32", x) : b.high(x);
  // mantissa in [sqrt(1/2), sqrt 2)
  const exponent = b.shr(b.sub(word, i(f32 ? 0x3f3504f3 : 0x3fe6a09e)), bits);
  const mantissaWord = b.sub(word, b.shl(exponent, bits));
  const m = f32 ? b.bits("f32", mantissaWord) : b.pack(mantissaWord, b.low(x));
  const whole = b.convert(x.type, exponent);
  const e = shift ? b.sub(whole, shift) : whole;
  const [upper, lower] = LN2[x.type as "f32" | "f64"];
  const f = b.sub(m, c(1));
  if (f32) {
    const f2 = b.mul(f, f);
    const tail = b.sub(b.mul(b.mul(f, f2), polynomial(b, f, LOG_TAIL)), b.mul(c(0.5), f2));
    return b.add(b.mul(e, c(upper)), b.add(f, b.add(tail, b.mul(e, c(lower)))));
  }
  const s = b.div(f, b.add(m, c(1)));
  const s2 = b.mul(s, s);
  // 2 atanh(s) = 2 s + 2 s^3 / 3 + ...
  const terms = Array.from({ length: 11 }, (_, k) => 2 / (2 * k + 3));
  const tail = b.mul(b.mul(s, s2), polynomial(b, s2, terms));
  return b.add(b.mul(e, c(upper)), b.add(b.add(s, s), b.add(tail, b.mul(e, c(lower)))));
}

/** Natural logarithm; -infinity at 0, NaN below. */
export const log: Unary = (b, x) => {
  const c = (v: number) => b.constant(x.type, v);
  const f32 = x.type === "f32";
  // subnormal numbers are scaled up first
  const tiny = b.lt(x, c(f32 ? 2 ** -126 : 2 ** -1022));
  const scaled = b.select(tiny, b.mul(x, c(f32 ? 2 ** 24 : 2 ** 54)), x);
  const y = logOfNormal(b, scaled, b.select(tiny, c(f32 ? 24 : 54), c(0)));
  return b.select(
    b.eq(x, c(0)),
    c(-Infinity),
    b.select(b.gt(x, c(0)), b.select(b.eq(x, c(Infinity)), x, y), c(NaN)),
  );
};

export const log10: Unary = (b, x) => b.mul(log(b, x), b.constant(x.type, Math.LOG10E));

/** x^y for any real y; NaN for a negative x unless y is integral. */
export function pow(b: Builder, x: Value, y: Value): Value {
  const c = (v: number) => b.constant(x.type, v);
  const magnitude = exp(b, b.mul(y, log(b, b.abs(x))));
  const integral = b.eq(b.floor(y), y);
  const half = b.mul(y, c(0.5));
  const odd = b.compare("ne", b.floor(half), half);
  const signed = b.select(integral, b.select(odd, b.neg(magnitude), magnitude), c(NaN));
  return b.select(b.eq(y, c(0)), c(1), b.select(b.lt(x, c(0)), signed, magnitude));
}

/** x^y within 4 % for a positive x, normal or 0, and |y| < 1/4: logarithm and exponential are read off the bits of floating-point numbers. */
export function roughPower(b: Builder, x: Value, y: number): Value {
  const f32 = x.type === "f32";
  // the bits of x, as an integer, are about (log2 x + bias) 2^shift; 0.043 halves the largest error
  const one = (f32 ? 127 - 0.043 : 1023 - 0.043) * 2 ** (f32 ? 23 : 20);
  const word = b.convert(x.type, f32 ? b.bits("i32", x) : b.high(x));
  const scaled = b.add(b.mul(word, b.constant(x.type, y)), b.constant(x.type, (1 - y) * one));
  const bits = b.convert("i32", scaled);
  return f32 ? b.bits("f32", bits) : b.pack(bits, b.constant("i32", 0));
}

/** x^n by repeated multiplication. */
export function powInteger(b: Builder, x: Value, n: number): Value {
  if (n < 0) return b.div(b.constant(x.type, 1), powInteger(b, x, -n));
  if (n === 0) return b.constant(x.type, 1);
  const half = powInteger(b, x, n >> 1);
  if (n === 1) return x;
  const square = b.mul(half, half);
  return n % 2 === 0 ? square : b.mul(square, x);
}

/** sine and cosine; accurate for |x| < 1e5 */
function sineCosine(b: Builder, x: Value): { sine: Value; cosine: Value } {
  const c = (v: number) => b.constant(x.type, v);
  const parts =
    x.type === "f32"
      ? [1.5703125, 4.837512969970703e-4, 7.549789948768648e-8]
      : [1.57079632673412561417, 6.0771005063039659766e-11, 2.02226624879595063154e-21];
  const n = b.floor(b.add(b.mul(x, c(2 / Math.PI)), c(0.5)));
  let r = x;
  for (const part of parts) r = b.sub(r, b.mul(n, c(part)));
  const r2 = b.mul(r, r);
  const alternating = (first: number) =>
    Array.from({ length: x.type === "f32" ? 6 : 10 }, (_, k) => {
      let factorial = 1;
      for (let i = 2; i <= first + 2 * k; i++) factorial *= i;
      return (k % 2 === 0 ? 1 : -1) / factorial;
    });
  const s = b.mul(r, polynomial(b, r2, alternating(1)));
  const k = polynomial(b, r2, alternating(0));
  const quadrant = b.convert("i32", n);
  const one = b.constant("i32", 1);
  const two = b.constant("i32", 2);
  const swap = b.eq(b.and(quadrant, one), one);
  const negateSine = b.eq(b.and(quadrant, two), two);
  const negateCosine = b.eq(b.and(b.add(quadrant, one), two), two);
  const sine = b.select(swap, k, s);
  const cosine = b.select(swap, s, k);
  return {
    sine: b.select(negateSine, b.neg(sine), sine),
    cosine: b.select(negateCosine, b.neg(cosine), cosine),
  };
}

export const sin: Unary = (b, x) => sineCosine(b, x).sine;
export const cos: Unary = (b, x) => sineCosine(b, x).cosine;
export const tan: Unary = (b, x) => {
  const { sine, cosine } = sineCosine(b, x);
  return b.div(sine, cosine);
};

export const sinh: Unary = (b, x) => {
  const m = expm1(b, b.abs(x));
  const y = b.mul(b.constant(x.type, 0.5), b.add(m, b.div(m, b.add(m, b.constant(x.type, 1)))));
  return b.select(b.lt(x, b.constant(x.type, 0)), b.neg(y), y);
};

export const cosh: Unary = (b, x) => {
  const e = exp(b, b.abs(x));
  return b.mul(b.constant(x.type, 0.5), b.add(e, b.div(b.constant(x.type, 1), e)));
};

export const tanh: Unary = (b, x) => {
  const c = (v: number) => b.constant(x.type, v);
  const m = expm1(b, b.min(b.mul(b.abs(x), c(2)), c(60)));
  const y = b.div(m, b.add(m, c(2)));
  return b.select(b.lt(x, c(0)), b.neg(y), y);
};

/** Error function: series below 2.25, continued fraction above (Abramowitz & Stegun 7.1.6, 7.1.14). */
export const erf: Unary = (b, x) => {
  const c = (v: number) => b.constant(x.type, v);
  const a = b.min(b.abs(x), c(6));
  const a2 = b.mul(a, a);
  const gauss = exp(b, b.neg(a2));
  // erf a = 2/sqrt(pi) e^(-a^2) sum 2^n a^(2n+1) / (1 3 5 ... (2n+1))
  const terms: number[] = [];
  for (let n = 0, t = 1; n < 40; n++, t *= 2 / (2 * n + 1)) terms.push(t);
  const inner = b.mul(b.mul(c(2 / Math.sqrt(Math.PI)), b.mul(a, gauss)), polynomial(b, a2, terms));
  let fraction = a;
  for (let k = 60; k >= 1; k--) fraction = b.add(a, b.div(c(k / 2), fraction));
  const outer = b.sub(c(1), b.div(gauss, b.mul(fraction, c(Math.sqrt(Math.PI)))));
  const y = b.select(b.lt(a, c(2.25)), inner, outer);
  return b.select(b.lt(x, c(0)), b.neg(y), y);
};

export const erfc: Unary = (b, x) => b.sub(b.constant(x.type, 1), erf(b, x));

/** a/b of two polynomials */
function rational(b: Builder, x: Value, above: readonly number[], below: readonly number[]): Value {
  return b.div(polynomial(b, x, above), polynomial(b, x, below));
}

// Wichura 1988, algorithm AS 241 (PPND16), doi:10.2307/2347330
const CENTRE = [
  [
    3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
    45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
  ],
  [
    1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867,
    39307.89580009271061, 28729.085735721942674, 5226.495278852854561,
  ],
] as const;
const TAIL = [
  [
    1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
    1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
  ],
  [
    1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
    0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
  ],
] as const;
const FAR_TAIL = [
  [
    6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
    0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
  ],
  [
    1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
    1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
  ],
] as const;

/** The x for which the standard normal distribution function is p; for 0 < p < 1. */
export const normalInverse: Unary = (b, p) => {
  const c = (v: number) => b.constant(p.type, v);
  const q = b.sub(p, c(0.5));
  const central = b.mul(q, rational(b, b.sub(c(0.180625), b.mul(q, q)), ...CENTRE));
  const y = b.variable("normal", p.type);
  b.set(y, central);
  b.if(b.gt(b.abs(q), c(0.425)), () => {
    const r = b.sqrt(b.neg(log(b, b.min(p, b.sub(c(1), p)))));
    b.set(y, rational(b, b.sub(r, c(1.6)), ...TAIL));
    b.if(b.gt(r, c(5)), () => b.set(y, rational(b, b.sub(r, c(5)), ...FAR_TAIL)));
    const magnitude = b.get(y);
    b.set(y, b.select(b.lt(q, c(0)), b.neg(magnitude), magnitude));
  });
  return b.get(y);
};

/** Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405): four u32 words of four counter and two key words. */
export function philox(
  b: Builder,
  counter: readonly Value[],
  key: readonly Value[],
): readonly [Value, Value, Value, Value] {
  const u = (v: number) => b.constant("u32", v);
  let [c0, c1, c2, c3] = counter as [Value, Value, Value, Value];
  let [k0, k1] = key as [Value, Value];
  for (let round = 0; round < 10; round++) {
    if (round > 0) {
      k0 = b.add(k0, u(0x9e3779b9));
      k1 = b.add(k1, u(0xbb67ae85));
    }
    const [m0, m1] = [u(0xd2511f53), u(0xcd9e8d57)];
    const [high0, low0, high1, low1] = [b.mulhi(m0, c0), b.mul(m0, c0), b.mulhi(m1, c2), b.mul(m1, c2)];
    [c0, c1, c2, c3] = [b.xor(b.xor(high1, c1), k0), low1, b.xor(b.xor(high0, c3), k1), low0];
  }
  return [c0, c1, c2, c3];
}

/** (word + 1/2) 2^-32 in f64: a uniform number in (0, 1) */
export function uniform(b: Builder, word: Value, type: IrType = "f64"): Value {
  const x = b.mul(b.add(b.convert("f64", word), b.constant("f64", 0.5)), b.constant("f64", 2 ** -32));
  return b.convert(type, x);
}
