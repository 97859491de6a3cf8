// Recursive splitting, level by level: how many synapses fall into every range of targets. The tree is that of
// connectivity/splitting.ts; a node of level l is told by l bits, the highest first: 0 is the lower half.

// The range of a node of the tree that is split down to single targets; length 0 where there is none.
__device__ void nodeRange(uint32_t targets, uint32_t level, uint32_t node, uint32_t& start, uint32_t& length) {
  start = 0;
  length = targets;
  for (int bit = (int)level - 1; bit >= 0; bit--) {
    const uint32_t half = length / 2;
    if (node >> bit & 1u) {
      start += half;
      length -= half;
    } else
      length = half;
  }
}

// The same for the tree whose ranges of at most 64 targets are not split: such a range goes on as its own lower half.
__device__ void leafRange(uint32_t targets, uint32_t level, uint32_t node, uint32_t& start, uint32_t& length) {
  start = 0;
  length = targets;
  for (int bit = (int)level - 1; bit >= 0; bit--) {
    const bool upper = node >> bit & 1u;
    if (length <= 64u) {
      if (upper) length = 0;
      continue;
    }
    const uint32_t half = length / 2;
    if (upper) {
      start += half;
      length -= half;
    } else
      length = half;
  }
}

// fixed_total_number: all jobs, one level
extern "C" __global__ void __launch_bounds__(256) splitTotals(const SplitLevel* p) {
  const uint32_t nodes = 1u << p->level;
  const uint64_t all = (uint64_t)nodes * p->jobCount;
  for (uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; i < all; i += (uint64_t)gridDim.x * blockDim.x) {
    const SplitJob& j = p->jobs[i >> p->level];
    const uint32_t node = (uint32_t)i & (nodes - 1u);
    const double* from = p->level & 1u ? j.odd : j.even;
    double* to = p->level & 1u ? j.even : j.odd;
    uint32_t start, length;
    nodeRange(j.targets, p->level, node, start, length);
    const double count = from[node];
    double below = 0.0;
    if (length > 1) {
      const uint32_t half = length / 2;
      const double left = (double)half * j.sources - (j.selves ? (double)(j.selves[start + half] - j.selves[start]) : 0.0);
      const double right = (double)(length - half) * j.sources -
                           (j.selves ? (double)(j.selves[start + length] - j.selves[start + half]) : 0.0);
      Uniforms uniforms;
      uniforms.k0 = j.key0;
      uniforms.k1 = j.key1;
      below = splitOf(uniforms, j.multapses, start, length, 0, count, left, right);
    }
    to[2 * node] = below;
    to[2 * node + 1] = count - below;
  }
}

// the leaves become in-degrees
extern "C" __global__ void __launch_bounds__(256) degreesOfTotals(const SplitLevel* p) {
  const uint32_t nodes = 1u << p->level;
  const uint64_t all = (uint64_t)nodes * p->jobCount;
  for (uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; i < all; i += (uint64_t)gridDim.x * blockDim.x) {
    const SplitJob& j = p->jobs[i >> p->level];
    const uint32_t node = (uint32_t)i & (nodes - 1u);
    uint32_t start, length;
    nodeRange(j.targets, p->level, node, start, length);
    if (length != 1) continue;
    const double count = (p->level & 1u ? j.odd : j.even)[node];
    j.degrees[start] = count > 4294967295.0 ? 0xffffffffu : (uint32_t)count;
    atomicMax(j.most, count > 4294967295.0 ? 0xffffffffu : (uint32_t)count);
  }
}

// fixed_outdegree: a part of the sources, one level; a range that is not split hands its count on
extern "C" __global__ void __launch_bounds__(256) splitOutdegrees(const BuildJob* job) {
  const BuildJob& j = *job;
  const uint64_t all = (uint64_t)j.partSources << j.level;
  const uint32_t* from = j.level & 1u ? j.odd : j.even;
  uint32_t* to = j.level & 1u ? j.even : j.odd;
  for (uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; i < all; i += (uint64_t)gridDim.x * blockDim.x) {
    const uint32_t node = (uint32_t)(i / j.partSources), k = (uint32_t)(i % j.partSources), source = j.partFirst + k;
    uint32_t start, length;
    leafRange(j.targets, j.level, node, start, length);
    const uint32_t count = j.level == 0 ? j.indegree : from[i];
    uint32_t below = count;
    if (length > 64u) {
      const uint32_t half = length / 2;
      const uint32_t self = j.targetOfSource ? j.targetOfSource[source] : NOWHERE;
      const bool inside = self != NOWHERE && self >= start && self < start + length;
      const double left = (double)half - (inside && self < start + half ? 1.0 : 0.0);
      const double all = (double)length - (inside ? 1.0 : 0.0);
      Uniforms uniforms;
      uniforms.k0 = j.ruleKey0;
      uniforms.k1 = j.ruleKey1;
      below = (uint32_t)splitOf(uniforms, j.multapses, start, length, source, (double)count, left, all - left);
    }
    to[(uint64_t)(2 * node) * j.partSources + k] = below;
    to[(uint64_t)(2 * node + 1) * j.partSources + k] = count - below;
  }
}

// how many synapses of a source lie in the leaves before
extern "C" __global__ void __launch_bounds__(256) sumOutdegrees(const BuildJob* job) {
  const BuildJob& j = *job;
  for (uint32_t k = blockIdx.x * blockDim.x + threadIdx.x; k < j.partSources; k += gridDim.x * blockDim.x) {
    uint32_t sum = 0;
    for (uint32_t node = 0; node < (1u << j.levels); node++) {
      const uint64_t cell = (uint64_t)node * j.partSources + k;
      j.before[cell] = sum;
      sum += j.shares[cell];
    }
  }
}

// the most and the sum of a list of counts
extern "C" __global__ void __launch_bounds__(256) summarize(const Summary* p) {
  uint32_t most = 0;
  uint64_t sum = 0;
  for (uint64_t i = blockIdx.x * (uint64_t)blockDim.x + threadIdx.x; i < p->length; i += (uint64_t)gridDim.x * blockDim.x) {
    const uint32_t count = p->counts[i];
    most = most > count ? most : count;
    sum += count;
  }
  if (most > 0) atomicMax(p->most, most);
  if (sum > 0) atomicAdd((unsigned long long*)p->sum, (unsigned long long)sum);
}
