// Construction: every rule of the library as a walk over the synapses of a projection, the same synapses that the rule's own
// generate() gives, in any order. A first walk counts them by source and block, a second one, drawing the same numbers again,
// writes them where they belong. One launch walks over many projections, so that a GPU has enough to do while the last blocks of one end.

#define RULE_DRAWN 0
#define RULE_DISTINCT 1
#define RULE_ALL 2
#define RULE_ONE 3
#define RULE_BERNOULLI 4
#define RULE_OUTDEGREE 5
#define RULE_LIST 6

#define PASS_DEGREES 0
#define PASS_COUNT 1
#define PASS_FILL 2

#define DRAW_CONSTANT 0
#define DRAW_NORMAL 1
#define DRAW_LOGNORMAL 2
#define DRAW_UNIFORM 3
#define DRAW_EXPONENTIAL 4
#define DRAW_ARRAY 5


/* ranges of targets of fixed_outdegree that are not split any further */
#define LEAF 64u

// The threads that work at a projection.
struct Workers {
  uint32_t block, blocks;

  __device__ __forceinline__ uint32_t thread() const { return block * blockDim.x + threadIdx.x; }
  __device__ __forceinline__ uint32_t threads() const { return blocks * blockDim.x; }
  __device__ __forceinline__ uint32_t warp() const { return thread() / 32u; }
  __device__ __forceinline__ uint32_t warps() const { return threads() / 32u; }
};

__device__ __forceinline__ double sampleOf(uint32_t kind, uint32_t word, const double* p, const double* list, uint64_t index) {
  switch (kind) {
    case DRAW_CONSTANT: return p[0];
    case DRAW_NORMAL: return drawNormal(word, p[0], p[1], p[2], p[3], p[4], p[5]);
    case DRAW_LOGNORMAL: return drawLognormal(word, p[0], p[1], p[2], p[3], p[4], p[5]);
    case DRAW_UNIFORM: return drawUniform(word, p[0], p[1], p[2], p[3], p[4], p[5]);
    case DRAW_EXPONENTIAL: return drawExponential(word, p[0], p[1], p[2], p[3], p[4], p[5]);
    default: return list[index];
  }
}

__device__ __forceinline__ uint32_t idOfTarget(const BuildJob& j, uint32_t target) {
  return j.targetIds ? j.targetIds[target] : j.firstTargetId + target;
}

// The source position that a target must not have, or NOWHERE.
__device__ __forceinline__ uint32_t selfOf(const BuildJob& j, uint32_t target) {
  return j.selves ? j.selves[target] : NOWHERE;
}

// The i-th target in an order in which those of a block are neighbours, for i below inOrder(): what is written for them lies together. There may be
// none.
__device__ __forceinline__ uint32_t perBlock(const BuildJob& j) { return (j.targets + j.allBlocks - 1u) / j.allBlocks; }
__device__ __forceinline__ uint32_t inOrder(const BuildJob& j) { return perBlock(j) * j.allBlocks; }
__device__ __forceinline__ uint32_t targetInOrder(const BuildJob& j, uint32_t i) {
  const uint32_t block = i / perBlock(j);
  return block + (i - block * perBlock(j)) * j.allBlocks;
}

// One synapse. `words`: the synapse draw if the caller has made it already.
template <int PASS>
__device__ __forceinline__ void visit(const BuildJob& j, uint32_t source, uint32_t target, uint32_t ordinal, uint64_t index,
                                      const uint32_t* words) {
  if (PASS == PASS_DEGREES) {
    atomicAdd(&j.degrees[target], 1u);
    return;
  }
  const uint32_t rank = j.targetRanks ? j.targetRanks[target] : j.firstTargetRank + target;
  if (rank == NOWHERE) return;
  const uint32_t local = rank / j.allBlocks, block = rank - local * j.allBlocks - j.firstBlock;
  if (block >= j.blocks) return;
  const uint32_t from = j.sourceRanks ? j.sourceRanks[source] : j.firstSourceRank + source, place = from / j.allBlocks;
  const uint32_t row = (from - place * j.allBlocks) * j.places + place - j.origin;
  uint32_t own[4];
  const uint32_t* w = words;
  if (!words && (j.splits || PASS == PASS_FILL) && (j.drawsWeight || j.drawsDelay)) {
    synfirePhilox(idOfTarget(j, target), ordinal, 0, 0, j.key0, j.key1, own[0], own[1], own[2], own[3]);
    w = own;
  }
  double weight = 0.0;
  if (j.splits || (PASS == PASS_FILL && j.storesWeight)) {
    weight = sampleOf(j.weightKind, w ? w[1] : 0u, j.weight, j.weightList, index) * j.factor;
    if (j.splits && (weight < 0.0) != (j.sign < 0)) return;
  }
  const uint32_t next = atomicAdd(j.counts + (uint64_t)row * j.blocks + block, 1u);
  if (PASS == PASS_COUNT) return;
  const double delay = sampleOf(j.delayKind, w ? w[2] : 0u, j.delay, j.delayList, index);
  const uint32_t later = (uint32_t)(synfireToInt(floor(delay / j.resolution + 0.5)) - j.firstDelay);
  const unsigned char* to = j.table + (uint64_t)row * j.rowBytes;
  const uint32_t where = later << j.localBits | local;
  const double stored = j.storesWeight ? floor(weight * j.magnitude * j.perUnit + 0.5) * j.post : 0.0;
  if (j.trayBytes != 0) {
    // the tray is filled from behind
    const uint32_t rest = j.narrow ? ((const uint16_t*)(to + 8))[block] : ((const uint32_t*)(to + 8))[block];
    const int left = (int)(rest - next);
    if (left > 0) {
      const uint32_t entry = later * j.slots + local;
      unsigned char* tray = j.trays + ((uint64_t)row * j.blocks + block) * j.trayBytes;
      if (j.format == FORMAT_PACKED)
        ((uint32_t*)tray)[left - 1] = entry | (uint32_t)fabs(stored) << 16;
      else
        ((uint16_t*)tray)[left - 1] = (uint16_t)entry;
      return;
    }
  }
  const uint64_t at = *(const uint64_t*)to + next;
  switch (j.format) {
    case FORMAT_PLACE16: ((uint16_t*)j.data)[at] = (uint16_t)where; break;
    case FORMAT_PLACE32: ((uint32_t*)j.data)[at] = where; break;
    case FORMAT_PACKED: ((uint32_t*)j.data)[at] = where | ((uint32_t)fabs(stored) << 16); break;
    case FORMAT_WIDE32: ((uint2*)j.data)[at] = make_uint2(where, (uint32_t)(int)stored); break;
    default: {
      const int64_t wide = (int64_t)stored;
      ((uint4*)j.data)[at] = make_uint4(where, 0u, (uint32_t)wide, (uint32_t)((uint64_t)wide >> 32));
    }
  }
}

