/**
 * Where messages of blocks are put: into the memory of every GPU that can be reached, of this process and of others on its host, and,
 * for GPUs that cannot, into memory of the host, from which they are passed on (relay.ts).
 */

import { SynfireError } from "../../errors.js";
import type { Team } from "../team.js";
import { debugs } from "./debug.js";
import type { CudaDevice, DevicePointer, HostMemory } from "./driver.js";
import type { Shape } from "./shape.js";

/** Bytes with which another process finds memory. */
const HANDLE = 64;
/** Places for messages that a kernel is told of. */
export const MOST_TARGETS = 16;

/** Messages of all blocks of all devices for a few steps: see kernels/mail.cu. */
export const mailBytes = (s: Pick<Shape, "mailDepth" | "allBlocks" | "mailWords">): number =>
  8 * s.mailDepth * s.allBlocks * s.mailWords;

/** Mailboxes of the devices of this process. */
export interface Mailboxes {
  /** by device: where it reads, and where it writes */
  readonly own: readonly DevicePointer[];
  readonly targets: readonly (readonly DevicePointer[])[];
  /** processes that are reached through the host, and memory for what comes from and goes to them */
  readonly relayed: readonly number[];
  readonly incoming: HostMemory | undefined;
  readonly outgoing: HostMemory | undefined;
  /** not 0 once nobody shall wait any longer for a process that has ended; undefined where there is one process */
  readonly givenUp: HostMemory | undefined;
}

/** A collective call. @throws SynfireError "bad-option" if more devices can be reached than a kernel is told of */
export function openMailboxes(
  devices: readonly CudaDevice[],
  shape: Shape,
  team: Team | undefined,
): Mailboxes {
  const bytes = mailBytes(shape);
  const own = devices.map((d) => d.alloc(bytes));
  if (!team)
    return {
      own,
      targets: devices.map(() => own),
      ...{ relayed: [], incoming: undefined, outgoing: undefined, givenUp: undefined },
    };
  const handles = new Uint8Array(HANDLE * devices.length);
  for (const [k, d] of devices.entries()) handles.set(d.exportMemory(own[k]!), HANDLE * k);
  const exported = team.gatherBytes(handles);
  // by rank: the addresses of its mailboxes by device of this process, or undefined
  const imported = exported.map((list, rank) =>
    rank === team.rank ? undefined : reach(devices, list, team, rank),
  );
  const known = team.gatherBytes(Uint8Array.from(imported, (i) => (i ? 1 : 0)));
  const mutual = (rank: number) => known[team.rank]![rank] === 1 && known[rank]![team.rank] === 1;
  const relayed = exported.flatMap((_, rank) => (rank === team.rank || mutual(rank) ? [] : [rank]));
  const host = relayed.length > 0 ? [devices[0]!.allocHost(bytes), devices[0]!.allocHost(bytes)] : [];
  const [incoming, outgoing] = host;
  const targets = devices.map((_, k) => [
    ...own,
    ...imported.flatMap((there, rank) => (there && mutual(rank) ? there[k]! : [])),
    ...(outgoing ? [outgoing.pointer] : []),
  ]);
  if (targets[0]!.length > MOST_TARGETS)
    throw new SynfireError(
      "bad-option",
      `The GPUs of this host are ${targets[0]!.length}; ${MOST_TARGETS} can reach each other at most. Use fewer ranks or GPUs.`,
      "device",
    );
  const givenUp = devices[0]!.allocHost(8);
  givenUp.words.fill(0);
  return { own, targets, relayed, incoming, outgoing, givenUp };
}

/** the mailboxes of another rank's devices, as each of these devices sees them; undefined if one cannot reach them */
function reach(
  devices: readonly CudaDevice[],
  handles: Uint8Array,
  team: Team,
  rank: number,
): DevicePointer[][] | undefined {
  if (!team.isHere(rank) || debugs("relay")) return undefined;
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
