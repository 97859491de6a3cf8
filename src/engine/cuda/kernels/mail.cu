// Mailboxes: who fired, from every block to every block.
//
// Word 0: tag (16 bits), stop (1), number of neurons (15), two entries; other words: tag, three entries. With WIDE_ENTRIES one entry of 32
// bits in place of two or three of 16. Every word carries the tag of its step, so words may arrive in any order.

#define IN_FIRST_WORD (WIDE_ENTRIES ? 1u : 2u)

__device__ __forceinline__ uint32_t wordsFor(uint32_t n) {
  return n <= IN_FIRST_WORD ? 1u : WIDE_ENTRIES ? n : 1u + n / 3u;
}

__device__ __forceinline__ uint64_t composeWord(uint64_t tag, uint32_t stop, uint32_t n, uint32_t word, const Fired* list) {
  uint64_t value = tag << 48;
  if (word == 0) value |= (uint64_t)stop << 47 | (uint64_t)n << 32;
  if (WIDE_ENTRIES) {
    if (word < n) value |= list[word];
    return value;
  }
  const uint32_t first = word == 0 ? 0u : 3u * word - 1u, count = word == 0 ? 2u : 3u;
  for (uint32_t i = 0; i < count; i++)
    if (first + i < n) value |= (uint64_t)list[first + i] << (16 * i);
  return value;
}

#ifdef SYNFIRE_EMULATED
#define POLLS_BETWEEN_LOOKS 64u
#else
#define POLLS_BETWEEN_LOOKS 4096u
#endif

// Messages of a step are waited for. Where the host says that a process has ended, nobody waits any longer, and the run ends.
// `step`: that in which they are read, counted from that before the first.
struct Waiting {
  const RunParams& p;
  Control* control;
  uint64_t tag;
  uint32_t step, polls;

  __device__ __forceinline__ bool giveUp() {
    synfirePause();
    if (PROCESS_BLOCKS == ALL_BLOCKS || ++polls % POLLS_BETWEEN_LOOKS != 0 || loadMailWord(p.givenUp) == 0) return false;
    fail(p, control, p.firstStep + step, 0, FAILED_PROCESS);
    control->stop = 0;
    return true;
  }

  // A word of a message that a lane wants, once it is there; 0 if it will not come. All lanes take part.
  __device__ __forceinline__ uint64_t word(const uint64_t* at, bool wanted) {
    uint64_t word = 0;
    while (__any_sync(ALL_LANES, wanted)) {
      if (wanted) {
        word = loadMailWord(at);
        wanted = word >> 48 != tag;
        if (wanted && giveUp()) {
          word = 0;
          wanted = false;
        }
      }
    }
    return word;
  }
};

// The i-th entry of a mailbox that a lane wants, as Fired has it; the first two words have been read. All lanes take part.
__device__ __forceinline__ uint32_t entryOf(Waiting& waiting, const uint64_t* box, uint32_t i, uint64_t first, uint64_t second, bool wanted) {
  const uint32_t w = WIDE_ENTRIES ? i : (i + 1u) / 3u;
  const uint32_t at = WIDE_ENTRIES ? 0u : (w == 0 ? i : i - (3u * w - 1u));
  const uint64_t later = waiting.word(box + w, wanted && w > 1);
  const uint64_t word = w == 0 ? first : w == 1 ? second : later;
  return WIDE_ENTRIES ? (uint32_t)word : (uint32_t)(word >> (16 * at)) & 0xffffu;
}

#if RELAYED
// Messages of processes whose GPUs do not reach this one are in memory of the host: each is fetched by one warp for all blocks.
__device__ __forceinline__ void fetchMail(Waiting& waiting, const uint64_t* from, uint64_t* to) {
  const int lane = laneNumber();
  for (uint32_t k = blockIdx.x + threadIdx.x / 32 * BLOCKS; k < RELAYED * PROCESS_BLOCKS; k += WARPS * BLOCKS) {
    const uint64_t box = (uint64_t)(RELAYED_PROCESS[k / PROCESS_BLOCKS] * PROCESS_BLOCKS + k % PROCESS_BLOCKS) * MAIL_WORDS;
    const uint64_t first = waiting.word(from + box, lane == 0);
    const uint32_t n = (uint32_t)(__shfl_sync(ALL_LANES, (unsigned long long)first, 0) >> 32) & 0x7fffu;
    for (uint32_t w = lane, start = 0; start < wordsFor(n); w += 32, start += 32) {
      const bool some = w < wordsFor(n);
      const uint64_t word = waiting.word(from + box + w, some);
      if (some) storeMail(to + box + w, word);
    }
  }
}
#endif

