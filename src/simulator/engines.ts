/** Chooses and starts an engine. */

import { cpuEngine } from "../engine/cpu/cpu-engine.js";
import { availableCores, canShareMemory } from "../engine/cpu/pool.js";
import { chooseDevices, isCudaName, parseCudaDevices } from "../engine/cuda/select-devices.js";
import type { Engine } from "../engine/engine.js";
import type { Network, SampleRequest } from "../engine/network.js";
import { referenceEngine } from "../engine/reference/reference-engine.js";
import { shareOf, type Team } from "../engine/team.js";
import { SynfireError } from "../errors.js";
import type { CheckedOptions } from "./options.js";

/** Below this many neurons, exchanging spikes between threads costs more than it saves. */
const WORTH_A_THREAD = 250;

export async function startEngine(
  network: Network,
  samples: readonly SampleRequest[],
  options: CheckedOptions,
  team?: Team,
): Promise<Engine> {
  const neurons = network.populations.reduce((n, p) => {
    const { from, to } = shareOf(p, team);
    return n + to - from;
  }, 0);
  const auto = canShareMemory()
    ? Math.max(
        1,
        Math.min(
          Math.floor((await availableCores()) / (team?.onHost ?? 1)),
          Math.floor(neurons / WORTH_A_THREAD),
        ),
      )
    : 1;
  const engineOptions = {
    threads: options.threads === "auto" ? auto : options.threads,
    tileSize: options.tileSize === "auto" ? undefined : options.tileSize,
    delivery: options.delivery,
    team,
    // one GPU for each rank of a host, unless they are named
    gpus:
      options.device === "cuda" && team
        ? [team.local]
        : isCudaName(options.device)
          ? parseCudaDevices(options.device)
          : [0],
    blocks: options.blocks === "auto" ? undefined : options.blocks,
  };
  if (isCudaName(options.device) && options.rehearse)
    throw new SynfireError(
      "bad-option",
      'rehearse: GPUs wait for each other\'s messages and cannot rehearse alone. Use device "cpu".',
      "rehearse",
    );
  if (isCudaName(options.device) || (options.device === "auto" && !team && (await cudaUsable()))) {
    // reaches native libraries, so never part of what a browser loads
    const { cudaEngine } = await import("../engine/cuda/cuda-engine.js");
    return cudaEngine(network, samples, engineOptions);
  }
  if (options.device === "reference" && team)
    throw new SynfireError("bad-option", 'device "reference" runs on one rank only.', "device");
  if (options.device === "reference") return referenceEngine(network, samples, engineOptions);
  return cpuEngine(network, samples, engineOptions);
}

let usable: Promise<boolean> | undefined;

/** Is there a GPU that "auto" can take? */
function cudaUsable(): Promise<boolean> {
  usable ??= (async () => {
    if (typeof process === "undefined" || !process.versions?.node) return false;
    try {
      const [{ openDriver }, { openCompiler }] = await Promise.all([
        import("../engine/cuda/ffi-driver.js"),
        import("../engine/cuda/nvrtc.js"),
      ]);
      chooseDevices(await openDriver(), [0]);
      await openCompiler();
      return true;
    } catch {
      return false;
    }
  })();
  return usable;
}
