/**
 * Numbers that all engines must agree on before they run: delays in steps, the fixed-point scale of every receptor, the
 * rounding of every weight, the thresholds of Poisson counts. None depends on partitions, threads or ranks.
 */

import { SynfireError } from "../errors.js";
import { poissonCdf48 } from "../random/poisson-table.js";
import type { Network, Projection, ReceptorChoice, SynapseValue } from "./network.js";

/** How the inputs of one receptor are summed. */
export interface RingScale {
  /** sums are whole multiples of 2^exponent: as i32 or, where that is too coarse, as whole numbers in f64 */
  readonly form: "i32" | "f64";
  readonly exponent: number;
  /** largest possible sum of |weight|, in weight units */
  readonly bound: number;
}

export type Layout = "constant" | "packed" | "wide";

export interface ProjectionCalibration {
  readonly layout: Layout;
  /** why this layout */
  readonly reason: string;
  /** packed: weights are whole multiples of 2^quantum */
  readonly quantum: number;
  readonly weightLow: number;
  readonly weightHigh: number;
  readonly minDelay: number;
  readonly maxDelay: number;
}

export interface Calibration {
  /** steps */
  readonly minDelay: number;
  readonly maxDelay: number;
  /** by population, by receptor */
  readonly rings: readonly (readonly RingScale[])[];
  readonly projections: ReadonlyMap<Projection, ProjectionCalibration>;
  readonly poisson: ReadonlyMap<number, { readonly first: number; readonly thresholds: Float64Array }>;
}

/** Packed synapses hold a signed weight of this many bits. */
const PACKED_BITS = 16;
/** A weight may be rounded by this fraction of it at most. */
const TOLERATED = 2 ** -12;

export function delaySteps(delay: number, resolution: number): number {
  return Math.floor(delay / resolution + 0.5);
}

function rangeOf(value: SynapseValue): [low: number, high: number] {
  switch (value.kind) {
    case "constant":
      return [value.value, value.value];
    case "array": {
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const v of value.values) {
        if (v < low) low = v;
        if (v > high) high = v;
      }
      return value.values.length === 0 ? [0, 0] : [low, high];
    }
    case "distribution":
      return [value.sampler.low, value.sampler.high];
    default:
      return value satisfies never;
  }
}

/** smallest e with 2^e >= x */
const ceilLog2 = (x: number): number => {
  let e = Math.ceil(Math.log2(x));
  while (2 ** e < x) e++;
  while (2 ** (e - 1) >= x) e--;
  return e;
};

function calibrateProjection(p: Projection, network: Network): ProjectionCalibration {
  const [low, high] = rangeOf(p.weight)
    .map((w) => w * p.factor)
    .sort((a, b) => a - b) as [number, number];
  const [minDelay, maxDelay] = rangeOf(p.delay).map((d) => delaySteps(d, network.resolution)) as [
    number,
    number,
  ];
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const smallest = low <= 0 && high >= 0 ? 0 : Math.min(Math.abs(low), Math.abs(high));
  // the largest weight must not round up to 2^15
  const quantum = largest > 0 ? ceilLog2(largest * (1 + 2 ** -13)) - (PACKED_BITS - 1) : 0;
  const base = { quantum, weightLow: low, weightHigh: high, minDelay, maxDelay };
  if (p.weight.kind === "constant" && p.delay.kind === "constant")
    return { ...base, layout: "constant", reason: "one weight and one delay" };
  if (network.precision === "float64")
    return { ...base, layout: "wide", reason: "float64 keeps every bit of a weight" };
  if (p.weight.kind === "array") return { ...base, layout: "wide", reason: "given weights are not rounded" };
  if (p.weight.kind === "constant")
    return { ...base, layout: "packed", reason: "one weight, delays of their own" };
  const error = smallest === 0 ? Number.POSITIVE_INFINITY : 2 ** (quantum - 1) / smallest;
  if (error <= TOLERATED)
    return {
      ...base,
      layout: "packed",
      reason: `weights are rounded by less than ${error.toExponential(1)} of their value`,
    };
  return {
    ...base,
    layout: "wide",
    reason: "16 bits would round the smallest weights by more than 2^-12 of their value",
  };
}

/** The receptor and the magnitude with which a weight enters. */
export function receptorOf(choice: ReceptorChoice, weight: number): { receptor: number; value: number } {
  const receptor = weight < 0 ? choice.negative : choice.positive;
  return {
    receptor,
    value: choice.mode === "count" ? 1 : choice.mode === "magnitude" ? Math.abs(weight) : weight,
  };
}

/** A weight in units of the receptor's ring: a whole number. */
export function fixedWeight(
  weight: number,
  c: ProjectionCalibration,
  p: Projection,
  ring: RingScale,
): number {
  if (c.layout === "packed" && p.weight.kind !== "constant") {
    return Math.floor(weight * 2 ** -c.quantum + 0.5) * 2 ** (c.quantum - ring.exponent);
  }
  return Math.floor(weight * 2 ** -ring.exponent + 0.5);
}

