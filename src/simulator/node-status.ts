/** Parameters and state variables of nodes, as users read and set them: before anything has been built, and between runs. */

import { ownerOf } from "../engine/team.js";
import { SynfireError, unknownName } from "../errors.js";
import type { Currents } from "./currents.js";
import { type Description, lambdaOf } from "./description.js";
import { checkedDevice, checkFuture, type Device, deviceStatus, windowOf } from "./devices.js";
import type { Draws } from "./draws.js";
import type { Live } from "./live.js";
import { combined, ofDevice, partOf } from "./node-values.js";
import type { NodeCollection } from "./nodes.js";
import type { Placement } from "./placement.js";
import { checkedChange, isVector, type NeuronPopulation, settableNames, statusOf } from "./population.js";
import type { Recordings } from "./recordings.js";
import type { Status, StatusValue } from "./status.js";

/** What the values of nodes depend on, and what must know of their changes. */
export interface Surroundings {
  /** of the network as it is at the time of a call */
  readonly description: () => Description;
  readonly placement: Placement;
  readonly live: Live;
  readonly draws: Draws;
  readonly recordings: Recordings;
  readonly currents: Currents;
}

/** The nodes of a collection that are in one population: their positions there and in the collection. */
interface Part {
  readonly population: NeuronPopulation;
  readonly positions: Uint32Array;
  readonly at: Uint32Array;
}

export class NodeStatus {
  readonly #of: Surroundings;

  constructor(of: Surroundings) {
    this.#of = of;
  }

  /** @throws SynfireError "bad-parameter" for an unknown name, "bad-nodes" for a state that another rank holds */
  get(nodes: NodeCollection, name?: string): Status | Record<string, Status> {
    const devices = this.devicesIn(nodes);
    if (devices.length > 0) return this.#ofDevices(devices, name);
    const parts = this.#parts(nodes);
    if (name !== undefined) return this.#ofNeurons(parts, name);
    const names = parts.map(({ population }) => ["model", ...settableNames(population)]);
    return Object.fromEntries(
      (names[0] ?? [])
        .filter((n) => names.every((other) => other.includes(n)))
        .map((n) => [n, this.#ofNeurons(parts, n)]),
    );
  }

  /**
   * @param time - ms, now
   * @throws SynfireError "bad-parameter"; nothing has been changed then
   */
  set(nodes: NodeCollection, values: Readonly<Record<string, StatusValue>>, time: number): void {
    const devices = this.devicesIn(nodes);
    if (devices.length > 0) this.#setDevices(devices, values, time);
    else this.#setNeurons(nodes, values);
  }

  /** The devices of a collection; none if it holds neurons. @throws SynfireError "bad-nodes" if it holds both */
  devicesIn(nodes: NodeCollection): Device[] {
    const { devices: all } = this.#of.description();
    const devices = all.size === 0 ? [] : [...nodes].flatMap((id) => all.get(id) ?? []);
    if (devices.length > 0 && devices.length < nodes.length)
      throw new SynfireError(
        "bad-nodes",
        "The collection mixes neurons and devices; get and set them one by one.",
        "nodes",
      );
    return devices;
  }

  #ofDevices(devices: readonly Device[], name?: string): Status | Record<string, Status> {
    const status = devices.map((d) => ({ ...deviceStatus(d), ...this.#of.recordings.status(d.id) }));
    const names = Object.keys(status[0]!).filter((k) => status.every((s) => Object.hasOwn(s, k)));
    if (name !== undefined && !names.includes(name))
      throw unknownName("bad-parameter", `parameter of ${devices[0]!.kind}`, name, names);
    const pick = (key: string) => combined(status.map((s) => s[key]!));
    return name === undefined ? Object.fromEntries(names.map((k) => [k, pick(k)])) : pick(name);
  }

  #ofNeurons(parts: readonly Part[], key: string): Status {
    const values = parts.map(({ population, positions }) =>
      key === "model"
        ? population.model
        : statusOf(population, key, positions, (slot) => {
            this.#checkHeld(population, positions, key);
            return this.#of.live.states(population, slot);
          }),
    );
    if (values.length === 1) return values[0]!;
    const perNode: Status[] = [];
    parts.forEach(({ at, population }, k) => {
      const value = values[k]!;
      // a vector that all nodes of a population share, or one value per node
      const shared = typeof value !== "object" || (isVector(population, key) && ArrayBuffer.isView(value));
      at.forEach((position, i) => {
        perNode[position] = shared ? value : (value as ArrayLike<Status>)[i]!;
      });
    });
    return combined(perNode);
  }

  /** @throws SynfireError "bad-nodes" if a neuron lies on another rank, which alone knows */
  #checkHeld(p: NeuronPopulation, positions: Uint32Array, key: string): void {
    const { placement } = this.#of;
    const away = positions.find((position) => !placement.holds(p, position));
    if (away === undefined) return;
    throw new SynfireError(
      "bad-nodes",
      `${key} of node ${p.first + away} is known to rank ${ownerOf(p, away)} only, not to rank ${placement.rank}; record it, or ask for nodes of this rank.`,
      "nodes",
    );
  }

  #setDevices(devices: readonly Device[], values: Readonly<Record<string, StatusValue>>, time: number): void {
    for (const d of devices) this.#of.recordings.checkChange(d, values);
    const { resolution } = this.#of.description();
    const checked = devices.map((d, i) =>
      checkedDevice(d, ofDevice(d, values, i, devices.length), resolution),
    );
    checkFuture(checked, values, time);
    devices.forEach((d, i) => {
      Object.assign(d.values, checked[i]);
      this.#deviceChanged(d);
    });
  }

  #deviceChanged(d: Device): void {
    if (d.kind === "spike_recorder") return;
    const { live, currents, description } = this.#of;
    if (d.kind === "dc_generator" || d.kind === "step_current_generator") currents.invalidate();
    else if (d.kind !== "poisson_generator" || !setRate(d, description(), live)) live.invalidate();
  }

