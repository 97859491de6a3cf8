/**
 * The upstroke of a neuron with an exponential spike current, V' = R + S with S = k exp((V - b) / d): V reaches infinity in finite
 * time, and a Runge-Kutta method that follows it takes some hundreds of ever shorter sub-steps. In y = exp(-(V - V0) / d), V0 the
 * potential at the start of the sub-step and S0 the spike current there, the same equation reads
 *
 *     y' = -(S0 + y R) / d,
 *
 * nearly a straight line towards zero. A few sub-steps bring it to where y R is so small that the time until the threshold is an
 * integral in closed form.
 */

import { childrenOf, nodesOf, type X } from "./expression.js";
import type { Value, Variable } from "./ir.js";
import { isConstant } from "./linear.js";
import * as math from "./math.js";
import { embeddedStep, judge, type SubStep, stepFactor, type Values } from "./sub-step.js";

/** An exponential spike current as equations have it. */
export interface SpikeCurrent {
  /** the variable that shoots up */
  readonly variable: string;
  /** exp((bounded - b) / scale); `bounded` is the variable wherever it is below the threshold */
  readonly exponential: X;
  readonly bounded: X;
  readonly scale: X;
  /** a condition that is tested after every sub-step holds no later than when the variable reaches this */
  readonly threshold: X;
}

/**
 * Looks for a variable whose derivative has exactly one exponential of itself, written (V - b) / d with constant b and d, and
 * which a condition compares with a constant after every sub-step.
 *
 * @param conditions - conditions tested after every sub-step
 */
export function findSpikeCurrent(
  variables: readonly string[],
  derivative: (name: string) => X,
  conditions: readonly X[],
): SpikeCurrent | undefined {
  for (const variable of variables) {
    const threshold = conditions.map((c) => thresholdOf(variable, c)).find((x) => x !== undefined);
    if (!threshold) continue;
    const exponentials = new Map<string, X>();
    for (const n of nodesOf(derivative(variable)))
      if (n.k === "call" && n.name === "exp" && !isConstant(n)) exponentials.set(JSON.stringify(n), n);
    const [exponential] = exponentials.values();
    if (exponentials.size !== 1 || exponential?.k !== "call") continue;
    const argument = exponential.args[0]!;
    if (argument.k !== "binary" || argument.op !== "/" || !isConstant(argument.b)) continue;
    const { a, b: scale } = argument;
    if (a.k !== "binary" || a.op !== "-" || !isConstant(a.b) || !readsState(a.a, variable)) continue;
    return { variable, exponential, bounded: a.a, scale, threshold };
  }
  return undefined;
}

const isState = (x: X, name: string) =>
  x.k === "ref" && x.role === "state" && x.name === name && x.factor === 1;
const readsState = (x: X, name: string): boolean =>
  isState(x, name) || childrenOf(x).some((child) => readsState(child, name));

/** the constant that the variable must reach for a condition to hold */
function thresholdOf(variable: string, condition: X): X | undefined {
  if (condition.k !== "binary") return undefined;
  const { op, a, b } = condition;
  if (op === "and") return thresholdOf(variable, a) ?? thresholdOf(variable, b);
  return op === ">=" && isState(a, variable) && isConstant(b) ? b : undefined;
}

/** A spike current as the integrator needs it. */
export interface Upstroke {
  readonly variable: string;
  readonly scale: Value;
  readonly threshold: Value;
  bounded(values: Values): Value;
  exponential(values: Values): Value;
  /** derivatives with the exponential replaced */
  derivatives(values: Values, exponential: Value): Values;
}

/** A variable is steep if the spike current is most of its derivative and would move it by this part of the scale in a step. */
const STEEP = 0.1;
/** Where the threshold is so low that the variable passes it with less than this many scales per step, when exactly matters. */
const FAST_AT_THRESHOLD = 100;
/** Parts of the way to the threshold: what the first sub-step tries, and what any takes at most. */
export const FIRST_STROKE = 0.4;
const LONGEST_STROKE = 0.8;
/** The time of a spike is kept as exactly as the tolerated error allows where the variable moves by this many scales in a step. */
const SPIKE_TIME = 10;
/** On the last part of the way other variables move linearly, and may miss this many times the tolerated error. */
const LAST_DRIFT = 100;

