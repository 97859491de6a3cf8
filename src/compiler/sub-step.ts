/** One sub-step of an embedded Runge-Kutta pair, Fehlberg 4(5) (1969, NASA TR R-315), and what all kinds of sub-steps share. */

import type { Builder } from "./builder.js";
import type { Value, Variable } from "./ir.js";
import * as math from "./math.js";

const STAGES: readonly (readonly number[])[] = [
  [],
  [1 / 4],
  [3 / 32, 9 / 32],
  [1932 / 2197, -7200 / 2197, 7296 / 2197],
  [439 / 216, -8, 3680 / 513, -845 / 4104],
  [-8 / 27, 2, -3544 / 2565, 1859 / 4104, -11 / 40],
];
/** when stages are evaluated, in parts of the sub-step */
export const STAGE_TIMES: readonly number[] = [0, 1 / 4, 3 / 8, 12 / 13, 1, 1 / 2];
const SOLUTION = [16 / 135, 0, 6656 / 12825, 28561 / 56430, -9 / 50, 2 / 55];
const ERROR = [1 / 360, 0, -128 / 4275, -2197 / 75240, 1 / 50, 2 / 55];

export type Values = ReadonlyMap<string, Value>;

/** Variables with linear equations that do not depend on those that must be integrated numerically. */
export interface LinearVariables {
  readonly names: readonly string[];
  /** those that derivatives of numerically integrated ones read */
  readonly read: readonly string[];
  /** the longest sub-step in which nothing that they do can be missed */
  readonly longest: Value;
  /** what these are after a part of the time step, exactly */
  exactlyAfter(part: number): Values;
  /** a derivative of one in time, the second or a later one, by the one before of each; undefined if it is 0 */
  later(name: string, before: (name: string) => Value | undefined): Value | undefined;
}

/** The integration of one step. */
export interface Integration {
  readonly b: Builder;
  readonly real: "f32" | "f64";
  /** length of the time step, and the tolerated error of a sub-step */
  readonly interval: Value;
  readonly tolerance: Value;
  /** the variables that are integrated, by name */
  readonly variables: ReadonlyMap<string, Variable>;
  /**
   * those whose errors are tolerated up to `tolerance`; the others are known exactly at the end of the step
   */
  readonly controlled: readonly string[];
  /** the others */
  readonly along: LinearVariables;
  /** length of the sub-step to try first, kept from step to step */
  readonly step: Variable;
  /** set to 1 if a sub-step becomes too short or a value is not finite */
  readonly failed: Variable;
  /** the most rounds (accepted or rejected sub-steps) to take now, i32, and what is set to 1 where more are needed */
  readonly limit: Value;
  readonly unfinished: Variable;
  /** set to whether the last round was one of an upstroke, if the equations have one, or, where `rolled`, the next will be */
  readonly steep: Variable;
  /** are the stages of an upstroke a loop, for engines that run it aside of other neurons? */
  readonly rolled: boolean;
  /** derivatives at given values, of all variables or some */
  derivatives(values: Values, of?: readonly string[]): Values;
  /** runs after each accepted sub-step */
  event(): void;
  /** what `event` sets, beside the variables */
  readonly eventVariables: readonly Variable[];
}

/** What a kind of sub-step works on. */
export interface SubStep {
  readonly i: Integration;
  /** time since the start of the step, f64: hundreds of short sub-steps must add up, also where values are f32 */
  readonly time: Variable;
  /** what is left of the step, f64 and real */
  readonly interval: Value;
  readonly remaining: Value;
  readonly start: Values;
  /** set to 1 where the sub-step is accepted */
  readonly accepted: Variable;
}

/**
 * One step of length h from `start`: the values after it, and the estimated error of each.
 * @param derivatives - at values after a part of the step, of all variables that `start` has
 */
export function embeddedStep(
  i: Integration,
  start: Values,
  h: Value,
  derivatives: (values: Values, part: number) => Values,
): { readonly next: Values; readonly errors: Values } {
  const { b } = i;
  const slopes: Values[] = [];
  /** h times a weighted sum of slopes */
  const combine = (name: string, weights: readonly number[]) => {
    let sum: Value | undefined;
    weights.forEach((w, k) => {
      if (w === 0) return;
      const term = b.mul(b.constant(i.real, w), slopes[k]!.get(name)!);
      sum = sum ? b.add(sum, term) : term;
    });
    return b.mul(h, sum!);
  };
  const moved = (weights: readonly number[]) =>
    new Map([...start].map(([name, value]) => [name, b.add(value, combine(name, weights))]));
  STAGES.forEach((weights, k) => {
    slopes.push(derivatives(k === 0 ? start : moved(weights), STAGE_TIMES[k]!));
  });
  const errors = new Map([...start.keys()].map((name) => [name, b.abs(combine(name, ERROR))]));
  return { next: moved(SOLUTION), errors };
}

