// Delivery: a block's slices of the synapses of whoever fired are added to its rings.

// Only formats that the network has cost anything; if it has one, nothing.
#define HAS_FORMAT(t, f) ((FORMATS >> (f) & 1) && (FORMATS == 1 << (f) || (t).format == (f)))

// The tables that a source has synapses in: a range of p.groupList, or, where it is known when this is compiled, at most one table.
struct TablesOf {
  uint32_t first, end, only;
};

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
#ifdef GROUP_TABLE
  uint32_t only = GROUP_TABLE[0];
#pragma unroll
  for (int g = 1; g < GROUPS; g++) only = group == (uint32_t)g ? GROUP_TABLE[g] : only;
  return {0, only == NOWHERE ? 0u : 1u, only};
#else
  return {__ldg(p.groupTables + group), __ldg(p.groupTables + group + 1), 0};
#endif
}

__device__ __forceinline__ const Table& tableOf(const RunParams& p, const Table* tables, const TablesOf& list, uint32_t k) {
#ifdef GROUP_TABLE
  return tables[list.only];
#else
  return tables[__ldg(p.groupList + k)];
#endif
}

// Sources of several processes are numbered in turns; where a table has those of one only, the rows of the others are empty.
__device__ __forceinline__ bool hasRow(const Table& t, uint32_t source) {
  return PROCESS_BLOCKS == ALL_BLOCKS || t.process == NOWHERE || source % ALL_BLOCKS / PROCESS_BLOCKS == t.process;
}

// A block's synapses of one source in one table: from `base + from` to `base + to - 1`.
struct Slice {
  uint64_t base;
  uint32_t from, to;
};

__device__ __forceinline__ Slice sliceOf(const Table& t, uint32_t source) {
  const unsigned char* row = t.rows + (uint64_t)(source - t.firstRow) * t.rowBytes;
  Slice slice;
  slice.base = __ldg((const unsigned long long*)row);
  if (t.narrow) {
    slice.from = __ldg((const uint16_t*)(row + 8) + blockIdx.x);
    slice.to = __ldg((const uint16_t*)(row + 8) + blockIdx.x + 1);
  } else {
    slice.from = __ldg((const uint32_t*)(row + 8) + blockIdx.x);
    slice.to = __ldg((const uint32_t*)(row + 8) + blockIdx.x + 1);
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
  uint32_t at = m.now + (place >> t.localBits);
  if (at >= t.ringRows) at -= t.ringRows;
  addTo(p, shared, rings, t, at, place & ((1u << t.localBits) - 1u), m.unit * weight, times);
}

// Adds a block's slice of the synapses of one source; the GROUP lanes of a group share it.
__device__ __forceinline__ void deliverSource(const RunParams& p, const Table* tables, unsigned char* shared, unsigned char* rings,
                                              const uint32_t* messageRow, uint32_t source, uint32_t multiplicity, uint32_t lane) {
  const TablesOf list = tablesOf(p, source);
  for (uint32_t k = list.first; k < list.end; k++) {
    const Table& t = tableOf(p, tables, list, k);
    if (!hasRow(t, source)) continue;
    const Slice slice = sliceOf(t, source);
    const Message message = messageFor(t, messageRow, multiplicity);
    for (uint32_t j = slice.from + lane; j < slice.to; j += 4 * GROUP) {
      // four loads on their way before the first is used
      uint32_t places[4];
      Sum weights[4];
#pragma unroll
      for (int q = 0; q < 4; q++) {
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
      for (int q = 0; q < 4; q++)
        if (j + q * GROUP < slice.to) deliverPlace(p, shared, rings, t, message, places[q], weights[q]);
    }
  }
}

#if SHORT_SLICES
// The same with a lane for each source, where there are many: 32 slices are on their way at a time, in pieces of 16 bytes.
template <uint32_t PER>
__device__ __forceinline__ void deliverPieces(const RunParams& p, unsigned char* shared, unsigned char* rings, const Table& t, const Message& m,
                                              const Slice& slice) {
  const uint64_t first = slice.base + slice.from, last = slice.base + slice.to - 1;
  const uint32_t length = slice.to - slice.from;
  const uint4* pieces = (const uint4*)t.data;
  for (uint64_t piece = first / PER; piece <= last / PER; piece += 2) {
    const uint4 a = loadOnce(pieces + piece), b = piece < last / PER ? loadOnce(pieces + piece + 1) : a;
    const uint32_t words[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
    // of the first synapse of the piece, counted from that of the slice; what lies before it is beyond all lengths
    const uint32_t at = (uint32_t)(piece * PER - first);
#pragma unroll
    for (uint32_t q = 0; q < 2 * PER; q++) {
      const uint32_t word = words[q * 4 / PER];
      const uint32_t place = PER == 8 ? word >> 16 * (q % 2) & 0xffffu : word;
      if (at + q < length) deliverPlace(p, shared, rings, t, m, place, 1);
    }
  }
}

__device__ __forceinline__ void deliverAlone(const RunParams& p, const Table* tables, unsigned char* shared, unsigned char* rings,
                                             const uint32_t* messageRow, uint32_t source, uint32_t multiplicity) {
  const TablesOf list = tablesOf(p, source);
  for (uint32_t k = list.first; k < list.end; k++) {
    const Table& t = tableOf(p, tables, list, k);
    if (!hasRow(t, source)) continue;
    const Slice slice = sliceOf(t, source);
    if (slice.from == slice.to) continue;
    const Message message = messageFor(t, messageRow, multiplicity);
    if (HAS_FORMAT(t, FORMAT_PLACE16))
      deliverPieces<8>(p, shared, rings, t, message, slice);
    else
      deliverPieces<4>(p, shared, rings, t, message, slice);
  }
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
