/** Reports need nothing from outside, and have the numbers behind every figure. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { writeReport, writeReportAs } from "../../src/plot/files.js";
import { report } from "../../src/plot/index.js";
import { figures } from "./figures.js";

const made = report({
  title: "A <small> network",
  subtitle: "12 neurons",
  figures: Object.values(figures),
  facts: { neurons: 12, spikes: 60, engine: "reference" },
  tables: [{ title: "Rates", columns: ["population", "rate (spikes/s)"], rows: [["E", 41.25]] }],
});

describe("a report", () => {
  test("as HTML refers to nothing outside of itself", async () => {
    const { html } = await made;
    const text = html.replace(/data:image\/png;base64,[^"]*/g, "");
    const addresses = text.match(/\b(https?:)?\/\/[^\s"'<)]+/g) ?? [];
    expect(addresses.filter((address) => address !== "http://www.w3.org/2000/svg")).toEqual([]);
    expect(html).not.toMatch(/<(script|link|iframe)\b/);
    for (const [, target] of html.matchAll(/\b(?:href|src)="([^"]*)"/g)) {
      expect(target.startsWith("data:image/png;base64,")).toBe(true);
    }
  });

  test("as HTML has light and dark, facts, tables, and the numbers of every figure", async () => {
    const { html } = await made;
    const { document } = parseHTML(html);
    expect(html).toContain("prefers-color-scheme: dark");
    expect(document.querySelector("h1")?.textContent).toBe("A <small> network");
    expect([...document.querySelectorAll("dd")].map((dd) => dd.textContent)).toEqual([
      "12",
      "60",
      "reference",
    ]);
    expect(document.querySelectorAll("figure")).toHaveLength(Object.keys(figures).length);
    for (const figure of document.querySelectorAll("figure")) {
      expect(figure.querySelectorAll("details table tbody tr").length).toBeGreaterThan(0);
    }
    expect(document.querySelector("section")?.textContent).toContain("41.25");
  });

  test("as SVG holds every figure, inside of the page", async () => {
    const { svg } = await made;
    const width = Number(/width="(\d+)"/.exec(svg)?.[1]);
    expect(width).toBe(1120);
    const placed = [...svg.matchAll(/<svg x="(\d+)" y="0" [^>]*?width="(\d+)"/g)];
    expect(placed).toHaveLength(Object.keys(figures).length);
    for (const [, x, w] of placed) expect(Number(x) + Number(w)).toBeLessThanOrEqual(width);
  });

  test("is written as three files, and two per figure", async () => {
    const directory = await mkdtemp(join(tmpdir(), "synfire-plot-"));
    try {
      const small = await report({ title: "One", figures: [figures.raster] });
      const paths = await writeReport(small, join(directory, "new"), { scale: 1 });
      expect(paths.map((path) => basename(path))).toEqual([
        "report.html",
        "report.svg",
        "report.png",
        "01-spikes.svg",
        "01-spikes.png",
      ]);
      expect(await readFile(paths[0], "utf8")).toBe(small.html);
      expect((await readFile(paths[2]))[0]).toBe(137);
      const beside = await writeReportAs(small, join(directory, "other", "numbers"), { scale: 1 });
      expect(beside.map((path) => basename(path))).toEqual(["numbers.html", "numbers.svg", "numbers.png"]);
      expect(await readFile(beside[1], "utf8")).toBe(small.svg);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
