/**
 * The distributions of weights, delays and initial values: plain objects with NEST's names, checked by their constructors. What
 * computes their values is in sampler.ts.
 */
import { SynfireError, unknownName } from "../errors.js";

/** Normal with `mean` and standard deviation `std`. */
export interface Normal {
  readonly distribution: "normal";
  readonly mean: number;
  readonly std: number;
}

/** Normal, given that the value lies in [low, high]. */
export interface NormalClipped {
  readonly distribution: "normal_clipped";
  readonly mean: number;
  readonly std: number;
  readonly low: number;
  readonly high: number;
}

/** exp of a normal variable with `mean` and `std`: as in NEST, both are those of the underlying normal. */
export interface Lognormal {
  readonly distribution: "lognormal";
  readonly mean: number;
  readonly std: number;
}

/** Lognormal, given that the value (not its logarithm) lies in [low, high]. */
export interface LognormalClipped {
  readonly distribution: "lognormal_clipped";
  readonly mean: number;
  readonly std: number;
  readonly low: number;
  readonly high: number;
}

/** Uniform in [min, max]. */
export interface Uniform {
  readonly distribution: "uniform";
  readonly min: number;
  readonly max: number;
}

/** Exponential with mean `beta`. */
export interface Exponential {
  readonly distribution: "exponential";
  readonly beta: number;
}

/** Exponential with mean `beta` before clipping, given that the value lies in [low, high]. */
export interface ExponentialClipped {
  readonly distribution: "exponential_clipped";
  readonly beta: number;
  readonly low: number;
  readonly high: number;
}

/** A distribution, in the units of the quantity that it is for. */
export type Distribution =
  | Normal
  | NormalClipped
  | Lognormal
  | LognormalClipped
  | Uniform
  | Exponential
  | ExponentialClipped;

/** Mean and standard deviation, in NEST's spelling or NEST GPU's. */
export type MeanAndDeviation =
  | { readonly mean: number; readonly std: number }
  | { readonly mu: number; readonly sigma: number };

/** Bounds of a clipped distribution; at least one of them. */
export interface Bounds {
  readonly low?: number;
  readonly high?: number;
}

/** Normal distribution. @throws SynfireError "bad-distribution" */
export function normal(parameters: MeanAndDeviation): Normal {
  return toDistribution({ distribution: "normal", ...parameters }) as Normal;
}

/** Normal distribution truncated to [low, high]. @throws SynfireError "bad-distribution" */
export function normalClipped(parameters: MeanAndDeviation & Bounds): NormalClipped {
  return toDistribution({ distribution: "normal_clipped", ...parameters }) as NormalClipped;
}

/** Lognormal distribution; the parameters are those of the underlying normal. @throws SynfireError "bad-distribution" */
export function lognormal(parameters: MeanAndDeviation): Lognormal {
  return toDistribution({ distribution: "lognormal", ...parameters }) as Lognormal;
}

/** Lognormal distribution truncated to [low, high]. @throws SynfireError "bad-distribution" */
export function lognormalClipped(parameters: MeanAndDeviation & Bounds): LognormalClipped {
  return toDistribution({ distribution: "lognormal_clipped", ...parameters }) as LognormalClipped;
}

/** Uniform distribution on [min, max]. @throws SynfireError "bad-distribution" */
export function uniform(parameters: { readonly min: number; readonly max: number }): Uniform {
  return toDistribution({ distribution: "uniform", ...parameters }) as Uniform;
}

/** Exponential distribution with mean beta. @throws SynfireError "bad-distribution" */
export function exponential(parameters: { readonly beta: number }): Exponential {
  return toDistribution({ distribution: "exponential", ...parameters }) as Exponential;
}

/** Exponential distribution truncated to [low, high]. @throws SynfireError "bad-distribution" */
export function exponentialClipped(parameters: { readonly beta: number } & Bounds): ExponentialClipped {
  return toDistribution({ distribution: "exponential_clipped", ...parameters }) as ExponentialClipped;
}

