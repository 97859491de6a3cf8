// Poisson input, drawn where it arrives.

struct DriveCache {
  uint32_t group, words[4];
};

#define GUIDE_ENTRIES (1u << GUIDE_BITS)
static_assert(sizeof(Drive) % 16 == 0, "a generator is read in pieces of 16 bytes");

#if SHARED_DRIVES
// Generators, and behind them their guides.
__device__ __forceinline__ const uint2* guideOf(const unsigned char* shared, uint32_t drive) {
  return (const uint2*)(shared + DRIVES_OFFSET + SHARED_DRIVES * sizeof(Drive)) + drive * GUIDE_ENTRIES;
}

__device__ __forceinline__ void copyDrives(const Here& here) {
  copyWords(here, here.shared + DRIVES_OFFSET, here.p.drives, SHARED_DRIVES * (sizeof(Drive) / 4));
  for (uint32_t i = here.thread; i < SHARED_DRIVES * GUIDE_ENTRIES; i += THREADS)
    ((uint2*)guideOf(here.shared, 0))[i] = here.p.drives[i / GUIDE_ENTRIES].guide[i % GUIDE_ENTRIES];
}
#endif

__device__ __forceinline__ uint2 guideEntry(const uint2* guide, uint32_t entry) { return SHARED_DRIVES ? guide[entry] : __ldg(guide + entry); }

// A number of spikes: how many thresholds are not above a number of 48 bits, whose upper 16 decide nearly always. `guide`: see drives.ts.
__device__ __forceinline__ uint32_t poissonCount(const Drive& d, const uint2* guide, uint32_t id, uint32_t ordinal, uint32_t emitted,
                                                 const uint32_t* words) {
  const uint32_t pair = (emitted >> 1) & 3u;
  const uint32_t word = pair == 0 ? words[0] : pair == 1 ? words[1] : pair == 2 ? words[2] : words[3];
  const uint32_t upper = word >> ((emitted & 1u) * 16u) & 0xffffu, low = upper & ((0x10000u >> GUIDE_BITS) - 1u);
  const uint32_t entry = upper >> (16 - GUIDE_BITS);
  const uint2 near = guideEntry(guide, entry);
  const uint32_t next[3] = {near.x >> 16, near.y & 0xffffu, near.y >> 16};
  uint32_t n = near.x & 0xffffu;
  if (low != next[0] && low != next[1] && low < next[2]) return n + (low > next[0] ? 1u : 0u) + (low > next[1] ? 1u : 0u);
  // the first threshold whose upper 16 bits are not below the number's
  const uint64_t* const thresholds = d.thresholds;
  uint32_t end = entry + 1u < GUIDE_ENTRIES ? guideEntry(guide, entry + 1u).x & 0xffffu : d.count;
  while (n < end) {
    const uint32_t middle = (n + end) / 2;
    if ((uint32_t)(__ldg((const unsigned long long*)thresholds + middle) >> 32) < upper)
      n = middle + 1u;
    else
      end = middle;
  }
  for (; n < d.count; n++) {
    const uint64_t threshold = __ldg((const unsigned long long*)thresholds + n);
    if ((uint32_t)(threshold >> 32) != upper) break;
    uint32_t w0, w1, w2, w3;
    synfirePhilox(id, emitted, ordinal, 1, d.key0, d.key1, w0, w1, w2, w3);
    if ((uint32_t)threshold > w0) break;
  }
  return n;
}

__device__ __forceinline__ bool emits(uint32_t start, uint32_t stop, uint32_t step, uint32_t delay) {
  const uint32_t emitted = step - delay;
  return step > delay && emitted > start && emitted <= stop;
}

__device__ __forceinline__ void addSum(Sum* sums, uint32_t receptor, Sum value) {
#pragma unroll
  for (int r = 0; r < RECEPTORS; r++)
    if ((uint32_t)r == receptor) sums[r] += (Sum)value;
}

// What the `count` generators of a population send to one of its neurons so that it arrives in a step.
__device__ __forceinline__ void driveInput(const Here& here, uint32_t firstDrive, uint32_t count, uint32_t id, uint32_t cell,
                                           uint32_t step, Sum* sums, DriveCache& cache) {
#if DRIVES
#pragma unroll 1
  for (uint32_t k = 0; k < (DRIVES == 1 ? min(count, 1u) : count); k++) {
#if SHARED_DRIVES
    const Drive& d = ((const Drive*)(here.shared + DRIVES_OFFSET))[firstDrive + k];
    const uint2* const guide = guideOf(here.shared, firstDrive + k);
    const uint4* parts = (const uint4*)&d;
    const uint4 a = parts[0], b = parts[1], c = parts[2];
#else
    const Drive& d = here.p.drives[firstDrive + k];
    // not one by one, each when it is needed
    const uint4* parts = (const uint4*)&d;
    const uint4 a = loadKept(parts), b = loadKept(parts + 1), c = loadKept(parts + 2);
    const uint2* const guide = (const uint2*)((uint64_t)c.w << 32 | c.z);
#endif
    // a: start, stop, delay, receptor; b: key0, key1, first, count; c: weight, guide
#if DRIVE_ENTRIES
    if (d.entryStarts) {
      const uint32_t end = __ldg(d.entryStarts + cell + 1);
      for (uint32_t e = __ldg(d.entryStarts + cell); e < end; e++) {
        const DriveEntry& entry = d.entries[e];
        if (!emits(d.start, d.stop, step, entry.delay)) continue;
        const uint32_t emitted = step - entry.delay;
        uint32_t words[4];
        synfirePhilox(id, emitted >> 3, entry.ordinal, 0, d.key0, d.key1, words[0], words[1], words[2], words[3]);
        addSum(sums, d.receptor, (Sum)entry.weight * (Sum)(d.first + poissonCount(d, guide, id, entry.ordinal, emitted, words)));
      }
      continue;
    }
#endif
    if (!emits(a.x, a.y, step, a.z)) continue;
    const uint32_t emitted = step - a.z;
    const Sum weight = (Sum)((uint64_t)c.y << 32 | c.x);
    uint32_t words[4] = {cache.words[0], cache.words[1], cache.words[2], cache.words[3]};
    if (k > 0 || cache.group != emitted >> 3) synfirePhilox(id, emitted >> 3, 0, 0, b.x, b.y, words[0], words[1], words[2], words[3]);
    if (k == 0) {
      cache.group = emitted >> 3;
#pragma unroll
      for (int w = 0; w < 4; w++) cache.words[w] = words[w];
    }
    addSum(sums, a.w, weight * (Sum)(b.z + poissonCount(d, guide, id, 0, emitted, words)));
  }
#endif
}
