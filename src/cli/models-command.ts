/** `synfire models`: the models that come with Synfire, and their texts. */

import { unknownName } from "../errors.js";
import { texts } from "../models/texts.generated.js";
import { deviceNames } from "../simulator/devices.js";

const names = () => Object.keys(texts).map((file) => file.replace(/\.nestml$/, ""));

/** What the text says in its first line behind the model's name. */
function summary(name: string): string {
  const first = texts[`${name}.nestml`]!.split("\n").find((line) => line.includes(" - ")) ?? "";
  return first.slice(first.indexOf(" - ") + 3);
}

/**
 * A list of models, or the NESTML text of one.
 * @throws SynfireError "unknown-model"
 */
export function modelsText(name: string | undefined): string {
  if (name !== undefined) {
    const text = texts[`${name}.nestml`];
    if (text === undefined) throw unknownName("unknown-model", "model", name, names());
    return text;
  }
  const width = Math.max(...names().map((n) => n.length));
  return [
    "Neurons (synfire models NAME prints the text of one):",
    ...names().map((n) => `  ${n.padEnd(width)}  ${summary(n)}`),
    "Devices:",
    ...deviceNames.map((n) => `  ${n}`),
    "",
  ].join("\n");
}
