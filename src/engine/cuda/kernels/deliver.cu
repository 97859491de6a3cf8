// Delivery: a block's slices of the synapses of whoever fired are added to its rings.

// Only formats that the network has cost anything; if it has one, nothing.
#define HAS_FORMAT(t, f) ((FORMATS >> (f) & 1) && (FORMATS == 1 << (f) || (t).format == (f)))

// Who fired: a neuron's place in its block, and the block. Generators that send given spikes have places behind those of neurons.
struct Source {
  uint32_t place, block;
};

// The tables that a source has synapses in: a range of p.groupList, or, where it is known when this is compiled, at most one table. Sources
// are counted among those of their process, and each process has groups of its own.
struct TablesOf {
  uint32_t first, end, only;
};

__device__ __forceinline__ TablesOf tablesOf(const RunParams& p, const Source& from) {
  const uint32_t process = PROCESSES > 1 ? from.block / PROCESS_BLOCKS : 0u;
  const uint32_t source = from.place * PROCESS_BLOCKS + from.block - process * PROCESS_BLOCKS;
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
  group += process * GROUPS;
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

// Rows lie block by block.
__device__ __forceinline__ uint32_t rowOf(const Table& t, const Source& source) { return source.block * t.places + source.place - t.origin; }

__device__ __forceinline__ uint32_t synapseBytes(const Table& t) {
  return HAS_FORMAT(t, FORMAT_PLACE16) ? 2u : HAS_FORMAT(t, FORMAT_WIDE32) ? 8u : HAS_FORMAT(t, FORMAT_WIDE64) ? 16u : 4u;
}

// A block's synapses of one source in one table: the address of the first, and their number.
struct Slice {
  uint64_t at;
  uint32_t length;
};

// What a row says of it, as it was read: nothing waits for it before it is needed.
struct RowPart {
  uint64_t base;
  uint32_t from, to;
};

__device__ __forceinline__ RowPart readRow(const Table& t, const Source& source) {
  const unsigned char* row = t.rows + (uint64_t)rowOf(t, source) * t.rowBytes;
  RowPart part;
  part.base = loadNow((const uint64_t*)row);
  if (t.narrow) {
    part.from = loadNow((const uint16_t*)(row + 8) + blockIdx.x);
    part.to = loadNow((const uint16_t*)(row + 8) + blockIdx.x + 1);
  } else {
    part.from = loadNow((const uint32_t*)(row + 8) + blockIdx.x);
    part.to = loadNow((const uint32_t*)(row + 8) + blockIdx.x + 1);
  }
  return part;
}

__device__ __forceinline__ Slice sliceOf(const Table& t, const RowPart& part) {
  return {(uint64_t)t.data + (part.base + part.from) * synapseBytes(t), part.to - part.from};
}
__device__ __forceinline__ Slice sliceOf(const Table& t, const Source& source) { return sliceOf(t, readRow(t, source)); }

// For each table that the source of a lane has synapses in, of lanes that have one: f(whether the lane has one still, which). All lanes take part.
template <typename F>
__device__ __forceinline__ void forTables(const Here& here, bool has, const Source& source, F f) {
  const TablesOf list = has ? tablesOf(here.p, source) : TablesOf{0, 0, 0};
  for (uint32_t k = list.first; __any_sync(ALL_LANES, k < list.end); k++) {
    const bool some = k < list.end;
    f(some, some ? tableOf(here.p, list, k) : 0u);
#ifdef GROUP_TABLE
    break;
#endif
  }
}

// What a source sends through the synapses of a table: the row of its step, its spikes.
struct Message {
  uint32_t now, multiplicity;
  Sum unit;
  Ring ring;
};

__device__ __forceinline__ uint32_t nowOf(const Table& t, const uint32_t* messageRow) { return messageRow[t.receptor] + t.firstDelay; }
__device__ __forceinline__ Message messageAt(const Table& t, uint32_t now, uint32_t multiplicity) {
  return {now, multiplicity, (Sum)t.weight * (Sum)multiplicity, Ring(t)};
}

// Adds one synapse, given its place and, where weights are wide, its weight. A place in a tray is slots * delay + target.
template <bool IN_TRAY>
__device__ __forceinline__ void deliverPlace(const Here& here, const Table& t, const Message& m, uint32_t place, Sum weight) {
  uint32_t times = m.multiplicity;
  if (HAS_FORMAT(t, FORMAT_PACKED)) {
    times *= place >> 16;
    weight = (Sum)(place >> 16);
    place &= 0xffffu;
  }
  const uint32_t later = IN_TRAY ? place / SLOTS : place >> LOCAL_BITS;
  uint32_t at = m.now + later;
  if (at >= m.ring.rows) at -= m.ring.rows;
  addTo(here, m.ring, at, IN_TRAY ? place - later * SLOTS : place & ((1u << LOCAL_BITS) - 1u), m.unit * weight, times);
}

#if TRAYS
// ---- trays: the first synapses of a slice, in 16 or 32 bytes of their own ----

// Adds what is in the tray of a source, where a lane has one. Returns whether there are more synapses, outside of it. All lanes take part.
__device__ __forceinline__ bool deliverTray(const Here& here, const Table& t, const Message& m, bool has, const Source& source) {
  constexpr uint32_t pieces = TRAY_BYTES / 16u;
  const uint4* tray = (const uint4*)(t.trays + ((uint64_t)rowOf(t, source) * BLOCKS + blockIdx.x) * t.trayBytes);
  // all loads on their way before the first is used
  uint4 piece[pieces];
  uint32_t last = ~0u;
#pragma unroll
  for (uint32_t q = 0; q < pieces; q++) {
    piece[q] = make_uint4(~0u, ~0u, ~0u, ~0u);
    if (has && 16u * q < t.trayBytes) {
      piece[q] = loadOnce(tray + q);
      last = piece[q].w;
    }
  }
  const bool packed = HAS_FORMAT(t, FORMAT_PACKED);
#pragma unroll 1
  for (uint32_t q = 0; q < pieces; q++) {
    if (!__any_sync(ALL_LANES, piece[0].x != ~0u)) break;
    const uint32_t words[4] = {piece[0].x, piece[0].y, piece[0].z, piece[0].w};
#pragma unroll
    for (int w = 0; w < 4; w++) {
      if (packed) {
        if (words[w] < TRAY_MORE) deliverPlace<true>(here, t, m, words[w], 1);
        continue;
      }
      const uint32_t first = words[w] & 0xffffu, second = words[w] >> 16;
      if (first < (TRAY_MORE & 0xffffu)) deliverPlace<true>(here, t, m, first, 1);
      if (second < (TRAY_MORE & 0xffffu)) deliverPlace<true>(here, t, m, second, 1);
    }
    // the next piece takes the place of the first, so that all are in registers
#pragma unroll
    for (uint32_t next = 1; next < pieces; next++) piece[next - 1] = piece[next];
  }
  return has && (packed ? last == TRAY_MORE : last >> 16 == (TRAY_MORE & 0xffffu));
}
#endif

// ---- what the lanes of a warp hold is dealt to groups of GROUP lanes: 32 / GROUP at a time ----
//
// All lanes take part in all that others do: where they went separate ways, each step of one would be a step of the warp, and they would be
// brought together again at a high price.

// Who holds what. GROUPED: many sources fire in a step, and each is dealt to a group of lanes as soon as it is found, and all of them hold it;
// else one lane does.
#define HOLDERS (GROUPED ? 32u / GROUP : 32u)
__device__ __forceinline__ uint32_t holderNumber(const Here& here) { return (uint32_t)here.lane() / (GROUPED ? GROUP : 1u); }

// The next lanes of those that hold something, one for each group; -1 for those that get none.
__device__ __forceinline__ int nextHolder(const Here& here, uint32_t& holders) {
  const int lane = here.lane(), group = lane / GROUP;
  if (GROUPED) {
    const bool has = holders >> lane & 1u;
    holders = 0;
    return has ? lane : -1;
  }
  int chosen = -1;
#pragma unroll
  for (int q = 0; q < 32 / GROUP; q++) {
    if (q == group) chosen = __ffs(holders) - 1;
    holders &= holders - 1u;
  }
  return chosen;
}

// What a lane knows of what it holds, told to others.
__device__ __forceinline__ uint32_t tell(uint32_t value, uint32_t holder) { return GROUPED ? value : __shfl_sync(ALL_LANES, value, holder); }
__device__ __forceinline__ uint64_t tell(uint64_t value, uint32_t holder) {
  return GROUPED ? value : __shfl_sync(ALL_LANES, (unsigned long long)value, holder);
}

// Adds slices; each holder has one, if it has any.
__device__ __forceinline__ void dealSlices(const Here& here, const uint32_t* messageRow, bool has, const Slice& own, uint32_t table,
                                           uint32_t multiplicity) {
  for (uint32_t holders = __ballot_sync(ALL_LANES, has); holders != 0;) {
    const int chosen = nextHolder(here, holders);
    const uint32_t holder = chosen < 0 ? 0u : (uint32_t)chosen;
    const Table& t = here.tables[tell(table, holder)];
    const Message message = messageAt(t, nowOf(t, messageRow), MULTI ? tell(multiplicity, holder) : 1u);
    const uint64_t at = tell(own.at, holder);
    const uint32_t length = tell(own.length, holder), end = chosen < 0 ? 0u : length;
    for (uint32_t j = (uint32_t)(here.lane() % GROUP); __any_sync(ALL_LANES, j < end); j += LOADS * GROUP) {
      // all loads on their way before the first is used
      uint32_t places[LOADS];
      Sum weights[LOADS];
#pragma unroll
      for (int q = 0; q < LOADS; q++) {
        const uint32_t i = j + q * GROUP;
        places[q] = 0;
        weights[q] = 1;
        if (i < end) {
          if (HAS_FORMAT(t, FORMAT_PACKED))
            places[q] = loadOnce((const uint32_t*)at + i);
          else if (HAS_FORMAT(t, FORMAT_PLACE16))
            places[q] = loadOnce((const uint16_t*)at + i);
          else if (HAS_FORMAT(t, FORMAT_PLACE32))
            places[q] = loadOnce((const uint32_t*)at + i);
          else if (HAS_FORMAT(t, FORMAT_WIDE32)) {
            const uint2 pair = __ldg((const uint2*)at + i);
            places[q] = pair.x;
            weights[q] = (int)pair.y;
          } else if (HAS_FORMAT(t, FORMAT_WIDE64)) {
            const uint4 four = __ldg((const uint4*)at + i);
            places[q] = four.x;
            weights[q] = (Sum)(long long)((uint64_t)four.w << 32 | four.z);
          }
        }
      }
#pragma unroll
      for (int q = 0; q < LOADS; q++)
        if (j + q * GROUP < end) deliverPlace<false>(here, t, message, places[q], weights[q]);
    }
  }
}

// Adds the synapses of sources, or those that are not in trays; each holder has one, if it has any.
__device__ __forceinline__ void deliverHeld(const Here& here, const uint32_t* messageRow, bool has, const Source& source, uint32_t multiplicity) {
  forTables(here, has, source, [&](bool some, uint32_t table) {
    Slice own = {0, 0};
    if (some) own = sliceOf(here.tables[table], source);
    dealSlices(here, messageRow, some, own, table, multiplicity);
  });
}

#if SHORT_SLICES
// ---- short slices: the synapses of 32 sources are dealt to the lanes of a warp, all lanes alike ----

// A slice that a lane has found, and of whom: the table, with the multiplicity above it.
struct Portion {
  Slice slice;
  uint32_t what;
};

// What the lanes have found, one behind the other, those with synapses only: `at` is the address of the first synapse, less what comes
// before it in the sequence; above the row of the step, whether synapses take four bytes.
struct Share {
  uint64_t at;
  uint32_t now, what;
};
#define FOUR_BYTES 0x80000000u

// Loads of a lane that are on their way before the first is used. Where models are integrated numerically, threads have more registers, and,
// where each has one neuron, a warp has fewer synapses at a time, and less code counts for more.
#define WINDOWS (!HEAVY ? 4u : TILES > 1 ? 5u : 2u)

// All lanes take part. Of the synapses of all portions each lane delivers every 32nd. While the first of them are on their way, `meanwhile` is called.
template <typename F>
__device__ __forceinline__ void deliverPortions(const Here& here, const uint32_t* messageRow, const Portion& own, F meanwhile) {
  const uint32_t lane = (uint32_t)here.lane(), earlier = (1u << lane) - 1u;
  Share* const shares = (Share*)(here.shared + SHARES_OFFSET) + here.warp() * 32;
  const uint32_t length = own.slice.length, end = sumToLane(length, here.lane());
  const uint32_t total = __shfl_sync(ALL_LANES, end, 31);
  const uint32_t place = __popc(__ballot_sync(ALL_LANES, length != 0) & earlier);
  if (length != 0) {
    const Table& t = here.tables[own.what & 0xffffu];
    const uint32_t bytes = synapseBytes(t);
    shares[place] = {own.slice.at - (uint64_t)(end - length) * bytes, nowOf(t, messageRow) | (bytes == 4u ? FOUR_BYTES : 0u), own.what};
  }
  __syncwarp();
  uint32_t ended = 0;
  for (uint32_t from = 0; from < total || (AHEAD && from == 0); from += 32 * WINDOWS) {
    // bit i: a slice ends with the i-th synapse of the window
    uint32_t ends[WINDOWS];
#pragma unroll
    for (uint32_t q = 0; q < WINDOWS; q++) {
      const uint32_t last = end - 1u - from - 32 * q;
      ends[q] = orOfWarp(length != 0 && last < 32u ? 1u << last : 0u);
    }
    Share share[WINDOWS];
#pragma unroll
    for (uint32_t q = 0; q < WINDOWS; q++) {
      share[q] = shares[(ended + __popc(ends[q] & earlier)) & 31u];
      ended += __popc(ends[q]);
    }
    uint32_t words[WINDOWS];
#pragma unroll
    for (uint32_t q = 0; q < WINDOWS; q++) {
      const uint32_t i = from + 32 * q + lane;
      words[q] = 0;
      if (i >= total) continue;
      if (share[q].now & FOUR_BYTES)
        words[q] = loadOnce((const uint32_t*)(share[q].at + (uint64_t)i * 4u));
      else
        words[q] = loadOnce((const uint16_t*)(share[q].at + (uint64_t)i * 2u));
    }
    if (AHEAD && from == 0) meanwhile();
#pragma unroll
    for (uint32_t q = 0; q < WINDOWS; q++) {
      if (from + 32 * q + lane >= total) continue;
      const Table& t = here.tables[share[q].what & 0xffffu];
      const uint32_t multiplicity = MULTI ? share[q].what >> 16 : 1u;
      deliverPlace<false>(here, t, messageAt(t, share[q].now & ~FOUR_BYTES, multiplicity), words[q], 1);
    }
  }
  // all have read what the next portions overwrite
  __syncwarp();
}

#if AHEAD
// What is known of a source that has been found: the table that it has synapses in, with the multiplicity above it, and what its row says.
struct Found {
  uint32_t what;
  RowPart part;
};

__device__ __forceinline__ Found lookUp(const Here& here, bool has, const Source& source, uint32_t multiplicity) {
  Found f = {0, {0, 0, 0}};
  const TablesOf list = has ? tablesOf(here.p, source) : TablesOf{0, 0, 0};
  if (list.first < list.end) {
    f.what = list.only | multiplicity << 16;
    f.part = readRow(here.tables[list.only], source);
  }
  return f;
}

__device__ __forceinline__ Portion portionOf(const Here& here, const Found& f) { return {sliceOf(here.tables[f.what & 0xffffu], f.part), f.what}; }
#endif
#endif

#if TRAYS
// What is not in the trays of the sources of a warp waits in its lanes, one source in each, until one has a second or all else is delivered.
struct Rest {
  Source source;
  uint32_t multiplicity;
  bool some = false;
};

// Notes what is not in the trays of a source, if there is more, and delivers what is noted where a lane has a second or nothing else comes. All
// lanes take part.
__device__ __forceinline__ void deliverRest(const Here& here, const uint32_t* messageRow, Rest& rest, const Source& source, uint32_t multiplicity,
                                            bool more, bool last) {
  bool full;
#pragma unroll 1
  do {
    full = __any_sync(ALL_LANES, more && rest.some);
    if (!full && more) {
      rest.source = source;
      rest.multiplicity = multiplicity;
      rest.some = true;
      more = false;
    }
    if (!full && !last) continue;
    deliverHeld(here, messageRow, rest.some, rest.source, rest.multiplicity);
    rest.some = false;
  } while (full);
}
#else
struct Rest {};
#endif

// Adds the synapses of sources; each holder has one, if it has any. `rest`: what has been put off, `last`: until now.
__device__ __forceinline__ void deliverSources(const Here& here, const uint32_t* messageRow, bool has, const Source& source, uint32_t multiplicity,
                                               Rest& rest, bool last) {
#if TRAYS
  bool more = false;
  forTables(here, has, source, [&](bool some, uint32_t table) {
    const Table& t = here.tables[table];
    more |= deliverTray(here, t, messageAt(t, nowOf(t, messageRow), multiplicity), some, source);
  });
  deliverRest(here, messageRow, rest, source, multiplicity, more, last);
#else
  (void)rest, (void)last;
#if SHORT_SLICES
  forTables(here, has, source, [&](bool some, uint32_t table) {
    Portion own = {{0, 0}, 0};
    if (some) own = {sliceOf(here.tables[table], source), table | multiplicity << 16};
    deliverPortions(here, messageRow, own, [] {});
  });
#else
  deliverHeld(here, messageRow, has, source, multiplicity);
#endif
#endif
}
