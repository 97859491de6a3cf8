// What the blocks recorded in a launch, put into the order (step, id): counted by step, placed, and ranked within each step. Steps
// with more spikes than MOST_RANKED are left in any order: the host sorts those.

#define MOST_RANKED 8192u

extern "C" __global__ void __launch_bounds__(256) countRecords(const RecordJob* p) {
  const uint32_t block = blockIdx.x;
  const uint2* from = p->records + (uint64_t)block * p->capacity;
  for (uint32_t i = threadIdx.x; i < p->counts[block]; i += blockDim.x) atomicAdd(&p->starts[from[i].x - p->firstStep], 1u);
}

// counts become starts: one block. starts[s] is where step firstStep + s begins, starts[steps + 1] where the last one ends
extern "C" __global__ void __launch_bounds__(256) scanRecords(const RecordJob* p) {
  SYNFIRE_SHARED(shared);
  uint32_t* sums = (uint32_t*)shared;
  const uint32_t length = p->steps + 2u, each = (length + blockDim.x - 1u) / blockDim.x;
  const uint32_t first = min(length, threadIdx.x * each), end = min(length, first + each);
  uint32_t sum = 0;
  for (uint32_t i = first; i < end; i++) sum += p->starts[i];
  sums[threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.x == 0) {
    uint32_t before = 0;
    for (uint32_t t = 0; t < blockDim.x; t++) {
      const uint32_t part = sums[t];
      sums[t] = before;
      before += part;
    }
  }
  __syncthreads();
  uint32_t before = sums[threadIdx.x];
  for (uint32_t i = first; i < end; i++) {
    const uint32_t own = p->starts[i];
    p->starts[i] = before;
    p->cursors[i] = before;
    before += own;
  }
}

extern "C" __global__ void __launch_bounds__(256) placeRecords(const RecordJob* p) {
  const uint32_t block = blockIdx.x;
  const uint2* from = p->records + (uint64_t)block * p->capacity;
  for (uint32_t i = threadIdx.x; i < p->counts[block]; i += blockDim.x) {
    const uint2 entry = from[i];
    const uint32_t at = atomicAdd(&p->cursors[entry.x - p->firstStep], 1u);
    p->placed[at] = p->ids[(uint64_t)block * SLOTS + (entry.y & 0xffffu)];
    if (MULTI) p->placed[p->total + at] = entry.y >> 16;
  }
}

extern "C" __global__ void __launch_bounds__(256) rankRecords(const RecordJob* p) {
  for (uint32_t s = 1 + blockIdx.x; s <= p->steps; s += gridDim.x) {
    const uint32_t first = p->starts[s], n = p->starts[s + 1] - first;
    for (uint32_t i = threadIdx.x; i < n; i += blockDim.x) {
      const uint32_t id = p->placed[first + i];
      uint32_t rank = i;
      if (n <= MOST_RANKED) {
        rank = 0;
        for (uint32_t k = 0; k < n; k++) rank += p->placed[first + k] < id ? 1u : 0u;
      }
      p->out[first + rank] = id;
      if (MULTI) p->out[p->total + first + rank] = p->placed[p->total + first + i];
    }
  }
}