// fixed_indegree and fixed_total_number with multapses: a warp per target
template <int PASS>
__device__ void walkDrawn(const BuildJob& j, const Workers& own) {
  const uint32_t lane = laneNumber();
  for (uint32_t i = own.warp(); i < inOrder(j); i += own.warps()) {
    const uint32_t target = targetInOrder(j, i);
    if (target >= j.targets) continue;
    const uint32_t degree = j.degrees ? j.degrees[target] : j.indegree;
    const uint32_t id = idOfTarget(j, target), self = selfOf(j, target);
    const uint32_t available = j.sources - (self != NOWHERE ? 1u : 0u);
    const uint64_t before = j.starts ? j.starts[target] : (j.firstPosition + target) * j.indegree;
    for (uint32_t k = lane; k < degree; k += 32) {
      uint32_t words[4];
      synfirePhilox(id, k, 0, 0, j.key0, j.key1, words[0], words[1], words[2], words[3]);
      const uint32_t drawn = __umulhi(words[0], available);
      visit<PASS>(j, drawn + (drawn >= self ? 1u : 0u), target, k, before + k, words);
    }
  }
}

// the same without multapses: by rejection, a thread per target with a bit for every source
template <int PASS>
__device__ void walkDistinct(const BuildJob& j, const Workers& own) {
  const uint32_t threads = own.threads(), thread = own.thread();
  const uint32_t bitWords = (j.sources + 31) / 32;
  if (thread >= j.workers) return;
  uint32_t* taken = j.scratch + (uint64_t)thread * bitWords;
  const uint32_t stride = threads < j.workers ? threads : j.workers;
  for (uint32_t target = thread; target < j.targets; target += stride) {
    for (uint32_t i = 0; i < bitWords; i++) taken[i] = 0u;
    const uint32_t degree = j.degrees ? j.degrees[target] : j.indegree;
    const uint32_t id = idOfTarget(j, target), self = selfOf(j, target);
    const uint32_t available = j.sources - (self != NOWHERE ? 1u : 0u);
    const uint64_t before = j.starts ? j.starts[target] : (j.firstPosition + target) * j.indegree;
    for (uint32_t k = 0; k < degree; k++) {
      uint32_t drawn, attempt = 0, words[4];
      do {
        synfirePhilox(id, k, attempt++, 0, j.ruleKey0, j.ruleKey1, words[0], words[1], words[2], words[3]);
        drawn = __umulhi(words[0], available);
      } while (taken[drawn >> 5] >> (drawn & 31u) & 1u);
      taken[drawn >> 5] |= 1u << (drawn & 31u);
      visit<PASS>(j, drawn + (drawn >= self ? 1u : 0u), target, k, before + k, nullptr);
    }
  }
}

template <int PASS>
__device__ void walkAll(const BuildJob& j, const Workers& own) {
  const uint32_t lane = laneNumber();
  for (uint32_t i = own.warp(); i < inOrder(j); i += own.warps()) {
    const uint32_t target = targetInOrder(j, i);
    if (target >= j.targets) continue;
    const uint32_t self = selfOf(j, target);
    for (uint32_t source = lane; source < j.sources; source += 32) {
      if (source == self) continue;
      visit<PASS>(j, source, target, source - (source > self ? 1u : 0u), (j.firstPosition + target) * j.sources + source, nullptr);
    }
  }
}

