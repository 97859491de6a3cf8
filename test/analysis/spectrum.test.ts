import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fft, powerSpectrum, rateSpectrum } from "../../src/analysis/index.js";
import { poissonTrain } from "./poisson.js";

const signalOf = (logLength: number) =>
  fc.array(fc.double({ min: -100, max: 100, noNaN: true }), {
    minLength: 2 ** logLength,
    maxLength: 2 ** logLength,
  });

describe("fft", () => {
  it("equals the sum it is defined by", () => {
    const pairs = fc.nat(6).chain((log) => fc.tuple(signalOf(log), signalOf(log)));
    fc.assert(
      fc.property(pairs, ([re, im]) => {
        const n = re.length;
        const [real, imaginary] = [Float64Array.from(re), Float64Array.from(im)];
        fft(real, imaginary);
        for (let k = 0; k < n; k++) {
          let [x, y] = [0, 0];
          for (let t = 0; t < n; t++) {
            const phase = (-2 * Math.PI * k * t) / n;
            x += re[t] * Math.cos(phase) - im[t] * Math.sin(phase);
            y += re[t] * Math.sin(phase) + im[t] * Math.cos(phase);
          }
          expect(real[k]).toBeCloseTo(x, 8);
          expect(imaginary[k]).toBeCloseTo(y, 8);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("keeps the energy (Parseval)", () => {
    fc.assert(
      fc.property(signalOf(8), (signal) => {
        const [real, imaginary] = [Float64Array.from(signal), new Float64Array(256)];
        fft(real, imaginary);
        const energy = signal.reduce((sum, x) => sum + x * x, 0);
        const spectral = real.reduce((sum, x, k) => sum + x * x + imaginary[k] ** 2, 0) / 256;
        expect(spectral).toBeCloseTo(energy, 4);
      }),
    );
  });

  it("finds a sine in its bin", () => {
    const real = Float64Array.from({ length: 64 }, (_, t) => Math.sin((2 * Math.PI * 5 * t) / 64));
    const imaginary = new Float64Array(64);
    fft(real, imaginary);
    expect(imaginary[5]).toBeCloseTo(-32, 10);
    expect(imaginary[59]).toBeCloseTo(32, 10);
    expect(Math.max(...real.map(Math.abs))).toBeLessThan(1e-12);
  });

  it("takes powers of two only", () => {
    expect(() => fft(new Float64Array(6), new Float64Array(6))).toThrow(/power of two/);
    expect(() => fft(new Float64Array(8), new Float64Array(4))).toThrow(/imaginary/);
  });
});

describe("powerSpectrum", () => {
  const signal = Array.from(
    { length: 64 },
    (_, i) => ((i * 7919) % 101) / 101 + Math.sin((2 * Math.PI * i) / 8),
  );

  it("equals scipy.signal.welch", () => {
    const { frequencies, density, segmentCount } = powerSpectrum(signal, {
      samplingInterval: 1,
      segmentLength: 16,
    });
    // SciPy 1.17: welch(signal, fs=1000, nperseg=16)
    const expected = [
      4.096703671923496e-6, 0.0014150733426512728, 0.005402618618664757, 0.001419738442794251,
      9.992202711654951e-5, 3.829972498114078e-5, 0.00047255583888909647, 0.0004027078477009832,
      1.5431993525570935e-5,
    ];
    expect([...frequencies]).toEqual([0, 62.5, 125, 187.5, 250, 312.5, 375, 437.5, 500]);
    expected.forEach((value, k) => {
      expect(density[k]).toBeCloseTo(value, 14);
    });
    expect(segmentCount).toBe(7);
  });

  it("integrates to the variance of a noise", () => {
    const noise = Array.from({ length: 1 << 14 }, (_, i) => Math.sin(i * i * 0.7310585) * Math.SQRT2);
    const { frequencies, density } = powerSpectrum(noise, { samplingInterval: 1 });
    const integral = density.reduce((sum, value) => sum + value * frequencies[1], 0);
    expect(integral).toBeCloseTo(1, 1);
  });

  it.each([
    ["segmentLength", { samplingInterval: 1, segmentLength: 12 }],
    ["segmentLength", { samplingInterval: 1, segmentLength: 128 }],
    ["overlap", { samplingInterval: 1, overlap: 1 }],
    ["samplingInterval", { samplingInterval: 0 }],
  ])("names %s when it is wrong", (key, options) => {
    expect(() => powerSpectrum(signal, options)).toThrow(expect.objectContaining({ key }));
  });
});

describe("rateSpectrum", () => {
  it("of a Poisson process is flat: twice the rate on one side", () => {
    const train = poissonTrain(40, 4e5, 3);
    const { density } = rateSpectrum([train], { start: 0, stop: 4e5, binWidth: 1, segmentLength: 64 });
    const inner = density.subarray(2, 32);
    for (const value of inner) expect(value / 80).toBeCloseTo(1, 0);
    expect(inner.reduce((sum, value) => sum + value, 0) / inner.length / 80).toBeCloseTo(1, 1);
  });
});
