/**
 * A ring of balanced random networks, one per rank: the scaling benchmark of NEST GPU. Each network is that of `brunel.ts`; with more
 * than one, 60 % of the excitatory and 10 % of the inhibitory inputs of a neuron come from the network to the left, with 1.4 times
 * the weight and 1.5 times the delay. From 400 to 500 ms the drive of network 0 is lowered to three quarters.
 *
 *     mpirun -np 4 synfire run examples/ring.ts --out results/ring [order=250] [simtime=1000] [networks=0] [experiment=true]
 *
 * Writes, from rank 0, the spikes (spikes.csv) and a raster with a row per network and the time of each phase by rank
 * (report.html, .svg, .png). Without a launcher, `networks=4` runs all of them in one process, with the same spikes.
 */
import { type Events, type NodeCollection, normalClipped, Simulator, SynfireError } from "synfire";
import type { Run } from "synfire/cli";
import { raster, rateOverTime, report, stack, timers } from "synfire/plot";
import { writeReport } from "synfire/plot/files";
import { csvWriter } from "synfire/recording";
import { fileSink } from "synfire/recording/files";

export const defaults = {
  /** neurons of each network: 4 x order excitatory, order inhibitory */
  order: 250,
  /** ms before and in the recorded run */
  presim: 100,
  simtime: 1000,
  /** number of networks; 0: one per rank */
  networks: 0,
  /** is the drive of network 0 lowered from 400 to 500 ms? */
  experiment: true,
  /** are all spikes recorded and gathered? Without, only the mean rate is told */
  record: true,
};

export type Parameters = Partial<typeof defaults>;

const INPUTS = { excitatory: 800, inhibitory: 200 };
const WEIGHTS = { excitatory: 0.05, inhibitory: 0.25, drive: 0.35 };
/** parts of the inputs that come from the left neighbour, and how much stronger and later these are */
const NEIGHBOUR = { excitatory: 0.6, inhibitory: 0.1, weight: 1.4, delay: 1.5 };

export interface RingNetwork {
  readonly rank: number;
  readonly excitatory: NodeCollection;
  readonly inhibitory: NodeCollection;
  readonly neurons: NodeCollection;
  readonly drive: NodeCollection;
}

/** Creates and connects the networks: network k on rank k, or on rank k modulo their number. */
export function build(sim: Simulator, parameters: Parameters = {}): RingNetwork[] {
  const { order, networks } = { ...defaults, ...parameters };
  const count = networks || sim.size();
  const synapses = { E_rev: [0, -85], tau_rise: [1, 1], tau_decay: [1, 1] };
  const ring = Array.from({ length: count }, (_, k): RingNetwork => {
    const rank = k % sim.size();
    const excitatory = sim.remoteCreate(rank, "aeif_cond_beta", 4 * order, synapses);
    const inhibitory = sim.remoteCreate(rank, "aeif_cond_beta", order, synapses);
    const drive = sim.create("poisson_generator", 1, { rate: 20_000 });
    return { rank, excitatory, inhibitory, neurons: excitatory.concat(inhibitory), drive };
  });
  const delay = (factor: number) =>
    normalClipped({ mean: 0.5 * factor, std: 0.25 * factor, low: 0.1 * factor, high: 1.25 * factor });
  for (const target of ring) {
    const left = ring[(ring.indexOf(target) + count - 1) % count]!;
    for (const [receptor, kind] of (["excitatory", "inhibitory"] as const).entries()) {
      const outside = count > 1 ? Math.round(INPUTS[kind] * NEIGHBOUR[kind]) : 0;
      const from = (indegree: number) => ({ rule: "fixed_indegree", indegree }) as const;
      const weight = WEIGHTS[kind];
      sim.remoteConnect(
        target.rank,
        target[kind],
        target.rank,
        target.neurons,
        from(INPUTS[kind] - outside),
        { weight, delay: delay(1), receptor },
      );
      if (outside > 0)
        sim.remoteConnect(left.rank, left[kind], target.rank, target.neurons, from(outside), {
          weight: weight * NEIGHBOUR.weight,
          delay: delay(NEIGHBOUR.delay),
          receptor,
        });
    }
    sim.connect(target.drive, target.neurons, "all_to_all", {
      weight: WEIGHTS.drive,
      delay: 0.2,
      receptor: 0,
    });
  }
  return ring;
}

/** Runs the network; with the experiment, the drive of network 0 is lower from 400 to 500 ms. */
export async function advance(
  sim: Simulator,
  ring: readonly RingNetwork[],
  simtime: number,
  experiment: boolean,
): Promise<void> {
  if (!experiment || simtime <= 400) return sim.simulate(simtime);
  await sim.simulate(400);
  ring[0]!.drive.set({ rate: 15_000 });
  await sim.simulate(Math.min(100, simtime - 400));
  ring[0]!.drive.set({ rate: 20_000 });
  await sim.simulate(Math.max(0, simtime - 500));
}

