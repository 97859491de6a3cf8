/** Currents of generators: constant between the few steps where they change, so that engines only see values per neuron. */

import { delaySteps } from "../engine/calibration.js";
import type { Engine } from "../engine/engine.js";
import { forEachSynapse } from "../engine/synapses.js";
import type { Connection } from "./description.js";
import { amplitudeAt, amplitudeChanges, type Device } from "./devices.js";
import type { NeuronPopulation } from "./population.js";

interface Input {
  readonly device: number;
  /** id of the target */
  readonly target: number;
  readonly weight: number;
  readonly delay: number;
}

export class Currents {
  readonly #resolution: number;
  readonly #inputs: Input[] = [];
  #applied = -1;

  constructor(resolution: number) {
    this.#resolution = resolution;
  }

  add(c: Connection): void {
    const p = {
      id: c.id,
      plan: c.plan,
      endpoints: c,
      weight: c.weight,
      delay: c.delay,
      receptors: c.receptors,
      factor: 1,
      alias: undefined,
      maxEmission: 1,
    };
    // currents have no random numbers of their own; the seed does not matter for constants and arrays
    forEachSynapse(
      {
        seed: 0,
        resolution: this.#resolution,
        precision: "float64",
        populations: [],
        projections: [],
        drives: [],
        idCount: 0,
      },
      p,
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

  /** A current sent with the stamp s and delay d is used in step s + d + 1: the first step after `after` that may see another value. */
  nextChange(devices: ReadonlyMap<number, Device>, after: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { device, delay } of this.#inputs) {
      for (const change of amplitudeChanges(devices.get(device)!, this.#resolution)) {
        // the value of stamp change + 1 is used in step change + delay + 2: stop after the one before
        const at = change + delay + 1;
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
        const stamp = step + 1 - delay - 1;
        if (stamp >= 1)
          values[target - p.first]! += weight * amplitudeAt(devices.get(device)!, stamp, this.#resolution);
      }
      if (any) engine.setContinuous(p.index, 0, values);
    }
  }
}