// Mailboxes of one kind, those of a process or all others, in portions for warps: each lane has one at most. A portion of others' is as
// large as can be, so that few warps are kept from what they have to do.
struct BoxRange {
  uint32_t count, portions, own;
  bool others;

  __device__ __forceinline__ BoxRange(const RunParams& p, uint32_t kind)
      : count(ALL_BLOCKS), own(p.firstBlock / PROCESS_BLOCKS * PROCESS_BLOCKS), others(kind + 1u < KINDS) {
    if (KINDS > 1) count = others ? ALL_BLOCKS - PROCESS_BLOCKS : PROCESS_BLOCKS;
    portions = (count + 31u) / 32u;
    if (!others) portions = max((uint32_t)WARPS, portions);
  }
  __device__ __forceinline__ bool has(uint32_t portion, uint32_t lane) const { return lane * portions + portion < count; }
  __device__ __forceinline__ uint32_t at(uint32_t portion, uint32_t lane) const {
    const uint32_t k = lane * portions + portion;
    if (KINDS == 1) return k;
    return others ? (k < own ? k : k + PROCESS_BLOCKS) : own + k;
  }
};

#if LANE_EACH
// What the lanes of a warp have read of the mailboxes that they serve. `end`: neurons in a lane's own box and those of the lanes before it.
struct Boxes {
  const uint64_t* mail;
  BoxRange range;
  uint32_t portion, n, end, total;
  uint64_t a, b;
};

// The source of the i-th neuron in these boxes, NOWHERE beyond the last. All lanes take part.
__device__ __forceinline__ uint32_t findSource(Waiting& waiting, const Boxes& boxes, uint32_t i, uint32_t& multiplicity) {
  uint32_t holder = 0;
#pragma unroll
  for (uint32_t d = 16; d > 0; d >>= 1)
    if (__shfl_sync(ALL_LANES, boxes.end, holder + d - 1u) <= i) holder += d;
  const uint32_t k = i - (__shfl_sync(ALL_LANES, boxes.end, holder) - __shfl_sync(ALL_LANES, boxes.n, holder));
  const uint64_t a = __shfl_sync(ALL_LANES, (unsigned long long)boxes.a, holder), b = __shfl_sync(ALL_LANES, (unsigned long long)boxes.b, holder);
  const uint32_t box = boxes.range.at(boxes.portion, holder);
  const bool some = i < boxes.total;
  const uint32_t entry = entryOf(waiting, boxes.mail + (uint64_t)box * MAIL_WORDS, k, a, b, some);
  multiplicity = countOf(entry);
  return some ? placeOf(entry) * ALL_BLOCKS + box : NOWHERE;
}
#endif

