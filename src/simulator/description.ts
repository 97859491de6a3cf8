/** The network as the simulator keeps it between calls, and its translation for an engine. */

import type { ConnectionPlan } from "../connectivity/index.js";
import type {
  Drive,
  Network,
  Population,
  Projection,
  ReceptorChoice,
  ScheduledSpike,
  SynapseValue,
} from "../engine/network.js";
import { SynfireError } from "../errors.js";
import { Purpose, poissonCdf48, streamKey } from "../random/index.js";
import { filteredPlan } from "./connect.js";
import { type Device, gridSteps, windowOf } from "./devices.js";
import type { NodeCollection } from "./nodes.js";
import { constantsOf, initialStates, type NeuronPopulation } from "./population.js";

/** One connect() call with synapses. */
export interface Connection {
  readonly id: number;
  readonly sources: NodeCollection;
  readonly targets: NodeCollection;
  readonly plan: ConnectionPlan;
  readonly weight: SynapseValue;
  readonly delay: SynapseValue;
  readonly receptors: ReadonlyMap<number, ReceptorChoice>;
  readonly kind: "synapses" | "poisson" | "current";
}

export interface Description {
  readonly seed: number;
  readonly resolution: number;
  readonly precision: "float32" | "float64";
  readonly nodeCount: number;
  readonly populations: readonly NeuronPopulation[];
  readonly devices: ReadonlyMap<number, Device>;
  readonly connections: readonly Connection[];
}

/** What a spike generator's spikes are published as: one id per distinct weight. */
export interface Alias {
  readonly device: number;
  readonly weight: number;
  readonly id: number;
}

export interface Lowered {
  readonly network: Network;
  readonly aliases: readonly Alias[];
  /** by drive: the device that it belongs to */
  readonly driveDevices: readonly number[];
  /** by connection (with synapses): indices of its projections */
  readonly projectionsOf: ReadonlyMap<number, readonly number[]>;
}

const MOST_EMISSION = 65535;

/** mean number of spikes per step of a generator with a rate in Hz */
export const lambdaOf = (rate: number, resolution: number): number => (rate * resolution) / 1000;

export function lower(d: Description): Lowered {
  const aliases = aliasesOf(d);
  const emission = emissionBounds(d);
  const populations = d.populations.map(
    (p): Population => ({
      index: p.index,
      first: p.first,
      size: p.size,
      program: p.program,
      constants: constantsOf(p),
      states: initialStates(p),
      key: streamKey(d.seed, Purpose.initial, 2 ** 31 + p.index),
      maxEmission: emission.ofNode(p.first),
      ...(p.shares ? { shares: p.shares } : {}),
    }),
  );
  const projections: Projection[] = [];
  const drives: Drive[] = [];
  const driveDevices: number[] = [];
  const projectionsOf = new Map<number, number[]>();
  for (const c of d.connections) {
    if (c.kind === "current") continue;
    const base = {
      id: c.id,
      plan: c.plan,
      endpoints: c,
      weight: c.weight,
      delay: c.delay,
      receptors: c.receptors,
      factor: 1,
      alias: undefined,
    };
    if (c.kind === "poisson") {
      for (const { devices, lambda, start, stop } of sameRates(d, c)) {
        const plan =
          devices.size === c.sources.length
            ? c.plan
            : filteredPlan(c.plan, c.targets.length, (s) => devices.has(c.sources.id(s)));
        drives.push({
          projection: { ...base, endpoints: ends(c), plan, maxEmission: 1 },
          lambda,
          start,
          stop,
        });
        driveDevices.push([...devices][0]!);
      }
      continue;
    }
    const made: number[] = [];
    const weighted = aliases.filter((a) => c.sources.position(a.device) >= 0);
    const withWeights = new Set(weighted.map((a) => a.device));
    if (withWeights.size < c.sources.length) {
      const plan =
        withWeights.size === 0
          ? c.plan
          : filteredPlan(c.plan, c.targets.length, (s) => !withWeights.has(c.sources.id(s)));
      made.push(
        projections.push({ ...base, endpoints: ends(c), plan, maxEmission: emission.ofNodes(c.sources) }) - 1,
      );
    }
    for (const a of weighted) {
      if (a.weight < 0) checkNegative(c, a);
      const source = c.sources.position(a.device);
      const plan = filteredPlan(c.plan, c.targets.length, (s) => s === source);
      made.push(
        projections.push({
          ...base,
          endpoints: ends(c),
          plan,
          factor: a.weight,
          alias: a.id - source,
          maxEmission: emission.ofNode(a.device),
        }) - 1,
      );
    }
    projectionsOf.set(c.id, made);
  }
  const idCount = d.nodeCount + aliases.length;
  return {
    network: {
      seed: d.seed,
      resolution: d.resolution,
      precision: d.precision,
      populations,
      projections,
      drives,
      idCount,
    },
    aliases,
    driveDevices,
    projectionsOf,
  };
}

/** @throws SynfireError "bad-weight" if a negative spike weight would give a weight of a sign that the chosen receptor forbids */
function checkNegative(c: Connection, a: Alias): void {
  for (const choice of c.receptors.values()) {
    if (choice.mode === "magnitude" && choice.positive === choice.negative) {
      throw new SynfireError(
        "bad-weight",
        `spike_weights: the spike weight ${a.weight} of spike_generator ${a.device} turns weights to a sign that their receptor does not take.`,
        "spike_weights",
      );
    }
  }
}

