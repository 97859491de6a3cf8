/**
 * What ranks cost: Brunel's network of 12,500 neurons (Brunel 2000, delta synapses) on one rank with two threads and on two ranks
 * with one thread, in turns; and the exchange of spikes per interval of the shortest delay, without the time that a rank waits for
 * the other. Of both ranks the slower counts.
 *
 *     synfire bench ranks [--runs 5]
 */
import { fileURLToPath } from "node:url";
import type { Bench, BenchResult } from "synfire/cli";
import { findLauncher, runRanks } from "./lib/launch-ranks.js";

export const onRequest = true;

interface Measured {
  readonly realTimeFactor: number;
  readonly beyondWaiting_us: number;
  readonly bytesPerInterval: number;
}

export default async function ranks(bench: Bench): Promise<BenchResult> {
  const settings = bench.parameters({ order: 2500, presim: 300, simtime: 2000 });
  const launcher = findLauncher();
  const script = fileURLToPath(new URL("lib/share-of-brunel2000.ts", import.meta.url));
  const words = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  const run = async (n: number, threads: number) =>
    (await runRanks(n > 1 ? launcher : undefined, n, script, [
      ...["--device", "cpu", "--threads", String(threads)],
      ...words,
    ])) as Measured;
  const figures = await bench.repeat(async () => {
    const [threads, both] = [await run(1, 2), await run(2, 1)];
    return {
      oneRankTwoThreads: threads.realTimeFactor,
      twoRanksOneThread: both.realTimeFactor,
      ratio: both.realTimeFactor / threads.realTimeFactor,
      exchangeBeyondWaiting_us: both.beyondWaiting_us,
      bytesPerInterval: both.bytesPerInterval,
    };
  });
  return { settings, figures };
}
