/** Currents of generators: constant between the few steps where they change, so that engines only see values per neuron. */

import { delaySteps } from "../engine/calibration.js";
import type { Engine } from "../engine/engine.js";
import { forEachSynapse } from "../engine/synapses.js";
import type { Connection } from "./description.js";
import { amplitudeAt, amplitudeChanges, type Device } from "./devices.js";
import type { NeuronPopulation } from "./population.js";

/** The first step whose current can be sent one step ahead. */
const FIRST_SENT = 2;

interface Input {
  readonly device: number;
  /** id of the target */
  readonly target: number;
  readonly weight: number;
  readonly delay: number;
}

export class Currents {
  readonly #resolution: number;
  readonly #seed: number;
  readonly #inputs: Input[] = [];
  #applied = -1;

  constructor(resolution: number, seed: number) {
    this.#resolution = resolution;
    this.#seed = seed;
  }

  add(c: Connection): void {
    forEachSynapse(
      this.#seed,
      { ...c, endpoints: c, factor: 1 },
      0,
      c.targets.length,
      (source, target, weight, delay) => {
        this.#inputs.push({
          device: c.sources.id(source),
          target: c.targets.id(target),
          weight,
          delay: delaySteps(delay, this.#resolution),
        });
      },
    );
    this.invalidate();
  }

  /** the engine has been replaced or set back in time */
  invalidate(): void {
    this.#applied = -1;
  }

  /**
   * The last step after `after` that sees the value of the step before it. As in NEST, a generator sends the current of step s one
   * step ahead, so that with delay d it is felt in step s + d; only what would have to be sent before the start of time is missing.
   */
  nextChange(devices: ReadonlyMap<number, Device>, after: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { device, delay } of this.#inputs) {
      for (const change of amplitudeChanges(devices.get(device)!, this.#resolution)) {
        // the value of step change + 1 is felt in step change + delay + 1: stop after the one before
        const at = Math.max(change, FIRST_SENT - 1) + delay;
        if (at > after && at < next) next = at;
      }
    }
    return next;
  }

  /** sets the currents of the steps that follow `step` */
  apply(
    engine: Engine,
    populations: readonly NeuronPopulation[],
    devices: ReadonlyMap<number, Device>,
    step: number,
  ): void {
    if (this.#inputs.length === 0 || this.#applied === step) return;
    this.#applied = step;
    for (const p of populations) {
      if (p.program.continuous.length === 0) continue;
      const values = new Float64Array(p.size);
      let any = false;
      for (const { device, target, weight, delay } of this.#inputs) {
        if (target < p.first || target >= p.first + p.size) continue;
        any = true;
        const sent = step + 1 - delay;
        if (sent >= FIRST_SENT)
          values[target - p.first]! += weight * amplitudeAt(devices.get(device)!, sent, this.#resolution);
      }
      if (any) engine.setContinuous(p.index, 0, values);
    }
  }
}
