/**
 * From a distribution to the numbers: each distribution becomes a program of a few operations on one uniform number, which the
 * host runs here and the engines print in their own language, with the same bits as the result.
 */
import { SynfireError } from "../errors.js";
import { type Distribution, toDistribution } from "./distributions.js";
import { normalCdf } from "./normal-cdf.js";
import { exp, log, normalInverse } from "./portable.js";

/**
 * How a value comes from a uniform number u in (0, 1), as plain data. In this order, each operation rounded once:
 * - v = p0 + u * p1
 * - x = a                                       if kind is "constant"
 * - x = a + b * normalInverse(v)                if kind is "normal"
 * - x = exp(a + b * normalInverse(v))           if kind is "lognormal"
 * - x = a + b * v                               if kind is "uniform"
 * - x = (-b) * log(1 - v)                       if kind is "exponential"
 * - x = min(max(x, low), high)
 *
 * b is negative where a clipped interval lies in the upper tail of a normal: its mirror image is drawn, which keeps precision.
 */
export interface SamplerProgram {
  readonly kind: "constant" | "normal" | "lognormal" | "uniform" | "exponential";
  readonly a: number;
  readonly b: number;
  readonly p0: number;
  readonly p1: number;
  /** bounds that guard against rounding; infinite where the distribution is not clipped */
  readonly low: number;
  readonly high: number;
}

/** A distribution, ready to be evaluated. */
export interface Sampler {
  /** The value that belongs to u in (0, 1); runs {@link SamplerProgram}. */
  sample(u: number): number;
  /** the smallest and the largest value that any u = (word + 0.5) * 2^-32 gives */
  readonly low: number;
  readonly high: number;
  readonly program: SamplerProgram;
}

/** Below this probability an interval cannot be told from an empty one where the tail has no mirror image. */
const SMALLEST_MASS = 1e-9;
/** The first and the last uniform number of 32 bits. */
const FIRST_U = 1.1641532182693481e-10; // 2^-33
const LAST_U = 1 - FIRST_U;

/**
 * Compiles a distribution, or a constant.
 * @param value - a number or a distribution; a plain object is checked first
 * @throws SynfireError "bad-distribution": unknown name, missing or bad parameter, empty interval, value beyond the doubles
 */
export function compileDistribution(value: number | Distribution): Sampler {
  const program = typeof value === "number" ? constant(value) : programOf(toDistribution(value));
  const first = evaluate(program, FIRST_U);
  const last = evaluate(program, LAST_U);
  const low = Math.min(first, last);
  const high = Math.max(first, last);
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    throw bad(
      `The distribution ${JSON.stringify(value)} reaches values that are not finite.`,
      "distribution",
    );
  }
  return { sample: (u) => evaluate(program, u), low, high, program };
}

/** Runs a program on one uniform number in (0, 1). */
function evaluate(program: SamplerProgram, u: number): number {
  const { kind, a, b, p0, p1, low, high } = program;
  const v = p0 + u * p1;
  let x: number;
  switch (kind) {
    case "constant":
      x = a;
      break;
    case "normal":
      x = a + b * normalInverse(v);
      break;
    case "lognormal":
      x = exp(a + b * normalInverse(v));
      break;
    case "uniform":
      x = a + b * v;
      break;
    case "exponential":
      x = -b * log(1 - v);
      break;
    default:
      kind satisfies never;
      x = Number.NaN;
  }
  return Math.min(Math.max(x, low), high);
}

function programOf(distribution: Distribution): SamplerProgram {
  switch (distribution.distribution) {
    case "normal":
      return gaussian(
        "normal",
        distribution.mean,
        distribution.std,
        -Infinity,
        Infinity,
        -Infinity,
        Infinity,
      );
    case "lognormal":
      return gaussian(
        "lognormal",
        distribution.mean,
        distribution.std,
        -Infinity,
        Infinity,
        -Infinity,
        Infinity,
      );
    case "normal_clipped": {
      const { mean, std, low, high } = distribution;
      return gaussian("normal", mean, std, low, high, low, high);
    }
    case "lognormal_clipped": {
      const { mean, std, low, high } = distribution;
      if (high <= 0) throw empty("lognormal_clipped", low, high);
      const logarithm = (x: number) => (x <= 0 ? -Infinity : x === Infinity ? x : log(x));
      return gaussian("lognormal", mean, std, logarithm(low), logarithm(high), low, high);
    }
    case "uniform": {
      const { min, max } = distribution;
      if (!Number.isFinite(max - min))
        throw bad(`The interval from min ${min} to max ${max} is too wide.`, "max");
      return { kind: "uniform", a: min, b: max - min, p0: 0, p1: 1, low: min, high: max };
    }
    case "exponential":
      return {
        kind: "exponential",
        a: 0,
        b: distribution.beta,
        p0: 0,
        p1: 1,
        low: -Infinity,
        high: Infinity,
      };
    case "exponential_clipped": {
      const { beta, low, high } = distribution;
      const cdf = (x: number) => (x <= 0 ? 0 : x === Infinity ? 1 : 1 - exp(-x / beta));
      const p0 = cdf(low);
      const p1 = cdf(high) - p0;
      if (!(p1 > 0)) throw empty("exponential_clipped", low, high);
      if (p0 > 0 && p1 < SMALLEST_MASS) throw tooSmall("exponential_clipped", low, high, p1);
      return { kind: "exponential", a: 0, b: beta, p0, p1, low, high };
    }
    default:
      return distribution satisfies never;
  }
}

/** Normal and lognormal: zLow and zHigh bound the normal variable, low and high the value. */
function gaussian(
  kind: "normal" | "lognormal",
  mean: number,
  std: number,
  zLow: number,
  zHigh: number,
  low: number,
  high: number,
): SamplerProgram {
  const name = `${kind}_clipped`;
  if (std === 0) {
    if (mean < zLow || mean > zHigh) throw empty(name, low, high);
    return { ...constant(kind === "normal" ? mean : exp(mean)), low, high };
  }
  // Where the interval begins above the mean, draw from its mirror image below.
  const mirrored = zLow > mean;
  const from = mirrored ? (mean - zHigh) / std : (zLow - mean) / std;
  const to = mirrored ? (mean - zLow) / std : (zHigh - mean) / std;
  const p0 = normalCdf(from);
  const p1 = normalCdf(to) - p0;
  if (!(p1 > 0)) throw empty(name, low, high);
  if (p1 < p0 * SMALLEST_MASS) throw tooSmall(name, low, high, p1);
  return { kind, a: mean, b: mirrored ? -std : std, p0, p1, low, high };
}

function constant(value: number): SamplerProgram {
  return { kind: "constant", a: value, b: 0, p0: 0, p1: 1, low: -Infinity, high: Infinity };
}

function empty(name: string, low: number, high: number): SynfireError {
  return bad(`${name} has no probability between low ${low} and high ${high}.`, "low");
}

function tooSmall(name: string, low: number, high: number, mass: number): SynfireError {
  return bad(
    `${name} has a probability of only ${mass} between low ${low} and high ${high}: too little to draw from.`,
    "low",
  );
}

function bad(message: string, key: string): SynfireError {
  return new SynfireError("bad-distribution", message, key);
}
