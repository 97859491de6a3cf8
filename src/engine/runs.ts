/** Node ids as runs of neighbouring ids. */

import type { NodeIds } from "../connectivity/rule.js";

export interface Run {
  /** position of the first id among the ids */
  readonly position: number;
  readonly first: number;
  readonly length: number;
}

export function runsOf(ids: NodeIds): Run[] {
  const n = ids.length;
  if (n === 0) return [];
  const runs: Run[] = [];
  if (ids.segments) {
    let position = 0;
    for (const { first, length } of ids.segments) {
      const last = runs[runs.length - 1];
      if (last && last.first + last.length === first)
        runs[runs.length - 1] = { ...last, length: last.length + length };
      else if (length > 0) runs.push({ position, first, length });
      position += length;
    }
    return runs;
  }
  let start = 0;
  for (let i = 1; i <= n; i++) {
    if (i < n && ids.id(i) === ids.id(i - 1) + 1) continue;
    runs.push({ position: start, first: ids.id(start), length: i - start });
    start = i;
  }
  return runs;
}

const known = new WeakMap<NodeIds, Run[]>();

/** The same, found once for each set of ids. */
export function runsOfIds(ids: NodeIds): readonly Run[] {
  let runs = known.get(ids);
  if (!runs) known.set(ids, (runs = runsOf(ids)));
  return runs;
}
