/**
 * The ring of networks (`examples/ring.ts`) over numbers of ranks, scales and seeds: how long each phase takes, the time of
 * construction, and the real-time factor. The network of every rank has 5 x scale neurons. Ranks are processes of their own, so
 * that runs do not share what has been compiled. Each takes its share of the cores, or the number of `--threads`.
 *
 *     synfire bench ring --ranks 1,2,4 --scales 1,10,100,1000 --seeds 3 --out FILE.json [presim=100] [simtime=1000]
 *
 * Of each phase the time of its slowest rank counts. With `--out`, figures are written beside the file: FILE.html, .svg, .png.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { SynfireError } from "synfire";
import { type Bench, type BenchResult, medians, type Spread } from "synfire/cli";
import type ring from "../examples/ring.js";
import { findLauncher, runRanks } from "./lib/launch-ranks.js";
import { writeRingReport } from "./lib/ring-report.js";

export const onRequest = true;

const defaults = {
  /** lists with commas */
  ranks: "1,2,4",
  scales: "1,10,100,1000",
  /** as many, from `--seed` (default 1) on */
  seeds: 3,
  /** ms that do not count, and that count */
  presim: 100,
  simtime: 1000,
  /** are all spikes recorded and gathered? */
  record: true,
};

export interface Configuration {
  readonly ranks: number;
  readonly scale: number;
  /** of each rank */
  readonly threads: number;
  /** of all ranks */
  readonly neurons: number;
  /** spreads are over seeds */
  readonly construction_s: Spread;
  readonly realTimeFactor: Spread;
  readonly spikes_per_s_and_neuron: Spread;
  readonly phases_s: Readonly<Record<string, Spread>>;
  /** of each phase, medians by rank */
  readonly byRank_s: Readonly<Record<string, readonly number[]>>;
}

type Measured = NonNullable<Awaited<ReturnType<typeof ring>>>;

export default async function ringOverRanks(bench: Bench): Promise<BenchResult> {
  const settings = bench.parameters(defaults);
  const configurations = positiveIntegers("scales", settings.scales).flatMap((scale) =>
    positiveIntegers("ranks", settings.ranks).map((ranks) => ({ ranks, scale })),
  );
  const [seeds] = positiveIntegers("seeds", String(settings.seeds));
  const launcher = configurations.some(({ ranks }) => ranks > 1) ? findLauncher() : undefined;
  const runs = new Map(configurations.map((c) => [c, [] as Measured[]]));
  const failures: Record<string, string> = {};
  // one seed after the other, so that what slows the machine for a while does not hit one configuration
  for (let k = 0; k < seeds!; k++) {
    const seed = (bench.options.seed ?? 1) + k;
    for (const c of configurations) {
      const name = nameOf(c);
      if (bench.interrupted || name in failures) continue;
      try {
        const words = wordsOf(bench, settings, c, seed);
        const script = fileURLToPath(new URL("../examples/ring.ts", import.meta.url));
        const result = await runRanks(c.ranks > 1 ? launcher : undefined, c.ranks, script, words);
        // what was interrupted has run for a shorter time
        if (bench.interrupted) continue;
        runs.get(c)!.push(result as Measured);
        const { construction_s, realTimeFactor } = numbersOf(result as Measured);
        bench.log(
          `  ${name}, seed ${seed}: construction ${construction_s.toPrecision(3)} s, real-time factor ${realTimeFactor.toPrecision(3)}`,
        );
      } catch (error) {
        if (!(error instanceof SynfireError)) throw error;
        failures[name] = error.message;
        bench.log(`  ${name}: ${error.message}`);
      }
    }
  }
  const done = [...runs]
    .filter(([c, all]) => all.length > 0 && !(nameOf(c) in failures))
    .map(([c, all]) => configurationOf(bench, c, all));
  if (done.length === 0)
    throw new SynfireError(
      bench.interrupted ? "stopped" : "run-failed",
      bench.interrupted
        ? "Stopped before a run was complete."
        : `No run succeeded: ${Object.values(failures)[0]}`,
    );
  if (bench.beside !== undefined) {
    const files = await writeRingReport(done, settings, bench.beside);
    bench.log(`Figures: ${files.join(", ")}`);
  }
  const figures = Object.fromEntries(done.map((c) => [nameOf(c), c]));
  return { settings, figures: { ...figures, ...(Object.keys(failures).length > 0 ? { failures } : {}) } };
}

const nameOf = ({ ranks, scale }: { readonly ranks: number; readonly scale: number }) =>
  `ranks ${ranks}, scale ${scale}`;

/** @throws SynfireError "bad-argument" */
function positiveIntegers(key: string, list: string): readonly number[] {
  const numbers = list.split(",").map(Number);
  if (!numbers.every((n) => Number.isInteger(n) && n >= 1))
    throw new SynfireError("bad-argument", `${key} must be positive integers, as 1,2,4, not "${list}".`, key);
  return [...new Set(numbers)];
}

function threadsOf({ options }: Bench, ranks: number): number {
  if (typeof options.threads === "number") return options.threads;
  return Math.max(1, Math.floor(availableParallelism() / ranks));
}

function wordsOf(
  bench: Bench,
  { presim, simtime, record }: Pick<typeof defaults, "presim" | "simtime" | "record">,
  { ranks, scale }: { readonly ranks: number; readonly scale: number },
  seed: number,
): readonly string[] {
  const { device, precision } = bench.options;
  return [
    ...["--seed", String(seed), "--threads", String(threadsOf(bench, ranks))],
    ...(device === undefined ? [] : ["--device", device]),
    ...(precision === undefined ? [] : ["--precision", precision]),
    ...[`order=${scale}`, `presim=${presim}`, `simtime=${simtime}`, `record=${record}`],
  ];
}

const phasesOf = ({ phases }: Measured) => Object.keys(phases[0]!) as (keyof Measured["phases"][number])[];

/** one number per figure of a run; times are those of the slowest rank */
function numbersOf({ phases, rate, realTimeFactor }: Measured) {
  return {
    construction_s: Math.max(...phases.map((p) => p.create + p.connect + p.calibrate)),
    realTimeFactor,
    spikes_per_s_and_neuron: rate,
  };
}

function configurationOf(
  bench: Bench,
  { ranks, scale }: { readonly ranks: number; readonly scale: number },
  runs: readonly Measured[],
): Configuration {
  const { construction_s, realTimeFactor, spikes_per_s_and_neuron } = medians(runs.map(numbersOf));
  const names = phasesOf(runs[0]!);
  const longest = (run: Measured) => names.map((name) => [name, Math.max(...run.phases.map((p) => p[name]))]);
  const byRank = Array.from({ length: ranks }, (_, k) => medians(runs.map((run) => run.phases[k]!)));
  return {
    ranks,
    scale,
    threads: threadsOf(bench, ranks),
    neurons: 5 * scale * ranks,
    construction_s: construction_s!,
    realTimeFactor: realTimeFactor!,
    spikes_per_s_and_neuron: spikes_per_s_and_neuron!,
    phases_s: medians(runs.map((run) => Object.fromEntries(longest(run)))),
    byRank_s: Object.fromEntries(names.map((name) => [name, byRank.map((p) => p[name]!.median)])),
  };
}
