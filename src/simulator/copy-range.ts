/** From here on one copy of many takes less time than many of one. */
const LONG = 32;

/** Copies source[from] to source[end - 1] to a place in another array: there are many short ranges in what is recorded. */
export function copyRange<T extends Uint32Array | Float64Array>(
  source: T,
  from: number,
  end: number,
  into: T,
  at: number,
): void {
  if (end - from > LONG) into.set(source.subarray(from, end), at);
  else for (let i = from, to = at; i < end; i++, to++) into[to] = source[i]!;
}
