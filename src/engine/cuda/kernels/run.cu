// The resident loop: one block per partition, alive for thousands of steps. In each step a block updates its neurons, writes the
// ids of those that fired into its mailbox, reads the mailboxes of all blocks, and adds its slices of the synapses of whoever
// fired to its rings. Nobody waits for a grid; a step ends with one barrier of the block.
//
// Printed before this text (sources.ts): THREADS, TILES, RECEPTORS, REALS, INTS, GROUP, SOLO, MULTI, LATE, ANY_WIDE, RING_WIDE,
// RING_SHARED, the types real and Sum, the structs, and updateNeuron(), the models of the network.

#define NOBODY 0xffffu
#define WARPS (THREADS / 32)
#define ROUNDS 1
#define MOST_ROUNDS 0x7fffffff

#define FAILED_INTEGRATION 0u
#define FAILED_EMISSION 1u

// What the threads of a block share beside rings; the list of who fired follows, then tables, then late neurons, then rings.
struct Control {
  uint32_t fired, arrived, stop, recorded, late, unused[3];
  uint32_t messageRow[2][RECEPTORS];
};

// ---- rings ----------------------------------------------------------------------------------------------------------------

__device__ __forceinline__ Sum takeInput(unsigned char* shared, unsigned char* global, int r, uint32_t cell, bool clear) {
  if (RING_SHARED[r]) {
    if (RING_WIDE[r]) {
      long long* at = (long long*)(shared + RING_SHARED_AT[r]) + cell;
      const long long sum = *at;
      if (clear) *at = 0;
      return (Sum)sum;
    }
    int* at = (int*)(shared + RING_SHARED_AT[r]) + cell;
    const int sum = *at;
    if (clear) *at = 0;
    return sum;
  }
  if (RING_WIDE[r]) {
    long long* at = (long long*)(global + RING_AT[r]) + cell;
    const long long sum = __ldcg(at);
    if (clear && sum != 0) __stcg(at, 0ll);
    return (Sum)sum;
  }
  int* at = (int*)(global + RING_AT[r]) + cell;
  const int sum = __ldcg(at);
  if (clear && sum != 0) __stcg(at, 0);
  return sum;
}

__device__ __forceinline__ void addTo(unsigned char* shared, unsigned char* global, const Table& t, uint32_t cell, Sum value) {
  if (ALL_SHARED || (ANY_SHARED && t.ringShared)) {
    if (ANY_WIDE && t.ringWide)
      atomicAdd((unsigned long long*)(shared + t.ringOffset) + cell, (unsigned long long)value);
    else
      atomicAdd((int*)(shared + t.ringOffset) + cell, (int)value);
  } else {
    if (ANY_WIDE && t.ringWide)
      atomicAdd((unsigned long long*)(global + t.ringOffset) + cell, (unsigned long long)value);
    else
      atomicAdd((int*)(global + t.ringOffset) + cell, (int)value);
  }
}

// ---- Poisson input --------------------------------------------------------------------------------------------------------

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
  for (uint32_t k = 0; k < population.driveCount; k++) {
    const Drive& d = p.drives[population.firstDrive + k];
    if (!d.entryStarts) {
      if (!emits(d, step, d.delay)) continue;
      const uint32_t emitted = step - d.delay;
      if (k == 0) {
        if (cache.group != emitted >> 3) {
          cache.group = emitted >> 3;
          synfirePhilox(id, emitted >> 3, 0, 0, d.key0, d.key1, cache.words[0], cache.words[1], cache.words[2], cache.words[3]);
        }
        addSum(sums, d.receptor, (Sum)d.weight * (Sum)poissonCount(d, id, 0, emitted, cache.words));
      } else {
        uint32_t words[4];
        synfirePhilox(id, emitted >> 3, 0, 0, d.key0, d.key1, words[0], words[1], words[2], words[3]);
        addSum(sums, d.receptor, (Sum)d.weight * (Sum)poissonCount(d, id, 0, emitted, words));
      }
      continue;
    }
    const uint32_t end = __ldg(d.entryStarts + cell + 1);
    for (uint32_t e = __ldg(d.entryStarts + cell); e < end; e++) {
      const DriveEntry& entry = d.entries[e];
      if (!emits(d, step, entry.delay)) continue;
      const uint32_t emitted = step - entry.delay;
      uint32_t words[4];
      synfirePhilox(id, emitted >> 3, entry.ordinal, 0, d.key0, d.key1, words[0], words[1], words[2], words[3]);
      addSum(sums, d.receptor, (Sum)entry.weight * (Sum)poissonCount(d, id, entry.ordinal, emitted, words));
    }
  }
}

