/** The discrete Fourier transform, radix 2 and in place. */
import { badArgument } from "./checks.js";

/**
 * Forward transform X_k = sum_n x_n exp(-2 pi i k n / N) (Cooley & Tukey 1965, doi 10.1090/S0025-5718-1965-0178586-1).
 * @param real - real parts, overwritten; the length must be a power of two
 * @param imaginary - imaginary parts, overwritten; as long as `real`
 * @throws SynfireError "bad-argument" for lengths that differ or are no power of two
 */
export function fft(real: Float64Array, imaginary: Float64Array): void {
  const n = real.length;
  if (!isPowerOfTwo(n)) throw badArgument("real", `${n} long`, "a power of two");
  if (imaginary.length !== n)
    throw badArgument("imaginary", `${imaginary.length} long`, `as long as real (${n})`);
  reverseBits(real, imaginary);
  const cosine = Float64Array.from({ length: n >> 1 }, (_, k) => Math.cos((2 * Math.PI * k) / n));
  const sine = Float64Array.from({ length: n >> 1 }, (_, k) => Math.sin((2 * Math.PI * k) / n));
  for (let half = 1; half < n; half *= 2) {
    const stride = n / (2 * half);
    for (let block = 0; block < n; block += 2 * half) {
      for (let k = 0; k < half; k++) {
        const even = block + k;
        const odd = even + half;
        const c = cosine[k * stride];
        const s = sine[k * stride];
        const re = c * real[odd] + s * imaginary[odd];
        const im = c * imaginary[odd] - s * real[odd];
        real[odd] = real[even] - re;
        imaginary[odd] = imaginary[even] - im;
        real[even] += re;
        imaginary[even] += im;
      }
    }
  }
}

/** Whether n is 1, 2, 4, 8, ... */
export function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && n <= 2 ** 30 && (n & (n - 1)) === 0;
}

function reverseBits(real: Float64Array, imaginary: Float64Array): void {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    [real[i], real[j]] = [real[j], real[i]];
    [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
  }
}
