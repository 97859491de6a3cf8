// A block: what its threads share, and what arrives in each of the next steps, by receptor and neuron: rings of sums in
// shared or in global memory, or an inbox of events.

#define NOBODY 0xffffu
#define WARPS (THREADS / 32)

// With the number of spikes in the record: the next message says that the run ends.
#define LAST_STEP 0x80000000u

// What the threads of a block share beside rings; the list of who fired follows, then tables, then late neurons, then slices
// that lanes share, then generators, then places for neurons that move, then rings or the inbox's counts and sums.
struct Control {
  // `arrived` is there for the emulator; `stop`: the step that ends the run, counted from that before the first; `taken`, by parity of the step
  // and whose they are, others' or one's own: portions of mailboxes that warps have taken; `freeSlots`: places for neurons that move (resident.cu)
  uint32_t fired, arrived, stop, recorded, late, freeSlots, taken[2][2];
  // by parity of the step and kind of messages
  uint32_t messageRow[2][KINDS][RECEPTORS];
};

static_assert(sizeof(Control) <= LIST_OFFSET, "there is less room than is needed");

// A thread and its block. The number of the thread comes from here: elsewhere it would be read of a special register each time, which takes as
// long as a read of shared memory.
struct Here {
  const RunParams& p;
  Control* control;
  const Table* tables;
  // shared memory, and the rings that are not there
  unsigned char *shared, *rings;
  uint32_t thread;

  __device__ __forceinline__ int lane() const { return (int)(thread & 31u); }
  __device__ __forceinline__ int warp() const { return (int)(thread / 32u); }
};

// In a register of its own: the compiler cannot tell that it is known.
__device__ __forceinline__ uint32_t threadNumber() { return __shfl_sync(ALL_LANES, threadIdx.x, threadIdx.x & 31u); }

// All threads of the block together.
__device__ __forceinline__ void copyWords(const Here& here, void* to, const void* from, uint32_t words) {
  for (uint32_t i = here.thread; i < words; i += THREADS) ((uint32_t*)to)[i] = ((const uint32_t*)from)[i];
}

// Messages are of one kind, or of two: first those of other processes, to which synapses are slower, then those of one's own.
#define NEVER 0xffffffffu
__device__ __forceinline__ uint32_t lagOf(uint32_t kind) { return kind + 1u < KINDS ? FAR_LAG : LAG; }

// A neuron of the block that fired: its place, and above it, where it may be more than one, the number of its spikes; in 16 bits, or with
// WIDE_ENTRIES in 32.
#if WIDE_ENTRIES
typedef uint32_t Fired;
#define PLACE_BITS 16
#else
typedef uint16_t Fired;
#define PLACE_BITS LOCAL_BITS
#endif
__device__ __forceinline__ Fired firedOf(uint32_t place, uint32_t count) { return (Fired)(MULTI ? place | count << PLACE_BITS : place); }
__device__ __forceinline__ uint32_t placeOf(uint32_t fired) { return MULTI ? fired & ((1u << PLACE_BITS) - 1u) : fired; }
__device__ __forceinline__ uint32_t countOf(uint32_t fired) { return MULTI ? fired >> PLACE_BITS : 1u; }

#define FAILED_INTEGRATION 0u
#define FAILED_EMISSION 1u
// a process that is waited for has ended
#define FAILED_PROCESS 2u

// Notes why a run ends in a step: the first failure counts.
__device__ __forceinline__ void noteFailure(const RunParams& p, uint32_t step, uint32_t id, uint32_t kind) {
  atomicMin((unsigned long long*)p.failure, (unsigned long long)step << 33 | (unsigned long long)id << 2 | kind);
}

// The same for a neuron, before its step is published: the block tells the others with the message of this step.
__device__ __forceinline__ void fail(const Here& here, uint32_t step, uint32_t id, uint32_t kind) {
  noteFailure(here.p, step, id, kind);
  here.control->recorded |= LAST_STEP;
}

// Where the time of a step goes, in cycles of a warp: only where PROFILE is defined.
struct StepClock {
#ifdef PROFILE
  long long cycles[7] = {0, 0, 0, 0, 0, 0, 0}, at = clock64();
  __device__ __forceinline__ void mark(int part) {
    const long long now = clock64();
    cycles[part] += now - at;
    at = now;
  }
#else
  __device__ __forceinline__ void mark(int) {}
#endif
};

#if INBOX_ROWS
// ---- the inbox: where rings do not fit into shared memory ----
// Events that arrive in the same step lie one behind the other in global memory, in the order in which they are found; only the sums
// of the step that is updated are in shared memory. What finds no room, and what was on its way when the launch began, is in the
// ring in global memory: then the row is marked.
//
// An event: local target, above it the number of the table (16 bits together), and, where a network has weights of 16 bits, what the
// weight of the table is multiplied with.

#if INBOX_TIMES
typedef uint32_t Event;
#else
typedef uint16_t Event;
#endif
#define MOST_TIMES (INBOX_TIMES ? 0xffffu : 1u)
#define PIECE (16u / (uint32_t)sizeof(Event))

struct Inbox {
  // by row: events so far (those above INBOX_CAPACITY have gone to the ring), marks
  uint32_t counts[INBOX_ROWS], marks[INBOX_ROWS];
};
__device__ __forceinline__ Inbox& inboxOf(unsigned char* shared) { return *(Inbox*)(shared + INBOX_OFFSET); }
__device__ __forceinline__ Event* inboxEvents(const Here& here, uint32_t row) {
  return (Event*)here.p.inbox + (uint64_t)blockIdx.x * (INBOX_ROWS * INBOX_CAPACITY) + row * INBOX_CAPACITY;
}

