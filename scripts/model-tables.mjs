/** Writes the tables of docs/models.md anew from the models themselves: `npm run build`, then `node scripts/model-tables.mjs`. */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Simulator } from "synfire";
import { loadModels, printExpression } from "synfire/nestml";

const PAGE = fileURLToPath(new URL("../docs/models.md", import.meta.url));

const shown = (value) => {
  if (typeof value === "object") return `[${Array.from(value, shown).join(", ")}]`;
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
};

function row(declaration, value) {
  const { name, size, typeText, comment, invariant } = declaration;
  const bound = invariant === undefined ? "" : ` (\`${printExpression(invariant)}\`)`;
  const vector = size === undefined ? "" : `[${printExpression(size)}]`;
  return `| \`${name}${vector}\` | ${value} | ${typeText === "real" ? "" : typeText} | ${comment ?? ""}${bound} |`;
}

/** Tables of parameters and of state variables of a model that comes with Synfire. */
async function tablesOf(name) {
  const simulator = await Simulator.create({ threads: 1 });
  const [model] = loadModels(simulator.modelText(name)).models;
  const status = simulator.create(name).get();
  const lines = [];
  if (model.parameters.length > 0) {
    lines.push("| parameter | default | unit | meaning |", "|---|---|---|---|");
    for (const d of model.parameters) lines.push(row(d, shown(status[d.name])));
  }
  if (model.state.length > 0) {
    if (lines.length > 0) lines.push("");
    lines.push("| state variable | at the start | unit | meaning |", "|---|---|---|---|");
    for (const d of model.state) {
      const start = d.value.kind === "name" ? `\`${d.value.name}\`` : shown(status[d.name]);
      lines.push(row(d, start));
    }
  }
  return lines.join("\n");
}

/** The page with its tables replaced by those of the models. */
export async function updatedPage(text) {
  const names = [...text.matchAll(/<!-- tables of (\w+) -->/g)].map((m) => m[1]);
  let page = text;
  for (const name of names) {
    const begin = `<!-- tables of ${name} -->\n`;
    const from = page.indexOf(begin) + begin.length;
    page = `${page.slice(0, from)}${await tablesOf(name)}\n${page.slice(page.indexOf("<!-- end -->", from))}`;
  }
  return page;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(PAGE, await updatedPage(readFileSync(PAGE, "utf8")));
}
