/** Small helpers of the tests of the simulator. */

import type { Simulator, SimulatorOptions } from "synfire";
import { SynfireError } from "synfire";
import { expect } from "vitest";
import { withSimulator } from "../conformance/setups.js";

/** Runs a test body with a simulator that is disposed of afterwards. */
export const using =
  (use: (sim: Simulator) => void | Promise<void>, options: SimulatorOptions = {}) =>
  () =>
    withSimulator(options, use);

/** The error that a call throws or rejects with; fails if it does neither. */
export async function errorOf(call: () => unknown): Promise<SynfireError> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(SynfireError);
    return error as SynfireError;
  }
  throw new Error("no error was thrown");
}

/** Checks code, key and parts of the message of an error. */
export async function expectError(
  call: () => unknown,
  code: string,
  key?: string,
  ...parts: readonly (string | RegExp)[]
): Promise<void> {
  const error = await errorOf(call);
  expect(error.code, error.message).toBe(code);
  if (key !== undefined) expect(error.key, error.message).toBe(key);
  for (const part of parts) expect(error.message).toMatch(part);
}
