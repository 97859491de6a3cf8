/**
 * How the neurons of the cortical microcircuit fire, with Poisson and with constant input: mean rates against
 * the reference, and distributions of single-neuron rates, irregularity and correlations, compared between
 * seeds and between inputs by their Kolmogorov-Smirnov distance; the recipe of van Albada et al. (2018),
 * doi:10.3389/fnins.2018.00291. Ten runs of ten seconds at full scale, so only when named. Writes a report
 * with violins. With constant input, the network fires only with a K_scaling of 0.3 or more.
 *
 *     synfire bench microcircuit-accuracy --device cuda [seeds=5] [inputs=poisson|dc|both] [out=FOLDER]
 */
import { SynfireError } from "synfire";
import {
  ksDistance,
  mean,
  type PopulationStatistics,
  populationStatistics,
  quantiles,
  standardDeviation,
} from "synfire/analysis";
import type { Bench, BenchResult } from "synfire/cli";
import { type Figure, palette, report, type ViolinOptions, violins } from "synfire/plot";
import { writeReport } from "synfire/plot/files";
import { populations, referenceRates } from "../examples/microcircuit.js";
import { tenSeconds, withSpikes } from "./lib/microcircuit.js";

export const onRequest = true;

const defaults = {
  ...tenSeconds,
  /** seeds 1, 2, ... */
  seeds: 5,
  /** "poisson", "dc" or "both" */
  inputs: "both",
  /** folder of the report */
  out: "results/microcircuit-accuracy",
};

const allInputs = ["poisson", "dc"] as const;
type Input = (typeof allInputs)[number];
const labels = { poisson: "Poisson", dc: "DC" } as const;
const colors = { poisson: palette[0]!, dc: palette[1]! } as const;

type Statistics = Readonly<Record<string, PopulationStatistics>>;

interface Distribution {
  readonly name: string;
  readonly values: (s: PopulationStatistics) => ArrayLike<number>;
  readonly title: string;
  readonly yLabel: string;
  /** quantiles of every population that the axis reaches to */
  readonly shown: readonly [number, number];
  readonly bounds?: readonly [number, number];
}

const distributions: readonly Distribution[] = [
  {
    name: "rate",
    values: (s) => s.rates,
    title: "Mean rates",
    yLabel: "rate (spikes/s)",
    shown: [0, 0.998],
    bounds: [0, Infinity],
  },
  {
    name: "cv",
    values: (s) => s.cvs.filter(Number.isFinite),
    title: "Irregularity",
    yLabel: "CV of inter-spike intervals",
    shown: [0, 0.998],
    bounds: [0, Infinity],
  },
  {
    name: "correlation",
    values: (s) => s.correlations,
    title: "Synchrony",
    yLabel: "Pearson correlation",
    shown: [0.001, 0.98],
  },
];

