// What every kernel of Synfire builds on: conversions with the meaning of the compiler's IR, loads and stores that other blocks
// and other GPUs can see, and warps. Kernels take one parameter: the address of a struct in device memory, or the struct itself.

#ifndef SYNFIRE_EMULATED
#ifdef __CUDACC_RTC__
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef int int32_t;
typedef long long int64_t;
#else
#include <stdint.h>
#endif
#define SYNFIRE_SHARED(name) extern __shared__ __align__(16) unsigned char name[]
// called where a thread waits for others: on a GPU they go on by themselves
__device__ __forceinline__ void synfirePause() {}
#endif

#define ALL_LANES 0xffffffffu
// a place, rank or source that does not exist
#define NOWHERE 0xffffffffu

__device__ __forceinline__ float synfireNan32() { return __int_as_float(0x7fc00000); }
__device__ __forceinline__ float synfireInfinity32() { return __int_as_float(0x7f800000); }
__device__ __forceinline__ double synfireNan64() { return __hiloint2double(0x7ff80000, 0); }
__device__ __forceinline__ double synfireInfinity64() { return __hiloint2double(0x7ff00000, 0); }

// truncates and saturates; NaN gives 0
__device__ __forceinline__ int synfireToInt(double x) {
  return x != x ? 0 : x <= -2147483648.0 ? (-2147483647 - 1) : x >= 2147483647.0 ? 2147483647 : (int)x;
}
__device__ __forceinline__ int synfireToInt(float x) { return synfireToInt((double)x); }
__device__ __forceinline__ unsigned synfireToUnsigned(double x) {
  return x != x || x <= 0.0 ? 0u : x >= 4294967295.0 ? 4294967295u : (unsigned)x;
}
__device__ __forceinline__ unsigned synfireToUnsigned(float x) { return synfireToUnsigned((double)x); }

// who must see what is written to mailboxes: the blocks of one GPU, or of several
#ifndef SYNFIRE_SCOPE
#define SYNFIRE_SCOPE "gpu"
#endif

// Words of mailboxes: whole or not at all, never from a cache of one's own. Several GPUs: visible to all of them.
__device__ __forceinline__ void storeMail(uint64_t* to, uint64_t value) {
#ifdef SYNFIRE_EMULATED
  *(volatile uint64_t*)to = value;
#else
  asm volatile("st.relaxed." SYNFIRE_SCOPE ".global.u64 [%0], %1;" ::"l"(to), "l"(value) : "memory");
#endif
}
__device__ __forceinline__ void loadMail(const uint64_t* from, uint64_t& first, uint64_t& second) {
#ifdef SYNFIRE_EMULATED
  first = ((const volatile uint64_t*)from)[0];
  second = ((const volatile uint64_t*)from)[1];
#else
  asm volatile("ld.relaxed." SYNFIRE_SCOPE ".global.v2.u64 {%0, %1}, [%2];" : "=l"(first), "=l"(second) : "l"(from) : "memory");
#endif
}
__device__ __forceinline__ uint64_t loadMailWord(const uint64_t* from) {
#ifdef SYNFIRE_EMULATED
  return *(const volatile uint64_t*)from;
#else
  uint64_t value;
  asm volatile("ld.relaxed." SYNFIRE_SCOPE ".global.u64 %0, [%1];" : "=l"(value) : "l"(from) : "memory");
  return value;
#endif
}

// Reads that are used once: they shall not push anything out of the first cache.
#ifdef SYNFIRE_EMULATED
template <typename T>
static inline T loadOnce(const T* from) {
  return *from;
}
#else
__device__ __forceinline__ uint32_t loadOnce(const uint32_t* from) {
  uint32_t value;
  asm("ld.global.nc.L1::no_allocate.u32 %0, [%1];" : "=r"(value) : "l"(from));
  return value;
}
__device__ __forceinline__ uint32_t loadOnce(const uint16_t* from) {
  // into a register of 32 bits at once: whoever widened it would have to wait for it
  uint32_t value;
  asm("ld.global.nc.L1::no_allocate.u16 %0, [%1];" : "=r"(value) : "l"(from));
  return value;
}
__device__ __forceinline__ uint4 loadOnce(const uint4* from) {
  uint4 value;
  asm("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
      : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
      : "l"(from));
  return value;
}
#endif

