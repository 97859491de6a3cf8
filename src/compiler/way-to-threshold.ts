/**
 * The last part of an upstroke (upstroke.ts) in closed form: from where a sub-step has ended to the threshold, or as far as the time
 * step goes. With z = y over that of the sub-step's end, l = ln(1 / z), and A + B l = R / S there, the time to any z is d / S times
 *
 *     F(z) = integral of dz / (1 + z (A + B l + what time changes)) from z to 1,
 *
 * to fourth order in A and B, but for A B^3 and B^4. What time changes is (a + b l) t + c t^2, with the time t in units of d / S; its products with A and B are
 * there to second order in these, its square to none. Other variables move as they do at the potential's mean.
 */

import type { Value } from "./ir.js";
import * as math from "./math.js";
import type { Integration, Values } from "./sub-step.js";
import type { Upstroke } from "./upstroke.js";

/** Where a sub-step has ended. */
export interface Landing {
  /** the values, and y */
  readonly values: Values;
  readonly y: Value;
  /** y at the threshold */
  readonly goal: Value;
  /** S at the start of the sub-step */
  readonly current: Value;
  /** 1 / d */
  readonly perScale: Value;
}

export interface WayToThreshold {
  readonly duration: Value;
  /** estimates of the errors: of the duration as z (where that is short, up to six times too small), and of other variables */
  readonly missed: Value;
  drifted(names: readonly string[]): Value;
  atThreshold(): Values;
  /** the values after a time that is shorter than the duration */
  after(time: Value): Values;
}

/** Of Newton's steps so many. */
const STEPS = 2;

/** @param nearer - one of Newton's steps */
function newton<T extends Readonly<Record<string, Value>>>(
  { b, rolled }: Integration,
  first: T,
  nearer: (at: T) => T,
): T {
  if (!rolled) return Array.from({ length: STEPS }).reduce<T>(nearer, first);
  const names = Object.keys(first);
  const variables = Object.fromEntries(names.map((name) => [name, b.variable(name, first[name]!.type)]));
  const set = (to: T) => {
    for (const name of names) b.set(variables[name]!, to[name]!);
  };
  const get = () => Object.fromEntries(names.map((name) => [name, b.get(variables[name]!)])) as T;
  set(first);
  b.repeat(STEPS, Object.values(variables), () => set(nearer(get())));
  return get();
}

