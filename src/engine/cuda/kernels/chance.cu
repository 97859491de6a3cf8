// Exact draws of counts on the device, with the bits of src/random on the host: binomial (Hormann 1993,
// doi:10.1080/00949659308811496), hypergeometric by inversion from the mode, and the accurate logarithms of their probabilities
// (Loader 2000). synfireExp, synfireLog and synfirePhilox are printed from the compiler's definitions.

struct Uniforms {
  uint32_t c0, c1, c3, k0, k1, words[4];
  uint32_t drawn;

  __device__ void start(uint32_t first, uint32_t second, uint32_t fourth) {
    c0 = first;
    c1 = second;
    c3 = fourth;
    drawn = 0;
  }
  __device__ double next() {
    const bool odd = drawn & 1u;
    if (!odd) synfirePhilox(c0, c1, drawn / 2, c3, k0, k1, words[0], words[1], words[2], words[3]);
    drawn++;
    const uint32_t high = odd ? words[2] : words[0], low = odd ? words[3] : words[1];
    return ((double)(high >> 6) * 67108864.0 + (double)(low >> 6) + 0.5) * 2.220446049250313e-16;
  }
};

__device__ __forceinline__ double log1pOf(double x) {
  const double y = 1.0 + x;
  return y == 1.0 ? x : synfireLog(y) * x / (y - 1.0);
}

// log(n!) - log(sqrt(2 pi n) (n/e)^n)
__device__ double stirlingCorrection(double n) {
  switch (synfireToInt(n < 16.0 ? n : 16.0)) {
    case 0: return 0.0;
    case 1: return 0.08106146679532726;
    case 2: return 0.0413406959554093;
    case 3: return 0.02767792568499834;
    case 4: return 0.020790672103765093;
    case 5: return 0.016644691189821193;
    case 6: return 0.013876128823070748;
    case 7: return 0.01189670994589177;
    case 8: return 0.010411265261972096;
    case 9: return 0.009255462182712733;
    case 10: return 0.00833056343336287;
    case 11: return 0.007573675487951841;
    case 12: return 0.00694284010720953;
    case 13: return 0.006408994188004207;
    case 14: return 0.0059513701127588475;
    case 15: return 0.005554733551962801;
  }
  const double s = 1.0 / (n * n);
  return (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - (1.0 / 1188.0) * s) * s) * s) * s) / n;
}

// x log(x / m) + m - x without cancellation
__device__ double devianceOf(double x, double m) {
  if (x == 0.0) return m;
  const double d = x - m;
  if (fabs(d) >= 0.1 * (x + m)) return x * synfireLog(x / m) + m - x;
  const double v = d / (x + m);
  double sum = d * v, term = 2.0 * x * v;
  for (int k = 3;; k += 2) {
    term *= v * v;
    const double next = sum + term / (double)k;
    if (next == sum) return sum;
    sum = next;
  }
}

__device__ double binomialLogDensity(double k, double n, double p) {
  const double q = 1.0 - p;
  if (k == 0.0) return n * log1pOf(-p);
  if (k == n) return n * synfireLog(p);
  const double corrections = stirlingCorrection(n) - stirlingCorrection(k) - stirlingCorrection(n - k);
  const double deviances = devianceOf(k, n * p) + devianceOf(n - k, n * q);
  return corrections - deviances + 0.5 * synfireLog(n / (6.283185307179586 * k * (n - k)));
}

__device__ double noSuccess(double n, double p) {
  if (n > 32.0) return synfireExp(n * log1pOf(-p));
  const double q = 1.0 - p;
  double power = q;
  for (double k = 1.0; k < n; k += 1.0) power *= q;
  return power;
}

__device__ double invertedBinomial(double n, double p, Uniforms& uniforms) {
  const double odds = p / (1.0 - p), none = noSuccess(n, p);
  for (;;) {
    double remaining = uniforms.next(), probability = none;
    for (double k = 0.0; k <= n && k < 110.0; k += 1.0) {
      if (remaining < probability) return k;
      remaining -= probability;
      probability *= ((n - k) / (k + 1.0)) * odds;
    }
  }
}

__device__ double transformedRejection(double n, double p, Uniforms& uniforms) {
  const double spread = sqrt(n * p * (1.0 - p));
  const double b = 1.15 + 2.53 * spread;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double c = n * p + 0.5;
  const double vr = 0.92 - 4.2 / b;
  const double alpha = (2.83 + 5.1 / b) * spread;
  const double mode = floor((n + 1.0) * p);
  const double atMode = binomialLogDensity(mode, n, p);
  for (;;) {
    const double u = uniforms.next() - 0.5;
    const double v = uniforms.next();
    const double us = 0.5 - fabs(u);
    const double k = floor((2.0 * a / us + b) * u + c);
    if (us >= 0.07 && v <= vr) return k;
    if (k < 0.0 || k > n) continue;
    const double scaled = v * alpha / (a / (us * us) + b);
    if (synfireLog(scaled) <= binomialLogDensity(k, n, p) - atMode) return k;
  }
}

__device__ double atMostHalf(double n, double p, Uniforms& uniforms) {
  if (n == 0.0 || p == 0.0) return 0.0;
  return n * p < 10.0 ? invertedBinomial(n, p, uniforms) : transformedRejection(n, p, uniforms);
}

__device__ double binomialOf(double n, double p, Uniforms& uniforms) {
  return p > 0.5 ? n - atMostHalf(n, 1.0 - p, uniforms) : atMostHalf(n, p, uniforms);
}

__device__ double hypergeometricLogDensity(double k, double count, double left, double right) {
  const double p = count / (left + right);
  if (p == 1.0) return 0.0;
  return binomialLogDensity(k, left, p) + binomialLogDensity(count - k, right, p) -
         binomialLogDensity(count, left + right, p);
}

__device__ double hypergeometricOf(double count, double left, double right, Uniforms& uniforms) {
  const double least = count - right > 0.0 ? count - right : 0.0;
  const double most = count < left ? count : left;
  if (least == most) return least;
  const double estimate = floor((count + 1.0) * ((left + 1.0) / (left + right + 2.0)));
  const double raised = estimate > least ? estimate : least;
  const double mode = raised < most ? raised : most;
  const double atMode = synfireExp(hypergeometricLogDensity(mode, count, left, right));
  for (;;) {
    double remaining = uniforms.next() - atMode;
    if (remaining < 0.0) return mode;
    double up = mode, upProbability = atMode, down = mode, downProbability = atMode;
    while (upProbability > 1e-30 || downProbability > 1e-30) {
      upProbability *=
          up < most ? ((count - up) / (up + 1.0)) * ((left - up) / (right - count + up + 1.0)) : 0.0;
      up += 1.0;
      remaining -= upProbability;
      if (remaining < 0.0) return up;
      downProbability *=
          down > least ? (down / (count - down + 1.0)) * ((right - count + down) / (left - down + 1.0)) : 0.0;
      down -= 1.0;
      remaining -= downProbability;
      if (remaining < 0.0) return down;
    }
  }
}

// How many of `count` synapses into [start, start + length) go to its lower half: the draw of connectivity/splitting.ts.
__device__ double splitOf(Uniforms& uniforms, bool multapses, uint32_t start, uint32_t length, uint32_t source,
                          double count, double left, double right) {
  if (count == 0.0 || left == 0.0) return 0.0;
  if (right == 0.0) return count;
  uniforms.start(start, length, source);
  return multapses ? binomialOf(count, left / (left + right), uniforms)
                   : hypergeometricOf(count, left, right, uniforms);
}
