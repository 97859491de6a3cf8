/** Statistics of spike data: pure functions, in the browser and in Node. Times are in ms, rates in Hz. */
export {
  type BinnedSpikeTrains,
  type BinOptions,
  binSpikes,
  clipBins,
  denseRow,
} from "./binned-spike-trains.js";
export { complexityDistribution } from "./complexity.js";
export { correlationCoefficient, pairwiseCorrelations } from "./correlation-coefficient.js";
export { covariance } from "./covariance.js";
export {
  autocorrelationHistogram,
  type CrossCorrelation,
  type CrossCorrelationOptions,
  crossCorrelationHistogram,
} from "./cross-correlation.js";
export { cv } from "./cv.js";
export { cv2 } from "./cv2.js";
export { fanoFactor } from "./fano-factor.js";
export { fft } from "./fft.js";
export type { SquareMatrix } from "./gram-matrix.js";
export { type Histogram, type HistogramOptions, histogram } from "./histogram.js";
export { type InstantaneousRateOptions, instantaneousRate, type TimeSeries } from "./instantaneous-rate.js";
export { isi } from "./isi.js";
export { type KernelDensity, type KernelDensityOptions, kernelDensity } from "./kernel-density.js";
export { ksDistance } from "./ks-distance.js";
export { lv } from "./lv.js";
export { lvR } from "./lv-r.js";
export { meanFiringRate, meanRates, populationRate } from "./mean-rate.js";
export { mean, standardDeviation } from "./moments.js";
export {
  type PopulationStatistics,
  type PopulationStatisticsOptions,
  populationStatistics,
} from "./population-statistics.js";
export { type PowerSpectrum, powerSpectrum, rateSpectrum, type SpectrumOptions } from "./power-spectrum.js";
export { type PsthOptions, psth } from "./psth.js";
export { quantiles } from "./quantiles.js";
export { randomSample } from "./random-sample.js";
export { type KernelOptions, kernelShapes } from "./smoothing-kernel.js";
export { countSpikes, type SpikeData, spikeTrains } from "./spike-data.js";
export { type HistogramOutput, type TimeHistogramOptions, timeHistogram } from "./time-histogram.js";
export type { TimeWindow } from "./time-window.js";
export { wassersteinDistance } from "./wasserstein-distance.js";