export function wayToThreshold(i: Integration, u: Upstroke, at: Landing): WayToThreshold {
  const { b } = i;
  const { values: landed, y, current, perScale } = at;
  const c = (v: number) => b.constant(i.real, v);
  const product = (...values: Value[]) => values.reduce((x, z) => b.mul(x, z));
  const sum = (...values: Value[]) => values.reduce((x, z) => b.add(x, z));
  const potential = landed.get(u.variable)!;
  const others = [...landed.keys()].filter((name) => name !== u.variable);

  const above = (l: Value) => b.add(potential, b.mul(u.scale, l));
  const moved = (change: (name: string) => Value) =>
    new Map(others.map((name) => [name, b.add(landed.get(name)!, change(name))]));
  /** derivatives without S, the potential l scales above that of the sub-step's end */
  const slopesAt = (values: Values, l: Value, of?: readonly string[]) =>
    u.derivatives(new Map([...values, [u.variable, above(l)]]), c(0), of);
  /** slopes by Kutta's rule of third order, over a time in which l has this mean */
  const kutta = (mean: Value, time: Value) => {
    const k1 = slopesAt(landed, mean, others);
    const k2 = slopesAt(
      moved((n) => product(c(1 / 2), time, k1.get(n)!)),
      mean,
      others,
    );
    const k3 = slopesAt(
      moved((n) => b.mul(time, b.sub(b.add(k2.get(n)!, k2.get(n)!), k1.get(n)!))),
      mean,
      others,
    );
    const after = (t: Value) =>
      moved((n) => product(c(1 / 6), t, sum(k1.get(n)!, b.mul(c(4), k2.get(n)!), k3.get(n)!)));
    return { k1, k2, k3, after };
  };

  const inverse = b.div(y, current);
  const toTime = b.mul(u.scale, inverse);
  const distance = b.mul(b.sub(u.threshold, potential), perScale);
  // from R here and so many scales higher
  const apart = b.max(c(1e-3), b.min(c(1), b.mul(c(1 / 2), distance)));
  const start = u.derivatives(landed, c(0));
  const higher = slopesAt(landed, apart);
  const [rest, higherR] = [start, higher].map((slopes) => slopes.get(u.variable)!) as [Value, Value];
  const change = b.sub(higherR, rest);
  const A = b.mul(rest, inverse);
  const B = b.div(b.mul(change, inverse), apart);
  const [AA, AB, BB] = [b.mul(A, A), b.mul(A, B), b.mul(B, B)];
  const C = b.add(A, b.mul(c(0.4), B));
  const C2 = b.mul(C, C);

  /** 1 - z^n, and 1 - z^n (1 + n l) */
  const less = (power: Value) => b.sub(c(1), power);
  const lessMore = (power: Value, n: number, l: Value) => less(b.mul(power, b.add(c(1), b.mul(c(n), l))));
  /** 2 + 2 n l + (n l)^2, and 2 - z^n times it */
  const square = (n: number, l: Value) => {
    const nl = b.mul(c(n), l);
    return sum(c(2), nl, nl, b.mul(nl, nl));
  };
  const lessSquare = (power: Value, n: number, l: Value) => b.sub(c(2), b.mul(power, square(n, l)));
  /** F without R, and what R as it is at first takes away to first order */
  const firstOrder = (z: Value, l: Value) => {
    const z2 = b.mul(z, z);
    const [o2, w2] = [less(z2), lessMore(z2, 2, l)];
    return { z2, o2, w2, way: less(z), first: b.add(product(c(1 / 2), A, o2), product(c(1 / 4), B, w2)) };
  };
  /** the mean of l over the time to z; the integrals to first order */
  const meanTo = (z: Value, l: Value) => {
    const { z2, o2, w2, way, first } = firstOrder(z, l);
    const l1 = b.sub(b.sub(way, b.mul(z, l)), b.mul(c(1 / 4), b.mul(A, w2)));
    const l2 = b.mul(l, b.add(c(1), l));
    const squares = b.mul(c(1 / 4), b.sub(o2, product(c(2), z2, l2)));
    const exact = b.div(b.sub(l1, b.mul(B, squares)), b.sub(way, first));
    return b.select(b.lt(way, c(0.1)), b.mul(c(1 / 2), l), exact);
  };
  /** F in parts: without R and with R as it is at first; what R's change with time adds, over that change (in units of d / S) */
  const integral = (z: Value, l: Value) => {
    const { z2, o2, w2, way, first } = firstOrder(z, l);
    const [z3, z4, z5] = [b.mul(z2, z), b.mul(z2, z2), product(z2, z2, z)];
    const [o3, o4, o5] = [less(z3), less(z4), less(z5)];
    const [w3, w4, w5] = [lessMore(z3, 3, l), lessMore(z4, 4, l), lessMore(z5, 5, l)];
    const second = sum(
      product(c(1 / 3), AA, o3),
      product(c(2 / 9), AB, w3),
      product(c(1 / 27), BB, lessSquare(z3, 3, l)),
    );
    const l4 = b.mul(c(4), l);
    const third = sum(
      product(c(1 / 4), AA, A, o4),
      product(c(3 / 16), AA, B, w4),
      product(c(3 / 64), AB, B, lessSquare(z4, 4, l)),
      product(
        c(1 / 256),
        BB,
        B,
        b.sub(c(6), b.mul(z4, b.add(b.mul(c(3), square(4, l)), product(l4, l4, l4)))),
      ),
    );
    const fourth = sum(
      product(c(1 / 5), AA, AA, o5),
      product(c(4 / 25), AA, AB, w5),
      product(c(6 / 125), AB, AB, lessSquare(z5, 5, l)),
    );
    // what a, b and c add, the first also in products with A, B and, squared, with their mean; and the square of a
    const firstChange = product(c(-1 / 6), way, way, b.add(c(1), b.add(z, z)));
    const changed = {
      a: sum(
        firstChange,
        b.mul(A, sum(product(c(1 / 8), o2, o2), b.mul(c(2 / 3), o3), b.mul(c(-1 / 2), o4))),
        b.mul(B, sum(b.mul(c(2 / 9), w3), b.mul(c(-5 / 32), w4), b.mul(c(1 / 8), o2), b.mul(c(-1 / 16), o4))),
        b.neg(
          b.mul(
            C2,
            sum(b.mul(c(1 / 6), o2), b.mul(c(1 / 3), o3), b.mul(c(3 / 4), o4), b.mul(c(-13 / 15), o5)),
          ),
        ),
      ),
      b: b.add(b.mul(c(1 / 9), w3), b.mul(c(-1 / 4), w2)),
      c: sum(b.mul(c(2 / 3), o3), b.mul(c(-1 / 2), o2), b.mul(c(-1 / 4), o4)),
      aa: sum(b.mul(c(1 / 12), o2), b.mul(c(1 / 3), o3), b.mul(c(-5 / 8), o4), b.mul(c(4 / 15), o5)),
    };

    return {
      way,
      first,
      constant: sum(b.sub(way, first), b.sub(second, third), fourth),
      changed,
      firstChange,
    };
  };

  const goal = b.div(at.goal, y);
  const whole = integral(goal, distance);
  const { way, first } = whole;
  const about = b.mul(toTime, b.sub(way, first));
  const slopes = kutta(meanTo(goal, distance), about);
  const { k1, k2, k3 } = slopes;

  // R as time changes it: from the other variables as they are after a third of the duration, if they move to first order in time, to
  // second, to third; a third is the mean of time (as part of the duration) weighted with z, a sixth that of its square, a tenth that of its cube
  const bentTwice = (n: string) =>
    product(c(1 / 6), about, sum(k1.get(n)!, k3.get(n)!, b.mul(c(-2), k2.get(n)!)));
  const straight = moved((n) => product(c(1 / 3), about, k1.get(n)!));
  const bent = new Map(
    others.map((n) => [n, b.add(straight.get(n)!, product(c(1 / 6), about, b.sub(k2.get(n)!, k1.get(n)!)))]),
  );
  const bentMore = new Map(others.map((n) => [n, b.add(bent.get(n)!, b.mul(c(1 / 10), bentTwice(n)))]));
  const R = (values: Values, l: Value) => slopesAt(values, l, [u.variable]).get(u.variable)!;
  const level = b.mul(c(5 / 6), apart);
  const [low, high] = [R(straight, c(0)), R(straight, apart)];
  const [second, third] = [R(bent, level), R(bentMore, level)];
  const perTime = b.div(b.mul(c(3), toTime), about);
  const scaled = b.mul(perTime, inverse);
  const changeA = b.mul(scaled, b.sub(low, rest));
  const changeB = b.div(b.mul(scaled, b.sub(b.sub(high, higherR), b.sub(low, rest))), apart);
  const atLevel = b.add(low, b.mul(c(5 / 6), b.sub(high, low)));
  const changeC = product(c(2 / 3), perTime, scaled, b.sub(third, atLevel));
  /** a, with what b adds in the mean: where products with A and B are small anyway */
  const mostly = b.add(changeA, b.mul(c(5 / 6), changeB));
  const F = (parts: ReturnType<typeof integral>) =>
    sum(
      parts.constant,
      b.mul(mostly, b.add(parts.changed.a, b.mul(mostly, parts.changed.aa))),
      // b acts by its own integral
      b.mul(changeB, b.sub(parts.changed.b, b.mul(c(5 / 6), parts.firstChange))),
      b.mul(changeC, parts.changed.c),
    );
  const duration = b.mul(toTime, F(whole));

  const share = b.div(about, i.interval);
  const lesser = b.mul(c(0.45), b.abs(B));
  const p = b.add(b.abs(A), lesser);
  const p2 = b.mul(p, p);
  // the first terms that are left out, or half of the last that are not
  const changes = b.add(b.abs(changeA), b.abs(changeB));
  let missed = sum(
    b.mul(product(p, way), b.add(product(c(1 / 6), p2, p2), product(c(1 / 2), lesser, lesser, lesser))),
    product(c(0.05), p2, changes),
    product(c(0.1), changes, changes, b.add(p, changes)),
    product(c(1 / 2), b.abs(b.sub(third, second)), inverse),
  );
  /** what second differences show */
  const bend = (n: string) => {
    const twice = slopesAt(landed, b.add(apart, apart));
    return b.abs(sum(start.get(n)!, twice.get(n)!, b.mul(c(-2), higher.get(n)!)));
  };
  if (!u.linear) missed = b.add(missed, b.mul(bend(u.variable), inverse));
  const drifted = (names: readonly string[]) => {
    let most = c(0);
    for (const n of names) most = b.max(most, b.abs(bentTwice(n)));
    most = product(c(1 / 4), most, share);
    for (const n of names) {
      // by the potential's mean, and, unless they are linear in it, by what bends
      const moves = b.abs(b.sub(higher.get(n)!, start.get(n)!));
      most = b.max(most, product(about, p2, moves));
      if (!u.linear) most = b.max(most, b.mul(about, bend(n)));
    }
    return most;
  };
  return {
    duration,
    missed,
    drifted,
    atThreshold: () => new Map([...slopes.after(duration), [u.variable, u.threshold]]),
    after: (time) => {
      const wanted = b.div(time, toTime);
      const towards = (x: Value) => {
        const z = b.max(x, goal);
        return { z, l: b.neg(math.logOfNormal(b, z)) };
      };
      // F'(z) = -1 / (1 + z (A + B l))
      const nearer = ({ z, l }: ReturnType<typeof towards>) => {
        const steep = b.add(c(1), b.mul(z, b.add(A, b.mul(B, l))));
        const off = b.sub(F(integral(z, l)), wanted);
        return towards(b.add(z, b.mul(off, steep)));
      };
      const { z, l } = newton(i, towards(b.sub(c(1), wanted)), nearer);
      const potentialThere = b.select(b.gt(z, goal), above(l), u.threshold);
      return new Map([...kutta(meanTo(z, l), time).after(time), [u.variable, potentialThere]]);
    },
  };
}
