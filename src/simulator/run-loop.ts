/** A run: the engine advances chunk by chunk, and what it records is taken up while the next chunk runs. */

import type { Engine, RunOutcome } from "../engine/engine.js";
import type { SampleBatch, SpikeBatch } from "../engine/network.js";
import { SynfireError } from "../errors.js";
import type { Currents } from "./currents.js";
import { type Alias, type Description, scheduledSpikes } from "./description.js";
import type { Ranks } from "./join-ranks.js";
import type { Progress } from "./options.js";
import type { NeuronPopulation } from "./population.js";
import { type Recordings, timeOf } from "./recordings.js";

/**
 * A chunk of a run should take about this long, in seconds: then recordings are drained and a run can be stopped. Recordings of one
 * chunk are taken up while the next one runs, so only those of the last one cost time of their own.
 */
const CHUNK_SECONDS = 0.05;
/** The last chunk, or one before a current changes, may take this many times as long. */
const LONGEST_CHUNK = 1.5;
/** If spikes are recorded, what is left after the last chunk but one takes this part of its time: nothing runs while those are taken up. */
const SHORT_CHUNK = 0.25;

/** Steps of the next chunk, as the last one of an engine suggests: the next run need not begin with short ones. */
const chunks = new WeakMap<Engine, number>();

/** Where a simulation stands. */
export interface Clock {
  steps: number;
  /** spike events of neurons so far, of all ranks */
  spikes: number;
  stopRequested: boolean;
}

