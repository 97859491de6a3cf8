/** Times of events in brief: many events, one after the other, have the same. */

export interface Moments {
  /** times that differ from the one before, in ms */
  readonly times: Float64Array;
  /** how many events have each */
  readonly counts: Uint32Array;
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
    for (let i = 0; i < part.length; ) {
      const first = part[i]!;
      let end = i + 1;
      while (end < part.length && part[end] === first) end++;
      const time = steps ? timeOf(first) : first;
      if (times[times.length - 1] === time) counts[counts.length - 1]! += end - i;
      else {
        times.push(time);
        counts.push(end - i);
      }
      i = end;
    }
  }
  return { times: Float64Array.from(times), counts: Uint32Array.from(counts) };
}
