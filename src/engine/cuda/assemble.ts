/** Puts a network together on GPUs: layout, construction, kernels, mailboxes. */

import { SynfireError } from "../../errors.js";
import { type Calibration, calibrate } from "../calibration.js";
import type { Network, SampleRequest } from "../network.js";
import { runsOfIds } from "../runs.js";
import type { Team } from "../team.js";
import { type CommonPlan, CommonValues, nothingCommon } from "./common-values.js";
import { Construction } from "./construct.js";
import { cachedCubin } from "./cubin-cache.js";
import { DeviceNetwork, groupsOf } from "./device-network.js";
import type { CudaDevice, CudaDriver, Kernel } from "./driver.js";
import { drivesUsed, planDrives } from "./drives.js";
import { farDelay } from "./far-delay.js";
import { layOut, localBitsFor, populationFinder, type RankLayout, slotsPerBlock } from "./layout.js";
import { connectMailboxes, countTargets, openHostMail, relayedRanks } from "./mailboxes.js";
import { openCompiler } from "./nvrtc.js";
import { Relay } from "./relay.js";
import { blocksFor, inboxBytes, type Shape, shapeFor, wideRings } from "./shape.js";
import { buildSource, runSource } from "./sources.js";
import { dataBytes, planTables, type TablePlan } from "./tables.js";
import { mayHaveTrays } from "./trays.js";
import { planVariants } from "./variants.js";

/** What is between the processes of a run. */
export interface Others {
  readonly team: Team | undefined;
  readonly relay: Relay | undefined;
}

export interface Assembly {
  readonly network: Network;
  readonly calibration: Calibration;
  readonly layout: RankLayout;
  readonly shape: Shape;
  /** by device of this process */
  readonly parts: readonly DeviceNetwork[];
  readonly construction: Construction;
  readonly samples: readonly SampleRequest[];
  readonly others: Others;
}

/** @throws SynfireError "no-nvrtc", "no-peer-access", "out-of-memory" */
export async function assemble(
  network: Network,
  samples: readonly SampleRequest[],
  driver: CudaDriver,
  devices: readonly CudaDevice[],
  wantedBlocks: number | undefined,
  team: Team | undefined,
  unreachable: ReadonlySet<number>,
): Promise<Assembly> {
  const cubin = (text: string, name: string, device: CudaDevice) =>
    cachedCubin(() => openCompiler({ driver: driver.version, architectures: [device.info.architecture] }), {
      text,
      name,
      architecture: device.info.architecture,
    });
  const source = buildSource();
  const constructions: Construction[] = [];
  for (const device of devices) {
    const module = device.load(await cubin(source, "construction.cu", device));
    const construction = new Construction(device, module, network);
    construction.count();
    constructions.push(construction);
  }
  const { counts } = constructions[0]!;
  const calibration = calibrate(network, counts);
  const { variants, variantOf } = planVariants(network, calibration);
  const wide = wideRings(network, calibration);
  // all devices of all ranks get the same blocks: what the least of them holds
  const agreed = (own: number) => (team ? team.min(own) : own);
  const least = (pick: (info: CudaDevice["info"]) => number) =>
    agreed(Math.min(...devices.map((d) => pick(d.info))));
  const processes = team?.size ?? 1;
  const deviceCount = devices.length * processes;
  const firstDevice = devices.length * (team?.rank ?? 0);
  const info = {
    ...devices[0]!.info,
    sharedMemory: least((i) => i.sharedMemory),
    l2Cache: least((i) => i.l2Cache),
    multiprocessors: least((i) => i.multiprocessors),
    threadsPerBlock: least((i) => i.threadsPerBlock),
  };
  const blocks = agreed(blocksFor(network, info, variants, deviceCount, wantedBlocks));
  const allBlocks = blocks * deviceCount;
  const slots = slotsPerBlock(network.populations, variantOf, processes, allBlocks / processes);
  const tables = planTables(network, calibration, wide, localBitsFor(slots), counts);
  const outside = externalIds(network);
  const layout = layOut(
    network,
    variantOf,
    tablesOf(network, tables),
    outside,
    deviceCount,
    blocks,
    processes,
  );
  const synapses = network.projections.reduce((n, p) => n + counts(p).total, 0);
  const slice = synapses / Math.max(1, layout.sourceCount) / allBlocks;
  const far = farDelay(network, calibration);
  const drives = planDrives(network, calibration);
  const shapeWith = (trays: boolean) =>
    shapeFor({
      ...{ network, calibration, info, variants, tables, wide, slots, layout, trays },
      ...{ synapsesPerSlice: slice, farDelay: far, drives: drives.length },
    });
  const without = shapeWith(false);
  const needed = checkMemory(devices, deviceCount, tables, layout, without);
  const trays = mayHaveTrays(tables, without, slice);
  const counted = constructions.map((c, k) =>
    c.countTables(tables, layout, (firstDevice + k) * blocks, trays, needed),
  );
  const everywhere = trays && counted.every((list) => list.every((t) => t.trays !== undefined));
  const shape = everywhere ? shapeWith(true) : without;
  const relayed = team ? relayedRanks(team, unreachable) : [];
  const mail = { targets: countTargets(devices.length, team, relayed), relayed };
  const hostMail = relayed.length > 0 ? openHostMail(devices[0]!, shape, relayed) : undefined;
  const uses = {
    ...{ mail, external: outside.length > 0, sampled: samples.length > 0 },
    ...drivesUsed(drives),
  };
  const parts: DeviceNetwork[] = [];
  for (const [k, device] of devices.entries()) {
    const index = firstDevice + k;
    const built = constructions[k]!.makeRows(counted[k]!, layout);
    const groups = groupsOf(built, layout.processes);
    const common = new CommonValues(network, variants, variantOf);
    const trayBytes = Math.max(0, ...built.map((t) => t.trayBytes));
    const load = async (plan: CommonPlan) => {
      const text = runSource(shape, groups, { ...uses, trayBytes, common: plan });
      return device.load(await cubin(text, "network.cu", device));
    };
    const module = await load(common.plan);
    // the host makes everything else meanwhile
    constructions[k]!.fill();
    let plain: Promise<Kernel> | undefined;
    parts.push(
      new DeviceNetwork({
        ...{ device, index, network, calibration, layout, shape, variantOf, drives, samples },
        ...{ tables: built, groups },
        relayed: hostMail?.incoming.pointer ?? 0,
        common,
        kernel: module.kernel("runSteps"),
        plainKernel: () => (plain ??= load(nothingCommon(variants)).then((m) => m.kernel("runSteps"))),
        recordKernels: {
          count: module.kernel("countRecords"),
          scan: module.kernel("scanRecords"),
          place: module.kernel("placeRecords"),
          rank: module.kernel("rankRecords"),
        },
      }),
    );
  }
  for (const [k, device] of devices.entries()) {
    device.synchronize();
    constructions[k]!.dispose();
  }
  const targets = connectMailboxes(
    devices,
    parts.map((p) => p.mail),
    team,
    hostMail,
  );
  for (const [k, p] of parts.entries()) p.connect(targets[k]!);
  const relay = hostMail && new Relay(shape, hostMail, team!);
  const construction = constructions[0]!;
  return { network, calibration, layout, shape, parts, construction, samples, others: { team, relay } };
}

