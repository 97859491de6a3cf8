/**
 * Suggestions for names that do not exist.
 */

import { nearestName } from "../errors.js";

/**
 * The allowed name that may have been meant: the same letters in other case, or nearly the same. Short names have none: any other short
 * name would be near.
 */
export function nearest(name: string, allowed: Iterable<string>): string | undefined {
  const others = [...allowed].filter((candidate) => candidate !== name);
  const sameLetters = others.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  if (sameLetters !== undefined || name.length < 3) return sameLetters;
  const slack = Math.max(1, Math.floor(name.length / 3));
  return nearestName(
    name,
    others.filter((candidate) => Math.abs(candidate.length - name.length) <= slack),
  );
}

/** `; did you mean "x"?`, or nothing. */
export function suggestion(name: string, ...allowed: readonly Iterable<string>[]): string {
  for (const names of allowed) {
    const near = nearest(name, names);
    if (near !== undefined) return `; did you mean "${near}"?`;
  }
  return "";
}