// ---- samples of state variables -------------------------------------------------------------------------------------------

__device__ __forceinline__ bool sampled(const SampleInfo& s, uint32_t step, uint32_t& row) {
  if (step < s.first || step > s.last) return false;
  const uint32_t since = step - s.first;
  row = since / s.interval;
  return row * s.interval == since;
}

// ---- delivery -------------------------------------------------------------------------------------------------------------

// Only formats that the network has cost anything; if it has one, nothing.
#define HAS_FORMAT(t, f) ((FORMATS >> (f) & 1) && (FORMATS == 1 << (f) || (t).format == (f)))

// Adds a block's slice of the synapses of one source; the GROUP lanes of a group share it.
__device__ __forceinline__ void deliverSource(const RunParams& p, const Table* tables, unsigned char* shared, unsigned char* rings,
                                              const uint32_t* messageRow, uint32_t source, uint32_t multiplicity, uint32_t lane) {
  uint32_t group = 0;
#if GROUPS <= 8
#pragma unroll
  for (int g = 1; g < GROUPS; g++) group += source >= GROUP_STARTS[g] ? 1u : 0u;
#else
  uint32_t end = GROUPS;
  while (end - group > 1) {
    const uint32_t middle = (group + end) / 2;
    if (source >= __ldg(p.groupStarts + middle))
      group = middle;
    else
      end = middle;
  }
#endif
  const uint32_t block = blockIdx.x;
#ifdef GROUP_TABLE
  // at most one table each: known when this was compiled
  uint32_t only = GROUP_TABLE[0];
#pragma unroll
  for (int g = 1; g < GROUPS; g++) only = group == (uint32_t)g ? GROUP_TABLE[g] : only;
  const uint32_t firstTable = 0, endTable = only == NOWHERE ? 0u : 1u;
#else
  const uint32_t firstTable = __ldg(p.groupTables + group), endTable = __ldg(p.groupTables + group + 1);
#endif
  for (uint32_t k = firstTable; k < endTable; k++) {
#ifdef GROUP_TABLE
    const Table& t = tables[only];
#else
    const Table& t = tables[__ldg(p.groupList + k)];
#endif
    const unsigned char* row = t.rows + (uint64_t)(source - t.firstRow) * t.rowBytes;
    const uint64_t base = __ldg((const unsigned long long*)row);
    uint32_t from, to;
    if (t.narrow) {
      from = __ldg((const uint16_t*)(row + 8) + block);
      to = __ldg((const uint16_t*)(row + 8) + block + 1);
    } else {
      from = __ldg((const uint32_t*)(row + 8) + block);
      to = __ldg((const uint32_t*)(row + 8) + block + 1);
    }
    const uint32_t mask = (1u << t.localBits) - 1u;
    const uint32_t now = messageRow[t.receptor] + t.firstDelay;
    const Sum unit = (Sum)t.weight * (Sum)multiplicity;
    for (uint32_t j = from + lane; j < to; j += 4 * GROUP) {
      // four loads on their way before the first is used
      uint32_t places[4];
      Sum values[4];
#pragma unroll
      for (int q = 0; q < 4; q++) {
        const uint32_t i = j + q * GROUP;
        places[q] = 0;
        values[q] = unit;
        if (i < to) {
          if (HAS_FORMAT(t, FORMAT_PACKED))
            places[q] = loadOnce((const uint32_t*)t.data + base + i);
          else if (HAS_FORMAT(t, FORMAT_PLACE16))
            places[q] = loadOnce((const uint16_t*)t.data + base + i);
          else if (HAS_FORMAT(t, FORMAT_PLACE32))
            places[q] = loadOnce((const uint32_t*)t.data + base + i);
          else if (HAS_FORMAT(t, FORMAT_WIDE32)) {
            const uint2 pair = __ldg((const uint2*)t.data + base + i);
            places[q] = pair.x;
            values[q] = unit * (int)pair.y;
          } else if (HAS_FORMAT(t, FORMAT_WIDE64)) {
            const uint4 four = __ldg((const uint4*)t.data + base + i);
            places[q] = four.x;
            values[q] = unit * (Sum)(long long)((uint64_t)four.w << 32 | four.z);
          }
        }
      }
#pragma unroll
      for (int q = 0; q < 4; q++) {
        if (j + q * GROUP >= to) continue;
        uint32_t place = places[q];
        if (HAS_FORMAT(t, FORMAT_PACKED)) {
          values[q] = unit * (Sum)(place >> 16);
          place &= 0xffffu;
        }
        uint32_t at = now + (place >> t.localBits);
        if (at >= t.ringRows) at -= t.ringRows;
        addTo(shared, rings, t, at * SLOTS + (place & mask), values[q]);
      }
    }
  }
}