const ends = (c: Connection) => ({ sources: c.sources, targets: c.targets });

/** generators of a connection by rate and window */
function sameRates(
  d: Description,
  c: Connection,
): { devices: Set<number>; lambda: number; start: number; stop: number }[] {
  const groups = new Map<string, { devices: Set<number>; lambda: number; start: number; stop: number }>();
  for (const id of c.sources) {
    const device = d.devices.get(id)!;
    const lambda = lambdaOf(device.values.rate as number, d.resolution);
    const { start, stop } = windowOf(device, d.resolution);
    const key = `${lambda} ${start} ${stop}`;
    const group = groups.get(key);
    if (group) group.devices.add(id);
    else groups.set(key, { devices: new Set([id]), lambda, start, stop });
  }
  return [...groups.values()];
}

/** spike generators whose spikes carry weights publish each weight under an id of its own, after all nodes */
function aliasesOf(d: Description): Alias[] {
  const aliases: Alias[] = [];
  for (const [id, device] of d.devices) {
    if (device.kind !== "spike_generator") continue;
    for (const weight of new Set(device.values.spike_weights as readonly number[]))
      aliases.push({ device: id, weight, id: d.nodeCount + aliases.length });
  }
  return aliases;
}

/** Spikes of all spike generators with from < step <= to, by step. */
export function scheduledSpikes(
  d: Description,
  aliases: readonly Alias[],
  from: number,
  to: number,
): (ScheduledSpike & { readonly device: number })[] {
  const out: (ScheduledSpike & { device: number })[] = [];
  for (const [id, device] of d.devices) {
    if (device.kind !== "spike_generator") continue;
    const { start, stop } = windowOf(device, d.resolution);
    const origin = gridSteps(device.values.origin as number, d.resolution, "origin", device.kind);
    const times = device.values.spike_times as readonly number[];
    const multiplicities = device.values.spike_multiplicities as readonly number[];
    const weights = device.values.spike_weights as readonly number[];
    times.forEach((t, i) => {
      const step = origin + Math.round(t / d.resolution);
      const multiplicity = multiplicities[i] ?? 1;
      if (step <= from || step > to || step <= start || step > stop || multiplicity === 0) return;
      const alias =
        weights.length > 0 ? aliases.find((a) => a.device === id && a.weight === weights[i]) : undefined;
      out.push({ step, id: alias?.id ?? id, multiplicity, device: id });
    });
  }
  return out.sort((a, b) => a.step - b.step || a.id - b.id);
}

interface EmissionBounds {
  ofNode(id: number): number;
  /** the largest of a collection */
  ofNodes(nodes: NodeCollection): number;
}

/** The most spikes that nodes can emit in one step; models that repeat their input are followed to their sources. */
function emissionBounds(d: Description): EmissionBounds {
  const ofPopulation = d.populations.map((p) =>
    Number.isFinite(p.program.maxEmission) ? Math.max(1, p.program.maxEmission) : 1,
  );
  const ofDevice = new Map<number, number>();
  for (const [id, device] of d.devices)
    if (device.kind === "spike_generator")
      ofDevice.set(id, Math.max(1, ...spikesPerStep(device, d.resolution)));
  const bounds: EmissionBounds = {
    ofNode: (id) =>
      ofDevice.get(id) ??
      ofPopulation[d.populations.findIndex((p) => id >= p.first && id < p.first + p.size)] ??
      1,
    ofNodes: (nodes) => {
      let most = 1;
      for (const p of d.populations) {
        if (nodes.segments.some((s) => s.first < p.first + p.size && p.first < s.first + s.length))
          most = Math.max(most, ofPopulation[p.index]!);
      }
      for (const [id, bound] of ofDevice) if (nodes.position(id) >= 0) most = Math.max(most, bound);
      return most;
    },
  };
  const repeats = d.populations.filter((p) => !Number.isFinite(p.program.maxEmission));
  // each round follows chains of repeaters one link further; a loop of them ends at the largest multiplicity
  for (let round = 0; round < repeats.length; round++) {
    for (const p of repeats) {
      let sum = 0;
      for (const c of d.connections) {
        if (!c.receptors.has(p.index)) continue;
        if (c.kind === "synapses") sum += c.plan.maxIndegree * bounds.ofNodes(c.sources);
        if (c.kind === "poisson") {
          const counts = sameRates(d, c).map(({ lambda }) => {
            const { first, thresholds } = poissonCdf48(lambda);
            return first + thresholds.length;
          });
          sum += c.plan.maxIndegree * Math.max(...counts);
        }
      }
      ofPopulation[p.index] = Math.max(1, Math.min(MOST_EMISSION, sum));
    }
  }
  return bounds;
}

function spikesPerStep(device: Device, resolution: number): number[] {
  const counts = new Map<number, number>();
  const multiplicities = device.values.spike_multiplicities as readonly number[];
  (device.values.spike_times as readonly number[]).forEach((t, i) => {
    const step = Math.round(t / resolution);
    counts.set(step, (counts.get(step) ?? 0) + (multiplicities[i] ?? 1));
  });
  return [...counts.values()];
}