/** The parameters of each distribution, and their defaults where they have one. */
const PARAMETERS: { readonly [name in Distribution["distribution"]]: readonly string[] } = {
  normal: ["mean", "std"],
  normal_clipped: ["mean", "std", "low", "high"],
  lognormal: ["mean", "std"],
  lognormal_clipped: ["mean", "std", "low", "high"],
  uniform: ["min", "max"],
  exponential: ["beta"],
  exponential_clipped: ["beta", "low", "high"],
};
const DEFAULTS: Readonly<Record<string, number>> = {
  low: Number.NEGATIVE_INFINITY,
  high: Number.POSITIVE_INFINITY,
};
/** NEST GPU's spelling. */
const ALIASES: Readonly<Record<string, string>> = { mean: "mu", std: "sigma" };

/** Whether a value is meant as a distribution: an object with a string under `distribution`; its parameters may yet be wrong. */
export function isDistribution(value: unknown): value is Distribution {
  return (
    typeof value === "object" &&
    value !== null &&
    "distribution" in value &&
    typeof value.distribution === "string"
  );
}

/**
 * Checks a plain object, resolves the spellings `mu` and `sigma`, and fills in the bounds left out.
 * @throws SynfireError "bad-distribution"
 */
export function toDistribution(value: object): Distribution {
  if (!isDistribution(value)) {
    throw bad(
      'A distribution is an object with its name under "distribution", for example {distribution: "normal", mean: 0, std: 1}.',
      "distribution",
    );
  }
  const name: string = value.distribution;
  if (!Object.hasOwn(PARAMETERS, name)) {
    throw unknownName("bad-distribution", "distribution", name, Object.keys(PARAMETERS));
  }
  const allowed = PARAMETERS[name as Distribution["distribution"]];
  const given = new Map<string, unknown>(
    Object.entries(value).filter(([key, entry]) => key !== "distribution" && entry !== undefined),
  );
  const result: Record<string, string | number> = { distribution: name };
  for (const key of allowed) result[key] = take(name, key, given);
  for (const key of given.keys()) {
    throw unknownName("bad-distribution", `parameter of ${name}`, key, allowed);
  }
  check(name, result as Readonly<Record<string, number>>);
  return Object.freeze(result) as unknown as Distribution;
}

/** Takes one parameter out of those given, under either spelling. */
function take(name: string, key: string, given: Map<string, unknown>): number {
  const alias = ALIASES[key];
  if (alias !== undefined && given.has(alias)) {
    if (given.has(key)) throw bad(`${name} takes "${key}" or "${alias}", not both at once.`, alias);
    const value = given.get(alias);
    given.delete(alias);
    return asNumber(name, alias, value);
  }
  if (!given.has(key)) {
    const value = DEFAULTS[key];
    if (value === undefined)
      throw bad(`${name} needs "${key}"${alias === undefined ? "" : ` (or "${alias}")`}.`, key);
    return value;
  }
  const value = given.get(key);
  given.delete(key);
  return asNumber(name, key, value);
}

function asNumber(name: string, key: string, value: unknown): number {
  if (typeof value !== "number" || Number.isNaN(value) || (!Number.isFinite(value) && !(key in DEFAULTS))) {
    throw bad(`The parameter "${key}" of ${name} must be a finite number, not ${String(value)}.`, key);
  }
  return value;
}

function check(name: string, values: Readonly<Record<string, number>>): void {
  const { std, beta, min, max, low, high } = values;
  if (std !== undefined && std < 0)
    throw bad(`The parameter "std" of ${name} must not be negative, but is ${std}.`, "std");
  if (beta !== undefined && beta <= 0)
    throw bad(`The parameter "beta" of ${name} must be positive, but is ${beta}.`, "beta");
  if (min !== undefined && max !== undefined && min > max) {
    throw bad(`${name} needs min <= max, but min is ${min} and max is ${max}.`, "min");
  }
  if (low === undefined || high === undefined) return;
  if (low >= high)
    throw bad(
      `${name} needs low < high, but low is ${low} and high is ${high}: the interval is empty.`,
      "low",
    );
  if (low === Number.NEGATIVE_INFINITY && high === Number.POSITIVE_INFINITY) {
    throw bad(
      `${name} needs "low" or "high", or both; without bounds it is ${name.replace("_clipped", "")}.`,
      "low",
    );
  }
}

function bad(message: string, key: string): SynfireError {
  return new SynfireError("bad-distribution", message, key);
}
