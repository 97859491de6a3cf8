/** Mean and standard deviation. */

/** Arithmetic mean. @returns NaN without values */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/**
 * Standard deviation in two passes.
 * @param deltaDegreesOfFreedom - 0 divides by n (population), 1 by n - 1 (sample); default 0, as NumPy
 * @returns NaN for no more values than degrees of freedom are taken away
 */
export function standardDeviation(values: ArrayLike<number>, deltaDegreesOfFreedom: 0 | 1 = 0): number {
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - centre) ** 2;
  const divisor = values.length - deltaDegreesOfFreedom;
  return divisor > 0 ? Math.sqrt(sum / divisor) : Number.NaN;
}
