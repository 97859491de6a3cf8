/**
 * Checks the documentation: links resolve, snippets are complete scripts that parse as modules, and every name of Synfire in
 * docs/nest.md exists. `npm run build`, then `node scripts/check-docs.mjs`; the tests do the same, and run snippets.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as synfire from "synfire";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The pages: README, CHANGELOG and docs/*.md, as paths from the root. */
export function pages() {
  const docs = readdirSync(join(ROOT, "docs")).filter((name) => name.endsWith(".md"));
  return ["README.md", "CHANGELOG.md", ...docs.map((name) => `docs/${name}`)];
}

const read = (page) => readFileSync(join(ROOT, page), "utf8");

/** Text without code, in which links are looked for. */
const prose = (text) => text.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "code");

/** The anchors of a page: its headings as they are linked to. */
function anchors(text) {
  return [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.+)$/gm)].map((m) =>
    m[1]
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
}

/** Relative links that lead nowhere: "page: link". */
export function brokenLinks() {
  return pages().flatMap((page) =>
    [...prose(read(page)).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link]) => {
      if (/^[a-z]+:/.test(link)) return [];
      const [path, anchor] = link.split("#");
      const target = path === "" ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
      if (!existsSync(target)) return [`${page}: ${link}`];
      const found = anchor === undefined || anchors(read(relative(ROOT, target))).includes(anchor);
      return found ? [] : [`${page}: ${link}`];
    }),
  );
}

/** The TypeScript snippets that begin with an import: what they are called, and their text. */
export function snippets() {
  return pages().flatMap((page) => {
    const text = read(page);
    return [...text.matchAll(/^```ts\n(import [\s\S]*?)^```$/gm)].map((m) => ({
      name: `${page}:${text.slice(0, m.index).split("\n").length}`,
      code: m[1],
    }));
  });
}

/** All names that the second column of docs/nest.md may hold. */
async function knownNames() {
  const simulator = await synfire.Simulator.create({ threads: 1 });
  const members = (prefix, object) => Object.getOwnPropertyNames(object).map((name) => `${prefix}.${name}`);
  const neurons = simulator.create("parrot_neuron");
  const recorder = simulator.record(neurons);
  simulator.connect(neurons, neurons);
  const connections = await simulator.getConnections();
  const names = new Set([
    ...Object.keys(synfire),
    "Simulator.create",
    "synfire/plot",
    "static_synapse",
    ...members("sim", synfire.Simulator.prototype),
    ...members("sim", simulator),
    ...members("nodes", synfire.NodeCollection.prototype),
    ...members("nodes", neurons),
    ...members("recorder", synfire.Recorder.prototype),
    ...members("recorder", recorder),
    ...members("connections", connections),
    ...members("options", synfire.Simulator.defaults),
    ...simulator.models,
    ...ruleNames(simulator, neurons),
  ]);
  // the function that is called about ten times a second is an option, but has no default
  if ("onProgress" in simulator) names.add("options.onProgress");
  for (const model of simulator.models)
    for (const name of Object.keys(simulator.create(model).get())) names.add(name);
  for (const key of ["weight", "delay", "receptor"])
    if (takes(() => connect(simulator, neurons, {}, key))) names.add(key);
  simulator.dispose();
  return names;
}

const connect = (simulator, nodes, rule, key) =>
  simulator.connect(nodes, nodes, { rule: "all_to_all", ...rule }, { [key]: key === "receptor" ? 0 : 1 });

function takes(call) {
  try {
    call();
    return true;
  } catch {
    return false;
  }
}

/** Rules and their keys, from the errors that list them. */
function ruleNames(simulator, nodes) {
  const listed = (rule) => {
    try {
      simulator.connect(nodes, nodes, rule);
    } catch (error) {
      return /Allowed: (.*)\.$/.exec(error.message)?.[1].split(", ") ?? [];
    }
    return [];
  };
  const rules = listed("?");
  return [...rules, ...rules.flatMap((rule) => listed({ rule, "?": 1 }))];
}

const STATUS = ["same", "renamed", "different", "absent yet"];

/** What is wrong with the rows of docs/nest.md: a status that is none, a name that does not exist. */
export async function wrongNames() {
  const known = await knownNames();
  const faults = [];
  read("docs/nest.md")
    .split("\n")
    .forEach((line, i) => {
      if (!line.startsWith("| ") || line.startsWith("|--")) return;
      const cells = line.split("|").map((cell) => cell.trim());
      const [, , ours, status] = cells;
      if (status === "status") return;
      const where = `docs/nest.md:${i + 1}`;
      if (cells.length !== 6 || !STATUS.includes(status)) faults.push(`${where}: no status in "${line}"`);
      const names = [...ours.matchAll(/`([^`]+)`/g)].map((m) => m[1]);
      if (status === "absent yet" && names.length > 0) faults.push(`${where}: absent, yet named ${names}`);
      for (const name of names) if (!known.has(name)) faults.push(`${where}: there is no ${name}`);
    });
  return faults;
}

/** Places where a figure is still to be filled in. */
export function openFigures() {
  return pages().flatMap((page) => (read(page).includes("TODO-FIGURE") ? [page] : []));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = [...brokenLinks(), ...(await wrongNames())];
  for (const fault of faults) console.error(fault);
  for (const page of openFigures()) console.error(`${page}: figures are still to be filled in`);
  process.exit(faults.length > 0 ? 1 : 0);
}
