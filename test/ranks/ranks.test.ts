/** Several ranks on one machine: the spikes of one process, and what happens when ranks disagree, fail or end. */

import { afterEach, expect, describe as group, it, vi } from "vitest";
import { neverReturns } from "../../src/ranks/mpi.js";
import { cudaHere } from "../conformance/setups.js";
import { absent, MPICH, mpichAbsent, PATIENT_MPICH, ranks } from "./mpi.js";

// these networks run for long enough
process.env.SYNFIRE_EMULATOR_OPT = "-O1";

afterEach(() => {
  vi.unstubAllEnvs();
});

it("names what is absent", () => {
  if (cudaHere !== "emulated")
    console.log(
      `not run here: ranks on GPUs. ${cudaHere === "gpu" ? "Run bench ring --device cuda on a host with two" : "There is no emulated GPU"}`,
    );
  if (absent) console.log(`not run here: several ranks. ${absent}`);
  if (mpichAbsent) console.log(`not run here: ranks under MPICH. ${mpichAbsent}`);
});

interface Probe {
  readonly hash: string;
  readonly spikes: number;
  readonly spikeCount: number;
  readonly modes: readonly string[];
}

async function probe(
  n: number,
  words: readonly string[] = [],
  launcher?: string,
): Promise<Record<string, Probe>> {
  const { stdout, stderr, code } = await ranks(n, "probe.ts", ["--json", ...words], launcher);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, Probe>;
}

let gpuReference: ReturnType<typeof probe> | undefined;
/** what ranks on GPUs must give */
const alone = (): ReturnType<typeof probe> => (gpuReference ??= probe(1, ["threads=1"]));

/** what each rank has said */
async function said(
  n: number,
  name: string,
  words: readonly string[] = [],
  launcher?: string,
): Promise<{ results: unknown[]; stderr: string; code: number | null }> {
  const { stdout, stderr, code } = await ranks(n, "cases.ts", [`case=${name}`, ...words], launcher);
  const results: unknown[] = [];
  for (const line of stdout.split("\n").filter((l) => l.startsWith("{"))) {
    const { rank, result } = JSON.parse(line) as { rank: number; result: unknown };
    results[rank] = result;
  }
  return { results, stderr, code };
}

/** why a rank cannot go on that has lost another one, of this host or of another */
const lost = (rank: number, dead: number, where: "" | " on host of process \\d+") =>
  new RegExp(
    `^rank-lost: Rank ${rank} cannot go on: .*rank ${dead} \\(process \\d+${where}\\).* ended during the run`,
  );
const [HERE, ELSEWHERE] = ["", " on host of process \\d+"] as const;

/** what a rank says that has lost another in the cases "killed" and "far" */
function expectKept(result: unknown, stderr: string, error: RegExp): void {
  const r = result as Record<"before" | "n" | "time" | "last", number> & { error: string; same: boolean };
  expect(r?.error, stderr).toMatch(error);
  expect(r.n).toBeGreaterThan(r.before);
  // recorded up to the interval in which it was noticed
  expect(r.time - r.last).toBeLessThan(10);
  expect(r.same, "the spikes are those of an undisturbed run").toBe(true);
}

