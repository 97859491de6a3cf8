/** Loads a script or a benchmark, in TypeScript or JavaScript. "synfire" in it is this very package, wherever the file lies. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { createJiti } from "jiti";
import { SynfireError } from "../errors.js";

/** The entries of the package, by what scripts import. They are this process's own modules, so that defaults reach scripts. */
const entries: Readonly<Record<string, () => Promise<object>>> = {
  synfire: () => import("../index.js"),
  "synfire/nestml": () => import("../nestml/index.js"),
  "synfire/analysis": () => import("../analysis/index.js"),
  "synfire/plot": () => import("../plot/index.js"),
  "synfire/plot/files": () => import("../plot/files.js"),
  "synfire/recording": () => import("../recording/index.js"),
  "synfire/recording/files": () => import("../recording/writers/file-sink.js"),
  "synfire/cli": () => import("./index.js"),
};

/**
 * Runs a module and returns what it exports.
 * @throws SynfireError "no-file" if there is none; what the module throws
 */
export async function loadScript(file: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(file);
  if (!existsSync(path)) throw new SynfireError("no-file", `There is no file "${file}".`, "file");
  const virtualModules = Object.fromEntries(
    await Promise.all(Object.entries(entries).map(async ([name, load]) => [name, await load()])),
  );
  const jiti = createJiti(pathToFileURL(path).href, {
    virtualModules,
    interopDefault: false,
    sourceMaps: true,
    fsCache: false,
  });
  return jiti.import(path);
}
