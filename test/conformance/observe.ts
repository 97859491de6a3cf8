/** Runs a network and collects everything that it recorded, for comparison bit by bit. */

import type { Recorder, Simulator, SimulatorOptions } from "synfire";
import { expect } from "vitest";
import { withSimulator } from "./setups.js";

/** A network: built by `build`, which returns its recorders, and run by `run` (default: 40 ms at once). */
export interface Network {
  readonly name: string;
  readonly build: (sim: Simulator) => Recorder[] | Promise<Recorder[]>;
  readonly run?: (sim: Simulator, recorders: Recorder[]) => Promise<void>;
  /** fewer spikes than this would make the comparison empty; default 20 */
  readonly spikes?: number;
  readonly options?: SimulatorOptions;
}

/** What one recorder holds, copied. */
export type Recorded = Readonly<Record<string, readonly number[]>>;

export function copyOf(recorder: Recorder): Recorded {
  return Object.fromEntries(
    Object.entries(recorder.events).map(([key, values]) => [key, Array.from(values as ArrayLike<number>)]),
  );
}

export interface Observation {
  readonly records: readonly Recorded[];
  readonly spikeCount: number;
}

export async function observe(options: SimulatorOptions, network: Network): Promise<Observation> {
  return withSimulator({ ...options, ...network.options }, async (sim) => {
    const recorders = await network.build(sim);
    await (network.run ?? ((s) => s.simulate(40)))(sim, recorders);
    return { records: recorders.map(copyOf), spikeCount: sim.spikeCount };
  });
}

/** Equal in every bit, NaN and the sign of zero included; names the first difference. */
export function expectSame(a: Observation, b: Observation, label: string): void {
  expect(b.records.length, label).toBe(a.records.length);
  a.records.forEach((one, k) => {
    const other = b.records[k]!;
    expect(Object.keys(other), label).toEqual(Object.keys(one));
    for (const key of Object.keys(one)) {
      const [x, y] = [one[key]!, other[key]!];
      const at = x.findIndex((v, i) => !Object.is(v, y[i]));
      if (at >= 0 || x.length !== y.length) {
        const where = at < 0 ? Math.min(x.length, y.length) : at;
        throw new Error(
          `${label}: recorder ${k}, ${key}: ${x.length} and ${y.length} values; [${where}] is ${x[where]} and ${y[where]} ` +
            `(sender ${one.senders![where]}, ${one.times![where]} ms)`,
        );
      }
    }
  });
  expect(b.spikeCount, label).toBe(a.spikeCount);
}

/** The comparison must not be one of nothing with nothing. */
export function expectLively(a: Observation, network: Network): void {
  expect(a.spikeCount, `${network.name}: spikes`).toBeGreaterThanOrEqual(network.spikes ?? 20);
  for (const r of a.records) expect(r.senders!.length, `${network.name}: events`).toBeGreaterThan(0);
}
