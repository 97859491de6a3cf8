/** `synfire check FILE.nestml`: reads, checks and compiles the models of a file. */

import { readFileSync } from "node:fs";
import { sizeParameters } from "../compiler/elaborate.js";
import { compileNeuron } from "../compiler/neuron.js";
import { SynfireError } from "../errors.js";
import { formatDiagnostic, loadModels, type Model } from "../nestml/index.js";
import { defaultOptions } from "../simulator/options.js";

/**
 * Warnings, and what was found, or what the models become.
 * @param ir - also tell how each model is solved and the code it becomes
 * @throws NestmlError with every error of the text; SynfireError "no-file", or what stops the compiler
 */
export function checkText(file: string, ir: boolean): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new SynfireError("no-file", `Cannot read "${file}": ${(error as Error).message}.`, "file");
  }
  const { models, warnings } = loadModels(text, file);
  const lines = warnings.map((warning) => `${formatDiagnostic(warning, text)}\n`);
  for (const model of models) {
    const program = compileNeuron(model, {
      real: "f32",
      resolution: defaultOptions.resolution,
      sizes: defaultSizes(model),
    });
    lines.push(ir ? program.describe() : `${file}: ${model.name}: valid`);
  }
  return `${lines.join("\n")}\n`;
}

/** Every vector gets the size that it has by default. */
function defaultSizes(model: Model): Record<string, number> {
  const sizeOf = (name: string) => {
    const value = model.parameters.find((p) => p.name === name)?.value;
    return value?.kind === "number" ? value.value : 1;
  };
  return Object.fromEntries(sizeParameters(model).map((name) => [name, sizeOf(name)]));
}
