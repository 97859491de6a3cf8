/** Mailboxes of two ranks with a GPU each: used only where what one writes is what the other reads. */

import { expect, test } from "vitest";
import type { CudaDevice } from "../../src/engine/cuda/driver.js";
import { connectMailboxes, Unreachable } from "../../src/engine/cuda/mailboxes.js";
import type { Team } from "../../src/engine/team.js";
import { SynfireError } from "../../src/errors.js";

const OWN = 4096;
const THEIRS = 8192;

/** rank 0's side, where the other rank's writes arrive or not, and its mailbox can be opened or not */
function connect(arrives: boolean, opens = true): number[][] {
  const own = new Float64Array(2);
  const written = new Map<number, number>();
  const device = {
    exportMemory: () => new Uint8Array(64),
    importMemory: () => {
      if (!opens) throw new SynfireError("no-peer-access", "not connected");
      return THEIRS;
    },
    upload: (to: number, data: Float64Array) => void written.set(to, data[0]!),
    download: (_: number, into: Float64Array) => into.set(own),
  } as unknown as CudaDevice;
  const team = {
    rank: 0,
    size: 2,
    // the other rank is as this one
    gatherBytes: (bytes: Uint8Array) => [bytes, bytes.slice().reverse()],
    min: (n: number) => {
      // rank 1 writes behind what rank 0 would write, the same words but for its number
      if (arrives) own[1] = 65_537;
      return n;
    },
  } as unknown as Team;
  const targets = connectMailboxes([device], [OWN], team, undefined);
  expect([...written]).toEqual([[THEIRS, 1]]);
  return targets;
}

test("messages go to the mailbox of the other rank, then to the own", () => {
  expect(connect(true)).toEqual([[THEIRS, OWN]]);
});

test("what does not arrive, or cannot be opened, goes through the host", () => {
  for (const attempt of [() => connect(false), () => connect(true, false)]) {
    let caught: unknown;
    try {
      attempt();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(Unreachable);
    expect([...(caught as Unreachable).ranks]).toEqual([1]);
  }
});
