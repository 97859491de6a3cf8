/** Randomness as a function: Philox, the keys of its streams, distributions, and exact draws of counts. */
export { binomial } from "./binomial.js";
export * from "./distributions.js";
export { hypergeometric } from "./hypergeometric.js";
export { normalCdf } from "./normal-cdf.js";
export { philox } from "./philox.js";
export { type PoissonTable, poissonCdf48 } from "./poisson-table.js";
export { exp, log, normalInverse } from "./portable.js";
export { compileDistribution, type Sampler, type SamplerProgram } from "./sampler.js";
export {
  mulHigh,
  Purpose,
  streamKey,
  type UniformSequence,
  uniform as uniformOfWord,
  uniform52,
  uniformSequence,
} from "./streams.js";