group.skipIf(absent)("several ranks", { timeout: 120_000 }, () => {
  it("have the same spikes and potentials, whatever their number and that of their threads", async () => {
    const alone = await probe(1);
    expect(Object.keys(alone).length).toBe(12);
    for (const n of [2, 3, 4]) {
      const modes = new Set<string>();
      for (const [name, { hash, spikes, spikeCount, modes: used }] of Object.entries(await probe(n))) {
        expect(alone[name]!.spikes).toBeGreaterThan(500);
        expect({ hash, spikes, spikeCount }, `${name}, ${n} ranks`).toEqual({
          hash: alone[name]!.hash,
          spikes: alone[name]!.spikes,
          spikeCount: alone[name]!.spikes,
        });
        expect(used.length).toBe(n);
        for (const mode of used) modes.add(mode);
      }
      expect([...modes].sort()).toEqual(["collective", "point-to-point"]);
    }
  });

  /** a GPU for each rank; a host with one GPU has none for a second rank */
  it.skipIf(cudaHere !== "emulated")(
    "have them on GPUs, too, which reach into each other's memory",
    async () => {
      const reference = await alone();
      const blocks = ["threads=1", "device=cuda", "blocks=3"];
      // records are full every few steps: all blocks of all ranks must end in the same one; synapses lie in trays
      vi.stubEnv("SYNFIRE_DEBUG", "full,trays");
      for (const [name, { hash, spikes }] of Object.entries(await probe(2, blocks)))
        expect({ hash, spikes }, name).toEqual({
          hash: reference[name]!.hash,
          spikes: reference[name]!.spikes,
        });
    },
  );

  it.skipIf(cudaHere !== "emulated")(
    "have them, too, on GPUs that do not reach each other: the host passes messages on",
    async () => {
      const reference = await alone();
      // memory of the other process cannot be opened; all ranks as if on hosts of their own
      for (const [n, blocks, variable, value] of [
        [2, 3, "SYNFIRE_EMULATED_IPC", "0"],
        [3, 2, "SYNFIRE_DEBUG", "relay,full"],
      ] as const) {
        vi.stubEnv("SYNFIRE_EMULATED_DEVICES", "3");
        vi.stubEnv(variable, value);
        for (const [name, { hash, spikes }] of Object.entries(
          await probe(n, ["threads=1", "device=cuda", `blocks=${blocks}`]),
        ))
          expect({ hash, spikes }, `${n} ranks: ${name}`).toEqual({
            hash: reference[name]!.hash,
            spikes: reference[name]!.spikes,
          });
        vi.unstubAllEnvs();
      }
    },
  );

  it.skipIf(cudaHere !== "emulated")("refuse to share a GPU", async () => {
    const { code, stderr } = await ranks(2, "probe.ts", ["threads=1", "device=cuda:0"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("Ranks 0 and 1 use the same GPU");
  });

  it("speak only to those who need it: neighbours in a ring", async () => {
    const { results, stderr } = await said(4, "ring");
    expect(results, stderr).toEqual([[1], [2], [3], [0]]);
  });

  it("brings spikes from every neuron to every rank, in time and with their weights", async () => {
    const n = 3;
    const { results, stderr } = await said(n, "remote");
    for (let to = 0; to < n; to++) {
      const expected: number[][] = [];
      for (let from = 0; from < n; from++)
        for (let i = 0; i < 3; i++)
          // parrots repeat after 0.1 ms; a sample at the end of a step shows what has arrived in it
          expected.push([
            Number((10 + 20 * from + 5 * i + 0.1 + 100 + 10 * to).toFixed(1)),
            5 + 10 * i + from,
          ]);
      expected.sort((a, b) => a[0]! - b[0]!);
      expect(results[to], stderr).toEqual({ jumps: expected, spikes: 9 });
    }
  });

  it("keeps what is a rank's own apart, and says where the rest is", async () => {
    const { results, stderr } = await said(2, "local");
    const [a, b] = results as Record<string, unknown>[];
    expect(a, stderr).toMatchObject({ I_e: [1, 2, 3, 4], ids: [0, 1, 2, 3], same: true, connections: 10 });
    expect(b).toMatchObject({ I_e: [11, 12, 13, 14], ids: [4, 5, 6, 7], same: true, connections: 10 });
    expect(b!.state).toEqual(a!.state);
    for (const r of [a!, b!]) {
      expect(r.away).toMatch(/^bad-nodes: V_m of node \d+ is known to rank \d only/);
      expect(r.mixed).toMatch(/^bad-nodes: connect: sources are nodes that each rank has of its own/);
      expect(r.wrong).toMatch(/^bad-rank: sources: node 13 is not on rank 0/);
      expect(r.rank).toBe("bad-rank: rank must be a rank: an integer from 0 to 1, not 2.");
    }
  });

  it("names the first call that differs between ranks", async () => {
    const { stderr, code } = await said(2, "disagree");
    expect(code).not.toBe(0);
    expect(stderr).toContain(
      'Call 2 is connect(10, 10, {rule: "fixed_indegree", indegree: 2}, {}) on rank 0, but connect(10, 10, {rule: "fixed_indegree", indegree: 3}, {}) on rank 1',
    );
  });

  it("names a call that only some ranks have made", async () => {
    const { stderr } = await said(2, "fewer");
    expect(stderr).toContain(
      'Call 2 is create("iaf_psc_exp", 1, 0 values) on rank 0, but nothing more on rank 1',
    );
  });

  it("stops all ranks where a neuron of one fails, with the recordings until then", async () => {
    const { results, stderr } = await said(3, "failing");
    const all = results as { error: string; time: number; last: number; n: number }[];
    expect(all[1]!.error, stderr).toMatch(/^numerical-instability/);
    const when = /at ([\d.]+) ms/.exec(all[1]!.error)![1]!;
    for (const r of [all[0]!, all[2]!]) {
      expect(r.error).toMatch(/^rank-lost: Rank 1 has stopped the run at/);
      expect(Number(/at ([\d.]+) ms/.exec(r.error)![1])).toBe(Number(when));
    }
    for (const r of all) {
      expect(r.n).toBeGreaterThan(0);
      expect(r.last).toBeLessThan(Number(when));
    }
  });

  const deaths: readonly { where: string; words: readonly string[]; debug: string }[] = [
    { where: "on CPUs", words: [], debug: "" },
    ...(cudaHere === "emulated"
      ? [
          { where: "on GPUs", words: ["--device", "cuda"], debug: "" },
          { where: "on GPUs that do not reach each other", words: ["--device", "cuda"], debug: "relay" },
        ]
      : []),
  ];
  it.each(deaths)(
    "end within seconds when one of them is killed, and lose nothing, $where",
    async ({ words, debug }) => {
      vi.stubEnv("SYNFIRE_DEBUG", debug);
      vi.stubEnv("SYNFIRE_EMULATED_DEVICES", "3");
      const began = performance.now();
      const { results, code, stderr } = await said(3, "killed", words);
      expect((performance.now() - began) / 1000).toBeLessThan(10);
      expect(code).not.toBe(0);
      for (const rank of [0, 2]) expectKept(results[rank], stderr, lost(rank, 1, HERE));
    },
  );

  it("are told by the launcher of one that was killed on another host, while they wait for it, and lose nothing", async () => {
    const began = performance.now();
    // it leaves a rank 3 s, not 1, for saving
    const patient = process.env.SYNFIRE_MPIRUN ?? "mpirun.openmpi --mca odls_base_sigkill_timeout 3";
    const { results, code, stderr } = await said(2, "far", [], patient);
    expect((performance.now() - began) / 1000).toBeLessThan(10);
    expect(code).not.toBe(0);
    expectKept(
      results[0],
      stderr,
      /^rank-lost: (The launcher has asked rank 0 to end|Rank 0 cannot go on: rank 1)/,
    );
  });

  it.each([
    { dead: 2, others: [0, 1] },
    { dead: 0, others: [1, 2] },
  ])("see that rank $dead was killed on another host, also if the launcher does nothing", async (c) => {
    const began = performance.now();
    const indifferent = process.env.SYNFIRE_MPIRUN ?? "mpirun.openmpi --enable-recovery";
    const { results, stderr } = await said(3, "far", [`killed=${c.dead}`], indifferent);
    expect((performance.now() - began) / 1000).toBeLessThan(10);
    for (const rank of c.others) expectKept(results[rank], stderr, lost(rank, c.dead, ELSEWHERE));
  });

  it.each(deaths.slice(0, 2))(
    "end when the launcher asks one of them to, and lose nothing, $where",
    async ({ words }) => {
      const { results, stderr } = await said(2, "asked", words);
      const [asked, other] = results as { error: string; before: number; n: number }[];
      expect(asked?.error, stderr).toMatch(/^rank-lost: The launcher has asked rank 0 to end/);
      expect(other?.error, stderr).toMatch(/^rank-lost: Rank 1 cannot go on: rank 0 \(process \d+\) ended/);
      for (const r of [asked!, other!]) expect(r.n).toBeGreaterThan(r.before);
      expect(asked).toMatchObject({ heard: true });
    },
  );

  it("does not wait for a rank whose script has ended", async () => {
    const { results } = await said(2, "early");
    expect(results[1]).toBe("done");
    expect(results[0]).toMatch(
      /^rank-lost: Rank 1 has come to the end of its script, while rank 0 waits for it/,
    );
  });
});

group.skipIf(mpichAbsent)("ranks under MPICH", { timeout: 120_000 }, () => {
  it.each(["killed", "far"])(
    "lose nothing when one of them ends, if the launcher lets them live (%s)",
    async (name) => {
      const { results, stderr } = await said(3, name, [], PATIENT_MPICH);
      for (const rank of [0, 2])
        expectKept(results[rank], stderr, lost(rank, 1, name === "far" ? ELSEWHERE : HERE));
    },
  );

  it("have the same spikes and potentials", async () => {
    const [one, three] = [await probe(1, ["threads=1"]), await probe(3, ["threads=1"], MPICH)];
    expect(Object.keys(three).length).toBe(6);
    for (const [name, { hash, spikes }] of Object.entries(three))
      expect({ hash, spikes }, name).toEqual({ hash: one[name]!.hash, spikes: one[name]!.spikes });
  });

  it.skipIf(absent)("say that a library of another kind takes each of them to be alone", async () => {
    vi.stubEnv("SYNFIRE_MPI_LIBRARY", "libmpi.so.40");
    const { stderr, code } = await said(2, "ring", [], MPICH);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/has started 2 processes, but libmpi\.so\.40 takes this one to be alone: /);
  });

  it("come to an end, also where their messages go over sockets", async () => {
    vi.stubEnv("UCX_TLS", "tcp,self");
    // MPI_Finalize of MPICH 4.0 does not return in most such runs
    for (let k = 0; k < 3; k++) {
      const { results, code, stderr } = await said(4, "ring", [], MPICH);
      expect(code, stderr).toBe(0);
      expect(results).toEqual([[1], [2], [3], [0]]);
    }
  });
});

it("knows the MPICH whose end is a deadlock", () => {
  const version = (v: string, device: string) =>
    `MPICH Version:\t${v}\nMPICH Release date:\tThu Apr  7 2022\nMPICH Device:\t${device}\n`;
  expect(["3.4.3", "4.0.2", "4.1"].map((v) => neverReturns(version(v, "ch4:ucx")))).toEqual([
    true,
    true,
    true,
  ]);
  expect(["4.2.0", "4.3.1", "5.0.0"].some((v) => neverReturns(version(v, "ch4:ucx")))).toBe(false);
  expect(neverReturns(version("4.0.2", "ch4:ofi"))).toBe(false);
  expect(neverReturns("Open MPI v4.1.4, package: Debian OpenMPI")).toBe(false);
});

it("says which libraries were looked for if there is none", async () => {
  const { openMpi } = await import("../../src/ranks/mpi.js");
  process.env.SYNFIRE_MPI_LIBRARY = "libnot-there.so";
  try {
    await expect(openMpi(undefined)).rejects.toThrow(
      /No MPI library was found\. Install one .* Looked for libnot-there\.so: /,
    );
  } finally {
    delete process.env.SYNFIRE_MPI_LIBRARY;
  }
});