// Delivers what the lanes of a warp hold: 32 / GROUP sources at a time.
__device__ __forceinline__ void deliverLanes(const RunParams& p, const Table* tables, unsigned char* shared, unsigned char* rings,
                                             const uint32_t* messageRow, uint32_t holders, uint32_t source, uint32_t multiplicity) {
  const int lane = laneNumber(), own = lane / GROUP;
  while (holders) {
    int chosen = -1;
#pragma unroll
    for (int q = 0; q < 32 / GROUP; q++) {
      if (q == own) chosen = __ffs(holders) - 1;
      holders &= holders - 1u;
    }
    const uint32_t from = chosen < 0 ? 0u : (uint32_t)chosen;
    const uint32_t s = __shfl_sync(ALL_LANES, source, from);
    const uint32_t m = MULTI ? __shfl_sync(ALL_LANES, multiplicity, from) : 1u;
    if (chosen >= 0) deliverSource(p, tables, shared, rings, messageRow, s, m, (uint32_t)(lane % GROUP));
    __syncwarp();
  }
}

// ---- mailboxes ------------------------------------------------------------------------------------------------------------
// Word 0: tag (16 bits), stop (1), number of neurons (15), two ids; other words: tag, three ids. With multiplicities: one id and
// its multiplicity instead. Every word carries the tag of its step, so words may arrive in any order. Ids are local to the block.

__device__ __forceinline__ uint32_t wordsFor(uint32_t n) {
  return MULTI ? (n <= 1 ? 1u : n) : (n <= 2 ? 1u : 1u + n / 3u);
}

__device__ __forceinline__ uint64_t composeWord(uint64_t tag, uint32_t stop, uint32_t n, uint32_t word, const uint32_t* list) {
  uint64_t value = tag << 48;
  if (word == 0) value |= (uint64_t)stop << 47 | (uint64_t)n << 32;
  if (MULTI) {
    if (word < n) value |= list[word];
    return value;
  }
  const uint32_t first = word == 0 ? 0u : 3u * word - 1u, count = word == 0 ? 2u : 3u;
  for (uint32_t i = 0; i < count; i++)
    if (first + i < n) value |= (uint64_t)(list[first + i] & 0xffffu) << (16 * i);
  return value;
}

