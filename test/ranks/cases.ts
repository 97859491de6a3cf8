/** Small scripts for several ranks, chosen by `case`; each says on stdout, as JSON lines by rank, what happened. */
import { writeSync } from "node:fs";
import { Simulator, type SimulatorOptions, type SynfireError, uniform } from "synfire";
import type { Run } from "synfire/cli";
import { build as ring } from "../../examples/ring.js";

const parametersOf = (run: Run) => run.parameters({ case: "", killed: 1 });

/** neurons of all ranks that fire at any time */
async function firing(options: SimulatorOptions) {
  const sim = await Simulator.create(options);
  const V_m = uniform({ min: -70, max: -56 });
  const neurons = sim.create("iaf_psc_delta", 200, { I_e: 450, V_m }, { distribute: true });
  sim.connect(neurons, neurons, { rule: "fixed_indegree", indegree: 20 }, { weight: 0.1, delay: 1 });
  return { sim, spikes: sim.record(neurons) };
}

const cases: Readonly<Record<string, (run: Run) => Promise<unknown>>> = {
  /** ranks that ask for different things */
  async disagree(run) {
    const sim = await Simulator.create(run.options);
    const a = sim.create("iaf_psc_delta", 10);
    if (sim.rank() === 1) sim.connect(a, a, { rule: "fixed_indegree", indegree: 3 });
    else sim.connect(a, a, { rule: "fixed_indegree", indegree: 2 });
    await sim.prepare();
    return "prepared";
  },

  /** to whom a rank of a ring sends its spikes */
  async ring(run) {
    const sim = await Simulator.create(run.options);
    ring(sim, { order: 5 });
    await sim.simulate(1);
    return sim.exchange?.sendsTo;
  },

  /** a rank that makes fewer calls */
  async fewer(run) {
    const sim = await Simulator.create(run.options);
    sim.create("iaf_psc_delta", 10);
    if (sim.rank() === 0) sim.create("iaf_psc_exp", 1);
    await sim.prepare();
    return "prepared";
  },

  /** a neuron of rank 1 whose equations cannot be solved after 20 ms */
  async failing(run) {
    const sim = await Simulator.create({ precision: "float64", ...run.options });
    sim.defineModel(`
model doomed:
    state:
        V_m mV = 0 mV
    equations:
        V_m' = (V_m * V_m / mV + mV) / (13 ms)
    parameters:
        I_e pA = 0 pA
    output: spike
    update:
        integrate_odes()
`);
    const good = sim.create("iaf_psc_delta", 5, { I_e: 500 });
    sim.remoteCreate(1, "doomed", 1);
    const spikes = sim.record(good);
    const error = await outcome(sim.simulate(100));
    return { error, time: sim.time, last: Math.max(0, ...spikes.events.times), n: spikes.nEvents };
  },

  /** a rank is killed while the run goes on */
  async killed(run) {
    const { killed } = parametersOf(run);
    const { sim, spikes } = await firing(run.options);
    await sim.simulate(100);
    const before = spikes.nEvents;
    if (sim.rank() === killed)
      sim.onProgress = ({ time }) => time > 120 && process.kill(process.pid, "SIGKILL");
    const error = await outcome(sim.simulate(1e7));
    const { senders, times } = spikes.events;
    const last = times[times.length - 1]!;
    // all neurons fire: these are the rank's own
    const own = new Set(senders);
    const alone = await firing({ device: "cpu", threads: 1, ranks: "none" });
    await alone.sim.simulate(last);
    const undisturbed: number[][] = [];
    alone.spikes.events.senders.forEach((id, k) => {
      if (own.has(id)) undisturbed.push([alone.spikes.events.times[k]!, id]);
    });
    const same = String(undisturbed) === String(Array.from(times, (t, k) => [t, senders[k]]));
    return { error, before, n: spikes.nEvents, time: sim.time, last, same };
  },

  /** the same where ranks take each other to be on other hosts */
  async far(run) {
    process.env.SYNFIRE_HOST = `host of process ${process.pid}`;
    return cases.killed!(run);
  },

  /** rank 0 is asked to end by the launcher */
  async asked(run) {
    const { sim, spikes } = await firing(run.options);
    await sim.simulate(100);
    const before = spikes.nEvents;
    let heard = false;
    process.once("SIGTERM", () => {
      heard = true;
    });
    if (sim.rank() === 0) sim.onProgress = ({ time }) => time > 120 && process.kill(process.pid, "SIGTERM");
    const error = await outcome(sim.simulate(1e7));
    // listeners of the script are called, too
    for (let k = 0; k < 50 && !heard && sim.rank() === 0; k++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    return { error, before, n: spikes.nEvents, heard };
  },

  /** rank 1 has nothing more to do, rank 0 has */
  async early(run) {
    const sim = await Simulator.create(run.options);
    sim.create("iaf_psc_delta", 2);
    await sim.simulate(1);
    return sim.rank() === 1 ? "done" : outcome(sim.simulate(1));
  },

  /** spikes from every neuron of every rank to every other, with weights and delays that tell them apart (as NEST GPU's own test) */
  async remote(run) {
    const sim = await Simulator.create({ precision: "float64", ...run.options });
    const [n, ranks] = [3, sim.size()];
    const parrots = sim.create("parrot_neuron", n);
    const targets = sim.create("iaf_psc_delta", n, { E_L: 0, V_m: 0, V_th: 1e9, tau_m: 1e9, C_m: 1 });
    for (let rank = 0; rank < ranks; rank++)
      for (let i = 0; i < n; i++) {
        const generator = sim.create("spike_generator", 1, { spike_times: [10 + 20 * rank + 5 * i] });
        sim.remoteConnect(rank, generator, rank, parrots.at(i), "one_to_one", { weight: 1, delay: 0.1 });
      }
    const group = sim.createHostGroup(Array.from({ length: ranks }, (_, r) => r));
    for (let from = 0; from < ranks; from++)
      for (let to = 0; to < ranks; to++)
        for (let i = 0; i < n; i++)
          sim.remoteConnect(
            from,
            parrots.at(i),
            to,
            targets,
            "all_to_all",
            { weight: 5 + 10 * i + from, delay: 100 + 10 * to },
            to % 2 === 0 ? -1 : group,
          );
    const v = sim.record(targets, { variables: ["V_m"], interval: 0.1 });
    await sim.simulate(100 + 10 * ranks + 20 * ranks + 20);
    // one entry per jump of the first target: time and height
    const { senders, times, V_m } = v.events;
    const jumps: number[][] = [];
    let before = 0;
    for (let k = 0; k < senders.length; k++) {
      if (senders[k] !== targets.id(0)) continue;
      const now = V_m![k]!;
      if (Math.abs(now - before) > 1) jumps.push([times[k]!, Math.round(now - before)]);
      before = now;
    }
    return { jumps, spikes: sim.spikeCount };
  },

  /** what only the holder of a neuron knows, parameters of one's own, connections of one's own, a state that is saved */
  async local(run) {
    const sim = await Simulator.create({ seed: 3, ...run.options });
    const own = sim.create("iaf_psc_exp", 4, {
      I_e: Float64Array.of(1, 2, 3, 4).map((x) => x + 10 * sim.rank()),
    });
    const all = sim.create(
      "iaf_psc_exp",
      10,
      { V_m: uniform({ min: -70, max: -60 }), I_e: 400 },
      { distribute: true },
    );
    sim.connect(all, all, { rule: "fixed_indegree", indegree: 2 }, { weight: 20, delay: 0.5 });
    await sim.simulate(30);
    const held = Array.from(all).filter((id) => all.slice(0, 5).position(id) >= 0 === (sim.rank() === 0));
    const snapshot = await sim.save();
    const V = async (ms: number) => {
      await sim.simulate(ms);
      return Array.from(held, (id) => all.at(all.position(id)).get("V_m"));
    };
    const first = await V(20);
    await sim.restore(snapshot);
    const second = await V(20);
    return {
      I_e: Array.from(own.get("I_e") as Float64Array),
      ids: Array.from(own),
      away: await outcome((async () => all.get("V_m"))()),
      mixed: await outcome((async () => sim.connect(own, all))()),
      wrong: await outcome((async () => sim.remoteConnect(0, all, 1, own))()),
      rank: await outcome((async () => sim.remoteCreate(2, "iaf_psc_exp"))()),
      connections: (await sim.getConnections()).length,
      same: JSON.stringify(first) === JSON.stringify(second),
      state: Array.from(snapshot.state.states[1]![0]!),
    };
  },
};

/** an error's code and message, or "ok" */
async function outcome(task: Promise<unknown>): Promise<string> {
  try {
    await task;
    return "ok";
  } catch (error) {
    return `${(error as SynfireError).code}: ${(error as Error).message}`;
  }
}

export default async function main(run: Run) {
  const { case: name } = parametersOf(run);
  const result = await cases[name]!(run);
  const rank = Number(process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK ?? 0);
  writeSync(1, `${JSON.stringify({ rank, result })}\n`);
  return undefined;
}
