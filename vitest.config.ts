import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const src = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^synfire$/, replacement: src("index.ts") },
      { find: /^synfire\/plot\/files$/, replacement: src("plot/files.ts") },
      { find: /^synfire\/recording\/files$/, replacement: src("recording/writers/file-sink.ts") },
      { find: /^synfire\/(\w+)$/, replacement: src("$1/index.ts") },
    ],
  },
  test: { include: ["test/**/*.test.ts"], testTimeout: 60_000, pool: "forks" },
});