/** Largest count that a Poisson draw can give. */
export function largestCount(table: { readonly first: number; readonly thresholds: Float64Array }): number {
  return table.first + table.thresholds.length - 1;
}

/** How many synapses a projection has, and the most that one target has. */
export interface SynapseCounts {
  readonly total: number;
  readonly maxIndegree: number;
}

/**
 * @param counts - of a projection; engines that count faster than its plan give their own
 * @throws SynfireError "bad-delay" if a delay is shorter than the resolution or too long
 */
export function calibrate(
  network: Network,
  counts: (p: Projection) => SynapseCounts = (p) => p.plan,
): Calibration {
  const projections = new Map<Projection, ProjectionCalibration>();
  const poisson = new Map<number, { readonly first: number; readonly thresholds: Float64Array }>();
  let [minDelay, maxDelay] = [Number.POSITIVE_INFINITY, 1];
  const bounds = network.populations.map((p) =>
    p.program.receptors.map(() => ({
      sum: 0,
      smallest: Number.POSITIVE_INFINITY,
      coarse: Number.POSITIVE_INFINITY,
    })),
  );
  const add = (p: Projection, c: ProjectionCalibration, spikes: number) => {
    for (const [population, choice] of p.receptors) {
      for (const [receptor, extreme] of [
        [
          choice.positive,
          choice.positive === choice.negative
            ? Math.max(Math.abs(c.weightLow), Math.abs(c.weightHigh))
            : Math.max(0, c.weightHigh),
        ],
        [choice.negative, choice.positive === choice.negative ? 0 : Math.max(0, -c.weightLow)],
      ] as const) {
        const bound = bounds[population]![receptor]!;
        const magnitude = choice.mode === "count" ? 1 : extreme;
        if (magnitude === 0) continue;
        bound.sum += counts(p).maxIndegree * magnitude * spikes;
        const least =
          choice.mode === "count"
            ? 1
            : c.weightLow > 0
              ? c.weightLow
              : c.weightHigh < 0
                ? -c.weightHigh
                : magnitude;
        bound.smallest = Math.min(bound.smallest, least);
        if (c.layout === "packed" && p.weight.kind !== "constant" && choice.mode !== "count")
          bound.coarse = Math.min(bound.coarse, 2 ** c.quantum);
      }
    }
  };
  for (const p of network.projections) {
    const c = calibrateProjection(p, network);
    if (c.minDelay < 1) {
      throw new SynfireError(
        "bad-delay",
        `delay: every delay must be at least the resolution (${network.resolution} ms)`,
        "delay",
      );
    }
    projections.set(p, c);
    if (counts(p).total > 0) {
      minDelay = Math.min(minDelay, c.minDelay);
      maxDelay = Math.max(maxDelay, c.maxDelay);
    }
    add(p, c, p.maxEmission);
  }
  for (const d of network.drives) {
    const c = calibrateProjection(d.projection, network);
    projections.set(d.projection, c);
    let table = poisson.get(d.lambda);
    if (!table) {
      table = poissonCdf48(d.lambda);
      poisson.set(d.lambda, table);
    }
    maxDelay = Math.max(maxDelay, c.maxDelay);
    add(d.projection, c, largestCount(table));
  }
  if (maxDelay > 65536)
    throw new SynfireError(
      "bad-delay",
      `delay: the longest delay is ${maxDelay} steps, 65536 is the most`,
      "delay",
    );
  const fine = ({ smallest, coarse }: { smallest: number; coarse: number }, exponent: number) =>
    2 ** exponent <= coarse && 2 ** (exponent - 1) <= TOLERATED * smallest;
  /** one unit for the same receptor of all populations, where it is fine enough for each: their synapses can then be stored together */
  const common: number[] = [];
  for (const receptors of bounds) {
    receptors.forEach(({ sum }, r) => {
      if (sum > 0) common[r] = Math.max(common[r] ?? Number.NEGATIVE_INFINITY, ceilLog2(sum) - 30);
    });
  }
  const rings = bounds.map((receptors) =>
    receptors.map((b, r): RingScale => {
      if (b.sum === 0)
        return { form: network.precision === "float64" ? "f64" : "i32", exponent: 0, bound: 0 };
      const own = ceilLog2(b.sum) - 30;
      if (network.precision === "float32" && fine(b, own))
        return { form: "i32", exponent: fine(b, common[r]!) ? common[r]! : own, bound: b.sum };
      return {
        form: "f64",
        exponent: Math.min(ceilLog2(b.sum) - 52, Math.floor(Math.log2(b.coarse))),
        bound: b.sum,
      };
    }),
  );
  // without a projection there is nothing to wait for; keep the interval short enough to stop soon
  return { minDelay: Number.isFinite(minDelay) ? minDelay : 64, maxDelay, rings, projections, poisson };
}
