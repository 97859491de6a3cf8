/** The command itself, as a process: needs `npm run build`. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const main = join(root, "dist/cli/main.js");

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command; `watch` sees stderr as it comes and may signal. */
function synfire(args: string[], watch?: (stderr: string, kill: () => void) => void): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { cwd: root });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data) => {
      stdout += data;
    });
    child.stderr.on("data", (data) => {
      stderr += data;
      watch?.(stderr, () => child.kill("SIGINT"));
    });
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "synfire-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function script(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** A run that takes minutes, unless it is stopped; it tells when it goes on. */
const endless = `
import { Simulator } from "synfire";
export default async function () {
  const sim = await Simulator.create({ onProgress: () => console.error("going") });
  const neurons = sim.create("iaf_psc_exp", 2000, { I_e: 500 });
  const spikes = sim.record(neurons.at(0));
  await sim.simulate(1e8);
  const first = sim.time;
  await sim.simulate(1e8);
  return { first, time: sim.time, recorded: spikes.nEvents };
}`;

describe.skipIf(!existsSync(main))("synfire", () => {
  test("run --json: TypeScript outside of the package, options and arguments; stdout is JSON only", async () => {
    const file = await script(
      "plain.ts",
      `import { Simulator, type SimulatorOptions } from "synfire";
       import { mean } from "synfire/analysis";
       import { helper } from "./helper.js";
       export default async function (run: { options: SimulatorOptions; args: object; out?: string }) {
         console.log("chatter");
         const sim = await Simulator.create();
         return { options: run.options, args: run.args, out: run.out, mean: mean([1, helper]), seed: sim.options.seed, device: sim.options.device };
       }`,
    );
    await script("helper.ts", "export const helper: number = 2;");
    const flags = ["--seed", "7", "--device", "reference", "--out", "somewhere", "--json"];
    const { code, stdout, stderr } = await synfire(["run", file, "order=3", ...flags, "--", "--name", "x"]);
    expect(stderr).toContain("chatter");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      options: { seed: 7, device: "reference" },
      args: { order: 3, name: "x" },
      out: "somewhere",
      mean: 1.5,
      seed: 7,
      device: "reference",
    });
  });

  test("run: a plain script that works while it is loaded obeys the options", async () => {
    const file = await script(
      "top.mjs",
      `import { Simulator } from "synfire";
       const sim = await Simulator.create();
       sim.create("iaf_psc_exp", 10);
       await sim.simulate(10);
       console.log(sim.time, sim.options.seed, process.argv.slice(2).join());`,
    );
    const { code, stdout } = await synfire(["run", file, "a=1", "--seed", "5"]);
    expect(stdout).toBe("10 5 a=1\n");
    expect(code).toBe(0);
  });

  test("run: the examples are found and print results", async () => {
    const { code, stdout } = await synfire(["run", "examples/five-neurons.ts", "simtime=100"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/microsecondsPerStep +[\d.e-]+\n/);
  });

  test("Ctrl-C: the run ends, what was recorded is kept, and later runs are short", async () => {
    const file = await script("endless.ts", endless);
    let sent = false;
    const { code, stdout, stderr } = await synfire(
      ["run", file, "--json", "--threads", "1"],
      (text, kill) => {
        if (sent || !text.includes("going")) return;
        sent = true;
        kill();
      },
    );
    expect(stderr).toContain("what was recorded is kept");
    expect(code).toBe(0);
    const { first, time, recorded } = JSON.parse(stdout);
    expect(first).toBeGreaterThan(0);
    expect(time).toBeGreaterThanOrEqual(first);
    expect(time).toBeLessThan(1e8);
    expect(recorded).toBeGreaterThan(0);
  });

  test("Ctrl-C twice: 130", async () => {
    const file = await script(
      "stubborn.ts",
      `export default () => new Promise(() => { console.error("going"); setInterval(() => {}, 1000); });`,
    );
    let sent = 0;
    const { code } = await synfire(["run", file], (text, kill) => {
      if (sent === 0 && text.includes("going")) sent = 1;
      else if (sent === 1 && text.includes("again")) sent = 2;
      else return;
      kill();
    });
    expect(code).toBe(130);
  });

  test("errors of Synfire are told without a stack, others with one; both exit with 1", async () => {
    const ours = await script(
      "ours.ts",
      `import { Simulator } from "synfire"; (await Simulator.create()).create("iaf_psc_delt");`,
    );
    const told = await synfire(["run", ours]);
    expect(told.code).toBe(1);
    expect(told.stderr).toMatch(/^synfire: Unknown model "iaf_psc_delt"\. Did you mean "iaf_psc_delta"\?/);
    expect(told.stderr).not.toContain("    at ");

    const theirs = await script("theirs.ts", `type A = 1;\n\nthrow new TypeError("boom" as string);`);
    const traced = await synfire(["run", theirs]);
    expect(traced.code).toBe(1);
    expect(traced.stderr).toContain("TypeError: boom");
    expect(traced.stderr).toContain("theirs.ts:3");

    expect((await synfire(["run", join(folder, "none.ts")])).stderr).toContain("There is no file");
  });

  test.each([
    [["run", "x.ts", "--thread", "2"], 'Unknown option "--thread". Did you mean "--threads"?'],
    [["run", "x.ts", "--precision", "single"], 'precision must be "float32" or "float64", not single.'],
    [["run", "x.ts", "--seed", "one"], '--seed must be a number, not "one".'],
    [["run", "x.ts", "--out"], "value"],
    [["run"], "missing required args"],
    [["rum"], 'Unknown command "rum". Did you mean "run"?'],
    [["bench", "brunell"], 'Did you mean "brunel"?'],
    [["models", "iaf_psc_ex"], 'Did you mean "iaf_psc_exp"?'],
  ])("%j is an error", async (args, message) => {
    const { code, stdout, stderr } = await synfire(args);
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });

  test("--version, --help and models", async () => {
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    expect((await synfire(["--version"])).stdout).toContain(version);
    expect((await synfire(["--help"])).stdout).toContain("check <file>");
    expect((await synfire([])).stdout).toContain("run <file>");
    expect((await synfire(["run", "--help"])).stdout).toContain("--threads");
    const list = (await synfire(["models"])).stdout;
    expect(list).toContain("iaf_psc_exp");
    expect(list).toContain("poisson_generator");
    const text = await readFile(join(root, "src/models/iaf_psc_exp.nestml"), "utf8");
    expect((await synfire(["models", "iaf_psc_exp"])).stdout).toBe(text);
  });

  test("check: valid texts, the code they become, errors with their place", async () => {
    const good = join(root, "src/models/iaf_psc_exp.nestml");
    const valid = await synfire(["check", good]);
    expect(valid).toMatchObject({ code: 0, stdout: `${good}: iaf_psc_exp: valid\n` });
    expect((await synfire(["check", good, "--ir"])).stdout).toContain("exact propagators");
    const text = (await readFile(good, "utf8")).replace("tau_m ms = 10 ms", "tau_m ms = 10 mV");
    const bad = await synfire(["check", await script("bad.nestml", text)]);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/bad\.nestml:\d+:\d+: error: .*expected ms/);
    expect((await synfire(["check", "none.nestml"])).code).toBe(1);
  });

  test("bench: writes machine, settings and medians", async () => {
    const out = join(folder, "bench.json");
    const { code, stdout } = await synfire([
      "bench",
      "five-neurons",
      "simtime=100",
      "--runs",
      "2",
      "--json",
      "--out",
      out,
    ]);
    expect(code).toBe(0);
    const results = JSON.parse(stdout);
    expect(JSON.parse(await readFile(out, "utf8"))).toEqual(results);
    expect(results.machine.cores).toBeGreaterThan(0);
    const figure = results.results["five-neurons"].figures["delay 1 ms"].microsecondsPerStep;
    expect(figure.values).toHaveLength(2);
    expect(figure.median).toBeGreaterThan(0);
  });
});
