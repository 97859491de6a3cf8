/**
 * Checks of arguments that the statistics share. All of them throw a SynfireError with the code "bad-argument"
 * and the name of the argument as its key.
 */
import { SynfireError } from "../errors.js";

/** The error for an argument that is not allowed: says what was given and what is allowed. */
export function badArgument(key: string, given: unknown, allowed: string): SynfireError {
  return new SynfireError("bad-argument", `${key} is ${String(given)}. Allowed: ${allowed}.`, key);
}

/** Throws unless `value` is finite. */
export function checkFinite(key: string, value: number): void {
  if (!Number.isFinite(value)) throw badArgument(key, value, "a finite number");
}

/** Throws unless `value` is finite and above zero. */
export function checkPositive(key: string, value: number): void {
  if (!(Number.isFinite(value) && value > 0)) throw badArgument(key, value, "a finite number above 0");
}

/** Throws unless `value` is an integer of at least `least`. */
export function checkInteger(key: string, value: number, least = 0): void {
  if (!(Number.isSafeInteger(value) && value >= least))
    throw badArgument(key, value, `an integer of at least ${least}`);
}

/** Throws if a sample is empty or has an entry that is not finite. */
export function checkSample(key: string, values: ArrayLike<number>): void {
  if (values.length === 0) throw badArgument(key, "empty", "at least one value");
  checkAllFinite(key, values);
}

/** Throws if an entry is not finite; statistics that may be NaN (CV, correlation) are to be filtered by the caller. */
export function checkAllFinite(key: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw badArgument(`${key}[${i}]`, values[i], "finite numbers");
  }
}

/** Throws unless the times of a spike train are finite and ascend (equal times are allowed). */
export function checkAscending(key: string, train: ArrayLike<number>): void {
  checkAllFinite(key, train);
  for (let i = 1; i < train.length; i++) {
    if (train[i] < train[i - 1]) {
      throw badArgument(
        `${key}[${i}]`,
        `${train[i]} after ${train[i - 1]}`,
        "ascending times, as spikeTrains gives",
      );
    }
  }
}