// Adds the first n events of a piece to sums in shared memory, or to the ring.
template <bool TO_RING>
__device__ __forceinline__ void sumPiece(const Here& here, uint32_t row, const uint4& piece, uint32_t n) {
  const uint32_t words[4] = {piece.x, piece.y, piece.z, piece.w};
#pragma unroll
  for (uint32_t q = 0; q < PIECE; q++) {
    if (q >= n) continue;
    const uint32_t word = words[q * 4 / PIECE];
    const uint32_t where = (INBOX_TIMES ? word : word >> 16 * (q % 2)) & 0xffffu, local = where & ((1u << LOCAL_BITS) - 1u);
    const Table& t = here.tables[where >> LOCAL_BITS];
    int* sums = TO_RING ? (int*)(here.rings + t.ringOffset) + row * SLOTS : (int*)(here.shared + INBOX_SUMS) + t.receptor * SLOTS;
    atomicAdd(sums + local, (int)t.weight * (INBOX_TIMES ? (int)(word >> 16) : 1));
  }
}

// Sums up the events of a row: into shared memory before its step, or, where a launch ends, into the ring.
template <bool TO_RING>
__device__ __forceinline__ void openInbox(const Here& here, uint32_t row) {
  const uint4* pieces = (const uint4*)inboxEvents(here, row);
  const uint32_t n = min(inboxOf(here.shared).counts[row], INBOX_CAPACITY), end = (n + PIECE - 1u) / PIECE;
  for (uint32_t i = here.thread; i < end; i += 2 * THREADS) {
    const bool two = i + THREADS < end;
    const uint4 a = __ldcg(pieces + i), b = two ? __ldcg(pieces + i + THREADS) : a;
    sumPiece<TO_RING>(here, row, a, n - i * PIECE);
    if (two) sumPiece<TO_RING>(here, row, b, n - (i + THREADS) * PIECE);
  }
}
#endif

// ---- rings ----

__device__ __forceinline__ Sum takeInput(const Here& here, int r, uint32_t row, uint32_t local, bool clear) {
  const uint32_t cell = row * SLOTS + local;
  int before = 0;
#if INBOX_ROWS
  int* const inbox = (int*)(here.shared + INBOX_SUMS) + r * SLOTS + local;
  before = *inbox;
  if (clear) *inbox = 0;
  if (!inboxOf(here.shared).marks[row]) return before;
#endif
  if (RING_SHARED[r]) {
    if (RING_WIDE[r]) {
      long long* at = (long long*)(here.shared + RING_SHARED_AT[r]) + cell;
      const long long sum = *at;
      if (clear) *at = 0;
      return (Sum)sum;
    }
    int* at = (int*)(here.shared + RING_SHARED_AT[r]) + cell;
    const int sum = *at;
    if (clear) *at = 0;
    return sum;
  }
  if (RING_WIDE[r]) {
    long long* at = (long long*)(here.rings + RING_AT[r]) + cell;
    const long long sum = __ldcg(at);
    if (clear && sum != 0) __stcg(at, 0ll);
    return (Sum)sum;
  }
  int* at = (int*)(here.rings + RING_AT[r]) + cell;
  const int sum = __ldcg(at);
  if (clear && sum != 0) __stcg(at, 0);
  return before + sum;
}

// Where a table adds to. It is read of the table once for many synapses: for all that the compiler knows, each sum that is changed might
// be in the table.
struct Ring {
  uint32_t offset, rows, tag;
  bool inShared, wide;

  __device__ __forceinline__ explicit Ring(const Table& t)
      : offset(t.ringOffset),
        rows(INBOX_ROWS ? INBOX_ROWS : t.ringRows),
        tag(INBOX_ROWS ? t.tag : 0u),
        inShared(ALL_SHARED || (ANY_SHARED && t.ringShared)),
        wide(ANY_WIDE && t.ringWide) {}
};

// Adds a value, `times` the weight of a table, to what a neuron gets in the step of a row.
__device__ __forceinline__ void addTo(const Here& here, const Ring& ring, uint32_t row, uint32_t local, Sum value, uint32_t times) {
#if INBOX_ROWS
  Inbox& inbox = inboxOf(here.shared);
  if (ring.tag != NOWHERE && times <= MOST_TIMES) {
    const uint32_t n = atomicAdd(inbox.counts + row, 1u);
    if (n < INBOX_CAPACITY) {
      __stcg(inboxEvents(here, row) + n, (Event)(INBOX_TIMES ? ring.tag | local | times << 16 : ring.tag | local));
      return;
    }
  }
  inbox.marks[row] = 1u;
#endif
  const uint32_t cell = row * SLOTS + local;
  if (ring.inShared) {
    if (ring.wide)
      atomicAdd((unsigned long long*)(here.shared + ring.offset) + cell, (unsigned long long)value);
    else
      atomicAdd((int*)(here.shared + ring.offset) + cell, (int)value);
  } else {
    if (ring.wide)
      atomicAdd((unsigned long long*)(here.rings + ring.offset) + cell, (unsigned long long)value);
    else
      atomicAdd((int*)(here.rings + ring.offset) + cell, (int)value);
  }
}
