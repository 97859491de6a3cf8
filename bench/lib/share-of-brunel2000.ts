/** One rank of `bench ranks`: Brunel's network dealt to all ranks; what its exchange of spikes costs, from rank 0. */
import { Simulator } from "synfire";
import type { Run } from "synfire/cli";
import { build } from "../../examples/brunel2000.js";

export default async function share(run: Run) {
  const { order, presim, simtime } = run.parameters({ order: 2500, presim: 300, simtime: 2000 });
  const sim = await Simulator.create({ seed: 1, distribute: true, ...run.options });
  build(sim, { synapse: "delta", order });
  await sim.simulate(presim);
  const counters = () => {
    const { intervals = 0, seconds = 0, waiting = 0, bytesSent = 0 } = sim.exchange ?? {};
    return { intervals, seconds, waiting, bytesSent, simulated: sim.timers.simulate };
  };
  const before = counters();
  await sim.simulate(simtime);
  const after = counters();
  const spent = (key: keyof typeof before) => after[key] - before[key];
  const ranks = await sim.gatherValues({
    realTimeFactor: (spent("simulated") * 1000) / simtime,
    beyondWaiting_us: ((spent("seconds") - spent("waiting")) * 1e6) / Math.max(1, spent("intervals")),
    bytesPerInterval: spent("bytesSent") / Math.max(1, spent("intervals")),
  });
  if (sim.rank() > 0) return undefined;
  const most = (key: keyof (typeof ranks)[number]) => Math.max(...ranks.map((r) => r[key]));
  return {
    realTimeFactor: most("realTimeFactor"),
    beyondWaiting_us: most("beyondWaiting_us"),
    bytesPerInterval: most("bytesPerInterval"),
  };
}
