// Mailboxes: who fired, from every block to every block.
//
// Word 0: tag (16 bits), stop (1), number of neurons (15), two entries; other words: tag, three entries. With WIDE_ENTRIES one entry of 32
// bits in place of two or three of 16. Every word carries the tag of its step, so words may arrive in any order.

#define IN_FIRST_WORD (WIDE_ENTRIES ? 1u : 2u)

// Entries before a word, and in it; the word that has one.
__device__ __forceinline__ uint32_t firstIn(uint32_t word) { return WIDE_ENTRIES ? word : word == 0 ? 0u : 3u * word - 1u; }
__device__ __forceinline__ uint32_t wordOf(uint32_t entry) { return WIDE_ENTRIES ? entry : (entry + 1u) / 3u; }
__device__ __forceinline__ uint32_t entriesIn(uint32_t word) { return WIDE_ENTRIES ? 1u : word == 0 ? 2u : 3u; }

// Does a message of n entries have this word?
__device__ __forceinline__ bool hasWord(uint32_t n, uint32_t word) { return word == 0 || firstIn(word) < n; }

__device__ __forceinline__ uint64_t composeWord(uint64_t tag, uint32_t stop, uint32_t n, uint32_t word, const Fired* list) {
  uint64_t value = tag << 48;
  if (word == 0) value |= (uint64_t)stop << 47 | (uint64_t)n << 32;
  const uint32_t first = firstIn(word);
  // all are read, whatever n is: it need not be known before
#pragma unroll
  for (uint32_t i = 0; i < (WIDE_ENTRIES ? 1u : 3u); i++) {
    const uint64_t entry = list[min(first + i, SLOTS - 1u)];
    if (i < entriesIn(word) && first + i < n) value |= entry << (16 * i);
  }
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
  const Here& here;
  uint64_t tag;
  uint32_t step, polls;

  __device__ __forceinline__ bool giveUp() {
    synfirePause();
    if (PROCESS_BLOCKS == ALL_BLOCKS || ++polls % POLLS_BETWEEN_LOOKS != 0 || loadMailWord(here.p.givenUp) == 0) return false;
    noteFailure(here.p, here.p.firstStep + step, 0, FAILED_PROCESS);
    here.control->stop = 0;
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

// The i-th entry of a mailbox, as Fired has it: in the first two words, or in a later one.
#define ENTRIES_READ (WIDE_ENTRIES ? 2u : 5u)
__device__ __forceinline__ uint32_t entryRead(uint32_t i, uint64_t first, uint64_t second) {
  if (WIDE_ENTRIES) return (uint32_t)(i == 0 ? first : second);
  return (uint32_t)(i < 2 ? first >> 16 * i : second >> 16 * ((i - 2u) & 3u)) & 0xffffu;
}
__device__ __forceinline__ uint32_t entryBeyond(Waiting& waiting, const uint64_t* box, uint32_t i, bool wanted) {
  const uint32_t w = wordOf(i);
  const uint64_t word = waiting.word(box + w, wanted);
  return WIDE_ENTRIES ? (uint32_t)word : (uint32_t)(word >> 16 * (i - firstIn(w))) & 0xffffu;
}

#if RELAYED
// Messages of processes whose GPUs do not reach this one are in memory of the host: each is fetched by one warp for all blocks.
__device__ __forceinline__ void fetchMail(const Here& here, Waiting& waiting, const uint64_t* from, uint64_t* to) {
  const int lane = here.lane();
  for (uint32_t k = blockIdx.x + here.warp() * BLOCKS; k < RELAYED * PROCESS_BLOCKS; k += WARPS * BLOCKS) {
    const uint64_t box = (uint64_t)(RELAYED_PROCESS[k / PROCESS_BLOCKS] * PROCESS_BLOCKS + k % PROCESS_BLOCKS) * MAIL_WORDS;
    const uint64_t first = waiting.word(from + box, lane == 0);
    const uint32_t n = (uint32_t)(__shfl_sync(ALL_LANES, (unsigned long long)first, 0) >> 32) & 0x7fffu;
    for (uint32_t start = 0; hasWord(n, start); start += 32) {
      const uint32_t w = start + lane;
      const bool some = hasWord(n, w);
      const uint64_t word = waiting.word(from + box + w, some);
      if (some) storeMail(to + box + w, word);
    }
  }
}
#endif

// Mailboxes of one kind, those of a process or all others, in portions for warps. A lane looks at one, and where there are more lanes than
// mailboxes, several at the same: each of them takes one neuron, and so none has to be dealt to other lanes. A portion of others' is as large
// as can be, so that few warps are kept from what they have to do.
#define OWN_BOXES (KINDS > 1 ? PROCESS_BLOCKS : ALL_BLOCKS)
// Where messages have a step to travel, warps with upstrokes need not take any: some of the spare ones, and hardly more than half as many as there are
// others.
#define ANYBODY_TAKES (LATE_INPUT && ASIDE)
#define LATEST (ANYBODY_TAKES ? (SPARES < (WORKERS + 1u) / 2u ? SPARES : (WORKERS + 1u) / 2u) : 0u)
#define OWN_PORTIONS ((OWN_BOXES + 31u) / 32u > WARPS - LATEST ? (OWN_BOXES + 31u) / 32u : WARPS - LATEST)
#define OWN_LANES_LOG (OWN_BOXES <= 8u * OWN_PORTIONS && ENTRIES_READ >= 4u ? 2u : OWN_BOXES <= 16u * OWN_PORTIONS ? 1u : 0u)

struct BoxRange {
  uint32_t count, portions, own, lanesLog;
  bool others;

  __device__ __forceinline__ BoxRange(const RunParams& p, uint32_t kind)
      : count(OWN_BOXES),
        portions(OWN_PORTIONS),
        own(p.firstBlock / PROCESS_BLOCKS * PROCESS_BLOCKS),
        lanesLog(OWN_LANES_LOG),
        others(kind + 1u < KINDS) {
    if (!others) return;
    count = ALL_BLOCKS - PROCESS_BLOCKS;
    portions = (count + 31u) / 32u;
    lanesLog = 0;
  }
  __device__ __forceinline__ bool has(uint32_t portion, uint32_t lane) const { return (lane >> lanesLog) * portions + portion < count; }
  __device__ __forceinline__ uint32_t at(uint32_t portion, uint32_t lane) const {
    const uint32_t k = (lane >> lanesLog) * portions + portion;
    if (KINDS == 1) return k;
    return others ? (k < own ? k : k + PROCESS_BLOCKS) : own + k;
  }
};

// What the lanes of a warp have read of the mailboxes that they look at: the number of neurons, and the first two words.
struct Boxes {
  const uint64_t* mail;
  BoxRange range;
  uint32_t portion, n;
  uint64_t a, b;
};

#if AHEAD
// Mailboxes with any neurons, in the lanes of a warp one behind the other: which, and the numbers of its first neuron and of that behind its last
// among those of all.
struct Queue {
  const uint64_t* mail;
  uint32_t box, first, end, total;
};

// All lanes take part.
__device__ __forceinline__ Queue queueUp(const Here& here, const uint64_t* mail, uint32_t box, uint32_t n) {
  const int lane = here.lane();
  const uint32_t end = sumToLane(n, lane), total = __shfl_sync(ALL_LANES, end, 31);
  const uint32_t some = __ballot_sync(ALL_LANES, n != 0);
  uint4* const room = (uint4*)(here.shared + SHARES_OFFSET) + here.warp() * 32;
  if (n != 0) room[__popc(some & ((1u << lane) - 1u))] = make_uint4(box, end - n, end, 0);
  __syncwarp();
  Queue queue = {mail, 0, 0, 0, total};
  if (lane < __popc(some)) {
    const uint4 mine = room[lane];
    queue.box = mine.x;
    queue.first = mine.y;
    queue.end = mine.z;
  }
  __syncwarp();
  return queue;
}

// A neuron that is looked for: which box it is in, and the word that has it, which may be on its way.
struct Sought {
  bool some;
  uint32_t box, shift;
  const uint64_t* at;
  uint64_t word;
};

// Looks for the neurons from one on, for each lane one; `before`: boxes of the queue that end before that, and then before those that follow. All
// lanes take part.
__device__ __forceinline__ Sought seekSource(const Queue& queue, uint32_t from, uint32_t lane, uint32_t& before) {
  // bit i: a box ends with the i-th
  const uint32_t last = queue.end - 1u - from, ends = orOfWarp(last < 32u ? 1u << last : 0u);
  const uint32_t holder = before + __popc(ends & ((1u << lane) - 1u));
  before += __popc(ends);
  const uint32_t k = from + lane - __shfl_sync(ALL_LANES, queue.first, holder), w = wordOf(k);
  Sought sought;
  sought.some = from + lane < queue.total;
  sought.box = __shfl_sync(ALL_LANES, queue.box, holder);
  sought.shift = WIDE_ENTRIES ? 0u : 16u * (k - firstIn(w));
  sought.at = queue.mail + (uint64_t)sought.box * MAIL_WORDS + w;
  sought.word = 0;
  if (sought.some) sought.word = loadMailWord(sought.at);
  return sought;
}

// Waits for it. All lanes take part. Returns whether there is one.
__device__ __forceinline__ bool found(Waiting& waiting, Sought& sought, Source& source, uint32_t& multiplicity) {
  const bool missing = sought.some && sought.word >> 48 != waiting.tag;
  if (__any_sync(ALL_LANES, missing)) {
    const uint64_t late = waiting.word(sought.at, missing);
    if (missing) sought.word = late;
  }
  const uint32_t entry = WIDE_ENTRIES ? (uint32_t)sought.word : (uint32_t)(sought.word >> sought.shift) & 0xffffu;
  source = {placeOf(entry), sought.box};
  multiplicity = countOf(entry);
  return sought.some;
}
#endif

// The i-th neuron in all of these boxes. `end`: neurons in a lane's box and those of the lanes before it; of the lanes at one box the first
// counts. All lanes take part. Returns whether there is one.
__device__ __forceinline__ bool findSource(Waiting& waiting, const Boxes& boxes, uint32_t end, uint32_t i, Source& source, uint32_t& multiplicity) {
  uint32_t holder = 0;
#pragma unroll
  for (uint32_t d = 16; d > 0; d >>= 1)
    if (__shfl_sync(ALL_LANES, end, holder + d - 1u) <= i) holder += d;
  const uint32_t ended = __shfl_sync(ALL_LANES, end, holder);
  const uint32_t k = i - (ended - __shfl_sync(ALL_LANES, boxes.n, holder));
  const uint64_t a = __shfl_sync(ALL_LANES, (unsigned long long)boxes.a, holder), b = __shfl_sync(ALL_LANES, (unsigned long long)boxes.b, holder);
  const uint32_t box = boxes.range.at(boxes.portion, holder);
  const bool some = i < ended, beyond = some && k >= ENTRIES_READ;
  uint32_t entry = entryRead(k, a, b);
  if (__any_sync(ALL_LANES, beyond)) {
    const uint32_t later = entryBeyond(waiting, boxes.mail + (uint64_t)box * MAIL_WORDS, k, beyond);
    if (beyond) entry = later;
  }
  source = {placeOf(entry), box};
  multiplicity = countOf(entry);
  return some;
}

// Messages that were sent steps ago are there: the first mailboxes that a warp reads can be read while it draws input.
#define READS_EARLY (LAG > 0 && TILES == 1 && !SOLO && !ANYBODY_TAKES)
struct Early {
  uint64_t a = 0, b = 0;
};

__device__ __forceinline__ const uint64_t* mailOf(const RunParams& p, uint32_t index) {
  return p.ownMail + (uint64_t)(index & (MAIL_DEPTH - 1u)) * ALL_BLOCKS * MAIL_WORDS;
}

__device__ __forceinline__ Early readEarly(const Here& here, uint32_t index) {
  Early early;
#if READS_EARLY
  const BoxRange range(here.p, KINDS - 1u);
  const uint32_t portion = (uint32_t)here.warp();
  if (range.has(portion, here.lane())) loadMail(mailOf(here.p, index) + (uint64_t)range.at(portion, here.lane()) * MAIL_WORDS, early.a, early.b);
#endif
  return early;
}

// Reads the mailboxes of one kind with the messages of one step, counted from that before the first, and delivers.
__device__ __forceinline__ void consumeStep(const Here& here, uint32_t kind, uint32_t parity, const Fired* list, uint32_t index, const Early& early,
                                            StepClock& clock) {
  const RunParams& p = here.p;
  Control* const control = here.control;
  const int lane = here.lane(), warp = here.warp();
  const uint32_t* const messageRow = control->messageRow[parity][kind];
#if SOLO
  (void)index;
  const uint32_t n = control->fired;
  Rest rest;
  for (uint32_t from = warp * HOLDERS; from < n; from += WARPS * HOLDERS) {
    const uint32_t i = from + holderNumber(here);
    const bool has = i < n;
    const uint32_t entry = has ? list[i] : 0u;
    deliverSources(here, messageRow, has, {placeOf(entry), 0}, countOf(entry), rest, true);
  }
#else
  (void)list;
  const uint64_t tag = index & 0xffffu;
  const uint64_t* mail = mailOf(p, index);
  Waiting waiting = {here, tag, index + lagOf(kind), 0};
#if RELAYED
  if (kind == 0) fetchMail(here, waiting, p.relayed + (mail - p.ownMail), p.ownMail + (mail - p.ownMail));
#endif
  const BoxRange range(p, kind);
  // portions are dealt to warps in turn, or to whoever comes first, so that a warp whose neurons take long finds none left
  const bool own = kind + 1u == KINDS;
  const auto next = [&](uint32_t portion) {
    if (own && !ANYBODY_TAKES) return portion + WARPS;
    return __shfl_sync(ALL_LANES, lane == 0 ? countUp(&control->taken[parity][own ? 1 : 0]) : 0u, 0);
  };
  for (uint32_t portion = next((uint32_t)warp - WARPS); portion < range.portions; portion = next(portion)) {
    const uint32_t box = range.at(portion, lane);
    const uint64_t* words = mail + (uint64_t)box * MAIL_WORDS;
    uint64_t a = 0, b = 0;
    uint32_t n = 0;
    const auto isOpen = [&] {
      n = (uint32_t)(a >> 32) & 0x7fffu;
      return a >> 48 != tag || (n > IN_FIRST_WORD && b >> 48 != tag);
    };
    bool open = range.has(portion, lane);
    if (READS_EARLY && open && own && portion == (uint32_t)warp) {
      a = early.a;
      b = early.b;
      open = isOpen();
    }
    // all lanes look until all have what they wait for: lanes that go separate ways are brought together again at a high price
    while (__any_sync(ALL_LANES, open)) {
      if (open) {
        loadMail(words, a, b);
        open = isOpen();
        if (open && waiting.giveUp()) {
          a = b = n = 0;
          open = false;
        }
      }
    }
    // by then all have read of it
    if (a >> 47 & 1u) atomicMin(&control->stop, index + FAR_LAG);
    clock.mark(4);
    const uint32_t k = (uint32_t)lane & ((1u << range.lanesLog) - 1u);
#if AHEAD
    // who comes next is looked for, and looked up, while the synapses of those before are on their way
    const Queue queue = queueUp(here, mail, box, k == 0 ? n : 0u);
    if (queue.total == 0) continue;
    uint32_t before = 0;
    Sought sought = seekSource(queue, 0, lane, before);
    Found next;
    const auto goAhead = [&](uint32_t from) {
      uint32_t multiplicity;
      Source source;
      const bool has = found(waiting, sought, source, multiplicity);
      next = lookUp(here, has, source, multiplicity);
      sought = seekSource(queue, from, lane, before);
    };
    goAhead(32);
    for (uint32_t from = 0; from < queue.total; from += 32)
      deliverPortions(here, messageRow, portionOf(here, next), [&] { goAhead(from + 64u); });
#else
    // who fired is where it is, if lanes suffice, or is dealt to the lanes
    const Boxes boxes = {mail, range, portion, n, a, b};
    const bool dealt = GROUPED || __any_sync(ALL_LANES, n > 1u << range.lanesLog);
    uint32_t end = 0, total = GROUPED || __any_sync(ALL_LANES, n != 0) ? 1u : 0u;
    if (dealt) {
      end = sumToLane(k == 0 ? n : 0u, lane);
      total = __shfl_sync(ALL_LANES, end, 31);
    }
    Rest rest;
    for (uint32_t from = 0; from < total; from += HOLDERS) {
      uint32_t multiplicity = 1;
      Source source;
      bool has;
      if (dealt) {
        has = findSource(waiting, boxes, end, from + holderNumber(here), source, multiplicity);
      } else {
        const uint32_t entry = entryRead(k, a, b);
        has = k < n;
        source = {placeOf(entry), box};
        multiplicity = countOf(entry);
      }
      deliverSources(here, messageRow, has, source, multiplicity, rest, from + HOLDERS >= total);
    }
#endif
  }
#endif
#if EXTERNAL
  // spikes from outside
  if (kind + 1u == KINDS && p.externalStarts) {
    const uint32_t end = p.externalStarts[index];
    Rest rest;
    for (uint32_t from = p.externalStarts[index - 1] + warp * HOLDERS; from < end; from += WARPS * HOLDERS) {
      const uint32_t i = from + holderNumber(here);
      const bool has = i < end;
      const uint2 spike = has ? p.external[i] : make_uint2(0u, 0u);
      const Source source = {spike.x / ALL_BLOCKS, spike.x % ALL_BLOCKS};
      deliverSources(here, messageRow, has, source, spike.y, rest, true);
    }
  }
#endif
}