// Reads the mailboxes of one step and delivers. A lane serves at most one mailbox at a time.
__device__ __forceinline__ void consumeStep(const RunParams& p, const Table* tables, unsigned char* shared, unsigned char* rings, Control* control,
                            const uint32_t* messageRow, const uint32_t* list, uint32_t step) {
  const int lane = laneNumber(), warp = (int)threadIdx.x / 32;
  const uint32_t index = step - p.firstStep;
#if SOLO
  (void)index;
  const uint32_t n = control->fired;
  for (uint32_t from = warp * 32; from < n; from += THREADS) {
    const bool has = from + lane < n;
    const uint32_t entry = has ? list[from + lane] : 0u;
    deliverLanes(p, tables, shared, rings, messageRow, __ballot_sync(ALL_LANES, has), entry & 0xffffu, entry >> 16);
  }
#else
  (void)list;
  const uint64_t tag = index & 0xffffu;
  const uint64_t* mail = p.mail[p.ownDevice] + (uint64_t)(index & (MAIL_DEPTH - 1u)) * ALL_BLOCKS * MAIL_WORDS;
  for (uint32_t first = 0; first < ALL_BLOCKS; first += THREADS) {
    // mailboxes are dealt to warps in turn
    const uint32_t box = first + lane * WARPS + warp;
    const uint64_t* own = mail + (uint64_t)box * MAIL_WORDS;
    uint64_t a = 0, b = 0;
    uint32_t n = 0;
    if (box < ALL_BLOCKS) {
      for (;;) {
        loadMail(own, a, b);
        if (a >> 48 == tag) {
          n = (uint32_t)(a >> 32) & 0x7fffu;
          if (wordsFor(n) == 1 || b >> 48 == tag) break;
        }
        synfirePause();
      }
      if (a >> 47 & 1u) control->stop = 1u;
    }
    __syncwarp();
    // who fired is dealt to the groups of lanes, from whichever mailbox it comes
    uint32_t end = n;
    for (int d = 1; d < 32; d <<= 1) {
      const uint32_t other = __shfl_up_sync(ALL_LANES, end, d);
      if (lane >= d) end += other;
    }
    const uint32_t total = __shfl_sync(ALL_LANES, end, 31);
    for (uint32_t from = 0; from < total; from += 32 / GROUP) {
      uint32_t holder = 0;
#pragma unroll
      for (int q = 0; q < 32 / GROUP; q++) {
        const uint32_t ended = __popc(__ballot_sync(ALL_LANES, end <= from + q));
        if (q == lane / GROUP) holder = ended;
      }
      const bool some = holder < 32u;
      holder &= 31u;
      const uint32_t i = from + lane / GROUP - (__shfl_sync(ALL_LANES, end, holder) - __shfl_sync(ALL_LANES, n, holder));
      const uint64_t first64 = __shfl_sync(ALL_LANES, (unsigned long long)a, holder), second64 = __shfl_sync(ALL_LANES, (unsigned long long)b, holder);
      if (some) {
        const uint32_t theirs = first + holder * WARPS + warp;
        const uint32_t w = MULTI ? i : (i + 1u) / 3u;
        const uint32_t place = MULTI ? 0u : (w == 0 ? i : i - (3u * w - 1u));
        uint64_t word = w == 0 ? first64 : second64;
        if (w > 1)
          while ((word = loadMailWord(mail + (uint64_t)theirs * MAIL_WORDS + w)) >> 48 != tag) synfirePause();
        const uint32_t entry = MULTI ? (uint32_t)word : (uint32_t)(word >> (16 * place)) & 0xffffu;
        deliverSource(p, tables, shared, rings, messageRow, (entry & 0xffffu) * ALL_BLOCKS + theirs, MULTI ? entry >> 16 : 1u,
                      (uint32_t)(lane % GROUP));
      }
      __syncwarp();
    }
  }
#endif
  // spikes from outside
  if (p.externalStarts) {
    const uint32_t end = p.externalStarts[index];
    for (uint32_t from = p.externalStarts[index - 1] + warp * 32; from < end; from += THREADS) {
      const bool has = from + lane < end;
      const uint2 spike = has ? p.external[from + lane] : make_uint2(0u, 0u);
      deliverLanes(p, tables, shared, rings, messageRow, __ballot_sync(ALL_LANES, has), spike.x, spike.y);
    }
  }
}

