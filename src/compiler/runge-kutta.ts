/**
 * Emits an adaptive Runge-Kutta integration of one step, advancing the fifth-order solution, with the bounds of the GNU Scientific
 * Library's standard control at eps_rel = 0, which NEST uses: the error of every variable that is carried over the step stays
 * below eps_abs. Other than there, an accepted sub-step may already shorten the next one, and an exponential upstroke is
 * integrated in another variable (upstroke.ts).
 */

import { linearMotion } from "./linear-motion.js";
import {
  embeddedStep,
  fail,
  type Integration,
  judge,
  type SubStep,
  stepFactor,
  type Values,
} from "./sub-step.js";
import { FIRST_STROKE, ifSteep, isSteep, strokeStep, type Upstroke } from "./upstroke.js";

/** A step that takes more sub-steps than this does not end. */
const MOST_ROUNDS = 50_000;

/** @param upstroke - the variable that grows without bound in finite time, if the equations have one */
export function integrate(i: Integration, upstroke?: Upstroke): void {
  const { b, variables } = i;
  const time = b.variable("t", "f64");
  const interval = b.convert("f64", i.interval);
  const rounds = b.variable("rounds", "i32");
  const accepted = b.variable("accepted", "i32");
  const stroke = upstroke && b.variable("stroke", i.real);
  const [none, one] = [b.constant("i32", 0), b.constant("i32", 1)];
  b.set(time, b.constant("f64", 0));
  b.set(rounds, none);
  if (stroke) b.set(stroke, b.constant(i.real, FIRST_STROKE));
  const own = [time, rounds, accepted, i.step, i.failed, ...(stroke ? [stroke, i.steep] : [])];
  b.while(
    [...new Set([...own, ...variables.values(), ...i.eventVariables])],
    () => b.and(b.lt(b.get(time), interval), b.lt(b.get(rounds), i.limit)),
    () => {
      b.set(rounds, b.add(b.get(rounds), one));
      b.set(accepted, none);
      const s: SubStep = {
        i,
        time,
        interval,
        remaining: b.convert(i.real, b.sub(interval, b.get(time))),
        start: new Map([...variables].map(([name, variable]) => [name, b.get(variable)])),
        accepted,
      };
      if (upstroke && stroke) {
        ifSteep(
          s,
          upstroke,
          // one round is for those that need no more: an upstroke needs some
          (goal) =>
            b.if(
              b.gt(i.limit, one),
              () => {
                b.set(i.steep, one);
                strokeStep(s, upstroke, goal, stroke);
              },
              () => b.set(rounds, i.limit),
            ),
          () => {
            b.set(i.steep, none);
            plainStep(s, upstroke);
          },
        );
      } else plainStep(s);
      b.if(b.gt(b.get(rounds), b.constant("i32", MOST_ROUNDS)), () => fail(s));
      b.if(b.eq(b.get(accepted), one), () => i.event());
    },
  );
  const late = b.select(b.lt(b.get(time), interval), one, none);
  b.set(i.unfinished, b.or(b.get(i.unfinished), late));
}

/**
 * A sub-step in the variables as they are.
 * @param upstroke - where engines are to know of it before it begins
 */
function plainStep(s: SubStep, upstroke?: Upstroke): void {
  const { i, start, remaining, time } = s;
  const { b, step } = i;
  const c = (v: number) => b.constant(i.real, v);
  const { along } = i;
  const wanted = along.names.length > 0 ? b.min(b.get(step), along.longest) : b.get(step);
  const last = b.ge(wanted, remaining);
  const h = b.min(wanted, remaining);
  const others = along.names.length > 0 ? linearMotion(s, last, h) : undefined;
  const controlled = new Map(i.controlled.map((name) => [name, start.get(name)!]));
  /** as they are at the end, nearly */
  let ending: Values = start;
  const { next, errors } = embeddedStep(i, controlled, h, (values, part) => {
    const at = others ? new Map([...others.after(part), ...values]) : values;
    if (part === 1) ending = at;
    return i.derivatives(at, i.controlled);
  });
  let worst = c(0);
  for (const name of i.controlled) worst = b.max(worst, errors.get(name)!);
  judge(
    s,
    { h, next, worst },
    (ratio, infinite) => {
      const factor = b.max(c(0.2), stepFactor(i, ratio, 0.9, 5));
      b.set(step, b.mul(h, b.select(infinite, c(0.2), factor)));
    },
    (ratio) => {
      b.set(time, b.select(last, s.interval, b.add(b.get(time), b.convert("f64", h))));
      for (const [name, value] of next) b.set(i.variables.get(name)!, value);
      others?.advance();
      b.set(s.accepted, b.constant("i32", 1));
      // no number depends on it, only where the neuron is integrated next
      if (upstroke && i.rolled)
        b.set(i.steep, b.select(isSteep(i, upstroke, ending), b.constant("i32", 1), b.constant("i32", 0)));
      b.if(b.and(b.lt(ratio, c(0.5)), b.lt(wanted, i.interval)), () => {
        const growth = b.min(c(5), b.max(c(1), stepFactor(i, ratio, 0.9, 6)));
        b.set(step, b.max(wanted, b.min(i.interval, b.mul(h, growth))));
      });
      // where the solution gets ever steeper, to shorten the next step now saves its rejection
      b.if(b.ge(ratio, c(0.5)), () => b.set(step, b.min(wanted, b.mul(h, stepFactor(i, ratio, 0.85, 5)))));
    },
  );
}