template <int PASS>
__device__ void walkOne(const BuildJob& j, const Workers& own) {
  for (uint32_t target = own.thread(); target < j.targets; target += own.threads()) {
    const uint32_t source = (uint32_t)j.firstPosition + target;
    if (selfOf(j, target) != source) visit<PASS>(j, source, target, 0u, source, nullptr);
  }
}

// pairwise_bernoulli: gaps between synapses, one target after the other
template <int PASS>
__device__ void walkBernoulli(const BuildJob& j, const Workers& own) {
  Uniforms uniforms;
  uniforms.k0 = j.ruleKey0;
  uniforms.k1 = j.ruleKey1;
  for (uint32_t target = own.thread(); target < j.targets; target += own.threads()) {
    const uint32_t self = selfOf(j, target);
    uniforms.start(idOfTarget(j, target), 0, 0);
    uint32_t ordinal = 0;
    double source = j.logMiss == 0.0 ? 0.0 : floor(synfireLog(uniforms.next()) / j.logMiss);
    while (source < (double)j.sources) {
      const uint32_t s = (uint32_t)source;
      if (s != self) visit<PASS>(j, s, target, ordinal++, 0, nullptr);
      source += 1.0 + (j.logMiss == 0.0 ? 0.0 : floor(synfireLog(uniforms.next()) / j.logMiss));
    }
  }
}

// fixed_outdegree: a thread per leaf, sources of a part ascending; j.running counts the synapses of every target so far
template <int PASS>
__device__ void walkOutdegree(const BuildJob& j, const Workers& own) {
  const uint32_t nodes = 1u << j.levels;
  for (uint32_t node = own.thread(); node < nodes; node += own.threads()) {
    uint32_t start, length;
    leafRange(j.targets, j.levels, node, start, length);
    if (length == 0) continue;
    for (uint32_t i = 0; i < j.partSources; i++) {
      const uint64_t cell = (uint64_t)node * j.partSources + i;
      const uint32_t count = j.shares[cell];
      if (count == 0) continue;
      const uint32_t source = j.partFirst + i;
      const uint32_t self = j.targetOfSource ? j.targetOfSource[source] : NOWHERE;
      const bool inside = self != NOWHERE && self >= start && self < start + length;
      const uint32_t available = length - (inside ? 1u : 0u);
      const uint64_t first = (uint64_t)source * j.indegree + j.before[cell];
      uint64_t taken = 0;
      uint32_t words[4];
      for (uint32_t n = 0, drawn = 0; drawn < count; n++) {
        if (n % 4 == 0) synfirePhilox(start, length, n / 4, source, j.ruleKey0, j.ruleKey1, words[0], words[1], words[2], words[3]);
        const uint32_t word = n % 4 == 0 ? words[0] : n % 4 == 1 ? words[1] : n % 4 == 2 ? words[2] : words[3];
        const uint32_t position = __umulhi(word, available);
        if (!j.multapses && (taken >> position & 1ull)) continue;
        taken |= 1ull << position;
        const uint32_t at = start + position;
        const uint32_t target = inside && at >= self ? at + 1u : at;
        const uint32_t ordinal = j.running[target]++;
        visit<PASS>(j, source, target, ordinal, first + drawn, nullptr);
        drawn++;
      }
    }
  }
}

template <int PASS>
__device__ void walkList(const BuildJob& j, const Workers& own) {
  for (uint32_t i = own.thread(); i < j.entries; i += own.threads())
    visit<PASS>(j, j.listSources[i], j.listTargets[i], j.listOrdinals[i], j.listIndices ? j.listIndices[i] : 0u, nullptr);
}

// Nothing that is written is in a job.
template <int PASS>
__device__ void walk(const BuildJob* __restrict__ jobs) {
  const uint32_t count = jobs->jobs;
  // one projection after the other: what many at a time count and write does not stay in the second cache
  const Workers own = {blockIdx.x % (gridDim.x / count), gridDim.x / count};
  const BuildJob& j = jobs[blockIdx.x / own.blocks];
  switch (j.rule) {
    case RULE_DRAWN: walkDrawn<PASS>(j, own); break;
    case RULE_DISTINCT: walkDistinct<PASS>(j, own); break;
    case RULE_ALL: walkAll<PASS>(j, own); break;
    case RULE_ONE: walkOne<PASS>(j, own); break;
    case RULE_BERNOULLI: walkBernoulli<PASS>(j, own); break;
    case RULE_OUTDEGREE: walkOutdegree<PASS>(j, own); break;
    case RULE_LIST: walkList<PASS>(j, own); break;
  }
}

extern "C" __global__ void __launch_bounds__(256) degreesOfJobs(const BuildJob* __restrict__ jobs) { walk<PASS_DEGREES>(jobs); }
extern "C" __global__ void __launch_bounds__(256) countJobs(const BuildJob* __restrict__ jobs) { walk<PASS_COUNT>(jobs); }
extern "C" __global__ void __launch_bounds__(256) fillJobs(const BuildJob* __restrict__ jobs) { walk<PASS_FILL>(jobs); }
