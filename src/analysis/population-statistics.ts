/** The three distributions that say how a population fires: single-neuron rates, irregularity, and synchrony. */
import { binSpikes } from "./binned-spike-trains.js";
import { badArgument, checkInteger } from "./checks.js";
import { pairwiseCorrelations } from "./correlation-coefficient.js";
import { cv } from "./cv.js";
import { isi } from "./isi.js";
import { mean } from "./moments.js";
import { randomSample } from "./random-sample.js";
import { type SpikeData, spikeTrains } from "./spike-data.js";
import { countBins, type TimeWindow } from "./time-window.js";

/** What to look at. */
export interface PopulationStatisticsOptions extends TimeWindow {
  /** bins of the correlation, ms; must divide the window; default 2 */
  readonly binWidth?: number;
  /** neurons per population for the correlation; smaller populations are taken whole; default 250 */
  readonly sampleSize?: number;
  /** of the choice of those neurons; default 1 */
  readonly seed?: number;
}

/** Statistics of one population. Means are NaN if there is nothing to average. */
export interface PopulationStatistics {
  readonly neuronCount: number;
  readonly spikeCount: number;
  /** Hz, one per neuron, silent ones included */
  readonly rates: Float64Array;
  /** CV of the inter-spike intervals of each neuron with more than two spikes */
  readonly cvs: Float64Array;
  /** Pearson correlation of each pair of sampled neurons, where both have spikes */
  readonly correlations: Float64Array;
  /** pairs left out of `correlations` because a neuron was silent */
  readonly undefinedCorrelations: number;
  /** ids of the neurons sampled for the correlation */
  readonly sample: readonly number[];
  /** Hz */
  readonly meanRate: number;
  readonly meanCv: number;
  readonly meanCorrelation: number;
}

/**
 * Distributions of single-neuron rate, CV of ISI (population standard deviation) and pairwise correlation per population: the
 * comparison of Potjans & Diesmann's microcircuit between simulators (van Albada et al. 2018, doi 10.3389/fnins.2018.00291).
 * @param data - spikes of all populations
 * @param populations - node ids by population name
 * @returns statistics by population name; adding or leaving out a population does not change the sample of another
 * @throws SynfireError "bad-argument" for bad data, ids or options, or a population without neurons
 */
export function populationStatistics<Name extends string>(
  data: SpikeData,
  populations: Readonly<Record<Name, ArrayLike<number>>>,
  options: PopulationStatisticsOptions,
): Record<Name, PopulationStatistics> {
  const { binWidth = 2, sampleSize = 250, seed = 1 } = options;
  countBins(options, binWidth); // complain before the work
  checkInteger("sampleSize", sampleSize, 2);
  checkInteger("seed", seed);
  const settings = { ...options, binWidth, sampleSize, seed };
  const entries = Object.entries<ArrayLike<number>>(populations).map(([name, ids]) => {
    if (ids.length === 0) throw badArgument(`populations.${name}`, "empty", "at least one neuron");
    return [name, statistics(data, ids, { ...settings, seed: seedOf(seed, name) })] as const;
  });
  return Object.fromEntries(entries) as Record<Name, PopulationStatistics>;
}

function statistics(
  data: SpikeData,
  ids: ArrayLike<number>,
  options: Required<Omit<PopulationStatisticsOptions, "closed">> & TimeWindow,
): PopulationStatistics {
  const trains = spikeTrains(data, ids, options);
  const perSecond = 1000 / (options.stop - options.start);
  const rates = Float64Array.from(trains, (train) => train.length * perSecond);
  const cvs = Float64Array.from(
    trains.filter((train) => train.length > 2),
    (train) => cv(isi(train)),
  );
  const rows = randomSample(ids.length, Math.min(options.sampleSize, ids.length), options.seed);
  const sampled = binSpikes(
    Array.from(rows, (row) => trains[row]),
    options,
  );
  const pairs = pairwiseCorrelations(sampled);
  const correlations = pairs.filter((value) => !Number.isNaN(value));
  return {
    neuronCount: ids.length,
    spikeCount: trains.reduce((sum, train) => sum + train.length, 0),
    rates,
    cvs,
    correlations,
    undefinedCorrelations: pairs.length - correlations.length,
    sample: Array.from(rows, (row) => ids[row]),
    meanRate: mean(rates),
    meanCv: mean(cvs),
    meanCorrelation: mean(correlations),
  };
}

/** A seed for each population: FNV-1a of its name, started from the seed. */
function seedOf(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
