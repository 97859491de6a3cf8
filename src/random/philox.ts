/**
 * Philox4x32-10: the counter-based random generator behind every draw of Synfire. It is a function from a 128-bit counter and a
 * 64-bit key to 128 random bits, so nothing depends on who computes a draw, or in which order.
 *
 * J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw (2011), Parallel random numbers: as easy as 1, 2, 3,
 * doi:10.1145/2063384.2063405.
 */

/** The two multipliers, in halves of 16 bits: 0xd2511f53 and 0xcd9e8d57. */
const M0_HIGH = 0xd251;
const M0_LOW = 0x1f53;
const M1_HIGH = 0xcd9e;
const M1_LOW = 0x8d57;
const M0 = 0xd2511f53 | 0;
const M1 = 0xcd9e8d57 | 0;
/** What each round adds to the key: the golden ratio and sqrt(3) - 1, as fractions of 2^32. */
const W0 = 0x9e3779b9 | 0;
const W1 = 0xbb67ae85 | 0;
const ROUNDS = 10;

/**
 * Ten rounds of Philox4x32.
 * @param c0 - word 0 of the counter; only the low 32 bits of each argument count
 * @param k0 - word 0 of the key
 * @param out - receives the four words, each an unsigned 32-bit integer; length at least 4
 */
export function philox(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
  out: Uint32Array,
): void {
  let x0 = c0 | 0;
  let x1 = c1 | 0;
  let x2 = c2 | 0;
  let x3 = c3 | 0;
  let key0 = k0 | 0;
  let key1 = k1 | 0;
  for (let round = 0; round < ROUNDS; round++) {
    // Upper words of M0 * x0 and M1 * x2, by schoolbook multiplication in 16-bit halves: no partial sum exceeds 2^32 - 1.
    const a0 = x0 & 0xffff;
    const a1 = x0 >>> 16;
    const u = (Math.imul(M0_HIGH, a0) + (Math.imul(M0_LOW, a0) >>> 16)) | 0;
    const v = (Math.imul(M0_LOW, a1) + (u & 0xffff)) | 0;
    const high0 = (Math.imul(M0_HIGH, a1) + (u >>> 16) + (v >>> 16)) | 0;
    const b0 = x2 & 0xffff;
    const b1 = x2 >>> 16;
    const s = (Math.imul(M1_HIGH, b0) + (Math.imul(M1_LOW, b0) >>> 16)) | 0;
    const t = (Math.imul(M1_LOW, b1) + (s & 0xffff)) | 0;
    const high1 = (Math.imul(M1_HIGH, b1) + (s >>> 16) + (t >>> 16)) | 0;
    const low0 = Math.imul(M0, x0);
    const low1 = Math.imul(M1, x2);
    x0 = high1 ^ x1 ^ key0;
    x1 = low1;
    x2 = high0 ^ x3 ^ key1;
    x3 = low0;
    key0 = (key0 + W0) | 0;
    key1 = (key1 + W1) | 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}