// Reads the mailboxes of one kind with the messages of one step, counted from that before the first, and delivers. A lane serves at most one mailbox
// at a time.
__device__ __forceinline__ void consumeStep(const RunParams& p, const Table* tables, unsigned char* shared, unsigned char* rings, Control* control,
                            uint32_t kind, uint32_t parity, const Fired* list, uint32_t index, StepClock& clock) {
  const int lane = laneNumber(), warp = (int)threadIdx.x / 32;
  const uint32_t* const messageRow = control->messageRow[parity][kind];
  #if SOLO
  (void)index;
  const uint32_t n = control->fired;
  for (uint32_t from = warp * 32; from < n; from += THREADS) {
    const bool has = from + lane < n;
    const uint32_t entry = has ? list[from + lane] : 0u;
    deliverLanes<false>(p, tables, shared, rings, messageRow, __ballot_sync(ALL_LANES, has), placeOf(entry), countOf(entry));
  }
#else
  (void)list;
  const uint64_t tag = index & 0xffffu;
  const uint64_t start = (uint64_t)(index & (MAIL_DEPTH - 1u)) * ALL_BLOCKS * MAIL_WORDS;
  const uint64_t* mail = p.ownMail + start;
  Waiting waiting = {p, control, tag, index + lagOf(kind), 0};
#if RELAYED
  if (kind == 0) fetchMail(waiting, p.relayed + start, p.ownMail + start);
#endif
  const BoxRange range(p, kind);
  // portions are dealt to warps in turn; those of others to whoever comes first, so that a warp whose neurons take long finds none left
  const auto next = [&](uint32_t portion) {
    if (kind + 1u == KINDS) return portion + WARPS;
    return __shfl_sync(ALL_LANES, lane == 0 ? countUp(&control->taken[parity]) : 0u, 0);
  };
  for (uint32_t portion = next((uint32_t)warp - WARPS); portion < range.portions; portion = next(portion)) {
    const uint32_t box = range.at(portion, lane);
    const uint64_t* own = mail + (uint64_t)box * MAIL_WORDS;
    uint64_t a = 0, b = 0;
    uint32_t n = 0;
    // all lanes look until all have what they wait for: lanes that go separate ways are brought together again at a high price
    bool open = range.has(portion, lane);
    while (__any_sync(ALL_LANES, open)) {
      if (open) {
        loadMail(own, a, b);
        n = (uint32_t)(a >> 32) & 0x7fffu;
        open = a >> 48 != tag || (n > IN_FIRST_WORD && b >> 48 != tag);
        if (open && waiting.giveUp()) {
          a = b = n = 0;
          open = false;
        }
      }
    }
    // by then all have read of it
    if (a >> 47 & 1u) atomicMin(&control->stop, index + FAR_LAG);
    clock.mark(4);
    // who fired is dealt to the groups of lanes, from whichever mailbox it comes
    const uint32_t end = sumToLane(n);
    const uint32_t total = __shfl_sync(ALL_LANES, end, 31);
#if LANE_EACH
    const Boxes boxes = {mail, range, portion, n, end, total, a, b};
#if TRAYS
    Rest rest;
#endif
    for (uint32_t from = 0; from < total; from += 32) {
      uint32_t multiplicity = 1;
      const uint32_t source = findSource(waiting, boxes, from + lane, multiplicity);
      const TablesOf list = source == NOWHERE ? TablesOf{0, 0, 0} : tablesOf(p, source);
#if TRAYS
      const bool more = deliverTrays(p, tables, shared, rings, messageRow, list, source, multiplicity);
      deliverRest(p, tables, shared, rings, messageRow, rest, source, multiplicity, more, from + 32 >= total);
#endif
#if SHORT_SLICES
      for (uint32_t k = list.first; __any_sync(ALL_LANES, k < list.end); k++)
        deliverPortions(p, tables, shared, rings, messageRow, portionOf(p, tables, list, k, source, multiplicity));
#endif
    }
#else
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
      const uint32_t theirs = range.at(portion, holder);
      const uint32_t entry = entryOf(waiting, mail + (uint64_t)theirs * MAIL_WORDS, i, first64, second64, some);
      deliverSource<false>(p, tables, shared, rings, messageRow, some, placeOf(entry) * ALL_BLOCKS + theirs, countOf(entry), (uint32_t)(lane % GROUP));
    }
#endif
  }
#endif
#if EXTERNAL
  // spikes from outside
  if (kind + 1u == KINDS && p.externalStarts) {
    const uint32_t end = p.externalStarts[index];
    for (uint32_t from = p.externalStarts[index - 1] + warp * 32; from < end; from += THREADS) {
      const bool has = from + lane < end;
      const uint2 spike = has ? p.external[from + lane] : make_uint2(0u, 0u);
      deliverLanes<false>(p, tables, shared, rings, messageRow, __ballot_sync(ALL_LANES, has), spike.x, spike.y);
    }
  }
#endif
}
