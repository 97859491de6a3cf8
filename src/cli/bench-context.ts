/** What benchmarks are given, and how runs become medians. */

import type { Results, Run } from "./run-context.js";

/** The median and all values of a figure, in the order of the runs. */
export interface Spread {
  readonly median: number;
  readonly values: readonly number[];
}

/** What a benchmark returns. */
export interface BenchResult {
  /** what was run: sizes, threads, model time */
  readonly settings: Results;
  /** what was measured; names carry the unit */
  readonly figures: Results;
}

/** What the default function of a module in `bench/` is called with. */
export interface Bench extends Run {
  /** how often to measure */
  readonly runs: number;
  /** the file of `--out` without its ending, for what belongs beside it, such as figures; undefined without `--out` */
  readonly beside: string | undefined;
  /** Measures `runs` times, one after the other, and returns the median of every figure. */
  repeat(measure: () => Promise<Readonly<Record<string, number>>>): Promise<Record<string, Spread>>;
}

export function benchContext(run: Run, runs: number, out?: string): Bench {
  return Object.assign(Object.create(run) as Run, {
    runs,
    beside: out?.replace(/\.json$/, ""),
    async repeat(measure: () => Promise<Readonly<Record<string, number>>>) {
      const all: Readonly<Record<string, number>>[] = [];
      for (let i = 0; i < runs && !(run.interrupted && i > 0); i++) all.push(await measure());
      return medians(all);
    },
  });
}

/** The median of every figure over runs. */
export function medians(runs: readonly Readonly<Record<string, number>>[]): Record<string, Spread> {
  const names = Object.keys(runs[0] ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const values = runs.map((figures) => figures[name]!);
      const sorted = [...values].sort((a, b) => a - b);
      const middle = sorted.length >> 1;
      const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
      return [name, { median, values }];
    }),
  );
}
