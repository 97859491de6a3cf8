// The neuron that a lane keeps in its registers for a whole launch, where threads have one each.
//
// A neuron in its upstroke takes other code than those around it, and a warp that has one goes through both, one after the other. So it moves
// to a warp that has no neurons of its own (ASIDE), which goes through the code of upstrokes while the others go through theirs, and back when it
// has fired. It moves between two steps, with all that belongs to it, through a place in shared memory that is its own meanwhile; results are
// the same wherever it is.

// Warps with neurons of their own; those before them, if neurons can move, have none.
#define WORKERS (((SLOTS < THREADS ? SLOTS : THREADS) + 31u) / 32u)
#define SPARES (ASIDE ? (uint32_t)WARPS - WORKERS : 0u)

__device__ __forceinline__ bool isSpare(int warp) { return (uint32_t)warp < SPARES; }

#if KEPT_SCALES
typedef Scale Scales[RECEPTORS];
#else
typedef const Scale* Scales;
#endif

// States and constants of a neuron, in device memory between launches and where threads have several; `some`: is there one?
__device__ __forceinline__ void loadStates(const RunParams& p, uint32_t cell, bool some, real* s, int* z) {
  constexpr uint64_t stride = (uint64_t)BLOCKS * SLOTS;
#pragma unroll
  for (int k = 0; k < REALS; k++) s[k] = some ? p.reals[k * stride + cell] : (real)0;
#pragma unroll
  for (int k = 0; k < INTS; k++) z[k] = some ? p.ints[k * stride + cell] : 0;
}

__device__ __forceinline__ void storeStates(const RunParams& p, uint32_t cell, const real* s, const int* z) {
  constexpr uint64_t stride = (uint64_t)BLOCKS * SLOTS;
#pragma unroll
  for (int k = 0; k < REALS; k++)
    if (k < REAL_STATES) p.reals[k * stride + cell] = s[k];
#pragma unroll
  for (int k = 0; k < INTS; k++)
    if (k < INT_STATES) p.ints[k * stride + cell] = z[k];
}

struct Resident {
  bool active;
  uint32_t place, cell, population, id, firstDrive, driveCount;
  real s[REALS];
  int z[INTS];
  // what generators send for the next step
  Sum drive[RECEPTORS];
  DriveCache cache;
  // what a sum is multiplied with
  Scales scales;

  // What follows from place, population and id.
  __device__ __forceinline__ void settle(const RunParams& p, uint32_t firstCell) {
    cell = firstCell + place;
    const PopulationInfo& info = p.populationInfo[active ? population : 0u];
    firstDrive = info.firstDrive;
    driveCount = active ? info.driveCount : 0u;
    cache.group = 0xffffffffu;
#if KEPT_SCALES
#pragma unroll
    for (int r = 0; r < RECEPTORS; r++) scales[r] = active ? (Scale)p.scales[population * RECEPTORS + r] : (Scale)0;
#else
    scales = p.scales + population * RECEPTORS;
#endif
  }

  // As the launch before left it.
  __device__ __forceinline__ void load(const Here& here, uint32_t firstCell) {
    const RunParams& p = here.p;
    place = isSpare(here.warp()) ? SLOTS : here.thread - 32u * SPARES;
    population = place < SLOTS ? p.populations[firstCell + place] : NOBODY;
    active = population != NOBODY;
    settle(p, firstCell);
    id = active ? p.ids[cell] : 0u;
    loadStates(p, cell, active, s, z);
#pragma unroll
    for (int r = 0; r < RECEPTORS; r++) drive[r] = 0;
  }

  // For the next one.
  __device__ __forceinline__ void store(const RunParams& p) const {
    if (active) storeStates(p, cell, s, z);
  }
};

#if ASIDE
#define NOWHERE_ELSE 0xffffffffu
#define SLOTS_ASIDE 32u

// What moves. `there` and `back`: the step in which it was put here for the lane aside, and in which that put it here for its own. `drive`: what
// generators send to it, which its own lane draws meanwhile, by parity of the step in which it did.
struct Moved {
  uint32_t there, back, place, population, id;
  int z[INTS];
  Sum drive[2][RECEPTORS];
  real s[REALS];
};
static_assert(SLOTS_ASIDE * sizeof(Moved) <= ASIDE_BYTES, "there is less room than is needed");

