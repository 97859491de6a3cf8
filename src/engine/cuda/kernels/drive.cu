// Poisson input, drawn where it arrives.

struct DriveCache {
  uint32_t group, words[4];
};

__device__ __forceinline__ uint32_t poissonCount(const Drive& d, uint32_t id, uint32_t ordinal, uint32_t emitted, const uint32_t* words) {
  const uint32_t pair = (emitted >> 1) & 3u;
  const uint32_t word = pair == 0 ? words[0] : pair == 1 ? words[1] : pair == 2 ? words[2] : words[3];
  const uint32_t upper = word >> ((emitted & 1u) * 16u) & 0xffffu;
  uint32_t n = __ldg(d.guide + (upper >> 8));
  for (; n < d.count; n++) {
    const uint64_t threshold = __ldg((const unsigned long long*)d.thresholds + n);
    const uint32_t high = (uint32_t)(threshold >> 32);
    if (high > upper) break;
    if (high == upper) {
      uint32_t w0, w1, w2, w3;
      synfirePhilox(id, emitted, ordinal, 1, d.key0, d.key1, w0, w1, w2, w3);
      if ((uint32_t)threshold > w0) break;
    }
  }
  return d.first + n;
}

__device__ __forceinline__ bool emits(const Drive& d, uint32_t step, uint32_t delay) {
  const uint32_t emitted = step - delay;
  return step > delay && emitted > d.start && emitted <= d.stop;
}

__device__ __forceinline__ void addSum(Sum* sums, uint32_t receptor, Sum value) {
#pragma unroll
  for (int r = 0; r < RECEPTORS; r++)
    if ((uint32_t)r == receptor) sums[r] += (Sum)value;
}

// What the generators of a population send to one of its neurons so that it arrives in a step.
__device__ __forceinline__ void driveInput(const RunParams& p, const PopulationInfo& population, uint32_t id, uint32_t cell, uint32_t step, Sum* sums,
                           DriveCache& cache) {
#if DRIVES
#pragma unroll 1
  for (uint32_t k = 0; k < (DRIVES == 1 ? min(population.driveCount, 1u) : population.driveCount); k++) {
    const Drive& d = p.drives[population.firstDrive + k];
#if DRIVE_ENTRIES
    if (d.entryStarts) {
      const uint32_t end = __ldg(d.entryStarts + cell + 1);
      for (uint32_t e = __ldg(d.entryStarts + cell); e < end; e++) {
        const DriveEntry& entry = d.entries[e];
        if (!emits(d, step, entry.delay)) continue;
        const uint32_t emitted = step - entry.delay;
        uint32_t words[4];
        synfirePhilox(id, emitted >> 3, entry.ordinal, 0, d.key0, d.key1, words[0], words[1], words[2], words[3]);
        addSum(sums, d.receptor, (Sum)entry.weight * (Sum)poissonCount(d, id, entry.ordinal, emitted, words));
      }
      continue;
    }
#endif
    if (!emits(d, step, d.delay)) continue;
    const uint32_t emitted = step - d.delay;
    uint32_t words[4] = {cache.words[0], cache.words[1], cache.words[2], cache.words[3]};
    if (k > 0 || cache.group != emitted >> 3)
      synfirePhilox(id, emitted >> 3, 0, 0, d.key0, d.key1, words[0], words[1], words[2], words[3]);
    if (k == 0) {
      cache.group = emitted >> 3;
#pragma unroll
      for (int w = 0; w < 4; w++) cache.words[w] = words[w];
    }
    addSum(sums, d.receptor, (Sum)d.weight * (Sum)poissonCount(d, id, 0, emitted, words));
  }
#endif
}
