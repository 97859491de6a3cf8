/** Connections read back as typed arrays. */

import type { Engine, SynapseTable } from "../engine/engine.js";
import { forEachSynapse } from "../engine/synapses.js";
import type { Connection, Lowered } from "./description.js";
import type { NodeCollection } from "./nodes.js";

export interface ConnectionFilter {
  readonly sources?: NodeCollection;
  readonly targets?: NodeCollection;
}

/** Parallel arrays, one entry per synapse. Weights are those the simulation uses; delays in ms. */
export interface Connections {
  readonly length: number;
  readonly sources: Uint32Array;
  readonly targets: Uint32Array;
  readonly weights: Float64Array;
  readonly delays: Float64Array;
  /** index of the target's receptor */
  readonly receptors: Uint8Array;
  /** which connect() call made it, counted from 0 */
  readonly projections: Uint32Array;
}

export function collectConnections(
  engine: Engine,
  lowered: Lowered,
  connections: readonly Connection[],
  filter: ConnectionFilter,
  resolution: number,
): Connections {
  const touches = (nodes: NodeCollection, by: NodeCollection | undefined) =>
    by === undefined ||
    nodes.segments.some((a) =>
      by.segments.some((b) => a.first < b.first + b.length && b.first < a.first + a.length),
    );
  const tables: { readonly id: number; readonly table: SynapseTable }[] = [];
  for (const c of connections) {
    if (!touches(c.sources, filter.sources) || !touches(c.targets, filter.targets)) continue;
    const made = lowered.projectionsOf.get(c.id);
    if (made) for (const k of made) tables.push({ id: c.id, table: selected(engine.synapses(k), c, filter) });
    else tables.push({ id: c.id, table: selected(deviceTable(lowered, c, resolution), c, filter) });
  }
  const [only, ...others] = tables;
  if (only && others.length === 0) {
    const { sources } = only.table;
    return {
      length: sources.length,
      ...only.table,
      projections: new Uint32Array(sources.length).fill(only.id),
    };
  }
  const total = tables.reduce((n, t) => n + t.table.sources.length, 0);
  const out = {
    length: total,
    sources: new Uint32Array(total),
    targets: new Uint32Array(total),
    weights: new Float64Array(total),
    delays: new Float64Array(total),
    receptors: new Uint8Array(total),
    projections: new Uint32Array(total),
  };
  let at = 0;
  for (const { id, table } of tables) {
    out.sources.set(table.sources, at);
    out.targets.set(table.targets, at);
    out.weights.set(table.weights, at);
    out.delays.set(table.delays, at);
    out.receptors.set(table.receptors, at);
    out.projections.fill(id, at, at + table.sources.length);
    at += table.sources.length;
  }
  return out;
}

/** the synapses of a generator, which engines do not store */
function deviceTable(lowered: Lowered, c: Connection, resolution: number): SynapseTable {
  const rows: number[][] = [];
  const p = { ...c, endpoints: c, factor: 1 };
  forEachSynapse(lowered.network.seed, p, 0, c.targets.length, (source, target, weight, delay) => {
    const id = c.targets.id(target);
    const population = lowered.network.populations.find((q) => id >= q.first && id < q.first + q.size)!;
    const choice = c.receptors.get(population.index)!;
    rows.push([
      c.sources.id(source),
      c.targets.id(target),
      weight,
      Math.floor(delay / resolution + 0.5) * resolution,
      weight < 0 ? choice.negative : choice.positive,
    ]);
  });
  rows.sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]!);
  const column = (k: number) => rows.map((r) => r[k]!);
  return {
    sources: Uint32Array.from(column(0)),
    targets: Uint32Array.from(column(1)),
    weights: Float64Array.from(column(2)),
    delays: Float64Array.from(column(3)),
    receptors: Uint8Array.from(column(4)),
  };
}

function selected(table: SynapseTable, c: Connection, filter: ConnectionFilter): SynapseTable {
  const within = (nodes: NodeCollection, by: NodeCollection | undefined) =>
    by === undefined ||
    by === nodes ||
    nodes.segments.every((a) =>
      by.segments.some((b) => a.first >= b.first && a.first + a.length <= b.first + b.length),
    );
  const [allSources, allTargets] = [within(c.sources, filter.sources), within(c.targets, filter.targets)];
  if (allSources && allTargets) return table;
  const keep = new Uint32Array(table.sources.length);
  let n = 0;
  for (let i = 0; i < table.sources.length; i++) {
    if (!allSources && filter.sources!.position(table.sources[i]!) < 0) continue;
    if (!allTargets && filter.targets!.position(table.targets[i]!) < 0) continue;
    keep[n++] = i;
  }
  const pick = <T extends Uint32Array | Float64Array | Uint8Array>(values: T, out: T): T => {
    for (let i = 0; i < n; i++) out[i] = values[keep[i]!]!;
    return out;
  };
  return {
    sources: pick(table.sources, new Uint32Array(n)),
    targets: pick(table.targets, new Uint32Array(n)),
    weights: pick(table.weights, new Float64Array(n)),
    delays: pick(table.delays, new Float64Array(n)),
    receptors: pick(table.receptors, new Uint8Array(n)),
  };
}
