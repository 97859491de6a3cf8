/** Figures of the ring over ranks and scales: construction and real-time factor over scale, and where the time went. */
import { availableParallelism, cpus } from "node:os";
import type { Spread } from "synfire/cli";
import { lines, report, timers } from "synfire/plot";
import { writeReportAs } from "synfire/plot/files";
import type { Configuration } from "../ring.js";

/** Writes STEM.html, .svg and .png. @returns their paths */
export async function writeRingReport(
  configurations: readonly Configuration[],
  { presim, simtime }: { readonly presim: number; readonly simtime: number },
  stem: string,
): Promise<readonly string[]> {
  const seeds = Math.max(...configurations.map((c) => c.realTimeFactor.values.length));
  const rankCounts = [...new Set(configurations.map((c) => c.ranks))];
  const spread = seeds > 1 ? `Median of ${seeds} seeds; bars reach from the smallest to the largest.` : "";
  const overScale = (title: string, yLabel: string, value: (c: Configuration) => Spread) =>
    lines(
      rankCounts.map((ranks) => {
        const own = configurations.filter((c) => c.ranks === ranks);
        return {
          name: ranksText(ranks),
          x: own.map((c) => c.scale),
          y: own.map((c) => value(c).median),
          low: own.map((c) => Math.min(...value(c).values)),
          high: own.map((c) => Math.max(...value(c).values)),
        };
      }),
      {
        title,
        yLabel,
        xLabel: "scale (5 neurons per rank)",
        xScale: "log",
        yScale: "log",
        caption: spread,
      },
    );
  const scales = [...new Set(configurations.map((c) => c.scale))];
  const phases = scales.map((scale) =>
    timers(
      configurations
        .filter((c) => c.scale === scale)
        .flatMap((c) =>
          Object.entries(c.phases_s).map(([name, { median }]) => ({
            name,
            seconds: median,
            run: ranksText(c.ranks),
          })),
        ),
      {
        title: `Scale ${scale.toLocaleString("en-US")}: ${(5 * scale).toLocaleString("en-US")} neurons per rank`,
        caption: `${seeds > 1 ? "Medians" : "Time"} of the slowest rank of each phase.`,
        height: 165 + 30 * rankCounts.length,
      },
    ),
  );
  const page = await report({
    title: "A ring of balanced networks, one per rank",
    subtitle: "1,000 inputs per neuron; with several ranks, 500 of them come from the rank to the left.",
    facts: {
      processor: cpus()[0]?.model.trim() ?? "unknown",
      cores: availableParallelism(),
      "threads per rank": threadsText(configurations),
      "model time": `${simtime} ms after ${presim} ms`,
      seeds,
    },
    figures: [
      overScale("Real-time factor", "real-time factor", (c) => c.realTimeFactor),
      overScale("Construction", "create, connect, calibrate (s)", (c) => c.construction_s),
      ...phases,
    ],
  });
  return writeReportAs(page, stem);
}

const ranksText = (n: number) => `${n} ${n === 1 ? "rank" : "ranks"}`;

function threadsText(configurations: readonly Configuration[]): string {
  const counts = [...new Set(configurations.map((c) => c.threads))];
  return counts.length === 1 ? String(counts[0]) : `${Math.max(...counts)} to ${Math.min(...counts)}`;
}