__device__ __forceinline__ Moved* movedIn(const Here& here) { return (Moved*)(here.shared + ASIDE_OFFSET); }

// The slot that a lane of a spare warp takes neurons of. The first that are taken are of different warps.
__device__ __forceinline__ uint32_t slotOf(const Here& here) {
  const uint32_t slot = (uint32_t)here.lane() * SPARES + (uint32_t)here.warp();
  return isSpare(here.warp()) && slot < SLOTS_ASIDE ? slot : NOWHERE_ELSE;
}

__device__ __forceinline__ void openAside(const Here& here) {
  if (here.thread < SLOTS_ASIDE) movedIn(here)[here.thread].there = movedIn(here)[here.thread].back = NEVER;
  if (here.thread == 0) here.control->freeSlots = ~0u;
}

__device__ __forceinline__ void putDown(Moved& to, const Resident& n) {
#pragma unroll
  for (int k = 0; k < REALS; k++) to.s[k] = n.s[k];
#pragma unroll
  for (int k = 0; k < INTS; k++) to.z[k] = n.z[k];
}

__device__ __forceinline__ void pickUp(const Moved& from, Resident& n) {
#pragma unroll
  for (int k = 0; k < REALS; k++) n.s[k] = from.s[k];
#pragma unroll
  for (int k = 0; k < INTS; k++) n.z[k] = from.z[k];
  n.active = true;
}

// Takes a slot that is free, if one is.
__device__ __forceinline__ uint32_t takeSlot(Control* control) {
  uint32_t free = *(volatile uint32_t*)&control->freeSlots;
  while (free != 0) {
    const uint32_t bit = free & (0u - free);
    const uint32_t before = atomicAnd(&control->freeSlots, ~bit);
    if (before & bit) return (uint32_t)__ffs((int)bit) - 1u;
    free = before & ~bit;
  }
  return NOWHERE_ELSE;
}

// Does a lane draw the input of its neuron, wherever that is?
__device__ __forceinline__ bool drawsInput(const Here& here, const Resident& n, uint32_t slot) {
  return !isSpare(here.warp()) && (n.active || slot != NOWHERE_ELSE);
}
__device__ __forceinline__ void tellDrive(const Here& here, const Resident& n, uint32_t slot, uint32_t step) {
  if (isSpare(here.warp()) || slot == NOWHERE_ELSE) return;
#pragma unroll
  for (int r = 0; r < RECEPTORS; r++) movedIn(here)[slot].drive[step & 1u][r] = n.drive[r];
}
__device__ __forceinline__ void takeDrive(const Here& here, Resident& n, uint32_t slot, uint32_t step) {
  if (!isSpare(here.warp())) return;
#pragma unroll
  for (int r = 0; r < RECEPTORS; r++) n.drive[r] = movedIn(here)[slot].drive[step & 1u][r];
}

// After a neuron has been updated in a step, and its input drawn: it goes aside, or back. `slot`: where the lane's own neuron is, or where the
// lane takes neurons of.
__device__ __forceinline__ void leave(const Here& here, Resident& n, bool steep, uint32_t& slot, uint32_t step) {
  const bool own = !isSpare(here.warp());
  if (!n.active || steep != own) return;
  if (own) slot = takeSlot(here.control);
  if (slot == NOWHERE_ELSE) return;
  Moved& to = movedIn(here)[slot];
  putDown(to, n);
  if (own) {
    to.place = n.place;
    to.population = n.population;
    to.id = n.id;
  }
  (own ? to.there : to.back) = step;
  n.active = false;
}

// Behind the barrier that ends a step: who has left in it arrives.
__device__ __forceinline__ void arrive(const Here& here, Resident& n, uint32_t& slot, uint32_t step, uint32_t firstCell) {
  if (n.active || slot == NOWHERE_ELSE) return;
  Moved& from = movedIn(here)[slot];
  const bool own = !isSpare(here.warp());
  if ((own ? from.back : from.there) != step) return;
  pickUp(from, n);
  if (own) {
    // whoever takes the slot writes behind what is read here
    __threadfence_block();
    atomicOr(&here.control->freeSlots, 1u << slot);
    slot = NOWHERE_ELSE;
  } else {
    n.place = from.place;
    n.population = from.population;
    n.id = from.id;
    n.settle(here.p, firstCell);
  }
}
#endif
