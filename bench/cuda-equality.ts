/**
 * The CUDA engine against the CPU engine, spike for spike and sample for sample: the networks of the literature and those of the
 * conformance tests, in both precisions, for several numbers of blocks. Not a measurement, but what must be run where there is a GPU.
 */
import { createHash } from "node:crypto";
import { type Recorder, Simulator, type SimulatorOptions } from "synfire";
import type { Bench, BenchResult } from "synfire/cli";
import { build as brunel } from "../examples/brunel.js";
import { build as brunel2000 } from "../examples/brunel2000.js";
import { build as microcircuit } from "../examples/microcircuit.js";
import { longDelays } from "../test/conformance/long-delays.js";
import { broadNetworks, networks } from "../test/conformance/networks.js";
import { receivers } from "../test/conformance/receivers.js";
import { fewNeurons, lookedUpAhead, manyNeurons } from "../test/conformance/short-slices.js";
import { upstrokes } from "../test/conformance/upstrokes.js";

export const onRequest = true;

interface Case {
  readonly name: string;
  readonly options?: SimulatorOptions;
  /** asked of the CUDA engine */
  readonly debug?: string;
  /** numbers of blocks beside those that all are compared with */
  readonly blocks?: readonly number[];
  readonly run: (sim: Simulator) => Promise<readonly Recorder[]>;
}

const literature: readonly Case[] = [
  {
    name: "W1: adaptive neurons, 5,000, 200 ms",
    async run(sim) {
      const { neurons } = brunel(sim, { order: 1000 });
      const recorders = [
        sim.record(neurons),
        sim.record(neurons.slice(0, 5000, 999), { variables: ["V_m", "w"] }),
      ];
      await sim.simulate(200);
      return recorders;
    },
  },
  {
    name: "W3: microcircuit at 10 %, 500 ms",
    async run(sim) {
      const { populations } = microcircuit(sim, {});
      const all = populations[0]!.concat(...populations.slice(1));
      const recorders = [
        sim.record(all),
        sim.record(all.slice(0, all.length, 777), { variables: ["V_m", "I_syn_ex"] }),
      ];
      await sim.simulate(500);
      return recorders;
    },
  },
  ...(["delta", "exp", "alpha"] as const).map((synapse) => ({
    name: `W5: Brunel (2000), ${synapse}, 200 ms`,
    async run(sim: Simulator) {
      const { neurons } = brunel2000(sim, { synapse });
      const recorders = [sim.record(neurons)];
      await sim.simulate(200);
      return recorders;
    },
  })),
];

const small: readonly Case[] = [
  ...networks,
  ...broadNetworks,
  ...longDelays,
  ...manyNeurons,
  ...lookedUpAhead,
  ...fewNeurons,
  ...upstrokes,
  ...receivers,
].map((n) => ({
  name: n.name,
  // they are too small to need it
  ...(longDelays.includes(n) ? { debug: "inbox" } : {}),
  // as many as leave several neurons to each thread; more to a block than can be aside from the others
  ...(lookedUpAhead.includes(n) || upstrokes.includes(n) ? { blocks: [2] } : {}),
  ...(n.options ? { options: n.options } : {}),
  async run(sim) {
    const recorders = await n.build(sim);
    await (n.run ?? ((s: Simulator) => s.simulate(40)))(sim, recorders);
    return recorders;
  },
}));

/** one number for everything that was recorded, and how much that was */
async function observe(options: SimulatorOptions, c: Case): Promise<{ hash: string; events: number }> {
  const sim = await Simulator.create({ ...options, ...c.options });
  const debug = process.env.SYNFIRE_DEBUG;
  if (c.debug) process.env.SYNFIRE_DEBUG = c.debug;
  try {
    const recorders = await c.run(sim);
    const hash = createHash("sha256");
    let events = 0;
    for (const r of recorders) {
      events += r.nEvents;
      for (const [key, values] of Object.entries(r.events))
        hash.update(key).update(Float64Array.from(values as ArrayLike<number>));
    }
    return { hash: hash.digest("hex"), events };
  } finally {
    if (c.debug) process.env.SYNFIRE_DEBUG = debug ?? "";
    sim.dispose();
  }
}

export default async function cudaEquality(bench: Bench): Promise<BenchResult> {
  const settings = bench.parameters({
    filter: "",
    precisions: "float32,float64",
    blocks: "auto,1,20",
    small: true,
  });
  const device = bench.options.device ?? "cuda";
  const figures: Record<string, unknown> = {};
  let [compared, different] = [0, 0];
  for (const precision of settings.precisions.split(",") as ("float32" | "float64")[]) {
    for (const c of [...literature, ...(settings.small ? small : [])]) {
      if (!c.name.includes(settings.filter)) continue;
      const cpu = await observe({ device: "cpu", precision }, c);
      for (const b of [...settings.blocks.split(","), ...(c.blocks ?? []).map(String)]) {
        const blocks = b === "auto" ? ("auto" as const) : Number(b);
        const gpu = await observe({ device, precision, blocks }, c).catch((error: Error) => ({
          hash: `failed: ${error.message}`,
          events: 0,
        }));
        compared++;
        if (gpu.hash !== cpu.hash) {
          different++;
          figures[`${c.name}, ${precision}, blocks ${b}`] =
            `DIFFERENT: ${gpu.hash}; ${cpu.events} and ${gpu.events} events`;
          bench.log(`DIFFERENT: ${c.name}, ${precision}, blocks ${b}: ${gpu.hash}`);
        } else if (literature.includes(c))
          figures[`${c.name}, ${precision}, blocks ${b}`] = `equal, ${cpu.events} events`;
      }
    }
  }
  return { settings, figures: { compared, different, ...figures } };
}