export default async function microcircuitAccuracy(bench: Bench): Promise<BenchResult> {
  const settings = bench.parameters(defaults);
  const inputs = chosenInputs(settings.inputs);
  if (!(Number.isInteger(settings.seeds) && settings.seeds >= 1))
    throw new SynfireError("bad-argument", `seeds must be 1 or more, not ${settings.seeds}.`, "seeds");

  /** by input, then by seed */
  const runs: Record<Input, Statistics[]> = { poisson: [], dc: [] };
  for (let seed = 1; seed <= settings.seeds; seed++) {
    for (const input of inputs) {
      const statistics = await simulate(bench, { ...settings, poisson: input === "poisson" }, seed);
      if (statistics) runs[input].push(statistics);
    }
  }
  // interrupted: what is complete
  const present = inputs.filter((input) => runs[input].length > 0);
  if (present.length === 0) throw new SynfireError("stopped", "Stopped before a run was complete.");

  const rates = byInput(present, (input) =>
    byPopulation((name) => mean(runs[input].map((statistics) => statistics[name]!.meanRate))),
  );
  const deviations = byInput(present, (input) =>
    byPopulation((name, k) => 100 * (rates[input]![name]! / referenceRates[k]! - 1)),
  );
  const sds = byInput(present, (input) =>
    byPopulation((name) => {
      const ofSeeds = runs[input].map((statistics) => statistics[name]!.meanRate);
      return (100 * standardDeviation(ofSeeds, 1)) / rates[input]![name]!;
    }),
  );
  const betweenSeeds = byInput(present, (input) =>
    byDistribution(({ values }) => {
      const distances = (name: string) => {
        const samples = runs[input].map((statistics) => values(statistics[name]!));
        return samples.flatMap((a, i) => samples.slice(i + 1).flatMap((b) => distance(a, b)));
      };
      return {
        mean: byPopulation((name) => mean(distances(name))),
        largest: byPopulation((name) => Math.max(...distances(name))),
      };
    }),
  );
  // runs of equal seed
  const pairs = runs.poisson.slice(0, runs.dc.length).map((poisson, k) => [poisson, runs.dc[k]!] as const);
  const betweenInputs = byDistribution(({ values }) =>
    byPopulation((name) => mean(pairs.flatMap(([a, b]) => distance(values(a[name]!), values(b[name]!))))),
  );

  const figures = {
    seeds: byInput(present, (input) => runs[input].length),
    rates_Hz: rates,
    deviation_percent: deviations,
    // standard deviation of one seed's mean rate: how far off one run of ten seconds may be
    seeds_sd_percent: sds,
    ks_betweenSeeds: betweenSeeds,
    ...(pairs.length > 0 ? { ks_betweenInputs: betweenInputs } : {}),
  };
  const tables = [
    {
      title: "Mean rates (spikes/s)",
      columns: ["", "reference", ...present.flatMap((input) => [labels[input], "deviation (%)"])],
      rows: populations.map((name, k) => [
        name,
        String(referenceRates[k]),
        ...present.flatMap((input) => [short(rates[input]![name], 3), short(deviations[input]![name], 1)]),
      ]),
    },
    ...distributions.map((distribution) => ({
      title: `Kolmogorov-Smirnov distances: ${distribution.name}`,
      columns: [
        "",
        ...present.flatMap((input) => [`${labels[input]} seeds, mean`, "largest"]),
        ...(pairs.length > 0 ? ["DC to Poisson, mean"] : []),
      ],
      rows: populations.map((name) => [
        name,
        ...present.flatMap((input) => {
          const { mean, largest } = betweenSeeds[input]![distribution.name]!;
          return [short(mean[name], 4), short(largest[name], 4)];
        }),
        ...(pairs.length > 0 ? [short(betweenInputs[distribution.name]![name], 4)] : []),
      ]),
    })),
  ];
  const page = await report({
    title: "Cortical microcircuit: accuracy",
    subtitle: "Potjans and Diesmann (2014); simulated with Synfire.",
    facts: {
      scale: `N ${settings.N_scaling}, K ${settings.K_scaling}`,
      "model time": `${settings.t_sim} ms after ${settings.t_presim} ms`,
      runs: present.map((input) => `${runs[input].length} ${labels[input]}`).join(", "),
      ...(bench.options.device ? { device: String(bench.options.device) } : {}),
      ...(bench.options.precision ? { precision: bench.options.precision } : {}),
    },
    tables,
    figures: distributions.flatMap((distribution) => draw(distribution, present, runs)),
  });
  const [html, , png] = await writeReport(page, settings.out);
  bench.log(`Report: ${html}\nPicture: ${png}`);
  return { settings, figures: rounded(figures) as BenchResult["figures"] };
}

function chosenInputs(inputs: string): readonly Input[] {
  const chosen = allInputs.filter((input) => inputs === "both" || inputs === input);
  if (chosen.length === 0)
    throw new SynfireError(
      "bad-argument",
      `inputs must be "poisson", "dc" or "both", not "${inputs}".`,
      "inputs",
    );
  return chosen;
}

type Settings = Omit<typeof defaults, "inputs" | "out" | "seeds"> & { readonly poisson: boolean };