export default async function ringOfNetworks(run: Run) {
  const parameters = run.parameters(defaults);
  const { presim, simtime } = parameters;
  const began = performance.now();
  const sim = await Simulator.create({ seed: 1234, ...run.options });
  const init = (performance.now() - began) / 1000;
  const ring = build(sim, parameters);
  const all = ring.map((r) => r.neurons).reduce((a, b) => a.concat(b));
  const recorder = parameters.record ? sim.record(all, { start: presim }) : undefined;
  await sim.prepare();
  const { spikesBefore, events, byRank } = await simulateAndGather().catch(async (error) => {
    // another rank has ended, say: what this one has recorded it writes by itself
    const own = `spikes-of-rank-${sim.rank()}.csv`;
    if (recorder && run.out !== undefined) {
      await writeSpikes(recorder.events, own);
      run.log(`Recorded until then: ${run.path(own)}`);
    }
    throw error;
  });
  const ran = sim.time - presim;
  if (ran <= 0) throw new SynfireError("stopped", "Stopped before there was anything to look at.");
  if (sim.rank() > 0) return undefined;

  const rate = (nodes: NodeCollection) => {
    let n = 0;
    for (const sender of events?.senders ?? []) if (nodes.position(sender) >= 0) n++;
    return (n * 1000) / ran / nodes.length;
  };
  const spikes = sim.spikeCount - spikesBefore;
  const results = {
    ranks: sim.size(),
    networks: events
      ? ring.map((r) => ({ rank: r.rank, rate_E: rate(r.excitatory), rate_I: rate(r.inhibitory) }))
      : [],
    /** spikes per second of a neuron, of all networks */
    rate: (spikes * 1000) / ran / all.length,
    spikes,
    realTimeFactor: Math.max(...byRank.map((p) => p.run)) / (ran / 1000),
    phases: byRank,
  };
  if (run.out !== undefined && events) {
    await writeSpikes(events, "spikes.csv");
    const [html, , png] = await writeReport(await makeReport(), run.out);
    run.log(`Report: ${html}\nPicture: ${png}`);
  }
  sim.dispose();
  return results;

  async function simulateAndGather() {
    await sim.simulate(presim);
    const [before, spikesBefore] = [sim.timers.simulate, sim.spikeCount];
    await advance(sim, ring, simtime, parameters.experiment);
    const { create, connect, calibrate, simulate } = sim.timers;
    const gathering = performance.now();
    const events = recorder && (await sim.gather(recorder));
    const gather = (performance.now() - gathering) / 1000;
    const phases = { init, create, connect, calibrate, "pre-run": before, run: simulate - before, gather };
    return { spikesBefore, events, byRank: await sim.gatherValues(phases) };
  }

  async function writeSpikes(spikes: Events, name: string) {
    const csv = csvWriter(fileSink(run.path(name)));
    await csv.writeSpikes(spikes);
    await csv.close();
  }

  function makeReport() {
    const window = { start: presim, stop: presim + ran };
    const populations = ring.map((r, k) => ({ name: `network ${k}`, ids: r.neurons.toArray() }));
    const fraction = Math.min(1, 100 / populations[0]!.ids.length);
    const rows = { raster: Math.max(260, 110 * ring.length), rate: 240 };
    const where = `On ${sim.size()} ${sim.size() === 1 ? "rank" : "ranks"}`;
    const lowered = `the drive of network 0 is a quarter lower from ${presim + 400} to ${presim + 500} ms`;
    const firing = results.networks.map((n) => 0.8 * n.rate_E + 0.2 * n.rate_I);
    const [least, most] = [Math.min(...firing), Math.max(...firing)].map((r) => r.toFixed(1));
    return report({
      title: ring.length === 1 ? "One balanced network" : `A ring of ${ring.length} balanced networks`,
      subtitle: parameters.experiment && ran > 400 ? `${where}; ${lowered}.` : `${where}.`,
      facts: {
        neurons: (ring.length * ring[0]!.neurons.length).toLocaleString("en-US"),
        synapses: (1000 * ring.length * ring[0]!.neurons.length).toLocaleString("en-US"),
        "model time": `${ran.toFixed(0)} ms`,
        "spikes/s": least === most ? least! : `${least} to ${most}`,
        "real-time factor": results.realTimeFactor.toFixed(2),
      },
      figures: [
        stack(
          [
            raster(events!, { ...window, populations, fraction, height: rows.raster }),
            // long enough that rhythms within the networks do not hide what the drive does
            rateOverTime(events!, {
              ...window,
              populations,
              binWidth: ran / Math.ceil(ran / 25),
              height: rows.rate,
            }),
          ],
          { title: "Spikes and rate of each network" },
        ),
        timers(
          byRank.flatMap((p, k) =>
            Object.entries(p).map(([name, seconds]) => ({ name, seconds, run: `rank ${k}` })),
          ),
          { title: "Where the time went, by rank", width: 960 },
        ),
      ],
    });
  }
}
