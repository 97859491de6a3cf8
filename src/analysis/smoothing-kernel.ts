/** Kernels that turn spikes into a rate: probability densities over time, named and scaled by their standard deviation. */
import { badArgument, checkPositive } from "./checks.js";

/** The shapes that Elephant's `kernels` module has under the same names. */
export const kernelShapes = ["rectangular", "gaussian", "exponential", "alpha"] as const;

/** What a smoothing kernel is. */
export interface KernelOptions {
  readonly shape: (typeof kernelShapes)[number];
  /** standard deviation of the kernel, ms */
  readonly sigma: number;
}

/** A kernel ready for use. */
export interface SmoothingKernel {
  /** density at `time` ms after the spike, 1/ms */
  readonly density: (time: number) => number;
  /** time that halves the area, ms */
  readonly median: number;
  /** the density is zero, or cut off, outside [from, to], ms */
  readonly from: number;
  readonly to: number;
}

/** The solution of (1 + x) exp(-x) = 1/2: the median of the alpha function in units of its time constant. */
const ALPHA_MEDIAN = 1.6783469900166608;

/**
 * Makes a kernel. Rectangular: half width sqrt(3) sigma. Exponential: time constant sigma. Alpha: t exp(-t / tau) / tau^2
 * with tau = sigma / sqrt(2). Exponential and alpha are causal: zero before the spike.
 * (Definitions: Elephant `kernels`; Nawrot et al. 1999, doi 10.1016/S0165-0270(99)00127-2.)
 * @param cutoff - support in units of sigma for kernels with tails
 * @throws SynfireError "bad-argument" for an unknown shape or a sigma or cutoff that is not positive
 */
export function smoothingKernel({ shape, sigma }: KernelOptions, cutoff: number): SmoothingKernel {
  checkPositive("sigma", sigma);
  checkPositive("cutoff", cutoff);
  const reach = cutoff * sigma;
  switch (shape) {
    case "rectangular": {
      const half = Math.sqrt(3) * sigma;
      return { density: (t) => (Math.abs(t) <= half ? 0.5 / half : 0), median: 0, from: -half, to: half };
    }
    case "gaussian": {
      const peak = 1 / (sigma * Math.sqrt(2 * Math.PI));
      return { density: (t) => peak * Math.exp(-0.5 * (t / sigma) ** 2), median: 0, from: -reach, to: reach };
    }
    case "exponential":
      return {
        density: (t) => (t >= 0 ? Math.exp(-t / sigma) / sigma : 0),
        median: Math.LN2 * sigma,
        from: 0,
        to: reach,
      };
    case "alpha": {
      const tau = sigma / Math.SQRT2;
      return {
        density: (t) => (t >= 0 ? (t / (tau * tau)) * Math.exp(-t / tau) : 0),
        median: ALPHA_MEDIAN * tau,
        from: 0,
        to: reach,
      };
    }
    default:
      throw badArgument("shape", shape satisfies never, kernelShapes.join(", "));
  }
}
