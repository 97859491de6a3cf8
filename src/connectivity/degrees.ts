/** In-degrees of rules that only know them after drawing: counted once, when first asked for. */

/** In-degrees of all targets. */
export interface Degrees {
  readonly indegree: (target: number) => number;
  /** by target */
  readonly all: Uint32Array;
  readonly total: number;
  readonly max: number;
}

/**
 * @param targets - number of targets
 * @param count - adds up the synapses of each target; called at most once
 */
export function lazyDegrees(targets: number, count: (degrees: Uint32Array) => void): () => Degrees {
  let known: Degrees | undefined;
  return () => {
    if (known !== undefined) return known;
    const degrees = new Uint32Array(targets);
    count(degrees);
    let total = 0;
    let max = 0;
    for (const degree of degrees) {
      total += degree;
      max = Math.max(max, degree);
    }
    known = { indegree: (target) => degrees[target]!, all: degrees, total, max };
    return known;
  };
}
