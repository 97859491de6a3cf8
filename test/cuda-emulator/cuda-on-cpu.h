/*
 * What CUDA C++ device code finds when it is compiled for a CPU by the emulated NVRTC (emulator.cpp): the words
 * and built-in functions of the language, one host fiber per CUDA thread.
 *
 * The first part is the interface between a compiled kernel and the emulator; both sides include it. The second
 * part, which only kernels see, gives the CUDA names. The names that start with synfireEmulator are the
 * emulator's own; kernels use none of them.
 *
 * Everything here is static: several compiled modules live in one process, and none may take another's
 * functions or variables for its own.
 */
#ifndef SYNFIRE_CUDA_ON_CPU_H
#define SYNFIRE_CUDA_ON_CPU_H

/* ---- The interface between a module and the emulator ------------------------------------------------------- */

/* To be raised with every change of the structures below: a module kept from an older build must be refused. */
#define SYNFIRE_EMULATOR_INTERFACE_VERSION 1u

enum SynfireEmulatorOperation : unsigned int {
  SynfireEmulatorNothing,
  SynfireEmulatorPause,
  SynfireEmulatorSyncThreads,
  SynfireEmulatorSyncThreadsCount,
  SynfireEmulatorSyncThreadsOr,
  SynfireEmulatorSyncThreadsAnd,
  SynfireEmulatorSyncWarp,
  SynfireEmulatorBallot,
  SynfireEmulatorAny,
  SynfireEmulatorAll,
  SynfireEmulatorShuffle,
  SynfireEmulatorShuffleUp,
  SynfireEmulatorShuffleDown,
  SynfireEmulatorShuffleXor,
  SynfireEmulatorReduceAdd,
  SynfireEmulatorReduceMin,
  SynfireEmulatorReduceMax,
  SynfireEmulatorReduceAnd,
  SynfireEmulatorReduceOr,
  SynfireEmulatorReduceXor,
  SynfireEmulatorOperationCount
};

struct SynfireEmulatorIndex {
  unsigned int x, y, z;
};

struct SynfireEmulatorBlock {
  SynfireEmulatorIndex blockIndex, blockSize, gridSize;
  unsigned char* shared;
};

struct SynfireEmulatorThread {
  SynfireEmulatorIndex threadIndex;
  unsigned int lane;
  SynfireEmulatorBlock* block;
};

/* What the lanes of a warp gave in one operation. Lanes that had left the kernel are not among the participants. */
struct SynfireEmulatorExchange {
  unsigned long long values[32];
  unsigned int ballot; /* bit i: lane i gave something other than 0 */
  unsigned int participants;
};

struct SynfireEmulatorTable {
  SynfireEmulatorThread* const* current;
  void (*pause)();
  unsigned int (*blockBarrier)(unsigned int operation, unsigned int predicate);
  const SynfireEmulatorExchange* (*warpExchange)(unsigned int operation, unsigned int mask, unsigned long long value);
  long long (*clock)();
  void (*fail)(int driverError, const char* message);
};

#ifndef SYNFIRE_EMULATOR_LIBRARY

/* ---- For kernels -------------------------------------------------------------------------------------------- */

/* System headers come first: some of the words defined below occur in them with another meaning. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const SynfireEmulatorTable* synfireEmulatorTable;
static SynfireEmulatorThread* const* synfireEmulatorCurrent;

extern "C" __attribute__((visibility("default"), used)) unsigned int synfireEmulatorConnect(
    const SynfireEmulatorTable* table) {
  synfireEmulatorTable = table;
  synfireEmulatorCurrent = table->current;
  return SYNFIRE_EMULATOR_INTERFACE_VERSION;
}

/* Modules are compiled with hidden symbols (a device function must not be taken for one of the same name in the
   program that loads it), so kernels have to be shown. */
#define __global__ __attribute__((visibility("default"), used))
#define __device__
#define __constant__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))

/* With fibers a barrier is a call like any other, and a compiler that believes in restrict may keep values over
   it that other threads have changed. */
#define __restrict__
#define __restrict

#define threadIdx ((*synfireEmulatorCurrent)->threadIndex)
#define blockIdx ((*synfireEmulatorCurrent)->block->blockIndex)
#define blockDim ((*synfireEmulatorCurrent)->block->blockSize)
#define gridDim ((*synfireEmulatorCurrent)->block->gridSize)
static const int warpSize = 32;