export interface RunParts {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly aliases: readonly Alias[];
  readonly description: Description;
  readonly recordings: Recordings;
  readonly currents: Currents;
  readonly ranks: Ranks | undefined;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Advances to step `last`, or until somebody asks to stop.
 * @param begin - when the run began, as `performance.now()` has it
 * @throws SynfireError "numerical-instability", "too-many-spikes", "rank-lost", "stuck"; what was recorded until then is in the
 * recorders
 */
export async function runTo(last: number, begin: number, r: RunParts): Promise<void> {
  const { clock, engine, description, currents, recordings } = r;
  const { populations, devices, resolution } = description;
  const spikesBefore = clock.spikes;
  let chunk = chunks.get(engine) ?? (engine.name === "reference" ? 50 : 200);
  let started = performance.now();
  /** the next chunk after a step; engines that compute elsewhere go on while the host takes up what came before */
  const launch = (from: number) => {
    currents.apply(engine, populations, devices, from);
    const left = Math.min(last, currents.nextChange(devices, from)) - from;
    // a short rest is not worth a chunk of its own
    let steps = left <= LONGEST_CHUNK * chunk ? left : chunk;
    const short = Math.ceil(SHORT_CHUNK * chunk);
    if (recordings.recordsSpikes && steps === left && left > 2 * short) steps -= short;
    const scheduled = scheduledSpikes(description, r.aliases, from, from + steps);
    started = performance.now();
    const outcome = engine.run({ steps, record: recordings.recordsSpikes, scheduled });
    // told where it is awaited
    outcome.catch(() => {});
    return { outcome, scheduled };
  };
  let running = clock.steps < last ? launch(clock.steps) : undefined;
  while (running) {
    const { scheduled } = running;
    const { outcome, stop } = together(await running.outcome, r);
    running = undefined;
    const seconds = (performance.now() - started) / 1000;
    clock.steps += outcome.steps;
    clock.spikes += outcome.spikeCount;
    const done = clock.steps;
    if (outcome.steps === 0 && !outcome.failure)
      throw new SynfireError("stuck", "The engine made no progress; this is a fault of Synfire.");
    const wanted = (outcome.steps * CHUNK_SECONDS) / Math.max(seconds, 1e-6);
    // a chunk that was cut short says little, unless it took long
    if (outcome.steps >= chunk || seconds > CHUNK_SECONDS)
      chunk = Math.max(10, Math.min(20_000, Math.round(Math.min(wanted, chunk * 4))));
    chunks.set(engine, chunk);
    // told before the next chunk begins, so that stop() ends the run here
    if (!outcome.failure)
      r.onProgress({
        time: clock.steps * resolution,
        end: last * resolution,
        elapsed: (performance.now() - begin) / 1000,
        spikes: clock.spikes - spikesBefore,
      });
    if (!outcome.failure && clock.steps < last && !stop()) running = launch(clock.steps);
    try {
      await takeUp(outcome, scheduled, done, r);
    } catch (error) {
      // what runs already belongs to this simulation, too
      const next = await running?.outcome.catch(() => undefined);
      if (next) {
        clock.steps += next.steps;
        clock.spikes += next.spikeCount;
      }
      throw error;
    }
    await pause();
  }
}

/**
 * What one rank cannot do, or is asked not to do, ends the run of all at the same step.
 * @returns the outcome for this rank, and whether to stop: of several ranks what all know, alone what is known when it is asked
 */
function together(own: RunOutcome, r: RunParts): { outcome: RunOutcome; stop: () => boolean } {
  const { ranks, clock } = r;
  const { resolution } = r.description;
  if (!ranks || own.failure?.kind === "rank") return { outcome: own, stop: () => clock.stopRequested };
  const numbers = Float64Array.of(
    own.failure?.step ?? Number.POSITIVE_INFINITY,
    clock.stopRequested ? 1 : 0,
    own.spikeCount,
  );
  const all = ranks.gatherEqual(new Uint8Array(numbers.buffer));
  const table = new Float64Array(all.slice().buffer);
  const column = (k: number) => Array.from({ length: ranks.size }, (_, rank) => table[3 * rank + k]!);
  const failures = column(0);
  const step = Math.min(...failures);
  const stopping = column(1).some((stop) => stop !== 0);
  const outcome = { ...own, spikeCount: column(2).reduce((a, b) => a + b, 0) };
  if (!Number.isFinite(step) || (own.failure && own.failure.step <= step))
    return { outcome, stop: () => stopping };
  const message = `Rank ${failures.indexOf(step)} has stopped the run at ${timeOf(step, resolution)} ms, and says why; what was recorded until then is kept.`;
  return { outcome: { ...outcome, failure: { kind: "rank", id: -1, step, message } }, stop: () => true };
}

/** gives what was recorded to the recorders; throws what stopped the run */
async function takeUp(
  outcome: RunOutcome,
  scheduled: ReturnType<typeof scheduledSpikes>,
  done: number,
  { recordings, ranks, description }: RunParts,
): Promise<void> {
  const { populations, resolution } = description;
  // what engines did in or after the step that failed depends on how they are cut, and means nothing
  const end = outcome.failure ? outcome.failure.step - 1 : Number.POSITIVE_INFINITY;
  await recordings.spikes(
    outcome.failure ? spikesUntil(outcome.spikes, end) : outcome.spikes,
    // spike generators are on every rank: one of them records their spikes
    (ranks?.rank ?? 0) === 0 ? scheduled.filter((s) => s.step <= Math.min(end, done)) : [],
  );
  await recordings.states(
    outcome.failure ? outcome.samples.map((b) => samplesUntil(b, end)) : outcome.samples,
    populations,
  );
  if (outcome.failure) throw failureError(outcome.failure, populations, resolution);
}

function failureError(
  failure: NonNullable<RunOutcome["failure"]>,
  populations: readonly NeuronPopulation[],
  resolution: number,
): SynfireError {
  if (failure.kind === "rank") return new SynfireError("rank-lost", failure.message);
  const when = `${(failure.step * resolution).toFixed(3)} ms`;
  const p = populations.find((q) => failure.id >= q.first && failure.id < q.first + q.size);
  if (failure.kind === "integration")
    return new SynfireError(
      "numerical-instability",
      `The equations of node ${failure.id} (${p?.model}) could not be integrated at ${when}; what was recorded until then is kept.`,
    );
  if (failure.kind === "remembered")
    return new SynfireError(
      "too-many-spikes",
      `More spikes are on their way than the engine can remember, at ${when}; what was recorded until then is kept. Use delivery: "emission".`,
    );
  return new SynfireError(
    "too-many-spikes",
    `Node ${failure.id} (${p?.model}) emitted more spikes in one step than the sums of its targets can hold, at ${when}; what was recorded until then is kept.`,
  );
}

function spikesUntil({ ids, steps, multiplicities }: SpikeBatch, end: number): SpikeBatch {
  const n = steps.findIndex((s) => s > end);
  const cut = n < 0 ? steps.length : n;
  return {
    ids: ids.subarray(0, cut),
    steps: steps.subarray(0, cut),
    multiplicities: multiplicities?.subarray(0, cut),
  };
}

function samplesUntil({ steps, values }: SampleBatch, end: number): SampleBatch {
  const n = steps.findIndex((s) => s > end);
  const rows = n < 0 ? steps.length : n;
  return {
    steps: steps.subarray(0, rows),
    values: values.subarray(0, (rows * values.length) / steps.length),
  };
}

/** lets other tasks run: signals, progress, pages */
const pause = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
