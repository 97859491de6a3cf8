// A block: what its threads share, and what arrives in each of the next steps, by receptor and neuron: rings of sums in
// shared or in global memory, or an inbox of events.

#define NOBODY 0xffffu
#define WARPS (THREADS / 32)

// What the threads of a block share beside rings; the list of who fired follows, then tables, then late neurons, then rings or
// the inbox's counts and sums.
struct Control {
  uint32_t fired, arrived, stop, recorded, late, unused[3];
  uint32_t messageRow[2][RECEPTORS];
};

#if INBOX_ROWS
// ---- the inbox: where rings do not fit into shared memory ----
// What arrives in each of the next steps is kept as a list of events, and only the sums of the step that is updated. A list begins in
// shared memory, with room for INBOX_ROOM events; when it is half full, that half is written to global memory behind what is there,
// in whole pieces. What finds no room, and what was on its way when the launch began, is in the ring in global memory: then the row
// is marked.
//
// An event: local target, above it the number of the table (16 bits together), and, where a network has weights of 16 bits, what the
// weight of the table is multiplied with.

#if INBOX_TIMES
typedef uint32_t Event;
#else
typedef uint16_t Event;
#endif
#define MOST_TIMES (INBOX_TIMES ? 0xffffu : 1u)
#define INBOX_HALF (INBOX_ROOM / 2u)
#define PIECE (16u / (uint32_t)sizeof(Event))

struct Inbox {
  // by row: events so far in shared memory (above INBOX_ROOM: those have gone to the ring), halves in global memory, marks
  uint32_t counts[INBOX_ROWS], halves[INBOX_ROWS], marks[INBOX_ROWS];
};
__device__ __forceinline__ Inbox& inboxOf(unsigned char* shared) { return *(Inbox*)(shared + INBOX_OFFSET); }
__device__ __forceinline__ Event* nearEvents(unsigned char* shared, uint32_t row) { return (Event*)(shared + INBOX_EVENTS) + row * INBOX_ROOM; }
__device__ __forceinline__ Event* farEvents(const RunParams& p, uint32_t row) {
  return (Event*)p.inbox + ((uint64_t)blockIdx.x * INBOX_ROWS + row) * INBOX_CAPACITY;
}

// Adds the first n events of a piece to sums in shared memory, or to the ring.
template <bool TO_RING>
__device__ __forceinline__ void sumPiece(const Table* tables, unsigned char* shared, unsigned char* global, uint32_t row, const uint4& piece, uint32_t n) {
  const uint32_t words[4] = {piece.x, piece.y, piece.z, piece.w};
#pragma unroll
  for (uint32_t q = 0; q < PIECE; q++) {
    if (q >= n) continue;
    const uint32_t word = words[q * 4 / PIECE];
    const uint32_t where = (INBOX_TIMES ? word : word >> 16 * (q % 2)) & 0xffffu, local = where & ((1u << LOCAL_BITS) - 1u);
    const Table& t = tables[where >> LOCAL_BITS];
    int* sums = TO_RING ? (int*)(global + t.ringOffset) + row * SLOTS : (int*)(shared + INBOX_SUMS) + t.receptor * SLOTS;
    atomicAdd(sums + local, (int)t.weight * (INBOX_TIMES ? (int)(word >> 16) : 1));
  }
}

// Sums up the events of a row: into shared memory before its step, or, where a launch ends, into the ring.
template <bool TO_RING>
__device__ __forceinline__ void openInbox(const RunParams& p, const Table* tables, unsigned char* shared, unsigned char* global, uint32_t row) {
  const Inbox& inbox = inboxOf(shared);
  const uint4* far = (const uint4*)farEvents(p, row);
  const uint32_t end = inbox.halves[row] * (INBOX_HALF / PIECE);
  for (uint32_t i = threadIdx.x; i < end; i += 2 * THREADS) {
    const bool two = i + THREADS < end;
    const uint4 a = __ldcg(far + i), b = two ? __ldcg(far + i + THREADS) : a;
    sumPiece<TO_RING>(tables, shared, global, row, a, PIECE);
    sumPiece<TO_RING>(tables, shared, global, row, b, two ? PIECE : 0u);
  }
  const uint4* near = (const uint4*)nearEvents(shared, row);
  const uint32_t n = min(inbox.counts[row], INBOX_ROOM);
  for (uint32_t i = threadIdx.x; i * PIECE < n; i += THREADS) sumPiece<TO_RING>(tables, shared, global, row, near[i], n - i * PIECE);
}

// Empties the half of every list that is half full. A warp takes a row; the row of the step itself is done with.
__device__ __forceinline__ void emptyInbox(const RunParams& p, const Table* tables, unsigned char* shared, unsigned char* global, uint32_t current) {
  Inbox& inbox = inboxOf(shared);
  const uint32_t lane = threadIdx.x % 32;
  for (uint32_t row = threadIdx.x / 32; row < INBOX_ROWS; row += WARPS) {
    if (row == current) {
      __syncwarp();
      if (lane == 0) inbox.counts[row] = inbox.halves[row] = inbox.marks[row] = 0;
      continue;
    }
    const uint32_t n = min(inbox.counts[row], INBOX_ROOM), halves = inbox.halves[row];
    if (n < INBOX_HALF) continue;
    const bool room = (halves + 1u) * INBOX_HALF <= INBOX_CAPACITY;
    uint4* near = (uint4*)nearEvents(shared, row);
    uint4* far = (uint4*)(farEvents(p, row) + (room ? halves * INBOX_HALF : 0u));
    for (uint32_t i = lane; i < INBOX_HALF / PIECE; i += 32) {
      if (room)
        __stcg(far + i, near[i]);
      else
        sumPiece<true>(tables, shared, global, row, near[i], PIECE);
      // the other half may be less than full: what lies behind its end is not read
      near[i] = near[i + INBOX_HALF / PIECE];
    }
    __syncwarp();
    if (lane == 0) {
      inbox.counts[row] = n - INBOX_HALF;
      if (room)
        inbox.halves[row] = halves + 1u;
      else
        inbox.marks[row] = 1u;
    }
  }
}
#endif

// ---- rings ----

__device__ __forceinline__ Sum takeInput(unsigned char* shared, unsigned char* global, int r, uint32_t row, uint32_t local, bool clear) {
  const uint32_t cell = row * SLOTS + local;
  int before = 0;
#if INBOX_ROWS
  int* const inbox = (int*)(shared + INBOX_SUMS) + r * SLOTS + local;
  before = *inbox;
  if (clear) *inbox = 0;
  if (!inboxOf(shared).marks[row]) return before;
#endif
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
  return before + sum;
}

// Adds a value, `times` the weight of a table, to what a neuron gets in the step of a row.
__device__ __forceinline__ void addTo(const RunParams& p, unsigned char* shared, unsigned char* global, const Table& t, uint32_t row, uint32_t local,
                                      Sum value, uint32_t times) {
#if INBOX_ROWS
  Inbox& inbox = inboxOf(shared);
  if (t.tag != NOWHERE && times <= MOST_TIMES) {
    const uint32_t n = atomicAdd(inbox.counts + row, 1u);
    if (n < INBOX_ROOM) {
      nearEvents(shared, row)[n] = (Event)(INBOX_TIMES ? t.tag | local | times << 16 : t.tag | local);
      return;
    }
  }
  inbox.marks[row] = 1u;
#endif
  const uint32_t cell = row * SLOTS + local;
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
