/**
 * The mean rates of the full cortical microcircuit over many seeds, and whether the reference means can be one of these runs. NEST's example
 * Potjans_2014 gives them as those of the network without scaling, one realization of it, and runs for 1 s if nothing else is asked for; networks of
 * other seeds have others, and the shorter a run, the more they differ: give `t_sim` what the reference had. So the test is that
 * of one new draw: Hotelling's T^2 of the eight means, T^2 = n / (n + 1) (x - m)' S^-1 (x - m), which is p (n - 1) / (n - p) times a value of the F
 * distribution with p and n - p degrees of freedom (Johnson and Wichern, Applied Multivariate Statistical Analysis, 5.5).
 *
 *     synfire bench microcircuit-rates --device cuda [seeds=50] [poisson=true] [t_sim=10000]
 */
import { SynfireError } from "synfire";
import { mean, meanRates, standardDeviation } from "synfire/analysis";
import type { Bench, BenchResult } from "synfire/cli";
import { populations, referenceRates } from "../examples/microcircuit.js";
import { tenSeconds, withSpikes } from "./lib/microcircuit.js";

export const onRequest = true;

const defaults = {
  ...tenSeconds,
  /** seeds 1, 2, ...: more than there are populations */
  seeds: 50,
  poisson: true,
};

export default async function microcircuitRates(bench: Bench): Promise<BenchResult> {
  const settings = bench.parameters(defaults);
  if (!(Number.isInteger(settings.seeds) && settings.seeds > populations.length + 2))
    throw new SynfireError(
      "bad-argument",
      `seeds must be more than ${populations.length + 2}, not ${settings.seeds}.`,
      "seeds",
    );
  const runs: number[][] = [];
  for (let seed = 1; seed <= settings.seeds && !bench.interrupted; seed++) {
    const rates = await ratesOf(bench, settings, seed);
    if (rates) runs.push(rates);
    if (rates) bench.log(`  seed ${seed}: ${rates.map((r) => r.toFixed(3)).join(" ")} spikes/s`);
  }
  if (runs.length <= populations.length + 2)
    throw new SynfireError("stopped", "Stopped before there were enough runs.");

  const of = (k: number) => runs.map((r) => r[k]!);
  const byPopulation = (value: (k: number) => number) =>
    Object.fromEntries(populations.map((name, k) => [name, Number(value(k).toPrecision(4))]));
  const percent = (k: number, x: number) => (100 * x) / referenceRates[k]!;
  const { T2, F } = hotelling(runs, referenceRates);
  return {
    settings,
    figures: {
      seeds: runs.length,
      rates_Hz: byPopulation((k) => mean(of(k))),
      deviation_percent: byPopulation((k) => percent(k, mean(of(k)) - referenceRates[k]!)),
      // of the mean, and of one seed's rate
      standardError_percent: byPopulation((k) =>
        percent(k, standardDeviation(of(k), 1) / Math.sqrt(runs.length)),
      ),
      seeds_sd_percent: byPopulation((k) => percent(k, standardDeviation(of(k), 1))),
      // of the reference, in standard deviations of one seed's rate
      reference_z: byPopulation((k) => (referenceRates[k]! - mean(of(k))) / standardDeviation(of(k), 1)),
      // share of seeds that are at least as far off as the bar of 1 % (2 % for L23E and L6E) from the mean of all
      seedsBeyondBar_percent: byPopulation((k) => {
        const bar = k === 0 || k === 6 ? 2 : 1;
        const m = mean(of(k));
        return (100 * of(k).filter((r) => Math.abs(r / m - 1) * 100 > bar).length) / runs.length;
      }),
      T2: Number(T2.toPrecision(4)),
      F: Number(F.toPrecision(4)),
      degreesOfFreedom: `${populations.length} and ${runs.length - populations.length}`,
    },
  };
}

/** by population; nothing if the run was interrupted */
function ratesOf(
  bench: Bench,
  settings: Omit<typeof defaults, "seeds">,
  seed: number,
): Promise<number[] | undefined> {
  const { t_presim, t_sim } = settings;
  return withSpikes(bench, settings, seed, (network, spikes) => {
    const ids = network.populations.map((p) => p.toArray());
    const window = { start: t_presim, stop: t_presim + t_sim, closed: "right" } as const;
    const rates = meanRates(
      spikes.events,
      ids.flatMap((list) => Array.from(list)),
      window,
    );
    let end = 0;
    return ids.map(({ length }) => mean(rates.subarray(end, (end += length))));
  });
}

/** how far a point is from the mean of others, by their covariance */
function hotelling(
  runs: readonly (readonly number[])[],
  point: readonly number[],
): { T2: number; F: number } {
  const [n, p] = [runs.length, point.length];
  const m = point.map((_, k) => mean(runs.map((r) => r[k]!)));
  // the covariance, and beside it the difference: solved by Gauss and Jordan
  const rows = m.map((_, i) => [
    ...m.map((_, j) => runs.reduce((sum, r) => sum + (r[i]! - m[i]!) * (r[j]! - m[j]!), 0) / (n - 1)),
    point[i]! - m[i]!,
  ]);
  for (let k = 0; k < p; k++) {
    const pivot = rows
      .slice(k)
      .reduce((best, r, i) => (Math.abs(r[k]!) > Math.abs(rows[best]![k]!) ? k + i : best), k);
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    for (let i = 0; i < p; i++) {
      if (i === k) continue;
      const factor = rows[i]![k]! / rows[k]![k]!;
      rows[i] = rows[i]!.map((x, j) => x - factor * rows[k]![j]!);
    }
  }
  const solved = rows.map((r, k) => r[p]! / r[k]!);
  const T2 = (n / (n + 1)) * point.reduce((sum, x, k) => sum + (x - m[k]!) * solved[k]!, 0);
  return { T2, F: (T2 * (n - p)) / (p * (n - 1)) };
}
