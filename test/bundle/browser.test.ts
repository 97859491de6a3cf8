/** A browser bundle: what the main entries need at once must not include modules of Node. */

import { fileURLToPath } from "node:url";
import { build } from "vite";
import { expect, test } from "vitest";

const source = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

for (const entry of [
  "index.ts",
  "nestml/index.ts",
  "analysis/index.ts",
  "plot/index.ts",
  "recording/index.ts",
]) {
  test(`${entry} reaches no module of Node but by dynamic import`, async () => {
    const result = await build({
      configFile: false,
      logLevel: "silent",
      build: {
        write: false,
        minify: false,
        lib: { entry: source(entry), formats: ["es"] },
        rollupOptions: { external: [/^node:/, "linkedom", "@resvg/resvg-js"] },
      },
    });
    const outputs = (Array.isArray(result) ? result : [result]).flatMap((r) =>
      "output" in r ? r.output : [],
    );
    const chunks = outputs.flatMap((o) => (o.type === "chunk" ? [o] : []));
    expect(chunks.length).toBeGreaterThan(0);
    const byName = new Map(chunks.map((c) => [c.fileName, c]));
    const statics = new Set<string>();
    const visit = (name: string) => {
      for (const next of byName.get(name)?.imports ?? []) {
        if (statics.has(next)) continue;
        statics.add(next);
        visit(next);
      }
    };
    for (const c of chunks) if (c.isEntry) visit(c.fileName);
    expect([...statics].filter((name) => !byName.has(name))).toEqual([]);
  });
}
