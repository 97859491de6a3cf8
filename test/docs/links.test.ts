/** The documentation: links resolve, names exist, tables are those of the models, and every snippet runs. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { brokenLinks, ROOT, snippets, wrongNames } from "../../scripts/check-docs.mjs";
import { updatedPage } from "../../scripts/model-tables.mjs";

test("relative links lead to files and headings that are there", () => {
  expect(brokenLinks()).toEqual([]);
});

test("every name of Synfire in the compatibility tables exists", async () => {
  expect(await wrongNames()).toEqual([]);
});

test("the tables of docs/models.md are those of the models", async () => {
  const page = readFileSync(join(ROOT, "docs/models.md"), "utf8");
  expect(await updatedPage(page)).toBe(page);
});

describe("snippets", () => {
  let folder: string;
  beforeAll(() => {
    // inside the repository, so that "synfire" means this package, where git and the linter do not look
    mkdirSync(join(ROOT, "results"), { recursive: true });
    folder = mkdtempSync(join(ROOT, "results/snippets-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(snippets())("$name runs", async ({ name, code }) => {
    const printed: unknown[][] = [];
    const log = vi.spyOn(console, "log").mockImplementation((...parts) => void printed.push(parts));
    const file = join(folder, `${name.replace(/\W/g, "-")}.mjs`);
    writeFileSync(file, code);
    try {
      await import(file);
    } finally {
      log.mockRestore();
    }
    if (code.includes("console.log")) expect(printed.length).toBeGreaterThan(0);
    if (name.startsWith("docs/semantics")) expect(printed[0]).toEqual([true, true]);
    if (name.startsWith("README")) expect(String(printed[0])).toMatch(/^\d+(\.\d+)? spikes\/s$/);
  });
});
