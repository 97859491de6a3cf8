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
import {
  embeddedStep,
  type Integration,
  judge,
  rolledStep,
  type SubStep,
  stepFactor,
  type Values,
} from "./sub-step.js";
import { wayToThreshold } from "./way-to-threshold.js";

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
  /** but for the exponential, all derivatives are linear in the variable */
  readonly linear: boolean;
}

/**
 * Looks for a variable whose derivative is linear in exactly one exponential of itself, written (V - b) / d with constant b and d,
 * and which a condition compares with a constant after every sub-step. No other derivative may have the exponential.
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
    const [current, bounded] = [JSON.stringify(exponential), JSON.stringify(a.a)];
    const isCurrent = (x: X) => x.k === exponential.k && JSON.stringify(x) === current;
    const isPotential = (x: X) => isState(x, variable) || (x.k === a.a.k && JSON.stringify(x) === bounded);
    const moves = (x: X) => variables.some((name) => readsState(x, name));
    if (!isLinear(derivative(variable), isCurrent, moves)) continue;
    if (variables.some((name) => name !== variable && has(derivative(name), isCurrent))) continue;
    // the exponential is a constant here: it is not in the rest
    const linear = variables.every((name) => isLinear(derivative(name), isPotential, () => false, isCurrent));
    return { variable, exponential, bounded: a.a, scale, threshold, linear };
  }
  return undefined;
}

const isState = (x: X, name: string) =>
  x.k === "ref" && x.role === "state" && x.name === name && x.factor === 1;
const has = (x: X, wanted: (x: X) => boolean): boolean => [...nodesOf(x)].some(wanted);
const readsState = (x: X, name: string): boolean => has(x, (y) => isState(y, name));

/**
 * true if an expression is linear in what is wanted, with factors that do not read what is barred
 * @param ignored - parts that count as constants
 */
function isLinear(
  x: X,
  wanted: (x: X) => boolean,
  barred: (x: X) => boolean,
  ignored: (x: X) => boolean = () => false,
): boolean {
  if (wanted(x)) return true;
  const free = (y: X): boolean => ignored(y) || (!wanted(y) && childrenOf(y).every(free));
  if (free(x)) return true;
  const linear = (y: X) => isLinear(y, wanted, barred, ignored);
  const factor = (y: X) => free(y) && !barred(y);
  switch (x.k) {
    case "unary":
      return x.op === "-" && linear(x.a);
    case "choose":
      return factor(x.condition) && linear(x.a) && linear(x.b);
    case "binary":
      if (x.op === "+" || x.op === "-") return linear(x.a) && linear(x.b);
      if (x.op === "*") return (factor(x.a) && linear(x.b)) || (linear(x.a) && factor(x.b));
      return x.op === "/" && linear(x.a) && factor(x.b);
    default:
      return false;
  }
}

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
  /** but for the exponential, all derivatives are linear in the variable */
  readonly linear: boolean;
  bounded(values: Values): Value;
  exponential(values: Values): Value;
  /** derivatives, of all variables or some, with the exponential replaced */
  derivatives(values: Values, exponential: Value, of?: readonly string[]): Values;
}

/** The derivative of the variable that shoots up, what it is without the spike current, and that current. */
function slopesOf({ b, real }: Integration, u: Upstroke, at: Values) {
  const slope = (exponential: Value) => u.derivatives(at, exponential, [u.variable]).get(u.variable)!;
  const [total, rest] = [slope(u.exponential(at)), slope(b.constant(real, 0))];
  return { total, rest, current: b.sub(total, rest) };
}

/** A variable is steep if the spike current is most of its derivative and would move it by this part of the scale in a step. */
const STEEP = 0.1;
/** Where the threshold is so low that the variable passes it with less than this many scales per step, when exactly matters. */
const FAST_AT_THRESHOLD = 100;
/** Parts of the way to the threshold: what the first sub-step tries, and what any takes at most. */
export const FIRST_STROKE = 0.57;
const LONGEST_STROKE = 0.8;
/** The time of a spike is kept as exactly as the tolerated error allows where the variable moves by this many scales in a step. */
const SPIKE_TIME = 1;
/** On the last part of the way other variables may miss this many times the tolerated error: nothing is left that they would act on. */
const LAST_DRIFT = 100;

/** The spike current is the larger part of the derivative, and large. */
export function isSteep(i: Integration, u: Upstroke, at: Values): Value {
  const { b } = i;
  const { total, rest, current } = slopesOf(i, u, at);
  const dominant = b.gt(current, b.abs(rest));
  return b.and(dominant, b.gt(b.mul(total, i.interval), b.mul(b.constant(i.real, STEEP), u.scale)));
}

/**
 * Runs `steep` where it is, else `otherwise`. With a low threshold the end of the sub-step that passes it decides when the neuron is
 * reset, in NEST as here: no closed form may be more exact than that.
 * @param steep - gets y at the threshold
 */