  #setNeurons(nodes: NodeCollection, values: Readonly<Record<string, StatusValue>>): void {
    const { draws, live } = this.#of;
    const changes = draws.unlessItFails(() => this.#checkedChanges(nodes, values));
    for (const { population, change } of changes) {
      for (const [k, v] of change.parameters) population.parameters.set(k, v);
      live.change(population, change.states, change.parameters.size > 0);
    }
  }

  #checkedChanges(nodes: NodeCollection, values: Readonly<Record<string, StatusValue>>) {
    const { draws, live, description } = this.#of;
    return this.#parts(nodes).map(({ population, positions, at }) => {
      const whole = positions.length === population.size && positions.every((position, i) => position === i);
      const own = at.length === nodes.length ? values : partOf(values, at, nodes.length);
      return {
        population,
        change: checkedChange(
          population,
          whole ? undefined : positions,
          own,
          description().seed,
          draws.next,
          (slot) => live.states(population, slot),
        ),
      };
    });
  }

  #parts(nodes: NodeCollection): Part[] {
    const parts = [];
    for (const population of this.#of.description().populations) {
      const positions: number[] = [];
      const at: number[] = [];
      for (const s of nodes.segments) {
        const [from, to] = [
          Math.max(s.first, population.first),
          Math.min(s.first + s.length, population.first + population.size),
        ];
        for (let id = from; id < to; id++) {
          positions.push(id - population.first);
          at.push(s.position + id - s.first);
        }
      }
      if (positions.length > 0)
        parts.push({ population, positions: Uint32Array.from(positions), at: Uint32Array.from(at) });
    }
    return parts;
  }
}

/** Changes what a Poisson generator emits. @returns false if the network must be built anew for it */
function setRate(d: Device, { resolution, connections }: Description, live: Live): boolean {
  const { start, stop } = windowOf(d, resolution);
  const alone = connections.every(
    (c) => c.kind !== "poisson" || c.sources.position(d.id) < 0 || c.sources.length === 1,
  );
  return alone && live.setRate(d.id, lambdaOf(d.values.rate as number, resolution), start, stop);
}
