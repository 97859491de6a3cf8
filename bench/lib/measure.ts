/** Builds a network, runs it, and says how long that took and how much memory it needs. */
import { Simulator, type SimulatorOptions } from "synfire";

export interface Plan {
  readonly options: SimulatorOptions;
  /** creates and connects */
  readonly build: (sim: Simulator) => { readonly synapses: number };
  /** ms of model time that do not count, and that count */
  readonly presim: number;
  readonly simtime: number;
}

/** Nothing is recorded. Seconds of construction include create, connect and drawing all synapses. */
export async function measure({ options, build, presim, simtime }: Plan) {
  const sim = await Simulator.create(options);
  try {
    const { synapses } = build(sim);
    await sim.prepare();
    const { create, connect, calibrate } = sim.timers;
    const construction_s = create + connect + calibrate;
    const { total } = await sim.memory();
    if (presim > 0) await sim.simulate(presim);
    const [seconds, spikes] = [sim.timers.simulate, sim.spikeCount];
    await sim.simulate(simtime);
    const simulation_s = sim.timers.simulate - seconds;
    return {
      construction_s,
      simulation_s,
      realTimeFactor: (simulation_s * 1000) / simtime,
      spikes_per_s: ((sim.spikeCount - spikes) * 1000) / simtime,
      memory_MiB: total / 2 ** 20,
      bytesPerSynapse: total / synapses,
    };
  } finally {
    sim.dispose();
  }
}

/** 1 and 2 threads, or the number that was asked for. */
export function threadCounts({ threads }: SimulatorOptions): readonly number[] {
  return typeof threads === "number" ? [threads] : [1, 2];
}
