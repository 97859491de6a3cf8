/** `synfire bench ring`, as a process: needs `npm run build`, and MPI for more than one rank. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findLauncher, launchCommand } from "../../bench/lib/launch-ranks.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "dist/cli/main.js");
const hasMpi = ["mpirun.openmpi", "mpirun"].some((name) => !spawnSync(name, ["--version"]).error);

function bench(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const args = [main, "bench", "ring", "simtime=50", "presim=10", ...words];
  return spawnSync(process.execPath, args, { cwd: root, encoding: "utf8", env: { ...process.env, ...env } });
}

describe("launchers", () => {
  const host = { cores: 8, isRoot: false };
  const launcher = { program: "mpirun", words: [], isOpenMpi: true };
  const command = ["node", "main.js"] as const;

  test("Open MPI is told what it needs, and others nothing", () => {
    const bind = ["--bind-to", "none"];
    expect(launchCommand(undefined, 1, command)).toEqual(["node", "main.js"]);
    expect(launchCommand(launcher, 4, command, host)).toEqual(["mpirun", ...bind, "-n", "4", ...command]);
    expect(launchCommand(launcher, 5, command, host)).toContain("--oversubscribe");
    expect(launchCommand(launcher, 2, command, { ...host, isRoot: true })).toContain("--allow-run-as-root");
    const other = { program: "srun", words: ["--mpi=pmix"], isOpenMpi: false };
    expect(launchCommand(other, 16, command, { cores: 2, isRoot: true })).toEqual([
      ...["srun", "--mpi=pmix", "-n", "16"],
      ...command,
    ]);
  });

  test("the one that is named is taken, with its arguments; without one, the error says what to do", () => {
    const found = findLauncher({ SYNFIRE_MPIRUN: `${process.execPath} --enable-source-maps` });
    expect(found).toEqual({
      program: process.execPath,
      words: ["--enable-source-maps"],
      isOpenMpi: false,
    });
    expect(() => findLauncher({ SYNFIRE_MPIRUN: "no-such-launcher" })).toThrow("name it in SYNFIRE_MPIRUN");
  });
});

describe.skipIf(!existsSync(main))("synfire bench ring", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "synfire-bench-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.skipIf(!hasMpi)(
    "measures ranks and scales over seeds, and draws them beside the numbers",
    async () => {
      const out = join(folder, "ring.json");
      const words = ["--ranks", "1,2", "--scales", "1,4", "--seeds", "2", "--threads", "1", "--out", out];
      const { status, stdout, stderr } = bench(words);
      expect(stderr).toContain("ranks 2, scale 4, seed 2: construction");
      expect(status).toBe(0);
      expect(stdout).toContain("realTimeFactor");
      const { figures } = JSON.parse(await readFile(out, "utf8")).results.ring;
      expect(Object.keys(figures)).toEqual(
        [1, 4].flatMap((s) => [1, 2].map((r) => `ranks ${r}, scale ${s}`)),
      );
      const last = figures["ranks 2, scale 4"];
      expect(last).toMatchObject({ ranks: 2, scale: 4, threads: 1, neurons: 40 });
      expect(last.realTimeFactor.values).toHaveLength(2);
      expect(last.construction_s.median).toBeGreaterThan(0);
      expect(last.phases_s.run.median).toBeCloseTo(last.realTimeFactor.median * 0.05, 6);
      expect(last.byRank_s.calibrate).toHaveLength(2);
      expect(await readdir(folder)).toEqual(["ring.html", "ring.json", "ring.png", "ring.svg"]);
      const html = await readFile(join(folder, "ring.html"), "utf8");
      for (const text of ["Real-time factor", "Construction", "Scale 4: 20 neurons per rank"])
        expect(html).toContain(text);
    },
  );

  test.each([
    [["--ranks", "2"], "SYNFIRE_MPIRUN"],
    [["--ranks", "two"], 'ranks must be positive integers, as 1,2,4, not "two".'],
    [["--seeds", "0"], "seeds must be positive integers"],
    [["--ranks", "1", "--scales", "1", "simtime=0.05"], "multiple of the resolution"],
  ])("%j is an error", (words, message) => {
    const { status, stdout, stderr } = bench(words, { SYNFIRE_MPIRUN: "no-such-launcher" });
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
    expect(status).toBe(1);
  });
});