/** Statistics of all populations; nothing if the run was interrupted. */
function simulate(bench: Bench, settings: Settings, seed: number): Promise<Statistics | undefined> {
  const { t_presim, t_sim, poisson } = settings;
  return withSpikes(bench, settings, seed, (network, spikes) => {
    const ids = Object.fromEntries(network.populations.map((p, k) => [populations[k]!, p.toArray()]));
    const stop = t_presim + 2 * Math.floor(t_sim / 2 + 1e-6);
    const result = populationStatistics(spikes.events, ids, { start: t_presim, stop, closed: "right" });
    const rates = populations.map((name) => result[name]!.meanRate.toFixed(3));
    bench.log(`  ${labels[poisson ? "poisson" : "dc"]}, seed ${seed}: ${rates.join(" ")} spikes/s`);
    return result;
  });
}

/** one distance, or none if too few neurons fired */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): readonly number[] {
  return a.length > 0 && b.length > 0 ? [ksDistance(a, b)] : [];
}

function byInput<T>(inputs: readonly Input[], value: (input: Input) => T): Partial<Record<Input, T>> {
  return Object.fromEntries(inputs.map((input) => [input, value(input)]));
}

function byDistribution<T>(value: (distribution: Distribution) => T): Record<string, T> {
  return Object.fromEntries(distributions.map((distribution) => [distribution.name, value(distribution)]));
}

/** populations for which there is a number */
function byPopulation(value: (name: string, k: number) => number): Record<string, number> {
  const all = populations.map((name, k) => [name, value(name, k)] as const);
  return Object.fromEntries(all.filter(([, number]) => Number.isFinite(number)));
}

/** Violins of all seeds: Poisson left, DC right; a figure per input if not all populations have both. */
function draw(
  distribution: Distribution,
  inputs: readonly Input[],
  runs: Record<Input, Statistics[]>,
): Figure[] {
  const { values, title, yLabel, shown, bounds } = distribution;
  const groups = inputs.map((input) =>
    populations.map((category) => ({
      name: labels[input] as string,
      category,
      color: colors[input],
      values: runs[input].flatMap((statistics) => Array.from(values(statistics[category]!))),
    })),
  );
  const figure = (title: string, drawn: (typeof groups)[number], options: ViolinOptions) => {
    const filled = drawn.filter((group) => group.values.length > 0);
    if (filled.length === 0) return [];
    const ends = filled.map((group) => quantiles(group.values, shown));
    const domain = [Math.min(...ends.map((e) => e[0]!)), Math.max(...ends.map((e) => e[1]!))] as const;
    return [
      violins(filled, {
        title,
        yLabel,
        width: 1080,
        height: 330,
        scale: "width",
        ...(bounds ? { bounds } : {}),
        ...(domain[0] < domain[1] ? { domain } : {}),
        caption: captionOf(distribution),
        ...options,
      }),
    ];
  };
  const both = populations.flatMap((_, k) => {
    const halves = groups.map((group) => group[k]!);
    return halves.length === 2 && halves.every((half) => half.values.length > 0) ? halves : [];
  });
  if (both.length === 2 * populations.length) return figure(title, both, { split: true });
  return groups.flatMap((group, k) =>
    figure(
      `${title}, ${labels[inputs[k]!]} input`,
      group.map(({ category, values }) => ({
        name: category as string,
        category,
        values,
        color: colors[inputs[k]!],
      })),
      {},
    ),
  );
}

function captionOf({ name, shown: [low, high] }: Distribution): string {
  const percent = (share: number) => `${Number((100 * share).toPrecision(2))} %`;
  const lowest = low > 0 ? ` and the lowest ${percent(low)}` : "";
  const cut = `the axis leaves out at most the highest ${percent(1 - high)}${lowest} of a population`;
  const subject = {
    rate: "All neurons",
    cv: "Neurons with more than two spikes",
    correlation: "Pairs among 250 neurons of each population, bins of 2 ms",
  }[name];
  return `${subject}, of all seeds; ${cut}.`;
}

const short = (value: number | undefined, digits: number) => value?.toFixed(digits) ?? "-";

/** Every number with four significant digits. */
function rounded(value: unknown): unknown {
  if (typeof value === "number") return Number(value.toPrecision(4));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, rounded(part)]));
}
