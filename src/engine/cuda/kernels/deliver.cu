// Delivery: a block's slices of the synapses of whoever fired are added to its rings.

// Only formats that the network has cost anything; if it has one, nothing.
#define HAS_FORMAT(t, f) ((FORMATS >> (f) & 1) && (FORMATS == 1 << (f) || (t).format == (f)))

// The tables that a source has synapses in: a range of p.groupList, or, where it is known when this is compiled, at most one table. Sources
// of several processes are numbered in turns, and each process has groups of its own.
struct TablesOf {
  uint32_t first, end, only;
};

__device__ __forceinline__ uint32_t processOf(uint32_t source) { return source % ALL_BLOCKS / PROCESS_BLOCKS; }

__device__ __forceinline__ TablesOf tablesOf(const RunParams& p, uint32_t source) {
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
  if (PROCESSES > 1) group += processOf(source) * GROUPS;
#ifdef GROUP_TABLE
  uint32_t only = GROUP_TABLE[0];
#pragma unroll
  for (int g = 1; g < PROCESSES * GROUPS; g++) only = group == (uint32_t)g ? GROUP_TABLE[g] : only;
  return {0, only == NOWHERE ? 0u : 1u, only};
#else
  return {__ldg(p.groupTables + group), __ldg(p.groupTables + group + 1), 0};
#endif
}

__device__ __forceinline__ uint32_t tableOf(const RunParams& p, const TablesOf& list, uint32_t k) {
#ifdef GROUP_TABLE
  return list.only;
#else
  return __ldg(p.groupList + k);
#endif
}

// A block's synapses of one source in one table: from `base + from` to `base + to - 1`.
struct Slice {
  uint64_t base;
  uint32_t from, to;
};

__device__ __forceinline__ Slice sliceOf(const Table& t, uint32_t source) {
  // rows lie block by block
  const uint32_t index = source % ALL_BLOCKS * t.places + source / ALL_BLOCKS - t.origin;
  const unsigned char* row = t.rows + (uint64_t)index * t.rowBytes;
  Slice slice;
  slice.base = loadNow((const uint64_t*)row);
  if (t.narrow) {
    slice.from = loadNow((const uint16_t*)(row + 8) + blockIdx.x);
    slice.to = loadNow((const uint16_t*)(row + 8) + blockIdx.x + 1);
  } else {
    slice.from = loadNow((const uint32_t*)(row + 8) + blockIdx.x);
    slice.to = loadNow((const uint32_t*)(row + 8) + blockIdx.x + 1);
  }
  return slice;
}

// What a source sends through the synapses of a table: the row of its step, its spikes.
struct Message {
  uint32_t now, multiplicity;
  Sum unit;
};

__device__ __forceinline__ Message messageFor(const Table& t, const uint32_t* messageRow, uint32_t multiplicity) {
  return {messageRow[t.receptor] + t.firstDelay, multiplicity, (Sum)t.weight * (Sum)multiplicity};
}

// Adds one synapse, given its place and, where weights are wide, its weight.
__device__ __forceinline__ void deliverPlace(const RunParams& p, unsigned char* shared, unsigned char* rings, const Table& t, const Message& m,
                                             uint32_t place, Sum weight) {
  uint32_t times = m.multiplicity;
  if (HAS_FORMAT(t, FORMAT_PACKED)) {
    times *= place >> 16;
    weight = (Sum)(place >> 16);
    place &= 0xffffu;
  }
  const uint32_t rows = INBOX_ROWS ? INBOX_ROWS : t.ringRows;
  uint32_t at = m.now + (place >> LOCAL_BITS);
  if (at >= rows) at -= rows;
  addTo(p, shared, rings, t, at, place & ((1u << LOCAL_BITS) - 1u), m.unit * weight, times);
}

// Adds a block's slice of the synapses of one source; the GROUP lanes of a group share it.
__device__ __forceinline__ void deliverSource(const RunParams& p, const Table* tables, unsigned char* shared, unsigned char* rings,
                                              const uint32_t* messageRow, uint32_t source, uint32_t multiplicity, uint32_t lane) {
  const TablesOf list = tablesOf(p, source);
  for (uint32_t k = list.first; k < list.end; k++) {
    const Table& t = tables[tableOf(p, list, k)];
    const Slice slice = sliceOf(t, source);
    const Message message = messageFor(t, messageRow, multiplicity);
    for (uint32_t j = slice.from + lane; j < slice.to; j += LOADS * GROUP) {
      // all loads on their way before the first is used
      uint32_t places[LOADS];
      Sum weights[LOADS];
#pragma unroll
      for (int q = 0; q < LOADS; q++) {
        const uint32_t i = j + q * GROUP;
        places[q] = 0;
        weights[q] = 1;
        if (i < slice.to) {
          if (HAS_FORMAT(t, FORMAT_PACKED))
            places[q] = loadOnce((const uint32_t*)t.data + slice.base + i);
          else if (HAS_FORMAT(t, FORMAT_PLACE16))
            places[q] = loadOnce((const uint16_t*)t.data + slice.base + i);
          else if (HAS_FORMAT(t, FORMAT_PLACE32))
            places[q] = loadOnce((const uint32_t*)t.data + slice.base + i);
          else if (HAS_FORMAT(t, FORMAT_WIDE32)) {
            const uint2 pair = __ldg((const uint2*)t.data + slice.base + i);
            places[q] = pair.x;
            weights[q] = (int)pair.y;
          } else if (HAS_FORMAT(t, FORMAT_WIDE64)) {
            const uint4 four = __ldg((const uint4*)t.data + slice.base + i);
            places[q] = four.x;
            weights[q] = (Sum)(long long)((uint64_t)four.w << 32 | four.z);
          }
        }
      }
#pragma unroll
      for (int q = 0; q < LOADS; q++)
        if (j + q * GROUP < slice.to) deliverPlace(p, shared, rings, t, message, places[q], weights[q]);
    }
  }
}

