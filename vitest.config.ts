import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const src = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

const engines = ["test/conformance/**/*.test.ts", "test/cuda/**/*.test.ts"];
/** these start processes, and wait for them */
const processes = ["test/ranks/**/*.test.ts", "test/cli/**/*.test.ts"];

export default defineConfig({
  resolve: {
    alias: [
      { find: /^synfire$/, replacement: src("index.ts") },
      { find: /^synfire\/plot\/files$/, replacement: src("plot/files.ts") },
      { find: /^synfire\/recording\/files$/, replacement: src("recording/writers/file-sink.ts") },
      { find: /^synfire\/(\w+)$/, replacement: src("$1/index.ts") },
    ],
  },
  test: {
    testTimeout: 60_000,
    pool: "forks",
    // first what compiles and computes, two files at a time; then, one by one, what waits for processes
    projects: [
      {
        extends: true,
        test: { name: "engines", include: engines, maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: "rest",
          include: ["test/**/*.test.ts"],
          exclude: [...engines, ...processes],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: "processes", include: processes, maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
