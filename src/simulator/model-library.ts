/** The models that can be created: shipped texts, parsed when first asked for, and those that users define. */

import { sizeParameters } from "../compiler/elaborate.js";
import { compileNeuron } from "../compiler/neuron.js";
import type { NeuronProgram } from "../compiler/program.js";
import { SynfireError, unknownName } from "../errors.js";
import { texts } from "../models/texts.generated.js";
import { type Diagnostic, loadModels, type Model } from "../nestml/index.js";
import { deviceNames } from "./devices.js";

/** Parsed once for all simulators. */
const shipped = new Map<string, Model>();

const shippedName = (file: string) => file.replace(/\.nestml$/, "");

/** Names of the neuron models that come with Synfire. */
export const shippedModels: readonly string[] = Object.keys(texts).map(shippedName);

function shippedModel(name: string): Model | undefined {
  const text = texts[`${name}.nestml`];
  if (text === undefined) return undefined;
  let model = shipped.get(name);
  if (!model) {
    model = loadModels(text, `${name}.nestml`).models[0]!;
    shipped.set(name, model);
  }
  return model;
}

export class ModelLibrary {
  readonly #own = new Map<string, Model>();
  readonly #programs = new Map<string, NeuronProgram>();

  /** Names of all models, devices included. */
  names(): string[] {
    return [...new Set([...shippedModels, ...this.#own.keys(), ...deviceNames])].sort();
  }

  /** @throws NestmlError for a text with errors; SynfireError "model-exists" for a name that is taken */
  define(text: string, file: string): { readonly names: string[]; readonly warnings: readonly Diagnostic[] } {
    const { models, warnings } = loadModels(text, file);
    for (const m of models) {
      if (shippedModels.includes(m.name) || deviceNames.includes(m.name) || this.#own.has(m.name)) {
        throw new SynfireError(
          "model-exists",
          `There is a model ${m.name} already; choose another name.`,
          m.name,
        );
      }
    }
    for (const m of models) this.#own.set(m.name, m);
    return { names: models.map((m) => m.name), warnings };
  }

  /** @throws SynfireError "unknown-model" */
  model(name: string): Model {
    const model = this.#own.get(name) ?? shippedModel(name);
    if (!model) throw unknownName("unknown-model", "model", name, this.names());
    return model;
  }

  /** Compiles a model; the same request gives the same program. */
  program(
    name: string,
    real: "f32" | "f64",
    resolution: number,
    sizes: Readonly<Record<string, number>>,
  ): NeuronProgram {
    const key = JSON.stringify([name, real, resolution, sizes]);
    let program = this.#programs.get(key);
    if (!program) {
      program = compileNeuron(this.model(name), { real, resolution, sizes });
      this.#programs.set(key, program);
    }
    return program;
  }

  /** Names of the integer parameters that size a model's vectors, with their defaults. */
  sizes(name: string): { readonly name: string; readonly value: number }[] {
    const model = this.model(name);
    return sizeParameters(model).map((p) => {
      const value = model.parameters.find((d) => d.name === p)?.value;
      return { name: p, value: value?.kind === "number" ? value.value : 1 };
    });
  }
}