export function ifSteep(s: SubStep, u: Upstroke, steep: (goal: Value) => void, otherwise: () => void): void {
  const { i, start } = s;
  const { b } = i;
  const c = (v: number) => b.constant(i.real, v);
  const now = start.get(u.variable)!;
  const inside = b.and(b.eq(u.bounded(start), now), b.lt(now, u.threshold));
  // the exponential is computed where it may matter only
  const goal = b.variable("goal", i.real);
  const slowest = b.variable("slowest", i.real);
  b.set(goal, c(0));
  b.set(slowest, c(Number.POSITIVE_INFINITY));
  b.if(b.and(isSteep(i, u, start), b.and(inside, b.gt(u.scale, c(0)))), () => {
    b.set(goal, math.exp(b, b.div(b.sub(now, u.threshold), u.scale)));
    b.set(slowest, b.mul(b.mul(c(FAST_AT_THRESHOLD), u.scale), b.get(goal)));
  });
  const { current } = slopesOf(i, u, start);
  const far = b.gt(b.mul(current, i.interval), b.get(slowest));
  // so near the threshold that there is no way left: a plain step passes it
  const below = b.lt(b.get(goal), c(1));
  b.if(b.and(far, below), () => steep(b.get(goal)), otherwise);
}

/**
 * A sub-step in y.
 * @param goal - y at the threshold
 * @param stroke - the part of the way to the threshold to try; set to that of the next sub-step
 */
export function strokeStep(s: SubStep, u: Upstroke, goal: Value, stroke: Variable): void {
  const { i, start, remaining, time } = s;
  const { b } = i;
  const c = (v: number) => b.constant(i.real, v);
  const origin = start.get(u.variable)!;
  const { total, current } = slopesOf(i, u, start);
  const perScale = b.div(c(1), u.scale);
  const speed = b.mul(total, perScale);
  /** the time that a straight line takes */
  const straight = b.div(b.sub(c(1), goal), speed);
  const wanted = b.mul(b.get(stroke), straight);
  const last = b.ge(wanted, remaining);
  const h = b.min(wanted, remaining);

  const inPotential = (values: Values) => {
    const y = b.max(values.get(u.variable)!, c(1e-30));
    const potential = b.sub(origin, b.mul(u.scale, math.logOfNormal(b, y)));
    return { y, values: new Map([...values, [u.variable, potential]]) };
  };
  const step = i.rolled ? rolledStep : embeddedStep;
  const { next, errors } = step(i, new Map([...start, [u.variable, c(1)]]), h, (at) => {
    const { y, values } = inPotential(at);
    const slopes = u.derivatives(values, c(0));
    const ofY = b.neg(b.mul(b.add(current, b.mul(y, slopes.get(u.variable)!)), perScale));
    return new Map([...slopes, [u.variable, ofY]]);
  });
  const { y, values: landed } = inPotential(next);
  const beyond = b.le(next.get(u.variable)!, goal);
  const set = (values: Values) => {
    for (const [name, value] of values) b.set(i.variables.get(name)!, value);
    b.set(s.accepted, b.constant("i32", 1));
  };
  /** @param error - that of the variable, in its own unit */
  const worstOf = (error: Value) => {
    let worst = error;
    for (const name of i.controlled) if (name !== u.variable) worst = b.max(worst, errors.get(name)!);
    return worst;
  };
  const reject = (ratio: Value, infinite: Value) => {
    const factor = b.max(c(0.2), stepFactor(i, b.max(ratio, c(1)), 0.9, 5));
    const shorter = b.select(beyond, b.min(factor, c(0.5)), factor);
    b.set(stroke, b.mul(b.div(h, straight), b.select(infinite, c(0.2), shorter)));
  };

  // where the time step ends the potential itself counts
  const ends = () => {
    const worst = worstOf(b.div(b.mul(u.scale, errors.get(u.variable)!), y));
    judge(s, { h, next, worst, also: beyond }, reject, () => {
      b.set(time, s.interval);
      set(landed);
    });
  };
  const goesOn = () => {
    const way = wayToThreshold(i, u, { values: landed, y, goal, current, perScale });
    const until = b.add(h, way.duration);
    // an error in y is one in the time of the spike
    const inTime = (error: Value) =>
      b.mul(b.div(b.mul(c(SPIKE_TIME), u.scale), b.mul(speed, i.interval)), error);
    const exact = b.le(inTime(b.mul(way.missed, y)), i.tolerance);
    const still = (names: Iterable<string>) =>
      b.le(way.drifted([...names].filter((name) => name !== u.variable)), b.mul(c(LAST_DRIFT), i.tolerance));
    const crosses = b.and(b.and(exact, still(start.keys())), b.le(until, remaining));
    // the potential may then miss what it moves in the tolerated error of the time; what is not controlled is known at the end of the step
    const stops = b.and(b.and(exact, still(i.controlled)), b.gt(until, remaining));
    judge(s, { h, next, worst: worstOf(inTime(errors.get(u.variable)!)), also: beyond }, reject, (ratio) => {
      b.if(
        crosses,
        () => {
          b.set(time, b.add(b.get(time), b.convert("f64", until)));
          set(way.atThreshold());
        },
        () =>
          b.if(
            stops,
            () => {
              b.set(time, s.interval);
              set(way.after(b.sub(remaining, h)));
            },
            () => {
              b.set(time, b.add(b.get(time), b.convert("f64", h)));
              set(landed);
              const factor = b.min(c(3), stepFactor(i, b.max(ratio, c(1e-6)), 0.9, 5));
              b.set(stroke, b.min(c(LONGEST_STROKE), b.mul(b.get(stroke), factor)));
            },
          ),
      );
    });
  };
  b.if(last, ends, goesOn);
}