/** ids that send spikes and are no neurons: generators, and what their weights are published under */
function externalIds(network: Network): number[] {
  const find = populationFinder(network.populations);
  const ids = new Set<number>();
  for (const p of network.projections) {
    const { sources } = p.endpoints;
    const runs =
      p.alias === undefined ? runsOfIds(sources) : [{ position: 0, first: p.alias, length: sources.length }];
    for (const r of runs) {
      for (let id = Math.max(0, r.first); id < r.first + r.length; ) {
        const k = find(id);
        if (k < 0) ids.add(id++);
        else id = network.populations[k]!.first + network.populations[k]!.size;
      }
    }
  }
  return [...ids].sort((a, b) => a - b);
}

/** by population: the tables that its neurons have synapses in, so that those with the same can become neighbours */
function tablesOf(network: Network, tables: readonly TablePlan[]): string[] {
  const lists = network.populations.map((): string[] => []);
  tables.forEach((t, k) => {
    const sources = new Set(t.parts.map(({ part }) => network.projections[part.projection]!));
    network.populations.forEach((q, i) => {
      for (const p of sources) {
        if (p.alias !== undefined) continue;
        const own = runsOfIds(p.endpoints.sources);
        if (!own.some((r) => r.first < q.first + q.size && q.first < r.first + r.length)) continue;
        lists[i]!.push(String(k).padStart(6, "0"));
        break;
      }
    });
  });
  return lists.map((l) => l.join());
}

/** @returns bytes on each GPU, without trays @throws SynfireError "out-of-memory" before synapses are allocated */
function checkMemory(
  devices: readonly CudaDevice[],
  deviceCount: number,
  tables: readonly TablePlan[],
  layout: RankLayout,
  shape: Shape,
): number {
  const rows = tables.length * Math.min(layout.sourceCount, layout.slots * layout.allBlocks) * layout.blocks;
  const cells = layout.slots * layout.blocks;
  const needed =
    dataBytes(tables) / deviceCount +
    rows * 6 +
    (shape.ringBytes + inboxBytes(shape)) * layout.blocks +
    cells * 8 * (8 + shape.variants.reduce((n, v) => Math.max(n, v.reals + v.ints), 0));
  for (const d of devices) {
    const free = d.freeMemory();
    if (needed > free)
      throw new SynfireError(
        "out-of-memory",
        `The network needs about ${(needed / 2 ** 30).toFixed(2)} GiB on each GPU; ${d.info.name} has ${(free / 2 ** 30).toFixed(2)} GiB free.`,
        "device",
      );
  }
  return needed;
}