// Where the time of a step goes, in cycles of the first warp: only where PROFILE is defined.
#ifdef PROFILE
#define MARKS long long marks[8] = {0, 0, 0, 0, 0, 0, 0, 0}, markedAt = clock64()
#define MARK(k) { const long long markNow = clock64(); marks[k] += markNow - markedAt; markedAt = markNow; }
#else
#define MARKS
#define MARK(k)
#endif

// ---- the loop -------------------------------------------------------------------------------------------------------------

__device__ __forceinline__ void fail(const RunParams& p, Control* control, uint32_t step, uint32_t id, uint32_t kind) {
  atomicMin((unsigned long long*)p.failure, (unsigned long long)step << 33 | (unsigned long long)id << 2 | kind);
  control->recorded |= 0x80000000u;
}

// Notes that a neuron fired.
__device__ __forceinline__ void noteSpike(const RunParams& p, Control* control, uint32_t* list, const PopulationInfo& population, uint32_t id,
                                          uint32_t local, int count, uint32_t step) {
  if (count == 0) return;
  if (count > population.maxEmission) fail(p, control, step, id, FAILED_EMISSION);
  list[atomicAdd(&control->fired, 1u)] = MULTI ? local | (uint32_t)count << 16 : local | 1u << 16;
}

// The parameters come by value, into constant memory. They begin with the address of a copy in device memory: that is all that
// the emulator hands over.
#ifdef SYNFIRE_EMULATED
#define PARAMETERS const RunParams* params
#define P (*params)
#else
#define PARAMETERS const __grid_constant__ RunParams params
#define P params
#endif

