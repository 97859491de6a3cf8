/**
 * Errors that Synfire throws: each has a stable `code`, names the offending key, says what is allowed and suggests the nearest name.
 */

/** Base class of all errors that Synfire throws on purpose. */
export class SynfireError extends Error {
  /** stable, kebab-case: "unknown-model", "bad-parameter", "bad-rule", "out-of-memory", ... */
  readonly code: string;
  /** the key (parameter, rule, receptor, option) that is wrong, if there is one */
  readonly key: string | undefined;

  constructor(code: string, message: string, key?: string) {
    super(message);
    this.name = "SynfireError";
    this.code = code;
    this.key = key;
  }
}

/** Edit distance with transpositions (optimal string alignment), case-insensitive. */
function distance(a: string, b: string): number {
  const s = a.toLowerCase();
  const t = b.toLowerCase();
  const rows: number[][] = [Array.from({ length: t.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= s.length; i++) {
    const row = [i];
    for (let j = 1; j <= t.length; j++) {
      let best = Math.min(
        rows[i - 1]![j]! + 1,
        row[j - 1]! + 1,
        rows[i - 1]![j - 1]! + (s[i - 1] === t[j - 1] ? 0 : 1),
      );
      if (i > 1 && j > 1 && s[i - 1] === t[j - 2] && s[i - 2] === t[j - 1])
        best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[s.length]![t.length]!;
}

/** The allowed name nearest to `name`, or undefined if none is near enough to be meant. */
export function nearestName(name: string, allowed: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of allowed) {
    const d = distance(name, candidate);
    if (d < bestDistance) [best, bestDistance] = [candidate, d];
  }
  return best;
}

/**
 * The error for a name that is not among the allowed ones.
 * @param what - what kind of name it is, e.g. "model" or "parameter of iaf_psc_exp"
 */
export function unknownName(
  code: string,
  what: string,
  name: string,
  allowed: Iterable<string>,
): SynfireError {
  const names = [...allowed];
  const near = nearestName(name, names);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  return new SynfireError(
    code,
    `Unknown ${what} "${name}".${hint} Allowed: ${names.join(", ") || "none"}.`,
    name,
  );
}
