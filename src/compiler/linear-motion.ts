/**
 * How variables with linear equations move while others are integrated numerically. Nearly all sub-steps are as long as the time step:
 * there they are known exactly at every stage (propagators.ts). In a shorter one each moves as its Taylor polynomial.
 */

import type { Value } from "./ir.js";
import { STAGE_TIMES, type SubStep, type Values } from "./sub-step.js";

/** Sub-steps are at most this many of the shortest time constants long: what is over sooner would fall between the stages. */
export const LONGEST = 2;
/** Degree of the polynomials: errors of what has decayed are below 1e-5 in the longest sub-steps, and fall with their 11th power. */
const DEGREE = 10;

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
/** terms of the polynomials after a part of the sub-step: those smaller than the first that is left out at its end are left out, too */
const degreeAfter = (part: number): number => {
  let k = DEGREE;
  while (part ** k / factorial(k) < 1 / factorial(DEGREE + 1)) k--;
  return k;
};

export interface LinearMotion {
  /** what the derivatives of others read, after a part of the sub-step */
  after(part: number): Values;
  /** sets the variables to what they are after the sub-step, unless that ends the time step */
  advance(): void;
}

/**
 * @param last - true if the sub-step ends the time step
 * @param h - its length
 */
export function linearMotion({ i, start, time }: SubStep, last: Value, h: Value): LinearMotion {
  const { b, along } = i;
  const whole = b.and(last, b.eq(b.get(time), b.constant("f64", 0)));
  const place = (name: string, part: number) => b.variable(`${name} after ${part}`, i.real);
  const placesAfter = (part: number) =>
    new Map((part === 1 ? along.names : along.read).map((name) => [name, place(name, part)]));
  const places = new Map(STAGE_TIMES.filter((part) => part > 0).map((part) => [part, placesAfter(part)]));

  const term = taylorTerms(i, start, h);
  const polynomial = (name: string, part: number): Value => {
    let value = start.get(name)!;
    const degree = degreeAfter(part);
    for (let k = 1; k <= degree; k++) {
      const x = term(name, k);
      if (x) value = b.add(value, part === 1 ? x : b.mul(b.constant(i.real, part ** k), x));
    }
    return value;
  };
  b.if(
    whole,
    () => {
      for (const [part, variables] of places)
        for (const [name, value] of along.exactlyAfter(part)) b.set(variables.get(name)!, value);
    },
    () => {
      for (const [part, variables] of places)
        for (const [name, variable] of variables) b.set(variable, polynomial(name, part));
    },
  );
  return {
    after: (part) =>
      part === 0 ? start : new Map(along.read.map((name) => [name, b.get(places.get(part)!.get(name)!)])),
    advance: () => {
      b.if(b.not(whole), () => {
        for (const [name, variable] of places.get(1)!) b.set(i.variables.get(name)!, b.get(variable));
      });
    },
  };
}

/** The k-th term of a variable's Taylor polynomial at the end of a sub-step of length h; undefined if it is 0. */
function taylorTerms(i: SubStep["i"], start: Values, h: Value) {
  const { b } = i;
  const known = new Map<string, Value | undefined>();
  const term = (name: string, k: number): Value | undefined => {
    const key = `${k} ${name}`;
    if (!known.has(key)) {
      const first = () => i.derivatives(start, [name]).get(name)!;
      const derivative = k === 1 ? first() : i.along.later(name, (other) => term(other, k - 1));
      const time = k === 1 ? h : b.mul(h, b.constant(i.real, 1 / k));
      known.set(key, derivative && b.mul(time, derivative));
    }
    return known.get(key);
  };
  return term;
}
