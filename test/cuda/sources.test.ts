/** The CUDA C++ that is printed: a snapshot for readers, and compiled by NVIDIA's compiler where there is one. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { calibrate } from "../../src/engine/calibration.js";
import { CommonValues, nothingCommon } from "../../src/engine/cuda/common-values.js";
import { openCompiler } from "../../src/engine/cuda/nvrtc.js";
import { buildSource, runSource } from "../../src/engine/cuda/sources.js";
import { planVariants, printUpdate } from "../../src/engine/cuda/variants.js";
import { networks } from "../conformance/networks.js";
import { lowered, onLargeGpu } from "./lowered.js";

/** what would run on a large GPU, with `slots` neurons per block */
async function sourceOf(
  name: string,
  precision: "float32" | "float64",
  slots: number,
  synapsesPerSlice = 30,
  trayBytes = 0,
  uses = { external: true, sampled: true, drives: 2, driveEntries: true },
): Promise<string> {
  const network = networks.find((n) => n.name === name)!;
  const options = { synapsesPerSlice, trays: trayBytes > 0, drives: uses.drives };
  const { net, variants, variantOf, tables, shape } = await onLargeGpu(network, precision, slots, options);
  return runSource(
    shape,
    { starts: [0], tables: [tables.map((_, k) => k)], rowBytes: 288 },
    {
      mail: { targets: 1, relayed: [] },
      ...{ trayBytes, ...uses },
      common: new CommonValues(net, variants, variantOf).plan,
    },
  );
}

test("a model as it is printed", async () => {
  const net = await lowered(networks.find((n) => n.name === "model iaf_psc_exp")!, "float32");
  const { variants, variantOf } = planVariants(net, calibrate(net));
  const common = new CommonValues(net, variants, variantOf).plan;
  expect(printUpdate(variants, common, { rolled: false, late: false })).toMatchSnapshot();
  expect(printUpdate(variants, nothingCommon(variants), { rolled: false, late: true })).toMatchSnapshot();
});

/** a function that compiles, or undefined */
async function compiler(): Promise<((source: string) => void) | undefined> {
  if (process.env.SYNFIRE_NVRTC_LIBRARY === undefined) {
    try {
      const nvrtc = await openCompiler();
      return (source) => void nvrtc.compile(source, "test.cu", 90);
    } catch {
      // no NVRTC: perhaps there is nvcc
    }
  }
  try {
    execFileSync("nvcc", ["--version"], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  return (source) => {
    const folder = mkdtempSync(join(tmpdir(), "synfire-nvcc-"));
    try {
      writeFileSync(join(folder, "test.cu"), source);
      execFileSync("nvcc", [
        "-arch=sm_90",
        "--fmad=false",
        "-cubin",
        "-o",
        join(folder, "test.cubin"),
        join(folder, "test.cu"),
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

const compile = await compiler();
if (!compile)
  console.info("absent here: NVRTC and nvcc; printed CUDA is compiled by the emulator's C++ compiler only");

test.skipIf(!compile).each([
  ["model iaf_psc_exp", "float32", 585],
  ["model iaf_psc_alpha", "float64", 585],
  ["model aeif_cond_beta_multisynapse", "float32", 2000],
] as const)("NVIDIA's compiler takes %s, %s, %i neurons per block", async (name, precision, slots) => {
  compile!(await sourceOf(name, precision, slots));
});

test.skipIf(!compile).each([0, 1, 2])(
  "NVIDIA's compiler takes what has nothing but %i generators",
  async (drives) => {
    const uses = { external: false, sampled: false, drives, driveEntries: false };
    for (const slots of [400, 2000])
      compile!(await sourceOf("model iaf_psc_exp", "float32", slots, 30, 0, uses));
  },
);

test.each([
  ["model iaf_psc_exp", 1500, 8, 1],
  ["model iaf_psc_exp", 1500, 30, 0],
  ["model iaf_psc_exp", 400, 8, 1],
  ["model iaf_psc_exp", 400, 20, 0],
  ["model aeif_cond_beta_multisynapse", 400, 4, 1],
  ["model aeif_cond_beta_multisynapse", 400, 8, 0],
  ["model aeif_cond_beta_multisynapse", 100, 8, 1],
] as const)(
  "%s, %i neurons per block, %i synapses per slice: do lanes share slices? %i",
  async (name, slots, per, shared) => {
    const source = await sourceOf(name, "float32", slots, per);
    expect(source).toContain(`#define SHORT_SLICES ${shared}\n`);
    if (shared === 1) compile?.(source);
  },
);

test.each([
  ["model iaf_psc_exp", 400, 4, 16],
  ["model iaf_psc_exp", 1500, 8, 32],
  ["model aeif_cond_beta_multisynapse", 400, 8, 32],
] as const)(
  "%s, %i neurons per block, %i synapses per slice, trays of %i bytes: no lane waits for others",
  async (name, slots, per, trayBytes) => {
    const source = await sourceOf(name, "float32", slots, per, trayBytes);
    expect(source).toContain("#define GROUPED 0\n");
    expect(source).toContain("#define SHORT_SLICES 0\n");
    compile?.(source);
  },
);

test.skipIf(!compile)("NVIDIA's compiler takes the construction kernels", () => {
  compile!(buildSource());
});