/** By stage: the weights of its slope in those of the stages that follow, of the solution and of the error. */
const WEIGHTS_OF = STAGES.map((_, k) => [
  ...STAGES.slice(1).map((_, ahead) => STAGES[k + 1 + ahead]?.[k] ?? 0),
  SOLUTION[k]!,
  ERROR[k]!,
]);

/**
 * The same as `embeddedStep`, bit for bit where all is finite, as a loop over the stages: longer to run and shorter to read, for engines that
 * run few neurons at a time from a cache for instructions that does not hold all stages.
 * @param derivatives - as there, but that they may not depend on the time
 */
export function rolledStep(
  i: Integration,
  start: Values,
  h: Value,
  derivatives: (values: Values) => Values,
): { readonly next: Values; readonly errors: Values } {
  const { b, real } = i;
  const names = [...start.keys()];
  const stages = STAGES.length;
  /** the sums for this stage and those that follow, for the solution and for the error, of what is known until now */
  const sums = WEIGHTS_OF[0]!.map(
    (_, k) => new Map(names.map((name) => [name, b.variable(`sum ${k} of ${name}`, real)])),
  );
  const all = sums.flatMap((s) => [...s.values()]);
  for (const sum of all) b.set(sum, b.constant(real, 0));
  const moved = (k: number) =>
    new Map(
      [...start].map(([name, value]) => [name, b.add(value, b.mul(h, b.get(sums[k]!.get(name)!)))] as const),
    );
  b.repeat(stages, all, (stage) => {
    const slopes = derivatives(moved(0));
    const weights = WEIGHTS_OF[0]!.map((_, k) =>
      b.pick(
        real,
        WEIGHTS_OF.map((row) => row[k]!),
        stage,
      ),
    );
    for (const name of names) {
      const terms = weights.map((w) => b.mul(w, slopes.get(name)!));
      const sum = (k: number) => sums[k]!.get(name)!;
      for (let k = 0; k + 2 < stages; k++) b.set(sum(k), b.add(b.get(sum(k + 1)), terms[k]!));
      // nothing is known yet of the last
      b.set(sum(stages - 2), terms[stages - 2]!);
      for (const k of [stages - 1, stages]) b.set(sum(k), b.add(b.get(sum(k)), terms[k]!));
    }
  });
  const errors = new Map(names.map((name) => [name, b.abs(b.mul(h, b.get(sums[stages]!.get(name)!)))]));
  return { next: moved(stages - 1), errors };
}

/** The factor by which a step changes whose error was `ratio` times the tolerated one: about `safety` ratio^(-1/order). */
export function stepFactor(i: Integration, ratio: Value, safety: number, order: number): Value {
  return i.b.mul(i.b.constant(i.real, safety), math.roughPower(i.b, ratio, -1 / order));
}

/** true if a value is not a number or beyond all that a model can mean */
function anyInfinite(i: Integration, worst: Value, values: Iterable<Value>): Value {
  const { b } = i;
  // max() ignores NaN: look at the new values, too
  let finite = b.lt(worst, b.constant(i.real, Number.POSITIVE_INFINITY));
  for (const value of values) finite = b.and(finite, b.lt(b.abs(value), b.constant(i.real, 1e30)));
  return b.not(finite);
}

/** A sub-step that was tried. */
export interface Trial {
  readonly h: Value;
  readonly next: Values;
  /** the largest error */
  readonly worst: Value;
  /** rejects it, whatever its error */
  readonly also?: Value;
}

/**
 * Rejects a sub-step whose error is too large or whose values are infinite, accepts it, or fails where it is rejected and may not
 * become shorter.
 * @param reject - gets the error over the tolerated one, and whether values are infinite
 */
export function judge(
  s: SubStep,
  { h, next, worst, also }: Trial,
  reject: (ratio: Value, infinite: Value) => void,
  accept: (ratio: Value) => void,
): void {
  const { i } = s;
  const { b } = i;
  const ratio = b.div(worst, i.tolerance);
  const infinite = anyInfinite(i, worst, next.values());
  const inexact = b.gt(ratio, b.constant(i.real, 1.1));
  const rejected = b.or(also ? b.or(inexact, also) : inexact, infinite);
  const tooShort = b.lt(h, b.mul(i.interval, b.constant(i.real, 1e-18)));
  b.if(
    b.and(rejected, tooShort),
    () => fail(s),
    () =>
      b.if(
        rejected,
        () => reject(ratio, infinite),
        () => accept(ratio),
      ),
  );
}

/** Ends the integration of this step with a failure. */
export function fail(s: SubStep): void {
  s.i.b.set(s.i.failed, s.i.b.constant("i32", 1));
  s.i.b.set(s.time, s.interval);
}
