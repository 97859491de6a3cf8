/** Saved states of a network: plain data that `structuredClone` and v8's serializer take. */

import type { EngineState } from "../engine/engine.js";
import { SynfireError } from "../errors.js";
import type { Device } from "./devices.js";
import type { CheckedOptions } from "./options.js";
import type { NeuronPopulation } from "./population.js";
import type { PerNode } from "./status.js";

export interface Snapshot {
  readonly format: "synfire-snapshot";
  readonly version: 1;
  readonly resolution: number;
  readonly precision: "float32" | "float64";
  readonly seed: number;
  readonly populations: readonly {
    readonly model: string;
    readonly first: number;
    readonly size: number;
    readonly parameters: readonly (readonly [string, PerNode])[];
  }[];
  readonly devices: readonly {
    readonly kind: string;
    readonly id: number;
    readonly values: Device["values"];
  }[];
  /** synapses of each connect() call */
  readonly connections: readonly number[];
  readonly state: EngineState;
}

/** @throws SynfireError "bad-snapshot" that says what differs */
export function checkSnapshot(
  s: Snapshot,
  options: CheckedOptions,
  populations: readonly NeuronPopulation[],
  devices: ReadonlyMap<number, Device>,
  connections: readonly number[],
): void {
  const fail = (what: string): never => {
    throw new SynfireError("bad-snapshot", `The snapshot is of another network: ${what}.`);
  };
  if (s?.format !== "synfire-snapshot" || s.version !== 1)
    throw new SynfireError("bad-snapshot", "This is not a snapshot of Synfire, or one of another version.");
  for (const key of ["resolution", "precision", "seed"] as const)
    if (s[key] !== options[key]) fail(`${key} is ${s[key]} there and ${options[key]} here`);
  if (s.populations.length !== populations.length)
    fail(`it has ${s.populations.length} populations, this network ${populations.length}`);
  s.populations.forEach((saved, k) => {
    const p = populations[k]!;
    if (saved.model !== p.model || saved.size !== p.size || saved.first !== p.first)
      fail(`population ${k} is ${saved.size} x ${saved.model} there and ${p.size} x ${p.model} here`);
  });
  if (s.devices.length !== devices.size)
    fail(`it has ${s.devices.length} devices, this network ${devices.size}`);
  if (s.connections.length !== connections.length)
    fail(`it has ${s.connections.length} connections, this network ${connections.length}`);
  s.connections.forEach((synapses, k) => {
    if (synapses !== connections[k])
      fail(`connection ${k} has ${synapses} synapses there and ${connections[k]} here`);
  });
  for (const d of s.devices)
    if (devices.get(d.id)?.kind !== d.kind) fail(`node ${d.id} is a ${d.kind} there`);
}