/**
 * true where the spike current is the larger part of the derivative, and large. With a low threshold the end of the sub-step that
 * passes it decides when the neuron is reset, in NEST as here: no closed form may be more exact than that.
 */
export function isSteep(s: SubStep, u: Upstroke): Value {
  const { i, start } = s;
  const { b } = i;
  const zero = b.constant(i.real, 0);
  const now = start.get(u.variable)!;
  const total = u.derivatives(start, u.exponential(start)).get(u.variable)!;
  const rest = u.derivatives(start, zero).get(u.variable)!;
  const dominant = b.gt(b.sub(total, rest), b.abs(rest));
  const fast = b.gt(b.mul(total, i.interval), b.mul(b.constant(i.real, STEEP), u.scale));
  const inside = b.and(b.eq(u.bounded(start), now), b.lt(now, u.threshold));
  const goal = math.exp(b, b.div(b.sub(now, u.threshold), u.scale));
  const slowest = b.mul(b.mul(b.constant(i.real, FAST_AT_THRESHOLD), u.scale), goal);
  const far = b.gt(b.mul(b.sub(total, rest), i.interval), slowest);
  return b.and(b.and(b.and(dominant, fast), b.and(inside, b.gt(u.scale, zero))), far);
}

/**
 * A sub-step in y.
 * @param stroke - the part of the way to the threshold to try; set to that of the next sub-step
 */
export function strokeStep(s: SubStep, u: Upstroke, stroke: Variable): void {
  const { i, start, remaining, time } = s;
  const { b } = i;
  const c = (v: number) => b.constant(i.real, v);
  const origin = start.get(u.variable)!;
  const exponential = u.exponential(start);
  const total = u.derivatives(start, exponential).get(u.variable)!;
  const rest = u.derivatives(start, c(0)).get(u.variable)!;
  const speed = b.div(total, u.scale);
  const goal = math.exp(b, b.div(b.sub(origin, u.threshold), u.scale));
  /** the time that a straight line takes */
  const straight = b.div(b.sub(c(1), goal), speed);
  const wanted = b.mul(b.get(stroke), straight);
  const last = b.ge(wanted, remaining);
  const h = b.min(wanted, remaining);

  const inPotential = (values: Values) => {
    const y = b.max(values.get(u.variable)!, c(1e-30));
    const potential = b.sub(origin, b.mul(u.scale, math.log(b, y)));
    return { y, values: new Map([...values, [u.variable, potential]]) };
  };
  const { next, errors } = embeddedStep(i, new Map([...start, [u.variable, c(1)]]), h, (at) => {
    const { y, values } = inPotential(at);
    const slopes = u.derivatives(values, b.div(exponential, y));
    const slope = b.neg(b.div(b.mul(y, slopes.get(u.variable)!), u.scale));
    return new Map([...slopes, [u.variable, slope]]);
  });
  const { y, values: landed } = inPotential(next);
  const beyond = b.le(next.get(u.variable)!, goal);
  const ending = lastPart(s, u, { landed, y, goal, h, rest, current: b.sub(total, rest) });
  const until = b.add(h, ending.duration);
  // an error in y is one in the time of the spike
  const inTime = (error: Value) =>
    b.mul(b.div(b.mul(c(SPIKE_TIME), u.scale), b.mul(speed, i.interval)), error);
  const exact = b.and(
    b.le(inTime(ending.missed), i.tolerance),
    b.le(ending.drifted, b.mul(c(LAST_DRIFT), i.tolerance)),
  );
  const crosses = b.and(b.and(exact, b.not(beyond)), b.le(until, remaining));

  // where the step ends the potential itself counts
  const error = errors.get(u.variable)!;
  const ends = b.and(last, b.not(crosses));
  let worst = b.select(ends, b.div(b.mul(u.scale, error), y), inTime(error));
  for (const name of i.controlled) if (name !== u.variable) worst = b.max(worst, errors.get(name)!);
  judge(
    s,
    { h, next, worst, also: beyond },
    (ratio, infinite) => {
      const factor = b.max(c(0.2), stepFactor(i, b.max(ratio, c(1)), 0.9, 5));
      const shorter = b.select(beyond, b.min(factor, c(0.5)), factor);
      b.set(stroke, b.mul(b.div(h, straight), b.select(infinite, c(0.2), shorter)));
    },
    (ratio) => {
      const passed = b.add(b.get(time), b.convert("f64", b.select(crosses, until, h)));
      b.set(time, b.select(ends, s.interval, passed));
      for (const [name, value] of landed)
        b.set(i.variables.get(name)!, b.select(crosses, ending.values.get(name)!, value));
      b.set(s.accepted, b.constant("i32", 1));
      const factor = b.min(c(3), stepFactor(i, b.max(ratio, c(1e-6)), 1, 5));
      b.set(stroke, b.min(c(LONGEST_STROKE), b.mul(b.get(stroke), factor)));
    },
  );
}

