/**
 * Emits an adaptive Runge-Kutta-Fehlberg 4(5) integration of one step (Fehlberg 1969, NASA TR R-315), advancing the
 * fifth-order solution, with the bounds of the GNU Scientific Library's standard control at eps_rel = 0, which NEST uses: the
 * error of every variable stays below eps_abs. Other than there, an accepted step may already shorten the next one.
 */

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
const SOLUTION = [16 / 135, 0, 6656 / 12825, 28561 / 56430, -9 / 50, 2 / 55];
const ERROR = [1 / 360, 0, -128 / 4275, -2197 / 75240, 1 / 50, 2 / 55];

/** A step that takes more sub-steps than this does not end: an upstroke takes some hundreds. */
const MOST_ROUNDS = 50_000;

export interface Integration {
  readonly b: Builder;
  readonly real: "f32" | "f64";
  /** length of the time step, and the tolerated error of a sub-step */
  readonly interval: Value;
  readonly tolerance: Value;
  /** the variables that are integrated, by name */
  readonly variables: ReadonlyMap<string, Variable>;
  /** length of the sub-step to try first, kept from step to step */
  readonly step: Variable;
  /** set to 1 if a sub-step becomes too short or a value is not finite */
  readonly failed: Variable;
  /** the most rounds (accepted or rejected sub-steps) to take now, i32, and what is set to 1 where more are needed */
  readonly limit: Value;
  readonly unfinished: Variable;
  /** derivatives at given values */
  derivatives(values: ReadonlyMap<string, Value>): ReadonlyMap<string, Value>;
  /** runs after each accepted sub-step */
  event(): void;
  /** what `event` sets, beside the variables */
  readonly eventVariables: readonly Variable[];
}

export function integrate(i: Integration): void {
  const { b, variables, step, failed } = i;
  const c = (v: number) => b.constant(i.real, v);
  // the clock runs in f64: hundreds of short sub-steps must add up, also where values are f32
  const time = b.variable("t", "f64");
  const t = (v: number) => b.constant("f64", v);
  const interval = b.convert("f64", i.interval);
  const rounds = b.variable("rounds", "i32");
  const names = [...variables.keys()];
  b.set(time, t(0));
  b.set(rounds, b.constant("i32", 0));
  const assigned = [...new Set([time, rounds, step, failed, ...variables.values(), ...i.eventVariables])];
  b.while(
    assigned,
    () => b.and(b.lt(b.get(time), interval), b.lt(b.get(rounds), i.limit)),
    () => {
      b.set(rounds, b.add(b.get(rounds), b.constant("i32", 1)));
      const wanted = b.get(step);
      const remaining = b.convert(i.real, b.sub(interval, b.get(time)));
      const last = b.ge(wanted, remaining);
      const h = b.min(wanted, remaining);
      const start = new Map(names.map((name) => [name, b.get(variables.get(name)!)]));
      /** start + h * sum of weight x slope */
      const slopes: ReadonlyMap<string, Value>[] = [];
      const combine = (name: string, weights: readonly number[]) => {
        let sum: Value | undefined;
        weights.forEach((w, k) => {
          if (w === 0) return;
          const term = b.mul(c(w), slopes[k]!.get(name)!);
          sum = sum ? b.add(sum, term) : term;
        });
        return b.mul(h, sum!);
      };
      for (const weights of STAGES) {
        const at =
          weights.length === 0
            ? start
            : new Map(names.map((name) => [name, b.add(start.get(name)!, combine(name, weights))]));
        slopes.push(i.derivatives(at));
      }
      let worst = c(0);
      for (const name of names) worst = b.max(worst, b.abs(combine(name, ERROR)));
      const ratio = b.div(worst, i.tolerance);
      const rejected = b.gt(ratio, c(1.1));
      const next = new Map(names.map((name) => [name, b.add(start.get(name)!, combine(name, SOLUTION))]));

      // max() ignores NaN: look at the new values, too
      let finite = b.lt(worst, c(Number.POSITIVE_INFINITY));
      for (const value of next.values()) finite = b.and(finite, b.lt(b.abs(value), c(1e30)));
      const tooShort = b.and(rejected, b.lt(h, b.mul(i.interval, c(1e-18))));
      const endless = b.gt(b.get(rounds), b.constant("i32", MOST_ROUNDS));
      const failure = b.or(b.or(tooShort, endless), b.not(finite));

      b.if(
        failure,
        () => {
          b.set(failed, b.constant("i32", 1));
          b.set(time, interval);
        },
        () => {
          b.if(
            rejected,
            () => b.set(step, b.mul(h, b.max(c(0.2), b.mul(c(0.9), math.pow(b, ratio, c(-1 / 5)))))),
            () => {
              b.set(time, b.select(last, interval, b.add(b.get(time), b.convert("f64", h))));
              for (const name of names) b.set(variables.get(name)!, next.get(name)!);
              b.if(b.and(b.lt(ratio, c(0.5)), b.lt(wanted, i.interval)), () => {
                const growth = b.min(c(5), b.max(c(1), b.mul(c(0.9), math.pow(b, ratio, c(-1 / 6)))));
                b.set(step, b.max(wanted, b.min(i.interval, b.mul(h, growth))));
              });
              // towards a spike the solution gets ever steeper: to shorten the next step now saves its rejection
              b.if(b.ge(ratio, c(0.5)), () => {
                const shortened = b.mul(h, b.mul(c(0.85), math.pow(b, ratio, c(-1 / 5))));
                b.set(step, b.min(wanted, shortened));
              });
              i.event();
            },
          );
        },
      );
    },
  );
  const late = b.select(b.lt(b.get(time), interval), b.constant("i32", 1), b.constant("i32", 0));
  b.set(i.unfinished, b.or(b.get(i.unfinished), late));
}
