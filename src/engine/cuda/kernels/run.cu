// The resident loop: one block per partition, alive for thousands of steps. In each step a block updates its neurons, writes the
// ids of those that fired into its mailbox, reads the mailboxes of all blocks, and adds its slices of the synapses of whoever
// fired to its rings. Nobody waits for a grid; a step ends with one barrier of the block.
//
// The cache for instructions holds a part of the loop only, and what is never executed costs time, too. Hence everything is written out once:
// the first turn does no step, but draws the input of the first if that needs it at once; after the last step turns do none, but read what is on
// its way and add what has arrived. And what a network does not need is not compiled.
//
// Printed before this text (sources.ts): THREADS, TILES, RECEPTORS, REALS, INTS, GROUP, GROUPED, TRAYS, KINDS, SOLO, MULTI, HEAVY, LATE, ASIDE, SAMPLED, EXTERNAL,
// DRIVES, DRIVE_ENTRIES, SHARED_DRIVES, GUIDE_BITS, VARIANTS, KEPT_SCALES, ANY_WIDE, RING_WIDE, RING_SHARED, the types real, Sum and Scale, the structs,
// and updateNeuron(), the models of the network.

#define VARIANT(population) (VARIANTS == 1 ? 0u : (population).variant)
#define ROUNDS 1
#define MOST_ROUNDS 0x7fffffff

__device__ __forceinline__ bool sampled(const SampleInfo& s, uint32_t step, uint32_t& row) {
  if (step < s.first || step > s.last) return false;
  const uint32_t since = step - s.first;
  row = since / s.interval;
  return row * s.interval == since;
}