/* Under CUDA: extern __shared__ __align__(16) unsigned char name[]. */
#define SYNFIRE_SHARED(name) unsigned char* const name = (*synfireEmulatorCurrent)->block->shared

/* To be called in every loop that waits for another thread. Under CUDA it is nothing; here nobody else runs
   before the waiting thread steps aside. */
static inline void synfirePause() { synfireEmulatorTable->pause(); }

#undef assert
#ifdef NDEBUG
#define assert(condition) ((void)0)
#else
#define SYNFIRE_EMULATOR_TEXT_OF(value) #value
#define SYNFIRE_EMULATOR_TEXT(value) SYNFIRE_EMULATOR_TEXT_OF(value)
#define assert(condition)                                                                     \
  ((condition) ? (void)0                                                                      \
               : synfireEmulatorTable->fail(710, __FILE__ ":" SYNFIRE_EMULATOR_TEXT(__LINE__) \
                                                          ": assertion `" #condition "` failed"))
#endif

static inline void __trap() { synfireEmulatorTable->fail(719, "__trap() was called"); }

/* ---- Vector types ------------------------------------------------------------------------------------------- */

typedef SynfireEmulatorIndex uint3;

#define SYNFIRE_EMULATOR_VECTOR_2(type, name)                       \
  struct __align__(2 * sizeof(type)) name {                         \
    type x, y;                                                      \
  };                                                                \
  static inline name make_##name(type x, type y) { return {x, y}; }

#define SYNFIRE_EMULATOR_VECTOR_4(type, name)                                               \
  struct __align__(16) name {                                                               \
    type x, y, z, w;                                                                        \
  };                                                                                        \
  static inline name make_##name(type x, type y, type z, type w) { return {x, y, z, w}; }

SYNFIRE_EMULATOR_VECTOR_2(int, int2)
SYNFIRE_EMULATOR_VECTOR_2(unsigned int, uint2)
SYNFIRE_EMULATOR_VECTOR_2(long long, longlong2)
SYNFIRE_EMULATOR_VECTOR_2(unsigned long long, ulonglong2)
SYNFIRE_EMULATOR_VECTOR_2(float, float2)
SYNFIRE_EMULATOR_VECTOR_2(double, double2)
SYNFIRE_EMULATOR_VECTOR_4(int, int4)
SYNFIRE_EMULATOR_VECTOR_4(unsigned int, uint4)
SYNFIRE_EMULATOR_VECTOR_4(float, float4)

/* ---- Barriers ----------------------------------------------------------------------------------------------- */

static inline void __syncthreads() { synfireEmulatorTable->blockBarrier(SynfireEmulatorSyncThreads, 0); }
static inline int __syncthreads_count(int predicate) {
  return (int)synfireEmulatorTable->blockBarrier(SynfireEmulatorSyncThreadsCount, predicate != 0);
}
static inline int __syncthreads_or(int predicate) {
  return (int)synfireEmulatorTable->blockBarrier(SynfireEmulatorSyncThreadsOr, predicate != 0);
}
static inline int __syncthreads_and(int predicate) {
  return (int)synfireEmulatorTable->blockBarrier(SynfireEmulatorSyncThreadsAnd, predicate != 0);
}

/* One host thread runs everything, so every store is seen at once; only the compiler has to be held back. */
static inline void __threadfence_block() { __asm__ __volatile__("" ::: "memory"); }
static inline void __threadfence() { __asm__ __volatile__("" ::: "memory"); }
static inline void __threadfence_system() { __asm__ __volatile__("" ::: "memory"); }

/* ---- Operations of a warp ----------------------------------------------------------------------------------- */

static inline void __syncwarp(unsigned int mask = 0xffffffffu) {
  synfireEmulatorTable->warpExchange(SynfireEmulatorSyncWarp, mask, 0);
}
static inline unsigned int __activemask() { return 0xffffffffu; }
static inline unsigned int __ballot_sync(unsigned int mask, int predicate) {
  return synfireEmulatorTable->warpExchange(SynfireEmulatorBallot, mask, predicate != 0)->ballot;
}
static inline int __any_sync(unsigned int mask, int predicate) {
  return synfireEmulatorTable->warpExchange(SynfireEmulatorAny, mask, predicate != 0)->ballot != 0;
}
static inline int __all_sync(unsigned int mask, int predicate) {
  const SynfireEmulatorExchange* exchange =
      synfireEmulatorTable->warpExchange(SynfireEmulatorAll, mask, predicate != 0);
  return exchange->ballot == exchange->participants;
}

/* The lane that a shuffle reads, as the PTX instruction shfl defines it: a lane out of reach means one's own. */
static inline unsigned int synfireEmulatorSourceLane(unsigned int operation, unsigned int operand, int width) {
  const unsigned int lane = (*synfireEmulatorCurrent)->lane;
  const unsigned int segmentMask = 32u - (unsigned int)width;
  const unsigned int first = lane & segmentMask, last = first | (31u & ~segmentMask);
  operand &= 31u;
  switch (operation) {
    case SynfireEmulatorShuffleUp:
      return (int)lane - (int)operand >= (int)first ? lane - operand : lane;
    case SynfireEmulatorShuffleDown:
      return lane + operand <= last ? lane + operand : lane;
    case SynfireEmulatorShuffleXor:
      return (lane ^ operand) <= last ? lane ^ operand : lane;
    default:
      return first | (operand & ~segmentMask);
  }
}

template <typename Value>
static inline Value synfireEmulatorShuffle(unsigned int operation, unsigned int mask, Value value,
                                           unsigned int operand, int width) {
  unsigned long long bits = 0;
  memcpy(&bits, &value, sizeof value);
  const unsigned int source = synfireEmulatorSourceLane(operation, operand, width);
  const SynfireEmulatorExchange* exchange = synfireEmulatorTable->warpExchange(operation, mask, bits);
  /* What a lane that has left the kernel would have said is undefined: nobody shall get along with it. */
  bits = exchange->participants >> source & 1 ? exchange->values[source] : 0xCBCBCBCBCBCBCBCBull;
  memcpy(&value, &bits, sizeof value);
  return value;
}

#define SYNFIRE_EMULATOR_SHUFFLES(type)                                                                     \
  static inline type __shfl_sync(unsigned int mask, type value, int lane, int width = 32) {                 \
    return synfireEmulatorShuffle(SynfireEmulatorShuffle, mask, value, (unsigned int)lane, width);          \
  }                                                                                                         \
  static inline type __shfl_up_sync(unsigned int mask, type value, unsigned int delta, int width = 32) {    \
    return synfireEmulatorShuffle(SynfireEmulatorShuffleUp, mask, value, delta, width);                     \
  }                                                                                                         \
  static inline type __shfl_down_sync(unsigned int mask, type value, unsigned int delta, int width = 32) {  \
    return synfireEmulatorShuffle(SynfireEmulatorShuffleDown, mask, value, delta, width);                   \
  }                                                                                                         \
  static inline type __shfl_xor_sync(unsigned int mask, type value, int laneMask, int width = 32) {         \
    return synfireEmulatorShuffle(SynfireEmulatorShuffleXor, mask, value, (unsigned int)laneMask, width);   \
  }

SYNFIRE_EMULATOR_SHUFFLES(int)
SYNFIRE_EMULATOR_SHUFFLES(unsigned int)
SYNFIRE_EMULATOR_SHUFFLES(long)
SYNFIRE_EMULATOR_SHUFFLES(unsigned long)
SYNFIRE_EMULATOR_SHUFFLES(long long)
SYNFIRE_EMULATOR_SHUFFLES(unsigned long long)
SYNFIRE_EMULATOR_SHUFFLES(float)
SYNFIRE_EMULATOR_SHUFFLES(double)

#define SYNFIRE_EMULATOR_REDUCTION(type, name, operation, start, combine)                                     \
  static inline type name(unsigned int mask, type value) {                                                    \
    const SynfireEmulatorExchange* exchange =                                                                 \
        synfireEmulatorTable->warpExchange(operation, mask, (unsigned int)value);                             \
    type result = start;                                                                                      \
    for (int lane = 0; lane < 32; lane++) {                                                                   \
      const type other = (type)(unsigned int)exchange->values[lane];                                          \
      if (exchange->participants >> lane & 1) result = combine;                                               \
    }                                                                                                         \
    return result;                                                                                            \
  }

SYNFIRE_EMULATOR_REDUCTION(unsigned int, __reduce_add_sync, SynfireEmulatorReduceAdd, 0u, result + other)
SYNFIRE_EMULATOR_REDUCTION(int, __reduce_add_sync, SynfireEmulatorReduceAdd, 0, result + other)
SYNFIRE_EMULATOR_REDUCTION(unsigned int, __reduce_min_sync, SynfireEmulatorReduceMin, UINT_MAX,
                           other < result ? other : result)
SYNFIRE_EMULATOR_REDUCTION(int, __reduce_min_sync, SynfireEmulatorReduceMin, INT_MAX, other < result ? other : result)
SYNFIRE_EMULATOR_REDUCTION(unsigned int, __reduce_max_sync, SynfireEmulatorReduceMax, 0u,
                           other > result ? other : result)
SYNFIRE_EMULATOR_REDUCTION(int, __reduce_max_sync, SynfireEmulatorReduceMax, INT_MIN, other > result ? other : result)
SYNFIRE_EMULATOR_REDUCTION(unsigned int, __reduce_and_sync, SynfireEmulatorReduceAnd, UINT_MAX, result& other)
SYNFIRE_EMULATOR_REDUCTION(unsigned int, __reduce_or_sync, SynfireEmulatorReduceOr, 0u, result | other)
SYNFIRE_EMULATOR_REDUCTION(unsigned int, __reduce_xor_sync, SynfireEmulatorReduceXor, 0u, result ^ other)

/* ---- Bits of integers --------------------------------------------------------------------------------------- */

static inline int __popc(unsigned int value) { return __builtin_popcount(value); }
static inline int __popcll(unsigned long long value) { return __builtin_popcountll(value); }
static inline int __ffs(int value) { return __builtin_ffs(value); }
static inline int __ffsll(long long value) { return __builtin_ffsll(value); }
static inline int __clz(int value) { return value == 0 ? 32 : __builtin_clz((unsigned int)value); }
static inline int __clzll(long long value) { return value == 0 ? 64 : __builtin_clzll((unsigned long long)value); }
static inline unsigned int __brev(unsigned int value) {
  value = (value >> 1 & 0x55555555u) | (value & 0x55555555u) << 1;
  value = (value >> 2 & 0x33333333u) | (value & 0x33333333u) << 2;
  value = (value >> 4 & 0x0f0f0f0fu) | (value & 0x0f0f0f0fu) << 4;
  return __builtin_bswap32(value);
}
static inline unsigned long long __brevll(unsigned long long value) {
  return (unsigned long long)__brev((unsigned int)value) << 32 | __brev((unsigned int)(value >> 32));
}
static inline unsigned int __umulhi(unsigned int a, unsigned int b) {
  return (unsigned int)((unsigned long long)a * b >> 32);
}
static inline int __mulhi(int a, int b) { return (int)((long long)a * b >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)((unsigned __int128)a * b >> 64);
}
static inline long long __mul64hi(long long a, long long b) { return (long long)((__int128)a * b >> 64); }

/* ---- Bits of floating-point numbers ------------------------------------------------------------------------- */

template <typename To, typename From>
static inline To synfireEmulatorBits(From from) {
  static_assert(sizeof(To) == sizeof(From), "the two must have one size");
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

static inline int __float_as_int(float value) { return synfireEmulatorBits<int>(value); }
static inline float __int_as_float(int value) { return synfireEmulatorBits<float>(value); }
static inline unsigned int __float_as_uint(float value) { return synfireEmulatorBits<unsigned int>(value); }
static inline float __uint_as_float(unsigned int value) { return synfireEmulatorBits<float>(value); }
static inline long long __double_as_longlong(double value) { return synfireEmulatorBits<long long>(value); }
static inline double __longlong_as_double(long long value) { return synfireEmulatorBits<double>(value); }
static inline int __double2hiint(double value) { return (int)(__double_as_longlong(value) >> 32); }
static inline int __double2loint(double value) { return (int)__double_as_longlong(value); }
static inline double __hiloint2double(int high, int low) {
  return __longlong_as_double((long long)((unsigned long long)(unsigned int)high << 32 | (unsigned int)low));
}

/* ---- Arithmetic --------------------------------------------------------------------------------------------- */

/* Modules are compiled without contraction, so the plain operators round to nearest, each for itself. */
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fsqrt_rn(float a) { return sqrtf(a); }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
static inline double __dadd_rn(double a, double b) { return a + b; }
static inline double __dsub_rn(double a, double b) { return a - b; }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline double __ddiv_rn(double a, double b) { return a / b; }
static inline double __dsqrt_rn(double a) { return sqrt(a); }
static inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }

#define SYNFIRE_EMULATOR_EXTREMES(first, second, type)                                                     \
  static inline type min(first a, second b) { return (type)a < (type)b ? (type)a : (type)b; }              \
  static inline type max(first a, second b) { return (type)a > (type)b ? (type)a : (type)b; }

SYNFIRE_EMULATOR_EXTREMES(int, int, int)
SYNFIRE_EMULATOR_EXTREMES(unsigned int, unsigned int, unsigned int)
SYNFIRE_EMULATOR_EXTREMES(int, unsigned int, unsigned int)
SYNFIRE_EMULATOR_EXTREMES(unsigned int, int, unsigned int)
SYNFIRE_EMULATOR_EXTREMES(long, long, long)
SYNFIRE_EMULATOR_EXTREMES(unsigned long, unsigned long, unsigned long)
SYNFIRE_EMULATOR_EXTREMES(long, unsigned long, unsigned long)
SYNFIRE_EMULATOR_EXTREMES(unsigned long, long, unsigned long)
SYNFIRE_EMULATOR_EXTREMES(long long, long long, long long)
SYNFIRE_EMULATOR_EXTREMES(unsigned long long, unsigned long long, unsigned long long)
SYNFIRE_EMULATOR_EXTREMES(long long, unsigned long long, unsigned long long)
SYNFIRE_EMULATOR_EXTREMES(unsigned long long, long long, unsigned long long)
static inline float min(float a, float b) { return fminf(a, b); }
static inline float max(float a, float b) { return fmaxf(a, b); }
static inline double min(double a, double b) { return fmin(a, b); }
static inline double max(double a, double b) { return fmax(a, b); }
static inline double min(float a, double b) { return fmin(a, b); }
static inline double max(float a, double b) { return fmax(a, b); }
static inline double min(double a, float b) { return fmin(a, b); }
static inline double max(double a, float b) { return fmax(a, b); }

/* ---- Memory ------------------------------------------------------------------------------------------------- */

template <typename Value>
struct SynfireEmulatorSame {
  typedef Value type;
};

#define SYNFIRE_EMULATOR_LOAD(name)                                   \
  template <typename Value>                                           \
  static inline Value name(const Value* address) {                    \
    return *address;                                                  \
  }
#define SYNFIRE_EMULATOR_STORE(name)                                                            \
  template <typename Value>                                                                     \
  static inline void name(Value* address, typename SynfireEmulatorSame<Value>::type value) {    \
    *address = value;                                                                           \
  }

SYNFIRE_EMULATOR_LOAD(__ldg)
SYNFIRE_EMULATOR_LOAD(__ldca)
SYNFIRE_EMULATOR_LOAD(__ldcg)
SYNFIRE_EMULATOR_LOAD(__ldcs)
SYNFIRE_EMULATOR_LOAD(__ldlu)
SYNFIRE_EMULATOR_LOAD(__ldcv)
SYNFIRE_EMULATOR_STORE(__stwb)
SYNFIRE_EMULATOR_STORE(__stcg)
SYNFIRE_EMULATOR_STORE(__stcs)
SYNFIRE_EMULATOR_STORE(__stwt)

/* ---- Atomic operations -------------------------------------------------------------------------------------- */

/* A fiber is left only where it steps aside itself, so reading and then writing is atomic. The overloads are
   CUDA's and no more: what does not compile there shall not compile here (uint64_t is unsigned long on Linux). */
#define SYNFIRE_EMULATOR_ATOMIC(name, type, result)                     \
  static inline type name(type* address, type value) {                  \
    const type old = *address;                                          \
    *address = result;                                                  \
    return old;                                                         \
  }                                                                     \
  static inline type name##_system(type* address, type value) {         \
    return name(address, value);                                        \
  }                                                                     \
  static inline type name##_block(type* address, type value) {          \
    return name(address, value);                                        \
  }

