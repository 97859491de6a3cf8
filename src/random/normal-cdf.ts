/**
 * The standard normal distribution function, in portable arithmetic and accurate in the lower tail.
 *
 * Near zero: the series of G. Marsaglia (2004), Evaluating the normal distribution, doi:10.18637/jss.v011.i04,
 *   Phi(x) = 1/2 + phi(x) (x + x^3/3 + x^5/(3 5) + x^7/(3 5 7) + ...), whose terms all have the sign of x.
 * Elsewhere: Laplace's continued fraction of the upper tail, M. Abramowitz, I. A. Stegun (1964), equation 26.2.14,
 *   1 - Phi(x) = phi(x) / (x + 1/(x + 2/(x + 3/(x + ...)))).
 * Only clipped distributions call this, twice each, so it is written for accuracy.
 */
import { exp } from "./portable.js";

const INVERSE_SQRT_2PI = 0.3989422804014327;
/** Where the continued fraction takes over; nearer to zero it converges slowly, farther out the series cancels. */
const SERIES_LIMIT = 1;
/** Enough terms for full precision at SERIES_LIMIT: the error falls like exp(-2 x sqrt(n)). */
const FRACTION_TERMS = 1000;

/** The standard normal density; the square is split so that its rounding error is not magnified in the tails. */
function density(x: number): number {
  const coarse = Math.floor(x * 16) / 16;
  return INVERSE_SQRT_2PI * exp(-0.5 * coarse * coarse) * exp(-0.5 * (x - coarse) * (x + coarse));
}

/** P(X > x) for x >= SERIES_LIMIT. */
function upperTail(x: number): number {
  let fraction = x;
  for (let n = FRACTION_TERMS; n > 0; n--) fraction = x + n / fraction;
  return density(x) / fraction;
}

/**
 * P(X <= x) of the standard normal distribution; relative error about 1e-15, in the lower tail too.
 * @param x - any number, infinities included
 */
export function normalCdf(x: number): number {
  if (x < -40) return 0; // below the smallest double
  if (x > 40) return 1;
  if (x <= -SERIES_LIMIT) return upperTail(-x);
  if (x >= SERIES_LIMIT) return 1 - upperTail(x);
  let term = x;
  let sum = x;
  for (let n = 3; term !== 0 && sum + term !== sum; n += 2) {
    term *= (x * x) / n;
    sum += term;
  }
  return 0.5 + density(x) * sum;
}
