/**
 * Where messages of blocks are put: into the memory of every GPU that can be reached, of this process and of others on its host, and,
 * for GPUs that cannot, into memory of the host, from which they are passed on (relay.ts).
 */

import { SynfireError } from "../../errors.js";
import type { Team } from "../team.js";
import { debugs } from "./debug.js";
import type { CudaDevice, DevicePointer, HostMemory } from "./driver.js";
import type { Shape } from "./shape.js";
import { MOST_TARGETS } from "./structs.js";

/** Bytes with which another process finds memory. */
const HANDLE = 64;

/** Messages of all blocks of all devices for a few steps: see kernels/mail.cu. */
export const mailBytes = (s: Pick<Shape, "mailDepth" | "allBlocks" | "mailWords">): number =>
  8 * s.mailDepth * s.allBlocks * s.mailWords;

/** What goes to other processes and comes from them through memory of the host. */
export interface HostMail {
  readonly ranks: readonly number[];
  readonly incoming: HostMemory;
  readonly outgoing: HostMemory;
}

/** The ranks whose GPUs cannot be reached: those of other hosts, and those that have been tried in vain. */
export const relayedRanks = (team: Team, unreachable: ReadonlySet<number>): number[] =>
  Array.from({ length: team.size }, (_, rank) => rank).filter(
    (rank) => rank !== team.rank && (!team.isHere(rank) || unreachable.has(rank) || debugs("relay")),
  );

export const openHostMail = (device: CudaDevice, shape: Shape, ranks: readonly number[]): HostMail => ({
  ranks,
  incoming: device.allocHost(mailBytes(shape)),
  outgoing: device.allocHost(mailBytes(shape)),
});

/** Places that a message is written to. @throws SynfireError "bad-option" if they are more than a kernel is told of */
export function countTargets(devices: number, team: Team | undefined, relayed: readonly number[]): number {
  const count = devices * ((team?.size ?? 1) - relayed.length) + (relayed.length > 0 ? 1 : 0);
  if (count > MOST_TARGETS)
    throw new SynfireError(
      "bad-option",
      `${count} GPUs of one host would write to each other; ${MOST_TARGETS} can. Use fewer of them.`,
      "device",
    );
  return count;
}

/** A rank's GPUs cannot reach those of others on its host. */
export class Unreachable extends Error {
  readonly ranks: ReadonlySet<number>;
  constructor(ranks: Iterable<number>) {
    super("GPUs of several ranks cannot reach each other.");
    this.ranks = new Set(ranks);
  }
}

/**
 * By device: the places that it writes its messages to. A collective call.
 * @param own - the mailboxes of the devices of this process
 * @throws Unreachable with the ranks that must be reached through the host, if there are any anywhere
 */
export function connectMailboxes(
  devices: readonly CudaDevice[],
  own: readonly DevicePointer[],
  team: Team | undefined,
  hostMail: HostMail | undefined,
): DevicePointer[][] {
  // other GPUs first, since it takes longer to get there; what the host passes on waits for it anyway
  const inOrder = (far: readonly DevicePointer[], k: number) => [
    ...far,
    ...own.filter((_, j) => j !== k),
    own[k]!,
    ...(hostMail ? [hostMail.outgoing.pointer] : []),
  ];
  if (!team) return devices.map((_, k) => inOrder([], k));
  const handles = new Uint8Array(HANDLE * devices.length);
  for (const [k, d] of devices.entries()) handles.set(d.exportMemory(own[k]!), HANDLE * k);
  const exported = team.gatherBytes(handles);
  const skipped = (rank: number) => rank === team.rank || (hostMail?.ranks.includes(rank) ?? false);
  const imported = exported.map((list, rank) => (skipped(rank) ? [] : reach(devices, list)));
  greet(devices, imported, team);
  // nobody reads before all have written
  team.min(0);
  const answered = greeted(devices, own, imported, team);
  const reached = team.gatherBytes(Uint8Array.from(answered, (there) => (there ? 1 : 0)));
  if (reached.some((row) => row.includes(0))) {
    const mutual = (rank: number) => reached[team.rank]![rank] === 1 && reached[rank]![team.rank] === 1;
    throw new Unreachable(
      exported.map((_, rank) => rank).filter((rank) => rank !== team.rank && !mutual(rank)),
    );
  }
  return devices.map((_, k) =>
    inOrder(
      imported.flatMap((there) => there![k] ?? []),
      k,
    ),
  );
}

/** what a device writes into the mailboxes of others to see whether they are what they seem */
const greeting = (rank: number, device: number): number => 1 + rank * 65536 + device;

function greet(
  devices: readonly CudaDevice[],
  imported: readonly (DevicePointer[][] | undefined)[],
  team: Team,
): void {
  devices.forEach((device, k) => {
    const at = 8 * (team.rank * devices.length + k);
    for (const there of imported)
      for (const pointer of there?.[k] ?? [])
        device.upload(pointer + at, Float64Array.of(greeting(team.rank, k)));
  });
}

/** by rank: whether what its devices have written is here */
function greeted(
  devices: readonly CudaDevice[],
  own: readonly DevicePointer[],
  imported: readonly (DevicePointer[][] | undefined)[],
  team: Team,
): boolean[] {
  const found = devices.map((device, k) => {
    const words = new Float64Array(devices.length * team.size);
    device.download(own[k]!, words);
    return words;
  });
  return imported.map((there, rank) => {
    if (!there) return false;
    // nothing is expected of oneself, or of those that are reached through the host
    if (there.length === 0) return true;
    return found.every((words) =>
      devices.every((_, k) => words[rank * devices.length + k] === greeting(rank, k)),
    );
  });
}

/** the mailboxes of another rank's devices, as each of these devices sees them; undefined if one cannot reach them */
function reach(devices: readonly CudaDevice[], handles: Uint8Array): DevicePointer[][] | undefined {
  try {
    return devices.map((d) =>
      Array.from({ length: handles.length / HANDLE }, (_, k) =>
        d.importMemory(handles.slice(HANDLE * k, HANDLE * (k + 1))),
      ),
    );
  } catch (error) {
    if (error instanceof SynfireError && error.code === "no-peer-access") return undefined;
    throw error;
  }
}

/** @throws SynfireError "bad-option" if ranks have different numbers of GPUs, or share a GPU */
export function checkCards(devices: readonly CudaDevice[], team: Team | undefined): void {
  if (!team) return;
  const bad = (message: string): never => {
    throw new SynfireError("bad-option", message, "device");
  };
  const lists = team
    .gatherBytes(new TextEncoder().encode(devices.map((d) => d.info.busId).join()))
    .map((b) => new TextDecoder().decode(b).split(","));
  const uneven = lists.findIndex((list) => list.length !== lists[0]!.length);
  if (uneven > 0)
    bad(
      `All ranks must use as many GPUs: rank 0 uses ${lists[0]!.length}, rank ${uneven} ${lists[uneven]!.length}.`,
    );
  for (const [rank, list] of lists.entries())
    for (const card of team.isHere(rank) ? list : []) {
      const other = lists.findIndex((l, r) => team.isHere(r) && l.includes(card));
      if (other !== rank)
        bad(
          `Ranks ${other} and ${rank} use the same GPU (${card}), which would make each wait for the other. Start as many ranks as there are GPUs, or name one for each rank: --device cuda:N.`,
        );
    }
}