interface Landing {
  /** the values after a sub-step of length h, and y there */
  readonly landed: Values;
  readonly y: Value;
  readonly h: Value;
  /** y at the threshold */
  readonly goal: Value;
  /** R and S at the start of the sub-step */
  readonly rest: Value;
  readonly current: Value;
}

/**
 * The way from the end of a sub-step to the threshold. The duration is d integral dy / (S + y R), to second order in y R / S, with
 * R = R1 + R' ln(y1 / y), as it is if R is linear in V; other variables move as they do at the potential's mean.
 */
function lastPart(
  s: SubStep,
  u: Upstroke,
  at: Landing,
): {
  readonly duration: Value;
  /** values at the threshold */
  readonly values: Values;
  /** bounds of the errors: of the duration as y, and of the variables */
  readonly missed: Value;
  readonly drifted: Value;
} {
  const { i, start } = s;
  const { b } = i;
  const { landed, y, goal, current } = at;
  const c = (v: number) => b.constant(i.real, v);
  const product = (...values: Value[]) => values.reduce((x, z) => b.mul(x, z));
  const potential = landed.get(u.variable)!;
  const rest = u.derivatives(landed, c(0)).get(u.variable)!;
  // R' from the two values of R
  const change = b.div(b.mul(b.sub(rest, at.rest), u.scale), b.sub(potential, start.get(u.variable)!));
  const [y2, goal2] = [b.mul(y, y), b.mul(goal, goal)];
  const distance = b.div(b.sub(u.threshold, potential), u.scale);
  const first = b.add(
    product(c(1 / 2), rest, b.sub(y2, goal2)),
    b.mul(change, b.sub(b.mul(c(1 / 4), y2), product(c(1 / 2), goal2, b.add(distance, c(1 / 2))))),
  );
  const inverse = b.div(c(1), current);
  const second = product(c(1 / 3), rest, rest, y2, y, inverse);
  const straight = b.sub(y, goal);
  const duration = product(u.scale, inverse, b.sub(straight, b.mul(inverse, b.sub(first, second))));
  const small = product(y, inverse, b.add(b.abs(rest), b.abs(change)));

  const mean = b.min(b.add(potential, u.scale), u.threshold);
  const drift = u.derivatives(new Map([...landed, [u.variable, mean]]), c(0));
  const slopes = u.derivatives(start, c(0));
  const bent = b.div(b.mul(duration, duration), b.add(at.h, at.h));
  const values = new Map([[u.variable, u.threshold]]);
  let drifted = c(0);
  for (const [name, value] of landed) {
    if (name === u.variable) continue;
    const slope = drift.get(name)!;
    values.set(name, b.add(value, b.mul(slope, duration)));
    drifted = b.max(drifted, b.abs(b.mul(b.sub(slope, slopes.get(name)!), bent)));
  }
  return { duration, values, missed: product(small, small, small, y), drifted };
}
