// From counts by source and block to the rows of a table: where the synapses of a source begin, and where, among these, those of
// each block. A row is the index of the source's first synapse (64 bits) and blocks + 1 offsets of 16 or 32 bits. What fits into trays
// is not counted.

// Synapses of a slice that are not in a tray: if any, its last place is for the mark that says so.
__device__ __forceinline__ uint32_t restOf(const RowJob* p, uint64_t cell, uint32_t trayBytes) {
  const uint32_t count = p->counts[cell];
  if (trayBytes == 0) return count;
  const uint32_t room = trayBytes / p->entryBytes;
  return count <= room ? 0u : count - room + 1u;
}

// how many synapses there are, and how many slices are too long for trays: a warp per source
extern "C" __global__ void __launch_bounds__(256) measureRows(const RowJob* p) {
  const uint32_t warps = gridDim.x * (blockDim.x >> 5), lane = laneNumber();
  const uint32_t sizes[] = {TRAY_SIZES};
  constexpr uint32_t kinds = sizeof(sizes) / sizeof(sizes[0]);
  uint64_t found[2 + kinds] = {};
  for (uint32_t row = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5); row < p->rows; row += warps) {
    uint32_t sum = 0;
    for (uint32_t b = lane; b < p->blocks; b += 32) {
      const uint64_t cell = (uint64_t)row * p->blocks + b;
      sum += restOf(p, cell, 0u);
      for (uint32_t k = 0; k < kinds; k++) found[2 + k] += restOf(p, cell, sizes[k]) != 0;
    }
    sum = sumOfWarp(sum);
    if (lane != 0) continue;
    p->all[row] = sum;
    found[0] += sum;
    found[1] += sum != 0;
  }
  for (uint32_t k = 0; k < 2 + kinds; k++)
    if (found[k]) atomicAdd((unsigned long long*)p->measured + k, (unsigned long long)found[k]);
}

// synapses of every source that are not in trays: a warp per source
extern "C" __global__ void __launch_bounds__(256) sumRows(const RowJob* p) {
  const uint32_t warps = gridDim.x * (blockDim.x >> 5), lane = laneNumber();
  for (uint32_t row = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5); row < p->rows; row += warps) {
    uint32_t sum = 0;
    for (uint32_t b = lane; b < p->blocks; b += 32) sum += restOf(p, (uint64_t)row * p->blocks + b, p->trayBytes);
    sum = sumOfWarp(sum);
    if (lane == 0) {
      p->totals[row] = sum;
      atomicMax(p->most, sum);
    }
  }
}

// exclusive sums of the totals: one block
extern "C" __global__ void __launch_bounds__(1024) scanRows(const RowJob* p) {
  SYNFIRE_SHARED(shared);
  uint64_t* sums = (uint64_t*)shared;
  const uint32_t threads = blockDim.x, each = (p->rows + threads - 1) / threads;
  const uint32_t first = min(p->rows, threadIdx.x * each), end = min(p->rows, first + each);
  uint64_t own = 0;
  for (uint32_t i = first; i < end; i++) own += p->totals[i];
  sums[threadIdx.x] = own;
  __syncthreads();
  if (threadIdx.x == 0) {
    uint64_t sum = 0;
    for (uint32_t t = 0; t < threads; t++) {
      const uint64_t part = sums[t];
      sums[t] = sum;
      sum += part;
    }
    *p->sum = sum;
  }
  __syncthreads();
  uint64_t base = sums[threadIdx.x];
  for (uint32_t i = first; i < end; i++) {
    p->bases[i] = base;
    base += p->totals[i];
  }
}

// writes the rows and turns counts into cursors: a warp per source. Those of slices in trays count up to what the row says.
extern "C" __global__ void __launch_bounds__(256) writeRows(const RowJob* p) {
  const uint32_t warps = gridDim.x * (blockDim.x >> 5), lane = laneNumber();
  for (uint32_t row = blockIdx.x * (blockDim.x >> 5) + (threadIdx.x >> 5); row < p->rows; row += warps) {
    unsigned char* to = p->table + (uint64_t)row * p->rowBytes;
    if (lane == 0) *(uint64_t*)to = p->bases[row];
    uint32_t before = 0;
    for (uint32_t from = 0; from < p->blocks; from += 32) {
      const uint32_t b = from + lane;
      const uint64_t cell = (uint64_t)row * p->blocks + b;
      const uint32_t count = b < p->blocks ? restOf(p, cell, p->trayBytes) : 0u;
      const uint32_t sum = sumToLane(count, (int)lane);
      if (b < p->blocks) {
        const uint32_t start = before + sum - count;
        // the tray is filled first
        p->counts[cell] = start - (p->counts[cell] - count);
        if (p->trayBytes != 0 && count != 0) {
          unsigned char* tray = p->trays + cell * p->trayBytes;
          if (p->entryBytes == 2)
            ((uint16_t*)tray)[p->trayBytes / 2 - 1] = (uint16_t)TRAY_MORE;
          else
            ((uint32_t*)tray)[p->trayBytes / 4 - 1] = TRAY_MORE;
        }
        if (p->narrow)
          ((uint16_t*)(to + 8))[b] = (uint16_t)start;
        else
          ((uint32_t*)(to + 8))[b] = start;
      }
      before += __shfl_sync(ALL_LANES, sum, 31);
    }
    if (lane == 0) {
      if (p->narrow)
        ((uint16_t*)(to + 8))[p->blocks] = (uint16_t)before;
      else
        ((uint32_t*)(to + 8))[p->blocks] = before;
    }
  }
}
