/** From the option `device` to GPUs. */

import { SynfireError } from "../../errors.js";
import type { CudaDriver, DeviceInfo } from "./driver.js";

/** The oldest architecture (compute capability 7.0, Volta): threads of a warp must be able to wait for one another. */
const OLDEST = 70;

export const isCudaName = (device: string): device is `cuda${string}` => /^cuda(:|$)/.test(device);

/**
 * "cuda" is the first GPU, "cuda:1" the second, "cuda:0,2" two of them, "cuda:all" all.
 * @throws SynfireError "bad-option"
 */
export function parseCudaDevices(device: string): readonly number[] | "all" {
  const [, list] = /^cuda(?::(.*))?$/.exec(device) ?? [];
  if (device === "cuda") return [0];
  if (list === "all") return "all";
  const numbers = (list ?? "").split(",").map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  if (numbers.length > 16 || numbers.some(Number.isNaN) || new Set(numbers).size !== numbers.length)
    throw new SynfireError(
      "bad-option",
      `device must be "cuda", "cuda:0", a list of at most 16 different numbers such as "cuda:0,1", or "cuda:all", not "${device}".`,
      "device",
    );
  return numbers;
}

/** @throws SynfireError "no-cuda-device", "old-gpu" */
export function chooseDevices(driver: CudaDriver, wanted: readonly number[] | "all"): readonly DeviceInfo[] {
  const there = driver.devices.map((d) => `${d.index} (${d.name})`).join(", ");
  if (driver.devices.length === 0)
    throw new SynfireError("no-cuda-device", "CUDA's driver finds no GPU.", "device");
  const chosen = wanted === "all" ? driver.devices.slice(0, 16) : wanted.map((i) => driver.devices[i]);
  return chosen.map((d, k) => {
    if (d === undefined)
      throw new SynfireError(
        "no-cuda-device",
        `There is no CUDA device ${wanted[k]}; there are: ${there}.`,
        "device",
      );
    if (d.architecture >= OLDEST && !d.cooperative)
      throw new SynfireError(
        "old-gpu",
        `CUDA device ${d.index} (${d.name}) does not offer cooperative launches, which Synfire needs: on Windows its driver must be in TCC mode.`,
        "device",
      );
    if (d.architecture < OLDEST)
      throw new SynfireError(
        "old-gpu",
        `CUDA device ${d.index} (${d.name}) has compute capability ${(d.architecture / 10).toFixed(1)}; Synfire needs ${OLDEST / 10}.0 or later (Volta, 2017).`,
        "device",
      );
    return d;
  });
}