#define SYNFIRE_EMULATOR_ATOMIC_COMPARE_AND_SWAP(type)                                  \
  static inline type atomicCAS(type* address, type compare, type value) {               \
    const type old = *address;                                                          \
    if (old == compare) *address = value;                                               \
    return old;                                                                         \
  }                                                                                     \
  static inline type atomicCAS_system(type* address, type compare, type value) {        \
    return atomicCAS(address, compare, value);                                          \
  }                                                                                     \
  static inline type atomicCAS_block(type* address, type compare, type value) {         \
    return atomicCAS(address, compare, value);                                          \
  }

SYNFIRE_EMULATOR_ATOMIC(atomicAdd, int, old + value)
SYNFIRE_EMULATOR_ATOMIC(atomicAdd, unsigned int, old + value)
SYNFIRE_EMULATOR_ATOMIC(atomicAdd, unsigned long long, old + value)
SYNFIRE_EMULATOR_ATOMIC(atomicAdd, float, old + value)
SYNFIRE_EMULATOR_ATOMIC(atomicAdd, double, old + value)
SYNFIRE_EMULATOR_ATOMIC(atomicSub, int, old - value)
SYNFIRE_EMULATOR_ATOMIC(atomicSub, unsigned int, old - value)
SYNFIRE_EMULATOR_ATOMIC(atomicMax, int, old > value ? old : value)
SYNFIRE_EMULATOR_ATOMIC(atomicMax, unsigned int, old > value ? old : value)
SYNFIRE_EMULATOR_ATOMIC(atomicMax, long long, old > value ? old : value)
SYNFIRE_EMULATOR_ATOMIC(atomicMax, unsigned long long, old > value ? old : value)
SYNFIRE_EMULATOR_ATOMIC(atomicMin, int, old < value ? old : value)
SYNFIRE_EMULATOR_ATOMIC(atomicMin, unsigned int, old < value ? old : value)
SYNFIRE_EMULATOR_ATOMIC(atomicMin, long long, old < value ? old : value)
SYNFIRE_EMULATOR_ATOMIC(atomicMin, unsigned long long, old < value ? old : value)
SYNFIRE_EMULATOR_ATOMIC(atomicExch, int, value)
SYNFIRE_EMULATOR_ATOMIC(atomicExch, unsigned int, value)
SYNFIRE_EMULATOR_ATOMIC(atomicExch, unsigned long long, value)
SYNFIRE_EMULATOR_ATOMIC(atomicExch, float, value)
SYNFIRE_EMULATOR_ATOMIC(atomicAnd, int, old& value)
SYNFIRE_EMULATOR_ATOMIC(atomicAnd, unsigned int, old& value)
SYNFIRE_EMULATOR_ATOMIC(atomicAnd, unsigned long long, old& value)
SYNFIRE_EMULATOR_ATOMIC(atomicOr, int, old | value)
SYNFIRE_EMULATOR_ATOMIC(atomicOr, unsigned int, old | value)
SYNFIRE_EMULATOR_ATOMIC(atomicOr, unsigned long long, old | value)
SYNFIRE_EMULATOR_ATOMIC(atomicXor, int, old ^ value)
SYNFIRE_EMULATOR_ATOMIC(atomicXor, unsigned int, old ^ value)
SYNFIRE_EMULATOR_ATOMIC(atomicXor, unsigned long long, old ^ value)
SYNFIRE_EMULATOR_ATOMIC(atomicInc, unsigned int, old >= value ? 0 : old + 1)
SYNFIRE_EMULATOR_ATOMIC(atomicDec, unsigned int, old == 0 || old > value ? value : old - 1)
SYNFIRE_EMULATOR_ATOMIC_COMPARE_AND_SWAP(int)
SYNFIRE_EMULATOR_ATOMIC_COMPARE_AND_SWAP(unsigned int)
SYNFIRE_EMULATOR_ATOMIC_COMPARE_AND_SWAP(unsigned long long)

/* ---- Time --------------------------------------------------------------------------------------------------- */

/* Nanoseconds: the emulated device says that its clock runs at 1 GHz. */
static inline long long clock64() { return synfireEmulatorTable->clock(); }
static inline void __nanosleep(unsigned int) { synfirePause(); }

#endif /* SYNFIRE_EMULATOR_LIBRARY */
#endif /* SYNFIRE_CUDA_ON_CPU_H */
