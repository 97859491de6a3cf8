/** The network as it was built last: its engine, and whether what has changed since lets it go on. */

import type { Engine, EngineState } from "../engine/engine.js";
import type { Lowered } from "./description.js";
import { constantsOf, initialStates, type NeuronPopulation } from "./population.js";
import type { PerNode } from "./status.js";

export interface Built {
  readonly engine: Engine;
  readonly lowered: Lowered;
}

export class Live {
  #built: Built | undefined;
  #stale = true;
  readonly #held: { engine: Engine | undefined } = { engine: undefined };

  constructor() {
    registry?.register(this, this.#held);
  }

  /** Has anything been built? */
  get exists(): boolean {
    return this.#built !== undefined;
  }

  /** Can what was built go on? */
  get isCurrent(): boolean {
    return this.exists && !this.#stale;
  }

  /** What was built. There must be something. */
  get built(): Built {
    return this.#built!;
  }

  /** The network is to be built anew before it goes on. */
  invalidate(): void {
    this.#stale = true;
  }

  /** The values of a state variable of a population. */
  states(p: NeuronPopulation, slot: number): PerNode {
    const engine = this.#engineOf(p);
    return engine ? engine.getState(p.index, slot) : initialStates(p)[slot]!;
  }

  /** Takes over new states of a population, and its parameters if they have changed. */
  change(p: NeuronPopulation, states: ReadonlyMap<number, PerNode>, parameters: boolean): void {
    const engine = this.#engineOf(p);
    if (!engine) {
      for (const [slot, v] of states) p.states.set(slot, v);
      return;
    }
    for (const [slot, v] of states)
      engine.setState(p.index, slot, typeof v === "number" ? new Float64Array(p.size).fill(v) : v);
    if (parameters)
      constantsOf(p).forEach((v, slot) => {
        if (!engine.setConstant(p.index, slot, v)) this.#stale = true;
      });
  }

  /** Changes what a Poisson generator emits. @returns false if the network must be built anew for it */
  setRate(device: number, lambda: number, start: number, stop: number): boolean {
    if (!this.#built || this.#stale) return false;
    const { engine, lowered } = this.#built;
    const drives = lowered.driveDevices.flatMap((d, k) => (d === device ? [k] : []));
    return drives.length > 0 && drives.every((k) => engine.setDrive(k, lambda, start, stop));
  }

  /**
   * Replaces what was built.
   * @param saved - the state to continue from; default: that of the network as it was built before
   */
  async rebuild(saved: EngineState | undefined, build: () => Promise<Built>): Promise<void> {
    const state = saved ?? this.#built?.engine.exportState();
    const built = await build();
    if (state) continueFrom(built.engine, state);
    this.#replace(built);
    this.#stale = false;
  }

  dispose(): void {
    this.#replace(undefined);
    this.#stale = true;
  }

  #replace(built: Built | undefined): void {
    this.#built?.engine.dispose();
    this.#built = built;
    this.#held.engine = built?.engine;
  }

  /** the engine, if the population was there when it was built */
  #engineOf(p: NeuronPopulation): Engine | undefined {
    const built = this.#built;
    return built && p.index < built.lowered.network.populations.length ? built.engine : undefined;
  }
}

/** What the network had before; nodes made since start with their own values. */
function continueFrom(engine: Engine, state: EngineState): void {
  const fresh = engine.exportState();
  engine.importState({
    step: state.step,
    states: fresh.states.map((slots, k) =>
      state.states[k] ? slots.map((v, s) => state.states[k]![s] ?? v) : slots,
    ),
    pending: fresh.pending.map((receptors, k) => state.pending[k] ?? receptors),
  });
}

/** gives back the threads of networks that were forgotten */
const registry =
  typeof FinalizationRegistry === "undefined"
    ? undefined
    : new FinalizationRegistry<{ engine: Engine | undefined }>((held) => {
        held.engine?.dispose();
      });
