/** Times of events in brief: many events, one after the other, have the same. */

export interface Moments {
  /** times that differ from the one before, in ms */
  readonly times: Float64Array;
  /** how many events have each */
  readonly counts: Uint32Array;
}

/** Visits runs of equal values: the value, where the run begins, and where the next does. */
export function forEachRun(
  values: Float64Array | Uint32Array,
  visit: (value: number, from: number, end: number) => void,
): void {
  for (let from = 0; from < values.length; ) {
    const value = values[from]!;
    let end = from + 1;
    while (end < values.length && values[end] === value) end++;
    visit(value, from, end);
    from = end;
  }
}

/**
 * @param parts - one behind the other, times in ms or steps
 * @param timeOf - the time of a step
 */
export function momentsOf(
  parts: Iterable<Float64Array | Uint32Array>,
  timeOf: (step: number) => number,
): Moments {
  const times: number[] = [];
  const counts: number[] = [];
  for (const part of parts) {
    const steps = part instanceof Uint32Array;
    forEachRun(part, (value, from, end) => {
      const time = steps ? timeOf(value) : value;
      if (times[times.length - 1] === time) counts[counts.length - 1]! += end - from;
      else {
        times.push(time);
        counts.push(end - from);
      }
    });
  }
  return { times: Float64Array.from(times), counts: Uint32Array.from(counts) };
}