// What recorders ask for, of a neuron as it is after a step.
__device__ __forceinline__ void takeSamples(const RunParams& p, uint32_t cell, uint32_t step, const real* s, const int* z) {
#if SAMPLED
  for (uint32_t e = p.itemStarts[cell]; e < p.itemStarts[cell + 1]; e++) {
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
#endif
}

// Notes that a neuron fired.
__device__ __forceinline__ void noteSpike(const Here& here, Fired* list, const PopulationInfo& population, uint32_t id, uint32_t local, int count,
                                          uint32_t step) {
  if (count == 0) return;
  if (count > population.maxEmission) fail(here, step, id, FAILED_EMISSION);
  list[countUp(&here.control->fired)] = firedOf(local, (uint32_t)count);
}

// Where the synapses are that a neuron has here.
struct OwnSynapses {
  const void *row, *first;
  uint32_t bytes;
};

__device__ __forceinline__ OwnSynapses ownOf(const RunParams& p, uint32_t cell) {
  return {(const void*)p.ownRows[cell], (const void*)p.ownSynapses[2 * cell], (uint32_t)p.ownSynapses[2 * cell + 1]};
}

// Asks for them, of a neuron that has fired.
__device__ __forceinline__ void prefetchOwn(const OwnSynapses& own) {
  if (own.bytes == 0) return;
  if (!TRAYS) prefetchRange(own.row, ROW_BYTES);
  prefetchRange(own.first, own.bytes);
}

__device__ __forceinline__ uint32_t ringWords(int r) { return RING_ROWS[r] * SLOTS * (RING_WIDE[r] ? 2u : 1u); }

__device__ __forceinline__ uint32_t rowAfter(uint32_t row, int r) { return row + 1u == RING_ROWS[r] ? 0u : row + 1u; }

// Before a step: which rows of the rings the messages that are read in it count from, given the rows that were taken in this, and that nobody
// has taken any.
__device__ __forceinline__ void setMessageRows(const Here& here, uint32_t parity, const uint32_t* row) {
  if (here.thread != 0) return;
  Control* const control = here.control;
  control->taken[parity][0] = control->taken[parity][1] = 0;
#pragma unroll
  for (uint32_t kind = 0; kind < KINDS; kind++)
#pragma unroll
    for (int r = 0; r < RECEPTORS; r++) {
      const uint32_t back = (lagOf(kind) - LATE_INPUT) % RING_ROWS[r], next = rowAfter(row[r], r);
      control->messageRow[parity][kind][r] = next >= back ? next - back : next + RING_ROWS[r] - back;
    }
}

// Warps that have updated their neurons say so and go on; one waits for them. What they have written in shared memory is then there for it.
#define PUBLISHER (ASIDE ? (int)SPARES - 1 : WARPS - 1)
#define UPDATERS (SPARES + WORKERS)
#define PUBLISHING_WARPS (UPDATERS + (PUBLISHER < (int)UPDATERS ? 0u : 1u))

__device__ __forceinline__ void haveUpdated(const Here& here) {
  __syncwarp();
#ifdef SYNFIRE_EMULATED
  if (here.lane() == 0) countUp(&here.control->arrived);
#else
  (void)here;
  asm volatile("bar.arrive 1, %0;" ::"n"(32 * PUBLISHING_WARPS) : "memory");
#endif
}

__device__ __forceinline__ void awaitUpdated(const Here& here) {
#ifdef SYNFIRE_EMULATED
  const uint32_t others = PUBLISHING_WARPS - 1u;
  while (*(volatile uint32_t*)&here.control->arrived < others) synfirePause();
  __syncwarp();
  if (here.lane() == 0) here.control->arrived = 0;
#else
  (void)here;
  __syncwarp();
  asm volatile("bar.sync 1, %0;" ::"n"(32 * PUBLISHING_WARPS) : "memory");
#endif
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
  StepClock clock;
  Control* control = (Control*)shared;
  Fired* list = (Fired*)(shared + LIST_OFFSET);
  const uint32_t block = blockIdx.x;
  const Here here = {p, control, SHARED_TABLES ? (const Table*)(shared + TABLE_OFFSET) : p.tables, shared, p.rings + (uint64_t)block * RING_BYTES,
                     threadNumber()};
  const uint32_t thread = here.thread;
  const int lane = here.lane(), warp = here.warp();
  const uint32_t firstCell = block * SLOTS;

  if (SHARED_TABLES) copyWords(here, shared + TABLE_OFFSET, p.tables, SHARED_TABLES * (sizeof(Table) / 4));
#if SHARED_DRIVES
  copyDrives(here);
#endif
  if (thread == 0) {
    control->fired = control->arrived = control->late = 0;
    control->stop = NEVER;
    control->recorded = p.recordCounts[block];
  }
#pragma unroll
  for (int r = 0; r < RECEPTORS; r++) {
    if (RING_SHARED[r]) copyWords(here, shared + RING_SHARED_AT[r], here.rings + RING_AT[r], ringWords(r));
  }
#if INBOX_ROWS
  for (uint32_t i = thread; i < INBOX_ROWS; i += THREADS) {
    Inbox& inbox = inboxOf(shared);
    inbox.counts[i] = 0;
    inbox.marks[i] = 1u;
  }
  for (uint32_t i = thread; i < RECEPTORS * SLOTS; i += THREADS) ((int*)(shared + INBOX_SUMS))[i] = 0;
#endif
  uint32_t row[RECEPTORS];
#pragma unroll
  for (int r = 0; r < RECEPTORS; r++) row[r] = (p.firstStep + RING_ROWS[r] - LATE_INPUT) % RING_ROWS[r];
  uint32_t emitted = 0;

#if TILES == 1
  Resident neuron;
  neuron.load(here, firstCell);
  // models that are integrated numerically need the registers, and their steps are long
  const OwnSynapses ownSynapses = neuron.active && !HEAVY ? ownOf(p, neuron.cell) : OwnSynapses{nullptr, nullptr, 0};
#if ASIDE
  openAside(here);
  uint32_t slot = slotOf(here);
#endif
#else
  uint16_t* lateList = (uint16_t*)(shared + LATE_OFFSET);
#endif
  __syncthreads();

  // steps are counted from that before the first
  uint32_t last = p.steps;
#pragma unroll 1
  for (uint32_t index = 0; index <= last + FAR_LAG; index++) {
    const uint32_t step = p.firstStep + index;
    const bool updates = index > 0 && index <= last, receives = index > 0 && index <= last + LATE_INPUT;
    if (index > 0) {
#pragma unroll
      for (int r = 0; r < RECEPTORS; r++) row[r] = rowAfter(row[r], r);
    }
#if INBOX_ROWS
    if (receives) {
      openInbox<false>(here, row[0]);
      __syncthreads();
    }
#endif

    clock.mark(0);
    // ---- update
#if TILES == 1
    int count = 0, steep = 0;
    if (neuron.active && receives) {
      const PopulationInfo& population = p.populationInfo[neuron.population];
      Sum sums[RECEPTORS];
#if ASIDE
      takeDrive(here, neuron, slot, index - 1u);
#endif
#pragma unroll
      for (int r = 0; r < RECEPTORS; r++) sums[r] = takeInput(here, r, row[r], neuron.place, true) + neuron.drive[r];
      const real* const u = p.realUniforms + population.firstReal;
      const int* const ui = p.intUniforms + population.firstInt;
#if LATE_INPUT
      // the launch before has added what arrived in its last step
      if (index > 1u) {
        receiveNeuron(p, VARIANT(population), neuron.s, neuron.z, u, ui, sums, neuron.scales);
        takeSamples(p, neuron.cell, step - 1u, neuron.s, neuron.z);
      }
#endif
      if (updates) {
        int failed = 0, unfinished = 0;
        count = updateNeuron(p, VARIANT(population), neuron.s, neuron.z, u, ui, sums, neuron.scales, step, neuron.id, population.key0,
                             population.key1, MOST_ROUNDS, failed, unfinished, steep);
        if (failed) fail(here, step, neuron.id, FAILED_INTEGRATION);
        noteSpike(here, list, population, neuron.id, neuron.place, count, step);
        emitted += count != 0;
      }
    }
#else
    for (int phase = 0; receives && phase < (LATE && updates ? 2 : 1); phase++) {
      const uint32_t todo = phase == 0 ? SLOTS : control->late;
      // late neurons are dealt to warps in turn, so that no warp waits for another's
      for (uint32_t i = phase == 0 ? thread : (uint32_t)(lane * WARPS + warp); i < todo; i += THREADS) {
        const uint32_t local = phase == 0 ? i : lateList[i];
        const uint32_t cell = firstCell + local;
        const uint32_t own = p.populations[cell];
        if (own == NOBODY) continue;
        const PopulationInfo& population = p.populationInfo[own];
        const uint32_t id = p.ids[cell];
        real s[REALS];
        int z[INTS];
        loadStates(p, cell, true, s, z);
        Sum sums[RECEPTORS];
#pragma unroll
        for (int r = 0; r < RECEPTORS; r++) sums[r] = takeInput(here, r, row[r], local, !(LATE && updates));
        DriveCache cache;
        cache.group = 0xffffffffu;
        if (index > LATE_INPUT) driveInput(here, population.firstDrive, population.driveCount, id, cell, step - LATE_INPUT, sums, cache);
        const real* const u = p.realUniforms + population.firstReal;
        const int* const ui = p.intUniforms + population.firstInt;
        const Scale* const scales = p.scales + own * RECEPTORS;
#if LATE_INPUT
        // the launch before has added what arrived in its last step
        if (index > 1u) receiveNeuron(p, VARIANT(population), s, z, u, ui, sums, scales);
        if (index > 1u && phase == 0) takeSamples(p, cell, step - 1u, s, z);
#endif
        int failed = 0, unfinished = 0, steep = 0;
        int count = 0;
        if (updates)
          count = updateNeuron(p, VARIANT(population), s, z, u, ui, sums, scales, step, id, population.key0, population.key1,
                               phase == 0 && LATE ? ROUNDS : MOST_ROUNDS, failed, unfinished, steep);
        if (unfinished) {
          lateList[countUp(&control->late)] = (uint16_t)local;
          continue;
        }
#if LATE
#pragma unroll
        for (int r = 0; r < RECEPTORS; r++) takeInput(here, r, row[r], local, true);
#endif
        storeStates(p, cell, s, z);
        if (failed) fail(here, step, id, FAILED_INTEGRATION);
        noteSpike(here, list, population, id, local, count, step);
        if (count != 0) prefetchOwn(ownOf(p, cell));
        emitted += count != 0;
        if (!LATE_INPUT) takeSamples(p, cell, step, s, z);
      }
      if (LATE && phase == 0) __syncthreads();
    }
#endif

    clock.mark(1);
    // ---- publish: one warp waits for all that have neurons, and writes the mailbox
    uint32_t fired = 0;
    if (updates && warp != PUBLISHER && warp < (int)UPDATERS) haveUpdated(here);
    if (updates && warp == PUBLISHER) {
#if !SOLO
      const uint64_t place = ((uint64_t)(index & (MAIL_DEPTH - 1u)) * ALL_BLOCKS + p.firstBlock + block) * MAIL_WORDS + lane;
#endif
      awaitUpdated(here);
      fired = *(volatile uint32_t*)&control->fired;
      const uint32_t stop = *(volatile uint32_t*)&control->recorded >> 31;
#if SOLO
      if (stop && lane == 0) control->stop = index;
#else
#pragma unroll 1
      for (uint32_t w = 0; hasWord(fired, w); w += 32) {
        const uint64_t value = composeWord(index & 0xffffu, stop, fired, w + lane, list);
        if (hasWord(fired, w + lane))
          for (uint32_t g = 0; g < TARGETS; g++) storeMail(p.mail[g] + place + w, value);
      }
#endif
      __syncwarp();
      if (lane == 0) {
        control->late = 0;
#if !SOLO
        control->fired = 0;
#endif
      }
    }

    clock.mark(2);
    Early early;
    if (READS_EARLY && index > LAG && index - LAG <= last) early = readEarly(here, index - LAG);
    // ---- record, while they are on their way
    if (p.record && updates && warp == PUBLISHER) {
      uint32_t recorded = *(volatile uint32_t*)&control->recorded;
      uint2* to = p.records + (uint64_t)block * p.recordCapacity + (recorded & ~LAST_STEP);
      for (uint32_t i = lane; i < fired; i += 32) to[i] = make_uint2(step, placeOf(list[i]) | countOf(list[i]) << 16);
      recorded += fired;
      // room for the next step, which is the last if this is said, and for those before all blocks have read of it
      if ((recorded & ~LAST_STEP) + (FAR_LAG + 2u) * SLOTS > p.recordCapacity) recorded |= LAST_STEP;
      __syncwarp();
      if (lane == 0) control->recorded = recorded;
    }
    // ---- while the messages travel: bring the synapses of who fired, take samples, draw the input of the next step
#if TILES == 1
    if (count != 0) prefetchOwn(HEAVY ? ownOf(p, neuron.cell) : ownSynapses);
    if (!LATE_INPUT && neuron.active && updates) takeSamples(p, neuron.cell, step, neuron.s, neuron.z);
    // of the step whose input is added next
#if ASIDE
    const bool draws = drawsInput(here, neuron, slot);
#else
    const bool draws = neuron.active;
#endif
    if (draws && (LATE_INPUT ? updates : index < last)) {
#pragma unroll
      for (int r = 0; r < RECEPTORS; r++) neuron.drive[r] = 0;
      driveInput(here, neuron.firstDrive, neuron.driveCount, neuron.id, neuron.cell, step + 1u - LATE_INPUT, neuron.drive, neuron.cache);
    }
#if ASIDE
    if (index < last) leave(here, neuron, steep != 0, slot, index);
    tellDrive(here, neuron, slot, index);
#endif
#endif
    setMessageRows(here, (index + 1u) & 1u, row);
    __syncwarp();

    clock.mark(3);
    // ---- read and deliver
#if SOLO
    __syncthreads();
#endif
#pragma unroll 1
    for (uint32_t kind = 0; kind < KINDS; kind++) {
      const uint32_t lag = lagOf(kind);
      if (index > lag && index - lag <= last) consumeStep(here, kind, index & 1u, list, index - lag, early, clock);
    }
    clock.mark(5);
    // agreed on with the barrier; a warp that is ahead may have read of an end already, but of a later one
    const bool stop = __syncthreads_or(index >= *(volatile uint32_t*)&control->stop);
    clock.mark(6);
#if INBOX_ROWS
    if (receives && thread == 0) inboxOf(shared).counts[row[0]] = inboxOf(shared).marks[row[0]] = 0;
#endif
    if (stop && index < last) last = index;
#if ASIDE
    arrive(here, neuron, slot, index, firstCell);
#endif
#if SOLO
    // nobody reads the list any more; nobody adds to it before the next barrier but for those who start the next step
    if (thread == 0) control->fired = 0;
    __syncthreads();
#endif
  }

  // ---- leave everything in device memory
#if INBOX_ROWS
  __syncthreads();
  for (uint32_t i = 0; i < INBOX_ROWS; i++) openInbox<true>(here, i);
#endif
#pragma unroll
  for (int r = 0; r < RECEPTORS; r++) {
    if (RING_SHARED[r]) copyWords(here, here.rings + RING_AT[r], shared + RING_SHARED_AT[r], ringWords(r));
  }
#if TILES == 1
  neuron.store(p);
#endif
  if (emitted) atomicAdd((unsigned long long*)p.emitted, (unsigned long long)emitted);
#ifdef PROFILE
  if (thread == 0 && block == 0)
    printf("cycles per step: end %lld, update %lld, publish %lld, draw %lld, wait %lld, deliver %lld, barrier %lld\n", clock.cycles[0] / p.steps,
           clock.cycles[1] / p.steps, clock.cycles[2] / p.steps, clock.cycles[3] / p.steps, clock.cycles[4] / p.steps, clock.cycles[5] / p.steps,
           clock.cycles[6] / p.steps);
#endif
  if (warp == PUBLISHER && lane == 0) p.recordCounts[block] = control->recorded & ~LAST_STEP;
  if (thread == 0 && block == 0) *p.doneSteps = last;
}
