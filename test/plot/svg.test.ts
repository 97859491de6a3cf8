/** Every kind of figure looks as it did: snapshots of the SVG, to be read with the eyes when they change. */
import { describe, expect, test } from "vitest";
import { raster, renderSvg, timers } from "../../src/plot/index.js";
import { figures, populations, spikes } from "./figures.js";

/** Compressed bytes may differ between versions of zlib; the raster and PNG tests look at the pixels. */
function withoutImages(svg: string): string {
  return svg.replace(/data:image\/png;base64,[^"]*/g, "image");
}

describe("figures as SVG", () => {
  for (const [name, figure] of Object.entries(figures)) {
    test(name, async () => {
      const svg = withoutImages(await renderSvg(figure));
      await expect(svg).toMatchFileSnapshot(`snapshots/${name}.svg`);
    });
  }

  test("are plain data that survive being cloned", () => {
    for (const figure of Object.values(figures)) expect(structuredClone(figure)).toEqual(figure);
  });

  test("say who they are, and what they left out", async () => {
    const svg = await renderSvg(figures.raster);
    expect(svg).toContain(">Spikes</text>");
    expect(svg).toContain("Shown are 4 of 8 neurons of E, evenly spaced.");
    expect(figures.violins.caption).toBe("One value that is not finite is left out.");
  });

  test("escape what users write", async () => {
    const title = 'a < b & "c"';
    const svg = await renderSvg(raster(spikes, { populations, title }));
    expect(svg).toContain("a &lt; b &amp; &quot;c&quot;</text>");
    expect(svg).not.toContain(title);
  });

  test("have room for a title and a legend at the size of their kind", async () => {
    const phases = ["init", "create", "connect", "calibrate", "pre-run", "run", "gather"];
    const one = phases.map((name) => ({ name, seconds: 1, run: "rank 0" }));
    expect(await renderSvg(timers(one, { title: "Where the time went" }))).toContain(">gather</text>");
  });

  test("draw one mark per spike in one path per population", async () => {
    const figure = raster(spikes, { populations, start: 0, stop: 100 });
    const svg = await renderSvg(figure);
    const paths = [...svg.matchAll(/ d="(M[^"]*v18[^"]*)"| d="(M[^"]*v70[^"]*)"/g)].map((m) => m[1] ?? m[2]);
    expect(paths).toHaveLength(2);
    expect(paths.join("").match(/v/g)).toHaveLength(60);
  });
});