#if SHORT_SLICES
// ---- short slices: the synapses of 32 sources are dealt to the lanes of a warp, all lanes alike ----

// A slice that a lane has found, and of whom: the table, with the multiplicity above it.
struct Portion {
  Slice slice;
  uint32_t what;
};

__device__ __forceinline__ uint32_t synapseBytes(const Table& t) { return HAS_FORMAT(t, FORMAT_PLACE16) ? 2u : 4u; }

// Of the k-th table of a source.
__device__ __forceinline__ Portion portionOf(const RunParams& p, const Table* tables, const TablesOf& list, uint32_t k, uint32_t source,
                                             uint32_t multiplicity) {
  const Portion none = {{0, 0, 0}, 0};
  if (k >= list.end) return none;
  const uint32_t table = tableOf(p, list, k);
  const Table& t = tables[table];
  return {sliceOf(t, source), table | multiplicity << 16};
}

// What the lanes have found, one behind the other, those with synapses only: `at` is the address of the first synapse, less what comes
// before it in the sequence.
struct Share {
  uint64_t at;
  uint32_t now, what;
};

// Loads of a lane that are on their way before the first is used. Where models are integrated numerically, threads have more registers, and,
// where each has one neuron, a warp has few synapses at a time, and less code counts for more.
#define WINDOWS (!HEAVY ? 4u : TILES > 1 ? 5u : 1u)

// All lanes take part. Of the synapses of all portions each lane delivers every 32nd.
__device__ __forceinline__ void deliverPortions(const RunParams& p, const Table* tables, unsigned char* shared, unsigned char* rings,
                                                const uint32_t* messageRow, const Portion& own) {
  const uint32_t lane = (uint32_t)laneNumber(), earlier = (1u << lane) - 1u;
  Share* const shares = (Share*)(shared + SHARES_OFFSET) + threadIdx.x / 32 * 32;
  const uint32_t length = own.slice.to - own.slice.from, end = sumToLane(length);
  const uint32_t total = __shfl_sync(ALL_LANES, end, 31);
  const uint32_t place = __popc(__ballot_sync(ALL_LANES, length != 0) & earlier);
  if (length != 0) {
    const Table& t = tables[own.what & 0xffffu];
    const uint64_t at = (uint64_t)t.data + (own.slice.base + own.slice.from - (end - length)) * synapseBytes(t);
    shares[place] = {at, messageRow[t.receptor] + t.firstDelay, own.what};
  }
  __syncwarp();
  uint32_t ended = 0;
  for (uint32_t from = 0; from < total; from += 32 * WINDOWS) {
    Share share[WINDOWS];
    uint32_t words[WINDOWS];
#pragma unroll
    for (uint32_t q = 0; q < WINDOWS; q++) {
      const uint32_t first = from + 32 * q, last = end - 1u - first;
      // bit i: a slice ends with the i-th synapse of the window
      const uint32_t ends = orOfWarp(length != 0 && last < 32u ? 1u << last : 0u);
      words[q] = 0;
      if (first + lane < total) {
        share[q] = shares[ended + __popc(ends & earlier)];
        const uint32_t bytes = synapseBytes(tables[share[q].what & 0xffffu]);
        const uint64_t at = share[q].at + (uint64_t)(first + lane) * bytes;
        words[q] = bytes == 2u ? (uint32_t)loadOnce((const uint16_t*)at) : loadOnce((const uint32_t*)at);
      }
      ended += __popc(ends);
    }
#pragma unroll
    for (uint32_t q = 0; q < WINDOWS; q++) {
      if (from + 32 * q + lane >= total) continue;
      const Table& t = tables[share[q].what & 0xffffu];
      const uint32_t multiplicity = MULTI ? share[q].what >> 16 : 1u;
      deliverPlace(p, shared, rings, t, {share[q].now, multiplicity, (Sum)t.weight * (Sum)multiplicity}, words[q], 1);
    }
  }
  // all have read what the next portions overwrite
  __syncwarp();
}
#endif

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
