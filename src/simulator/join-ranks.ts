/** The ranks that a simulator belongs to, by its options and by how the process was started. */

import { launched } from "../ranks/launcher.js";
import { rehearsal } from "../ranks/rehearsal.js";
import type { Ranks } from "../ranks/world.js";
import type { CheckedOptions } from "./options.js";

export type { Ranks };

/** @returns undefined for a simulator that stands alone */
export async function joinRanks(options: CheckedOptions): Promise<Ranks | undefined> {
  if (options.rehearse) return rehearsal({ ...options.rehearse, resolution: options.resolution });
  if (options.ranks === "none" || (options.ranks === "auto" && (launched()?.size ?? 1) === 1))
    return undefined;
  // reaches native libraries, so never part of what a browser loads
  const { joinWorld } = await import("../ranks/join.js");
  const world = await joinWorld();
  return world.size > 1 ? world : undefined;
}
