// A block: what its threads share, and its rings of sums: what arrives in each of the next steps, by receptor and neuron, in shared
// or in global memory.

#define NOBODY 0xffffu
#define WARPS (THREADS / 32)

// What the threads of a block share beside rings; the list of who fired follows, then tables, then late neurons, then rings.
struct Control {
  uint32_t fired, arrived, stop, recorded, late, unused[3];
  uint32_t messageRow[2][RECEPTORS];
};

__device__ __forceinline__ Sum takeInput(unsigned char* shared, unsigned char* global, int r, uint32_t cell, bool clear) {
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
  return sum;
}

__device__ __forceinline__ void addTo(unsigned char* shared, unsigned char* global, const Table& t, uint32_t cell, Sum value) {
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