// Reads that are on their way from where they stand: the compiler does not put them off until somebody needs them. They come from all
// over memory and shall be the first to leave the cache, where the states of neurons are.
#ifdef SYNFIRE_EMULATED
template <typename T>
static inline T loadNow(const T* from) {
  return *from;
}
#else
__device__ __forceinline__ uint64_t loadNow(const uint64_t* from) {
  uint64_t value;
  asm volatile("ld.global.nc.L1::evict_first.u64 %0, [%1];" : "=l"(value) : "l"(from));
  return value;
}
__device__ __forceinline__ uint32_t loadNow(const uint32_t* from) {
  uint32_t value;
  asm volatile("ld.global.nc.L1::evict_first.u32 %0, [%1];" : "=r"(value) : "l"(from));
  return value;
}
__device__ __forceinline__ uint32_t loadNow(const uint16_t* from) {
  uint32_t value;
  asm volatile("ld.global.nc.L1::evict_first.u16 %0, [%1];" : "=r"(value) : "l"(from));
  return value;
}
#endif

// The same for what is read again and again.
__device__ __forceinline__ uint4 loadKept(const uint4* from) {
#ifdef SYNFIRE_EMULATED
  return *from;
#else
  uint4 value;
  asm volatile("ld.global.nc.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w) : "l"(from));
  return value;
#endif
}

// Asks for a range of global memory to be brought into the second cache; the range is rounded to whole 16 bytes.
__device__ __forceinline__ void prefetchRange(const void* from, uint64_t bytes) {
#if !defined(SYNFIRE_EMULATED) && __CUDA_ARCH__ >= 900
  uint64_t first = (uint64_t)from & ~15ull, size = (((uint64_t)from + bytes + 15) & ~15ull) - first;
  if (size > 0)
    asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(first), "r"((unsigned)size) : "memory");
#endif
}

// Adds one to a number in shared memory and returns what it was. (The compiler makes more of an atomicAdd of a constant: the lanes that take part are
// counted first, which takes longer than to add for each of the few that there are.)
__device__ __forceinline__ uint32_t countUp(uint32_t* at) {
#ifdef SYNFIRE_EMULATED
  return atomicAdd(at, 1u);
#else
  uint32_t before;
  asm volatile("atom.shared.add.u32 %0, [%1], 1;" : "=r"(before) : "r"((uint32_t)__cvta_generic_to_shared(at)) : "memory");
  return before;
#endif
}

// The bits of all lanes of a warp.
__device__ __forceinline__ uint32_t orOfWarp(uint32_t bits) {
#if !defined(SYNFIRE_EMULATED) && __CUDA_ARCH__ >= 800
  return __reduce_or_sync(ALL_LANES, bits);
#else
  for (int d = 16; d > 0; d >>= 1) bits |= __shfl_xor_sync(ALL_LANES, bits, d);
  return bits;
#endif
}

// The sum of what all lanes of a warp have, for each of them.
__device__ __forceinline__ uint32_t sumOfWarp(uint32_t sum) {
  for (int d = 16; d > 0; d >>= 1) sum += __shfl_xor_sync(ALL_LANES, sum, d);
  return sum;
}

__device__ __forceinline__ int laneNumber() { return (int)(threadIdx.x & 31u); }

// The sum of what a lane and those before it have. All lanes take part.
__device__ __forceinline__ uint32_t sumToLane(uint32_t own, int lane) {
  uint32_t sum = own;
  for (int d = 1; d < 32; d <<= 1) {
    const uint32_t other = __shfl_up_sync(ALL_LANES, sum, d);
    if (lane >= d) sum += other;
  }
  return sum;
}