extern "C" __global__ void __launch_bounds__(THREADS, 1) runSteps(PARAMETERS) {
  SYNFIRE_SHARED(shared);
  const RunParams& p = P;
  MARKS;
  Control* control = (Control*)shared;
  uint32_t* list = (uint32_t*)(shared + LIST_OFFSET);
  const uint32_t block = blockIdx.x;
  const int lane = laneNumber(), warp = (int)threadIdx.x / 32;
  unsigned char* rings = p.rings + (uint64_t)block * RING_BYTES;
  const uint32_t firstCell = block * SLOTS;
  constexpr uint64_t stride = (uint64_t)BLOCKS * SLOTS;

  const Table* tables = p.tables;
  if (SHARED_TABLES) {
    uint32_t* to = (uint32_t*)(shared + TABLE_OFFSET);
    for (uint32_t i = threadIdx.x; i < SHARED_TABLES * (sizeof(Table) / 4); i += THREADS) to[i] = ((const uint32_t*)p.tables)[i];
    tables = (const Table*)(shared + TABLE_OFFSET);
  }
  if (threadIdx.x == 0) {
    control->fired = control->arrived = control->stop = control->late = 0;
    control->recorded = p.recordCounts[block];
  }
  for (int r = (int)threadIdx.x; r < RECEPTORS; r += THREADS) {
    const uint32_t s = p.firstStep + 1 >= LAG ? p.firstStep + 1 - LAG : 0u;
    control->messageRow[1][r] = s % RING_ROWS[r];
  }
#pragma unroll
  for (int r = 0; r < RECEPTORS; r++) {
    if (!RING_SHARED[r]) continue;
    const uint32_t words = RING_ROWS[r] * SLOTS * (RING_WIDE[r] ? 2u : 1u);
    const uint32_t* from = (const uint32_t*)(rings + RING_AT[r]);
    uint32_t* to = (uint32_t*)(shared + RING_SHARED_AT[r]);
    for (uint32_t i = threadIdx.x; i < words; i += THREADS) to[i] = from[i];
  }
  uint32_t row[RECEPTORS];
#pragma unroll
  for (int r = 0; r < RECEPTORS; r++) row[r] = p.firstStep % RING_ROWS[r];
  constexpr uint32_t workers = ((SLOTS < THREADS ? SLOTS : THREADS) + 31u) / 32u;
  unsigned long long emitted = 0;

#if TILES == 1
  // one neuron per thread: its state stays in registers
  const uint32_t cell = firstCell + threadIdx.x;
  const uint32_t own = threadIdx.x < SLOTS ? p.populations[cell] : NOBODY;
  const bool active = own != NOBODY;
  const PopulationInfo& population = p.populationInfo[active ? own : 0u];
  const uint32_t id = active ? p.ids[cell] : 0u;
  real s[REALS];
  int z[INTS];
#pragma unroll
  for (int k = 0; k < REALS; k++) s[k] = active ? p.reals[k * stride + cell] : (real)0;
#pragma unroll
  for (int k = 0; k < INTS; k++) z[k] = active ? p.ints[k * stride + cell] : 0;
  DriveCache cache;
  cache.group = 0xffffffffu;
  Sum drive[RECEPTORS];
#pragma unroll
  for (int r = 0; r < RECEPTORS; r++) drive[r] = 0;
  if (active) driveInput(p, population, id, cell, p.firstStep + 1, drive, cache);
  const uint32_t firstItem = active && p.itemStarts ? p.itemStarts[cell] : 0u;
  const uint32_t endItem = active && p.itemStarts ? p.itemStarts[cell + 1] : 0u;
  const uint64_t* own64 = active && p.ownSynapses && p.ownSynapses[2 * cell + 1] ? p.ownSynapses + 2 * cell : nullptr;
  const void* ownSynapses = own64 ? (const void*)own64[0] : nullptr;
  const uint32_t ownBytes = own64 ? (uint32_t)own64[1] : 0u;
  const void* ownRow = own64 ? (const void*)p.ownRows[cell] : nullptr;
#else
  uint16_t* lateList = (uint16_t*)(shared + LATE_OFFSET);
#endif
  __syncthreads();

  uint32_t step = p.firstStep;
  const uint32_t lastStep = p.firstStep + p.steps;
  while (step < lastStep) {
    step++;
#pragma unroll
    for (int r = 0; r < RECEPTORS; r++) row[r] = row[r] + 1u == RING_ROWS[r] ? 0u : row[r] + 1u;

    MARK(0)
    // ---- update
#if TILES == 1
    int count = 0;
    if (active) {
      Sum sums[RECEPTORS];
#pragma unroll
      for (int r = 0; r < RECEPTORS; r++) {
        sums[r] = takeInput(shared, rings, r, row[r] * SLOTS + threadIdx.x, true) + drive[r];
        drive[r] = 0;
      }
      int failed = 0, unfinished = 0;
      count = updateNeuron(population.variant, s, z, p.realUniforms + population.firstReal, p.intUniforms + population.firstInt, sums,
                           p.scales + own * RECEPTORS, step, id, population.key0, population.key1, MOST_ROUNDS, failed, unfinished);
      if (failed) fail(p, control, step, id, FAILED_INTEGRATION);
      noteSpike(p, control, list, population, id, threadIdx.x, count, step);
      emitted += count != 0;
    }
#else
    for (int phase = 0; phase < (LATE ? 2 : 1); phase++) {
      const uint32_t todo = phase == 0 ? SLOTS : control->late;
      // late neurons are dealt to warps in turn, so that no warp waits for another's
      for (uint32_t i = phase == 0 ? threadIdx.x : (uint32_t)(lane * WARPS + warp); i < todo; i += THREADS) {
        const uint32_t local = phase == 0 ? i : lateList[i];
        const uint32_t cell = firstCell + local;
        const uint32_t own = p.populations[cell];
        if (own == NOBODY) continue;
        const PopulationInfo& population = p.populationInfo[own];
        const uint32_t id = p.ids[cell];
        real s[REALS];
        int z[INTS];
#pragma unroll
        for (int k = 0; k < REALS; k++) s[k] = p.reals[k * stride + cell];
#pragma unroll
        for (int k = 0; k < INTS; k++) z[k] = p.ints[k * stride + cell];
        Sum sums[RECEPTORS];
#pragma unroll
        for (int r = 0; r < RECEPTORS; r++) sums[r] = takeInput(shared, rings, r, row[r] * SLOTS + local, !LATE);
        DriveCache cache;
        cache.group = 0xffffffffu;
        driveInput(p, population, id, cell, step, sums, cache);
        int failed = 0, unfinished = 0;
        const int count = updateNeuron(population.variant, s, z, p.realUniforms + population.firstReal, p.intUniforms + population.firstInt,
                                       sums, p.scales + own * RECEPTORS, step, id, population.key0, population.key1,
                                       phase == 0 && LATE ? ROUNDS : MOST_ROUNDS, failed, unfinished);
        if (unfinished) {
          lateList[atomicAdd(&control->late, 1u)] = (uint16_t)local;
          continue;
        }
#if LATE
#pragma unroll
        for (int r = 0; r < RECEPTORS; r++) takeInput(shared, rings, r, row[r] * SLOTS + local, true);
#endif
#pragma unroll
        for (int k = 0; k < REALS; k++)
          if (k < REAL_STATES) p.reals[k * stride + cell] = s[k];
#pragma unroll
        for (int k = 0; k < INTS; k++)
          if (k < INT_STATES) p.ints[k * stride + cell] = z[k];
        if (failed) fail(p, control, step, id, FAILED_INTEGRATION);
        noteSpike(p, control, list, population, id, local, count, step);
        emitted += count != 0;
        if (p.itemStarts) {
          for (uint32_t e = p.itemStarts[cell]; e < p.itemStarts[cell + 1]; e++) {
            const SampleItem& item = p.items[e];
            const SampleInfo& info = p.samples[item.request];
            uint32_t at;
            if (sampled(info, step, at))
              info.values[(uint64_t)at * info.columns + item.column] =
                  item.integer ? (double)p.ints[item.slot * stride + cell] : (double)p.reals[item.slot * stride + cell];
          }
        }
      }
      if (LATE && phase == 0) __syncthreads();
    }
#endif

    MARK(1)
    // ---- publish: the last warp that has updated its neurons writes the mailbox and the record
    bool publishes = false;
    if (warp < (int)workers) {
      __syncwarp();
      uint32_t before = 0;
      if (lane == 0) {
        fenceBlock();
        before = atomicAdd(&control->arrived, 1u);
      }
      publishes = __shfl_sync(ALL_LANES, before, 0) == workers - 1u;
    }
    if (publishes) {
      fenceBlock();
      const uint32_t n = *(volatile uint32_t*)&control->fired;
      uint32_t recorded = *(volatile uint32_t*)&control->recorded;
      // room for what may still come before all blocks have read of the stop
      const bool full = p.record && (recorded & 0x7fffffffu) + n + (LAG + 1u) * SLOTS > p.recordCapacity;
      const uint32_t stop = full || recorded >> 31 ? 1u : 0u;
#if SOLO
      if (stop && lane == 0) control->stop = 1u;
#else
      const uint32_t index = step - p.firstStep;
      const uint64_t place = ((uint64_t)(index & (MAIL_DEPTH - 1u)) * ALL_BLOCKS + p.firstBlock + block) * MAIL_WORDS;
      for (uint32_t w = lane; w < wordsFor(n); w += 32) {
        const uint64_t value = composeWord(index & 0xffffu, stop, n, w, list);
        for (uint32_t g = 0; g < DEVICES; g++) storeMail(p.mail[g] + place + w, value);
      }
#endif
      if (p.record) {
        uint2* to = p.records + (uint64_t)block * p.recordCapacity + (recorded & 0x7fffffffu);
        for (uint32_t i = lane; i < n; i += 32) to[i] = make_uint2(step, list[i]);
        recorded += n;
      }
      __syncwarp();
      if (lane == 0) {
        control->recorded = recorded;
        control->arrived = 0;
        control->late = 0;
#if !SOLO
        control->fired = 0;
#endif
      }
    }

    MARK(2)
    // ---- while the messages travel: bring the synapses of who fired, take samples, draw the input of the next step
#if TILES == 1
    if (count != 0 && ownSynapses) {
      prefetchRange(ownRow, ROW_BYTES);
      prefetchRange(ownSynapses, ownBytes);
    }
    for (uint32_t e = firstItem; e < endItem; e++) {
      const SampleItem& item = p.items[e];
      const SampleInfo& info = p.samples[item.request];
      uint32_t at;
      if (!sampled(info, step, at)) continue;
      double value = 0.0;
#pragma unroll
      for (int k = 0; k < REALS; k++)
        if (!item.integer && item.slot == (uint32_t)k) value = (double)s[k];
#pragma unroll
      for (int k = 0; k < INTS; k++)
        if (item.integer && item.slot == (uint32_t)k) value = (double)z[k];
      info.values[(uint64_t)at * info.columns + item.column] = value;
    }
    if (active) driveInput(p, population, id, cell, step + 1, drive, cache);
#endif
    for (int r = (int)threadIdx.x; r < RECEPTORS; r += THREADS) {
      const uint32_t s = step + 1 >= LAG ? step + 1 - LAG : 0u;
      control->messageRow[(step + 1 - p.firstStep) & 1u][r] = s % RING_ROWS[r];
    }
    __syncwarp();

    MARK(3)
    // ---- read and deliver
#if SOLO
    __syncthreads();
#endif
    if (step - p.firstStep > LAG)
      consumeStep(p, tables, shared, rings, control, control->messageRow[(step - p.firstStep) & 1u], list, step - LAG);
    MARK(4)
    __syncthreads();
    MARK(5)
    if (control->stop) break;
#if SOLO
    // nobody reads the list any more; nobody adds to it before the next barrier but for those who start the next step
    if (threadIdx.x == 0) control->fired = 0;
    __syncthreads();
#endif
  }

  // ---- what is still on its way
  for (uint32_t late = 1; late <= LAG; late++) {
    const uint32_t s = step - LAG + late;
    if (s <= p.firstStep || s > step) continue;
    for (int r = (int)threadIdx.x; r < RECEPTORS; r += THREADS) control->messageRow[0][r] = s % RING_ROWS[r];
    __syncthreads();
    consumeStep(p, tables, shared, rings, control, control->messageRow[0], list, s);
    __syncthreads();
  }

  // ---- leave everything in device memory
#pragma unroll
  for (int r = 0; r < RECEPTORS; r++) {
    if (!RING_SHARED[r]) continue;
    const uint32_t words = RING_ROWS[r] * SLOTS * (RING_WIDE[r] ? 2u : 1u);
    const uint32_t* from = (const uint32_t*)(shared + RING_SHARED_AT[r]);
    uint32_t* to = (uint32_t*)(rings + RING_AT[r]);
    for (uint32_t i = threadIdx.x; i < words; i += THREADS) to[i] = from[i];
  }
#if TILES == 1
  if (active) {
#pragma unroll
    for (int k = 0; k < REALS; k++)
      if (k < REAL_STATES) p.reals[k * stride + cell] = s[k];
#pragma unroll
    for (int k = 0; k < INTS; k++)
      if (k < INT_STATES) p.ints[k * stride + cell] = z[k];
  }
#endif
  if (emitted) atomicAdd((unsigned long long*)p.emitted, emitted);
#ifdef PROFILE
  if (threadIdx.x == 0 && block == 0)
    printf("cycles per step: end %lld, update %lld, publish %lld, draw %lld, consume %lld, barrier %lld\n", marks[0] / p.steps, marks[1] / p.steps,
           marks[2] / p.steps, marks[3] / p.steps, marks[4] / p.steps, marks[5] / p.steps);
#endif
  if (threadIdx.x == 0) {
    p.recordCounts[block] = control->recorded & 0x7fffffffu;
    if (block == 0) *p.doneSteps = step - p.firstStep;
  }
}
