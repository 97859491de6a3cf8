// Delivery: a block's slices of the synapses of whoever fired are added to its rings.

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
