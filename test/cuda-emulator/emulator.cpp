/*
 * An emulated CUDA driver and an emulated NVRTC in one shared library, for tests on machines without a GPU.
 *
 * It exports the C symbols of libcuda.so.1 and libnvrtc.so that this project calls. "Compiling" a kernel means
 * compiling its CUDA C++ with the machine's C++ compiler (cuda-on-cpu.h gives the language's words), "loading" it
 * means dlopen, and "running" it means that every CUDA thread becomes a fiber: a stack of its own on the one host
 * thread that drives the library, left only at barriers, warp operations and pauses. README.md says how to build
 * and configure it, and what it cannot show.
 *
 * The parts of this file, in their order: switching between stacks, memory, fibers and barriers, launches and the
 * loop that runs them, telling what went wrong, the driver's functions, NVRTC's functions.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#define SYNFIRE_EMULATOR_LIBRARY
#include "cuda-on-cpu.h"

#define EXPORTED extern "C" __attribute__((visibility("default")))

/* The header's text travels inside the library, so that the two are always of one version. The assembler looks the
   file up from where the compiler runs; this is right when that is the repository's root. */
#ifndef EMULATOR_HEADER
#define EMULATOR_HEADER "test/cuda-emulator/cuda-on-cpu.h"
#endif
__asm__(
    ".pushsection .rodata\n"
    ".hidden synfireEmulatorHeader\n"
    ".globl synfireEmulatorHeader\n"
    "synfireEmulatorHeader:\n"
    ".incbin \"" EMULATOR_HEADER
    "\"\n"
    ".byte 0\n"
    ".popsection\n");
extern "C" __attribute__((visibility("hidden"))) const char synfireEmulatorHeader[];

/* ==== Switching between stacks =============================================================================== */

/*
 * synfireEmulatorSwitch(save, target) leaves the running stack, storing in *save what is needed to come back, and
 * continues where target was left. The label synfireEmulatorResume inside it is where the handler of memory faults
 * sends a thread whose kernel is given up. Floating-point control is the same everywhere and is not switched.
 *
 * The functions end in `ret` on purpose: fibers are nearly always left and entered at the same place, and then the
 * processor's stack of return addresses predicts right.
 */
#if defined(__x86_64__) && !defined(SYNFIRE_EMULATOR_UCONTEXT)
#define SWITCH_IN_ASSEMBLY 1
__asm__(
    ".pushsection .text\n"
    ".p2align 4\n"
    ".hidden synfireEmulatorSwitch\n"
    ".globl synfireEmulatorSwitch\n"
    ".type synfireEmulatorSwitch, @function\n"
    ".hidden synfireEmulatorResume\n"
    ".globl synfireEmulatorResume\n"
    ".type synfireEmulatorResume, @function\n"
    "synfireEmulatorSwitch:\n"
    "  pushq %rbp\n"
    "  pushq %rbx\n"
    "  pushq %r12\n"
    "  pushq %r13\n"
    "  pushq %r14\n"
    "  pushq %r15\n"
    "  movq %rsp, (%rdi)\n"
    "  movq %rsi, %rsp\n"
    "synfireEmulatorResume:\n"
    "  popq %r15\n"
    "  popq %r14\n"
    "  popq %r13\n"
    "  popq %r12\n"
    "  popq %rbx\n"
    "  popq %rbp\n"
    "  ret\n"
    ".size synfireEmulatorSwitch, .-synfireEmulatorSwitch\n"
    ".popsection\n");
#elif defined(__aarch64__) && !defined(SYNFIRE_EMULATOR_UCONTEXT)
#define SWITCH_IN_ASSEMBLY 1
__asm__(
    ".pushsection .text\n"
    ".p2align 4\n"
    ".hidden synfireEmulatorSwitch\n"
    ".globl synfireEmulatorSwitch\n"
    ".type synfireEmulatorSwitch, %function\n"
    ".hidden synfireEmulatorResume\n"
    ".globl synfireEmulatorResume\n"
    ".type synfireEmulatorResume, %function\n"
    "synfireEmulatorSwitch:\n"
    "  sub sp, sp, #160\n"
    "  stp x19, x20, [sp, #0]\n"
    "  stp x21, x22, [sp, #16]\n"
    "  stp x23, x24, [sp, #32]\n"
    "  stp x25, x26, [sp, #48]\n"
    "  stp x27, x28, [sp, #64]\n"
    "  stp x29, x30, [sp, #80]\n"
    "  stp d8, d9, [sp, #96]\n"
    "  stp d10, d11, [sp, #112]\n"
    "  stp d12, d13, [sp, #128]\n"
    "  stp d14, d15, [sp, #144]\n"
    "  mov x9, sp\n"
    "  str x9, [x0]\n"
    "  mov sp, x1\n"
    "synfireEmulatorResume:\n"
    "  ldp x19, x20, [sp, #0]\n"
    "  ldp x21, x22, [sp, #16]\n"
    "  ldp x23, x24, [sp, #32]\n"
    "  ldp x25, x26, [sp, #48]\n"
    "  ldp x27, x28, [sp, #64]\n"
    "  ldp x29, x30, [sp, #80]\n"
    "  ldp d8, d9, [sp, #96]\n"
    "  ldp d10, d11, [sp, #112]\n"
    "  ldp d12, d13, [sp, #128]\n"
    "  ldp d14, d15, [sp, #144]\n"
    "  add sp, sp, #160\n"
    "  ret\n"
    ".size synfireEmulatorSwitch, .-synfireEmulatorSwitch\n"
    ".popsection\n");
#else
#define SWITCH_IN_ASSEMBLY 0
#endif

#if SWITCH_IN_ASSEMBLY
extern "C" __attribute__((visibility("hidden"))) void synfireEmulatorSwitch(void** save, void* target);
extern "C" __attribute__((visibility("hidden"))) void synfireEmulatorResume();
#else
static void synfireEmulatorSwitch(void** save, void* target) {
  ucontext_t here;
  *save = &here;
  swapcontext(&here, static_cast<ucontext_t*>(target));
}
#endif

namespace {

/* What a context that has not run yet looks like: calling `entry` on the given stack, never to return. */
void* newContext(unsigned char* lowest, unsigned char* top, void (*entry)()) {
#if !SWITCH_IN_ASSEMBLY
  top -= (sizeof(ucontext_t) + 63) / 64 * 64;
  ucontext_t* context = reinterpret_cast<ucontext_t*>(top);
  getcontext(context);
  context->uc_stack.ss_sp = lowest;
  context->uc_stack.ss_size = static_cast<std::size_t>(top - lowest);
  context->uc_link = nullptr;
  makecontext(context, entry, 0);
  return context;
#elif defined(__x86_64__)
  (void)lowest;
  void** frame = reinterpret_cast<void**>(top) - 8;
  std::fill(frame, frame + 8, nullptr);
  frame[6] = reinterpret_cast<void*>(entry);
  return frame;
#else
  (void)lowest;
  void** frame = reinterpret_cast<void**>(top) - 20;
  std::fill(frame, frame + 20, nullptr);
  frame[11] = reinterpret_cast<void*>(entry);
  return frame;
#endif
}

/* ==== The driver's numbers =================================================================================== */

enum DriverError : int {
  Success = 0,
  InvalidValue = 1,
  OutOfMemory = 2,
  NotInitialized = 3,
  NoDevice = 100,
  InvalidDevice = 101,
  InvalidImage = 200,
  InvalidContext = 201,
  PeerAccessUnsupported = 217,
  InvalidHandle = 400,
  NotFound = 500,
  NotReady = 600,
  IllegalAddress = 700,
  LaunchTimeout = 702,
  PeerAccessAlreadyEnabled = 704,
  ContextIsDestroyed = 709,
  AssertionFailed = 710,
  LaunchFailed = 719,
  CooperativeLaunchTooLarge = 720,
  NotSupported = 801
};

struct ErrorText {
  int code;
  const char *name, *text;
};

const ErrorText errorTexts[] = {
    {Success, "CUDA_SUCCESS", "no error"},
    {InvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {OutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {NotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {NoDevice, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {InvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {InvalidImage, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid"},
    {InvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {PeerAccessUnsupported, "CUDA_ERROR_PEER_ACCESS_UNSUPPORTED",
     "peer access is not supported between these two devices"},
    {InvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {NotFound, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {NotReady, "CUDA_ERROR_NOT_READY", "device not ready"},
    {IllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {LaunchTimeout, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {PeerAccessAlreadyEnabled, "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED", "peer access is already enabled"},
    {ContextIsDestroyed, "CUDA_ERROR_CONTEXT_IS_DESTROYED", "context is destroyed"},
    {AssertionFailed, "CUDA_ERROR_ASSERT", "device-side assert triggered"},
    {LaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {CooperativeLaunchTooLarge, "CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE", "too many blocks in cooperative launch"},
    {NotSupported, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
};

const ErrorText* findErrorText(int code) {
  for (const ErrorText& error : errorTexts)
    if (error.code == code) return &error;
  return nullptr;
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/* ==== Memory ================================================================================================= */

/* Fresh memory is full of this, so that nobody gets along by trusting in zeros. */
constexpr unsigned char poison = 0xCB;
constexpr unsigned char canary = 0x5E;
constexpr std::size_t canaryBytes = 256;
constexpr std::size_t allocationAlignment = 256;

std::size_t roundUp(std::size_t value, std::size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

std::size_t pageBytes() {
  static const std::size_t bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

/* Whole pages between two that cannot be touched. */
struct Mapping {
  unsigned char* begin = nullptr;
  unsigned char* end = nullptr;

  bool map(std::size_t bytes) {
    bytes = roundUp(bytes, pageBytes());
    void* whole = mmap(nullptr, bytes + 2 * pageBytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (whole == MAP_FAILED) return false;
    begin = static_cast<unsigned char*>(whole) + pageBytes();
    end = begin + bytes;
    if (mprotect(begin, bytes, PROT_READ | PROT_WRITE) == 0) return true;
    unmap();
    return false;
  }
  void unmap() {
    if (begin) munmap(begin - pageBytes(), static_cast<std::size_t>(end - begin) + 2 * pageBytes());
    begin = end = nullptr;
  }
};

struct Device;

/* Device memory ends where its last page ends (but for what alignment asks), so that a kernel which runs past it
   meets a page that cannot be touched; the few bytes between are compared with what they were. */
struct Allocation {
  Mapping mapping;
  unsigned char* begin;
  std::size_t bytes;
  Device* device;
  int file = -1; /* that other processes map, once they were given a handle */

  std::size_t reserved() const { return roundUp(bytes, allocationAlignment); }
};

using Allocations = std::map<std::uintptr_t, Allocation>;
Allocations deviceAllocations, hostAllocations;

bool allocate(Allocations& allocations, Device* device, std::size_t bytes, void** result) {
  Allocation allocation{{}, nullptr, bytes, device};
  if (!allocation.mapping.map(allocation.reserved())) return false;
  allocation.begin = allocation.mapping.end - allocation.reserved();
  std::memset(allocation.begin, poison, allocation.reserved());
  allocations.emplace(reinterpret_cast<std::uintptr_t>(allocation.begin), allocation);
  *result = allocation.begin;
  return true;
}

/* What another process needs to map an allocation: the file is opened through the list of its owner's files. */
struct SharedHandle {
  char magic[8];
  int process, file;
  std::size_t mapped, offset, bytes;
};
static_assert(sizeof(SharedHandle) <= 64, "a handle has 64 bytes");
constexpr char sharedMagic[8] = {'s', 'y', 'n', 'f', 'i', 'p', 'c', '1'};

/* Puts an allocation, with what it holds, into a file at the same addresses. */
bool share(Allocation& allocation) {
  if (allocation.file >= 0) return true;
  unsigned char* begin = allocation.mapping.begin;
  const std::size_t bytes = static_cast<std::size_t>(allocation.mapping.end - begin);
  const int file = memfd_create("synfire-emulated-memory", MFD_CLOEXEC);
  if (file < 0) return false;
  std::size_t written = 0;
  while (written < bytes) {
    const ssize_t n = write(file, begin + written, bytes - written);
    if (n <= 0) break;
    written += static_cast<std::size_t>(n);
  }
  if (written < bytes ||
      mmap(begin, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) {
    close(file);
    return false;
  }
  allocation.file = file;
  return true;
}

/* The live allocation that holds all of a range, or nothing. */
const Allocation* findAllocation(const Allocations& allocations, std::uintptr_t address, std::size_t bytes) {
  auto after = allocations.upper_bound(address);
  if (after == allocations.begin()) return nullptr;
  const Allocation& allocation = std::prev(after)->second;
  const std::size_t offset = address - reinterpret_cast<std::uintptr_t>(allocation.begin);
  return offset < allocation.bytes && bytes <= allocation.bytes - offset ? &allocation : nullptr;
}

/* ==== Fibers ================================================================================================= */

constexpr std::size_t stackBytes = 128 * 1024;

struct Stack {
  Mapping mapping;
  unsigned char* top;
};

std::vector<Stack*> idleStacks;
unsigned int stackCount = 0;

Stack* takeStack() {
  if (!idleStacks.empty()) {
    Stack* stack = idleStacks.back();
    idleStacks.pop_back();
    return stack;
  }
  Stack* stack = new Stack;
  if (!stack->mapping.map(stackBytes)) {
    std::fprintf(stderr, "Emulated device: no memory for the stack of one more thread (%u are there).\n", stackCount);
    std::abort();
  }
  /* Tops at the same place of every page would all fall into the same few lines of the processor's caches. */
  stack->top = stack->mapping.end - stackCount++ * 5 % 64 * 64;
  return stack;
}

struct Block;
struct Warp;
struct Launch;

struct alignas(64) Thread : SynfireEmulatorThread {
  void* context;
  Thread* next;
  Stack* stack; /* none: not started, or already done */
  Warp* warp;
  unsigned int operation; /* the last thing that it stepped aside for */
  bool finished;
};

struct ThreadQueue {
  Thread* head = nullptr;
  Thread* tail = nullptr;

  void push(Thread* thread) {
    thread->next = nullptr;
    if (head)
      tail->next = thread;
    else
      head = thread;
    tail = thread;
  }
  Thread* pop() {
    Thread* thread = head;
    head = thread->next;
    return thread;
  }
  void takeAll(ThreadQueue& other) {
    if (!other.head) return;
    if (head)
      tail->next = other.head;
    else
      head = other.head;
    tail = other.tail;
    other.head = nullptr;
  }
};

/* Results are kept twice, in turns: a thread can be at most one operation ahead of the slowest reader. */
struct alignas(64) Warp {
  unsigned int live, arrived, generation, operation;
  ThreadQueue waiting;
  SynfireEmulatorExchange exchange[2];
};

struct Block : SynfireEmulatorBlock {
  Launch* launch;
  unsigned int live;     /* threads that have not left the kernel */
  unsigned int runnable; /* those of them that do not wait in a barrier; at 0 nothing can ever free the others */
  unsigned int arrived, generation, operation, votes;
  unsigned int result[2];
  ThreadQueue waiting;
  unsigned int size;
  std::unique_ptr<Thread[]> threads;
  std::unique_ptr<Warp[]> warps;
  std::size_t sharedBytes;
  Mapping sharedMapping;

  Block(unsigned int blockSize, std::size_t bytes)
      : size(blockSize), threads(new Thread[blockSize]), warps(new Warp[warpCount()]), sharedBytes(bytes) {
    if (!sharedMapping.map(bytes + 2 * canaryBytes)) {
      std::fprintf(stderr, "Emulated device: no memory for the shared memory of a block.\n");
      std::abort();
    }
    std::memset(sharedMapping.begin, canary, static_cast<std::size_t>(sharedMapping.end - sharedMapping.begin));
    shared = sharedMapping.begin + canaryBytes;
  }
  ~Block() { sharedMapping.unmap(); }

  unsigned int warpCount() const { return (size + 31) / 32; }

  bool sharedMemoryIsWhole() const {
    const auto isCanary = [](unsigned char byte) { return byte == canary; };
    return std::all_of(sharedMapping.begin, shared, isCanary) &&
           std::all_of(shared + sharedBytes, sharedMapping.end, isCanary);
  }
};

struct Module;

struct Launch {
  Device* device;
  std::shared_ptr<Module> module; /* its code must stay as long as it runs */
  std::string name;
  void (*kernel)(std::uint64_t);
  std::uint64_t argument;
  unsigned int blockCount, blockSize;
  std::size_t sharedBytes;
  bool cooperative;

  std::vector<std::unique_ptr<Block>> blocks; /* those alive: all of them, or one after the other */
  unsigned int nextBlock = 0, unfinishedBlocks = 0;
  bool done = false;
};

/* What the fibers touch at every switch, together. */
struct alignas(64) {
  SynfireEmulatorThread* current = nullptr;
  ThreadQueue ready;
  void* host = nullptr;  /* where the loop that runs the fibers was left */
  long budget = 0;       /* switches until that loop wants to look after things */
} hot;

/* What made a fiber give up; the loop that runs the fibers deals with it. */
struct {
  Launch* launch = nullptr;
  int error;
  bool threadsMatter; /* whether the message shall list what every thread does */
  char text[1024];
} failure;

Thread* currentThread() { return static_cast<Thread*>(hot.current); }
Block* blockOf(const Thread* thread) { return static_cast<Block*>(thread->block); }

[[noreturn]] void leaveForGood() {
  void* nowhere;
  synfireEmulatorSwitch(&nowhere, hot.host);
  __builtin_unreachable();
}

[[noreturn]] __attribute__((format(printf, 4, 5))) void failLaunch(Launch* launch, int error, bool threadsMatter,
                                                                  const char* format, ...) {
  va_list values;
  va_start(values, format);
  std::vsnprintf(failure.text, sizeof failure.text, format, values);
  va_end(values);
  failure.launch = launch;
  failure.error = error;
  failure.threadsMatter = threadsMatter;
  leaveForGood();
}

/* A poll counts as so many switches: a question of the host whether kernels have ended shall not take long where they only
   poll, since the host may have to do something before they find what they wait for. */
constexpr long switchesPerPoll = 16;

void fiberMain();

/* Runs the next ready thread instead of this one, which has already been put where it will be found again. */
__attribute__((always_inline)) inline void stepAside(Thread* self) {
  if (__builtin_expect(--hot.budget <= 0, 0)) {
    synfireEmulatorSwitch(&self->context, hot.host);
    return;
  }
  /* Somebody is ready: a block in which nobody can run any more fails before this. */
  Thread* next = hot.ready.pop();
  if (next == self) return;
  /* The stack after the next one is on its way while the next one runs. */
  if (hot.ready.head) __builtin_prefetch(hot.ready.head->context);
  hot.current = next;
  if (__builtin_expect(!next->stack, 0)) {
    next->stack = takeStack();
    next->context = newContext(next->stack->mapping.begin, next->stack->top, fiberMain);
  }
  synfireEmulatorSwitch(&self->context, next->context);
}

const char* const operationNames[SynfireEmulatorOperationCount] = {
    "nothing",           "synfirePause",       "__syncthreads",     "__syncthreads_count", "__syncthreads_or",
    "__syncthreads_and", "__syncwarp",         "__ballot_sync",     "__any_sync",          "__all_sync",
    "__shfl_sync",       "__shfl_up_sync",     "__shfl_down_sync",  "__shfl_xor_sync",     "__reduce_add_sync",
    "__reduce_min_sync", "__reduce_max_sync",  "__reduce_and_sync", "__reduce_or_sync",    "__reduce_xor_sync"};

[[noreturn]] __attribute__((noinline)) void failDiverged(Block* block, unsigned int operation, unsigned int others,
                                                         const char* group) {
  failLaunch(block->launch, LaunchFailed, true,
             "block %u, thread %u came to %s while other threads of its %s wait in %s; all have to call the same.",
             block->blockIndex.x, currentThread()->threadIndex.x, operationNames[operation], group,
             operationNames[others]);
}

[[noreturn]] __attribute__((noinline)) void failDeadlock(Block* block) {
  failLaunch(block->launch, LaunchTimeout, true,
             "it is in a deadlock: every thread left of block %u waits in a barrier that can no longer be completed.",
             block->blockIndex.x);
}

void releaseBlock(Block* block, unsigned int waiting) {
  const unsigned int count = block->operation == SynfireEmulatorSyncThreadsCount ? block->votes
                             : block->operation == SynfireEmulatorSyncThreadsOr  ? block->votes != 0
                                                                                 : block->votes == block->arrived;
  block->result[block->generation & 1] = count;
  block->generation++;
  block->arrived = 0;
  block->runnable += waiting;
  hot.ready.takeAll(block->waiting);
}

void releaseWarp(Block* block, Warp* warp, unsigned int waiting) {
  warp->generation++;
  warp->arrived = 0;
  block->runnable += waiting;
  hot.ready.takeAll(warp->waiting);
}

/* __syncthreads and its kin. Whoever comes last goes on at once, so the order of the threads turns from barrier to
   barrier. */
unsigned int blockBarrier(unsigned int operation, unsigned int predicate) {
  Thread* self = currentThread();
  Block* block = blockOf(self);
  const unsigned int turn = block->generation & 1;
  if (block->arrived == 0) {
    block->operation = operation;
    block->votes = 0;
  } else if (__builtin_expect(block->operation != operation, 0)) {
    failDiverged(block, operation, block->operation, "block");
  }
  block->votes += predicate;
  if (++block->arrived == block->live) {
    releaseBlock(block, block->live - 1);
  } else {
    self->operation = operation;
    block->waiting.push(self);
    if (__builtin_expect(--block->runnable == 0, 0)) failDeadlock(block);
    stepAside(self);
  }
  return block->result[turn];
}

const SynfireEmulatorExchange* warpExchange(unsigned int operation, unsigned int mask, unsigned long long value) {
  Thread* self = currentThread();
  Block* block = blockOf(self);
  Warp* warp = self->warp;
  SynfireEmulatorExchange* exchange = &warp->exchange[warp->generation & 1];
  if (__builtin_expect(mask != 0xffffffffu, 0))
    failLaunch(block->launch, NotSupported, false,
               "block %u, thread %u called %s with the mask 0x%08x; this emulation knows whole warps only.",
               block->blockIndex.x, self->threadIndex.x, operationNames[operation], mask);
  if (warp->arrived == 0) {
    warp->operation = operation;
    exchange->ballot = 0;
    exchange->participants = 0;
  } else if (__builtin_expect(warp->operation != operation, 0)) {
    failDiverged(block, operation, warp->operation, "warp");
  }
  exchange->values[self->lane] = value;
  exchange->ballot |= static_cast<unsigned int>(value != 0) << self->lane;
  exchange->participants |= 1u << self->lane;
  if (++warp->arrived == warp->live) {
    releaseWarp(block, warp, warp->live - 1);
  } else {
    self->operation = operation;
    warp->waiting.push(self);
    if (__builtin_expect(--block->runnable == 0, 0)) failDeadlock(block);
    stepAside(self);
  }
  return exchange;
}

void pauseThread() {
  Thread* self = currentThread();
  self->operation = SynfireEmulatorPause;
  hot.budget -= switchesPerPoll - 1;
  hot.ready.push(self);
  stepAside(self);
}

long long clockOfKernels() { return static_cast<long long>(now() * 1e9); }

void failFromKernel(int error, const char* message) {
  Thread* self = currentThread();
  failLaunch(blockOf(self)->launch, error, false, "block %u, thread %u: %s", self->block->blockIndex.x,
             self->threadIndex.x, message);
}

const SynfireEmulatorTable table = {&hot.current, pauseThread,    blockBarrier,
                                    warpExchange, clockOfKernels, failFromKernel};

void startBlock(Block* block) {
  Launch* launch = block->launch;
  block->blockIndex = {launch->nextBlock++, 0, 0};
  block->blockSize = {launch->blockSize, 1, 1};
  block->gridSize = {launch->blockCount, 1, 1};
  block->live = block->runnable = block->size;
  block->arrived = block->generation = 0;
  block->waiting.head = nullptr;
  std::memset(block->shared, poison, block->sharedBytes);
  for (unsigned int index = 0; index < block->warpCount(); index++) {
    Warp& warp = block->warps[index];
    warp.live = std::min(32u, block->size - index * 32);
    warp.arrived = warp.generation = 0;
    warp.waiting.head = nullptr;
  }
  for (unsigned int index = 0; index < block->size; index++) {
    Thread& thread = block->threads[index];
    thread.threadIndex = {index, 0, 0};
    thread.lane = index % 32;
    thread.block = block;
    thread.warp = &block->warps[index / 32];
    thread.context = nullptr;
    thread.stack = nullptr;
    thread.operation = SynfireEmulatorNothing;
    thread.finished = false;
    hot.ready.push(&thread);
  }
}

void finishBlock(Block* block) {
  Launch* launch = block->launch;
  if (!block->sharedMemoryIsWhole())
    failLaunch(launch, IllegalAddress, false,
               "block %u wrote outside of its %zu bytes of shared memory (the canary around them has changed).",
               block->blockIndex.x, block->sharedBytes);
  if (launch->nextBlock < launch->blockCount) {
    startBlock(block);
  } else if (--launch->unfinishedBlocks == 0) {
    launch->done = true;
    hot.budget = 0; /* for the loop outside to see it */
  }
}

void finishThread(Thread* self) {
  Block* block = blockOf(self);
  Warp* warp = self->warp;
  self->finished = true;
  block->runnable--;
  /* Those who have left no longer count in any barrier. */
  warp->live--;
  if (warp->arrived && warp->arrived == warp->live) releaseWarp(block, warp, warp->arrived);
  if (--block->live == 0) {
    finishBlock(block);
  } else {
    if (block->arrived && block->arrived == block->live) releaseBlock(block, block->arrived);
    if (block->runnable == 0) failDeadlock(block);
  }
}

/* A stack runs one thread after the other as long as the next one has not started anywhere else: threads that never
   wait need but one stack and not a single switch. */
void fiberMain() {
  for (;;) {
    Thread* self = currentThread();
    Launch* launch = blockOf(self)->launch;
    Stack* stack = self->stack;
    launch->kernel(launch->argument);
    finishThread(self); /* the thread may already stand for one of the next block after this */
    self->stack = nullptr;
    if (--hot.budget <= 0 || !hot.ready.head) {
      idleStacks.push_back(stack);
      leaveForGood();
    }
    Thread* next = hot.ready.pop();
    hot.current = next;
    if (next->stack) {
      idleStacks.push_back(stack); /* nobody takes it before it has been left */
      void* nowhere;
      synfireEmulatorSwitch(&nowhere, next->context);
      __builtin_unreachable();
    }
    next->stack = stack;
  }
}

/* ==== Memory faults of kernels =============================================================================== */

volatile sig_atomic_t inFibers = 0;

struct {
  volatile sig_atomic_t signal = 0;
  void* address;
  bool addressIsKnown;
} fault;

#if SWITCH_IN_ASSEMBLY
pthread_t fiberHost;
const int faultSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
constexpr std::size_t faultSignalCount = std::size(faultSignals);
struct sigaction previousActions[faultSignalCount];

/* Continues, after the handler, in the loop that runs the fibers, as if the guilty thread had stepped aside. */
void onFault(int signal, siginfo_t* information, void* opaque) {
  if (inFibers && pthread_equal(pthread_self(), fiberHost)) {
    fault.signal = signal;
    fault.address = information->si_addr;
    fault.addressIsKnown = information->si_code > 0 && information->si_code != SI_KERNEL;
    ucontext_t* context = static_cast<ucontext_t*>(opaque);
#if defined(__x86_64__)
    context->uc_mcontext.gregs[REG_RSP] = reinterpret_cast<greg_t>(hot.host);
    context->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(&synfireEmulatorResume);
#else
    context->uc_mcontext.sp = reinterpret_cast<std::uint64_t>(hot.host);
    context->uc_mcontext.pc = reinterpret_cast<std::uint64_t>(&synfireEmulatorResume);
#endif
    return;
  }
  /* Not ours: whoever handled such signals before shall have it. */
  for (std::size_t index = 0; index < faultSignalCount; index++) {
    if (faultSignals[index] != signal) continue;
    const struct sigaction& previous = previousActions[index];
    if ((previous.sa_flags & SA_SIGINFO) && previous.sa_sigaction)
      previous.sa_sigaction(signal, information, opaque);
    else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN)
      previous.sa_handler(signal);
    else
      sigaction(signal, &previous, nullptr); /* and the fault comes again */
  }
}
#endif

/* Catches faults while fibers run, and only then. */
struct FaultGuard {
#if SWITCH_IN_ASSEMBLY
  stack_t previousStack;

  FaultGuard() {
    static std::vector<unsigned char> handlerStack(64 * 1024);
    stack_t stack = {};
    stack.ss_sp = handlerStack.data();
    stack.ss_size = handlerStack.size();
    sigaltstack(&stack, &previousStack);
    fiberHost = pthread_self();
    struct sigaction action = {};
    action.sa_sigaction = onFault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (std::size_t index = 0; index < faultSignalCount; index++)
      sigaction(faultSignals[index], &action, &previousActions[index]);
  }
  ~FaultGuard() {
    for (std::size_t index = 0; index < faultSignalCount; index++)
      sigaction(faultSignals[index], &previousActions[index], nullptr);
    sigaltstack(&previousStack, nullptr);
  }
#else
  FaultGuard() {}
  ~FaultGuard() {}
#endif
};

/* ==== Devices and their queues =============================================================================== */

/* Something issued to a device: a launch, or an action that takes no time. */
struct Operation {
  std::unique_ptr<Launch> launch;
  std::function<void()> action;
  std::uint64_t sequence;
};

struct Device {
  int ordinal;
  unsigned int retained = 0;       /* how often its primary context was */
  int error = Success;             /* once set it stays until the context is released, as with the real thing */
  std::size_t used = 0;
  std::set<Device*> peers;
  std::deque<Operation> queue;     /* in the order of issue, whatever the stream */
  std::uint64_t issued = 0, completed = 0;
  std::unique_ptr<Launch> active;
  std::uint64_t activeSequence = 0;
};

struct Stream {
  Device* device;
  std::uint64_t last = 0; /* the last operation issued to it */
};

struct Event {
  Device* device;
  bool timed;
  std::uint64_t sequence = 0; /* its last record; 0: none yet */
  double time = 0;
};

struct Function {
  Module* module;
  std::string name;
  void (*kernel)(std::uint64_t);
  std::size_t sharedLimit;
};

struct Module {
  Device* device;
  void* library = nullptr;
  void* base = nullptr; /* where it was loaded, to tell its symbols from those of libraries that it needs */
  std::map<std::string, std::unique_ptr<Function>> functions;

  ~Module() {
    if (library) dlclose(library);
  }
};

struct Configuration {
  std::size_t devices = 1, multiprocessors = 3, threads = 128, shared = 49152, memory = std::size_t(1) << 30, ipc = 1;
  double patience = 20;
};

/* How much shared memory a block may have unless the kernel's attribute asks for more. */
constexpr std::size_t ordinarySharedBytes = 49152;

std::recursive_mutex mutex;
bool initialized = false;
Configuration configuration;
std::vector<std::unique_ptr<Device>> devices; /* never fewer: threads may still point at them */
std::unordered_map<void*, std::unique_ptr<Stream>> streams;
std::unordered_map<void*, std::shared_ptr<Event>> events;
std::unordered_map<void*, std::shared_ptr<Module>> modules;
std::unordered_map<void*, Function*> functions;
std::vector<std::unique_ptr<Block>> idleBlocks;
thread_local Device* currentDevice = nullptr;

std::unique_ptr<Block> takeBlock(unsigned int size, std::size_t sharedBytes) {
  for (auto& block : idleBlocks) {
    if (block->size != size || block->sharedBytes != sharedBytes) continue;
    std::unique_ptr<Block> result = std::move(block);
    block = std::move(idleBlocks.back());
    idleBlocks.pop_back();
    return result;
  }
  return std::make_unique<Block>(size, sharedBytes);
}

/* ==== Telling what went wrong ================================================================================ */

/* What one thread does, in words that fit after "threads 3-17". */
std::string describeThread(const Thread& thread, const std::set<const Thread*>& ready, const Thread* guilty) {
  const std::string operation = operationNames[thread.operation];
  if (thread.finished) return "left the kernel";
  if (&thread == guilty && !ready.count(&thread)) {
    /* A thread that meets a deadlock has just joined the others who wait. */
    return failure.error == LaunchTimeout && thread.operation != SynfireEmulatorNothing ? "wait in " + operation
                                                                                        : "ran when this happened";
  }
  if (!thread.stack) return "not started";
  if (!ready.count(&thread)) return "wait in " + operation;
  if (thread.operation == SynfireEmulatorPause) return "poll (" + operation + ")";
  return "can go on after " + operation;
}

void reportThreads(const Launch& launch, const Thread* guilty) {
  std::set<const Thread*> ready;
  for (const Thread* thread = hot.ready.head; thread; thread = thread->next) ready.insert(thread);
  int lines = 0;
  for (const auto& block : launch.blocks) {
    for (unsigned int first = 0; first < block->size;) {
      const std::string words = describeThread(block->threads[first], ready, guilty);
      unsigned int last = first;
      while (last + 1 < block->size && describeThread(block->threads[last + 1], ready, guilty) == words) last++;
      if (++lines > 100) {
        std::fprintf(stderr, "  ...\n");
        return;
      }
      if (first == last)
        std::fprintf(stderr, "  block %u, thread %u: %s\n", block->blockIndex.x, first, words.c_str());
      else
        std::fprintf(stderr, "  block %u, threads %u-%u: %s\n", block->blockIndex.x, first, last, words.c_str());
      first = last + 1;
    }
  }
  if (launch.nextBlock < launch.blockCount)
    std::fprintf(stderr, "  blocks %u-%u: not started\n", launch.nextBlock, launch.blockCount - 1);
}

void reportFailure(const Launch& launch, int error, const char* text) {
  std::fprintf(stderr, "Emulated device %d: the kernel \"%s\" (%u blocks of %u threads%s) failed with %s: %s\n",
               launch.device->ordinal, launch.name.c_str(), launch.blockCount, launch.blockSize,
               launch.cooperative ? ", cooperative" : "",
               findErrorText(error) ? findErrorText(error)->name : "an error", text);
}

std::string describeFault(const Thread* thread) {
  std::ostringstream text;
  text << "block " << thread->block->blockIndex.x << ", thread " << thread->threadIndex.x << ": ";
  if (fault.signal == SIGFPE) {
    text << "division of an integer by zero (a GPU would go on with any result).";
    return text.str();
  }
  if (fault.signal == SIGILL) {
    text << "the code came to a place that cannot be reached.";
    return text.str();
  }
  if (!fault.addressIsKnown) {
    text << "access to a misaligned or impossible address.";
    return text.str();
  }
  unsigned char* address = static_cast<unsigned char*>(fault.address);
  const Mapping& stack = thread->stack->mapping;
  if (address < stack.begin && address >= stack.begin - pageBytes()) {
    text << "it needs more than the " << stackBytes / 1024 << " KiB of stack that a thread has here.";
    return text.str();
  }
  text << "access to the address " << fault.address;
  const Block* block = blockOf(thread);
  if (address >= block->sharedMapping.begin - pageBytes() && address < block->sharedMapping.end + pageBytes()) {
    text << ", outside of the " << block->sharedBytes << " bytes of shared memory of the block.";
    return text.str();
  }
  for (const auto& entry : deviceAllocations) {
    const Allocation& allocation = entry.second;
    if (address < allocation.mapping.begin - pageBytes() || address >= allocation.mapping.end + pageBytes()) continue;
    if (address < allocation.begin)
      text << ", " << allocation.begin - address << " bytes before";
    else
      text << ", " << address - (allocation.begin + allocation.bytes) << " bytes behind the end of";
    text << " an allocation of " << allocation.bytes << " bytes.";
    return text.str();
  }
  text << (address < reinterpret_cast<unsigned char*>(65536) ? " (a null pointer)." : ", where nothing is allocated.");
  return text.str();
}

/* ==== Running ================================================================================================ */

/* Takes back what a launch has, wherever its threads are. */
void retire(Launch& launch) {
  ThreadQueue others;
  while (hot.ready.head) {
    Thread* thread = hot.ready.pop();
    if (blockOf(thread)->launch != &launch) others.push(thread);
  }
  hot.ready.takeAll(others);
  for (auto& block : launch.blocks) {
    for (unsigned int index = 0; index < block->size; index++) {
      Thread& thread = block->threads[index];
      if (thread.stack) idleStacks.push_back(thread.stack);
      thread.stack = nullptr;
    }
    if (idleBlocks.size() < 64 && block->sharedMemoryIsWhole()) idleBlocks.push_back(std::move(block));
  }
  launch.blocks.clear();
}

void failDevice(Device& device, int error) {
  if (device.active) retire(*device.active);
  device.active.reset();
  device.queue.clear();
  device.completed = device.issued;
  device.error = error;
}

/* An allocation behind whose end bytes have changed, or nothing. */
const Allocation* findOverrun() {
  for (const auto& entry : deviceAllocations) {
    const Allocation& allocation = entry.second;
    for (const unsigned char* byte = allocation.begin + allocation.bytes; byte < allocation.mapping.end; byte++)
      if (*byte != poison) return &allocation;
  }
  return nullptr;
}

void finishLaunch(Device& device) {
  std::fflush(stdout); /* what kernels print is seen when they are done */
  if (const Allocation* overrun = findOverrun()) {
    std::ostringstream text;
    text << "it wrote behind the end of an allocation of " << overrun->bytes << " bytes on device "
         << overrun->device->ordinal << ".";
    reportFailure(*device.active, IllegalAddress, text.str().c_str());
    std::memset(overrun->begin + overrun->bytes, poison, overrun->reserved() - overrun->bytes);
    failDevice(device, IllegalAddress);
    return;
  }
  retire(*device.active);
  device.completed = device.activeSequence;
  device.active.reset();
}

/* Brings a device to the point where it runs a kernel, or has nothing to do. */
void advance(Device& device) {
  while (!device.active && !device.queue.empty()) {
    Operation operation = std::move(device.queue.front());
    device.queue.pop_front();
    if (!operation.launch) {
      operation.action();
      if (!device.error) device.completed = operation.sequence;
      continue;
    }
    Launch& launch = *operation.launch;
    device.active = std::move(operation.launch);
    device.activeSequence = operation.sequence;
    if (launch.argument && !findAllocation(deviceAllocations, launch.argument, 1) &&
        !findAllocation(hostAllocations, launch.argument, 1)) {
      reportFailure(launch, IllegalAddress, "its parameter does not point to device memory.");
      failDevice(device, IllegalAddress);
      return;
    }
    launch.unfinishedBlocks = launch.cooperative ? launch.blockCount : 1;
    for (unsigned int index = 0; index < launch.unfinishedBlocks; index++) {
      launch.blocks.push_back(takeBlock(launch.blockSize, launch.sharedBytes));
      launch.blocks.back()->launch = &launch;
      startBlock(launch.blocks.back().get());
    }
  }
}

/*
 * Notices kernels that only wait for each other. Loops that poll may well contain barriers, or run for a long time
 * while somebody else works, so what fibers do says little; but while no byte of all memory that they share changes,
 * none of them can find what it polls for.
 */
class Watch {
  double unchangedSince = now(), nextLook = unchangedSince + configuration.patience / 8;
  bool looked = false;
  std::uint64_t seen = 0;

  static std::uint64_t digest(std::uint64_t state, const unsigned char* bytes, std::size_t count) {
    constexpr std::uint64_t multiplier = 0x9E3779B97F4A7C15u;
    std::uint64_t lanes[4] = {state, state + 1, state + 2, state + 3};
    std::uint64_t words[4];
    for (; count >= sizeof words; bytes += sizeof words, count -= sizeof words) {
      std::memcpy(words, bytes, sizeof words);
      for (int lane = 0; lane < 4; lane++) {
        lanes[lane] = (lanes[lane] ^ words[lane]) * multiplier;
        lanes[lane] ^= lanes[lane] >> 29;
      }
    }
    for (; count; bytes++, count--) lanes[0] = (lanes[0] ^ *bytes) * multiplier;
    for (int lane = 1; lane < 4; lane++) lanes[0] = (lanes[0] ^ lanes[lane] ^ lanes[0] >> 31) * multiplier;
    return lanes[0];
  }

  static std::uint64_t digestOfAllMemory() {
    std::uint64_t state = 0;
    for (const Allocations* allocations : {&deviceAllocations, &hostAllocations})
      for (const auto& entry : *allocations) state = digest(state, entry.second.begin, entry.second.bytes);
    for (const auto& device : devices) {
      if (!device->active) continue;
      state += device->activeSequence + device->active->nextBlock;
      for (const auto& block : device->active->blocks) {
        state = digest(state, block->shared, block->sharedBytes);
        state += block->live;
      }
    }
    return state;
  }

 public:
  bool outOfPatience() {
    const double start = now();
    if (start < nextLook) return false;
    const std::uint64_t digest = digestOfAllMemory();
    const double end = now();
    /* Looking at much memory takes a while; it must not become the main occupation. */
    nextLook = end + std::max(configuration.patience / 8, 10 * (end - start));
    if (looked && digest != seen) unchangedSince = start;
    seen = digest;
    looked = true;
    return start - unchangedSince >= configuration.patience;
  }
};

constexpr long switchesBetweenLooks = 1 << 16;

void resumeFibers(long switches) {
  if (!hot.ready.head) {
    std::fprintf(stderr, "Emulated device: kernels run, but none of their threads can. The emulator is wrong.\n");
    std::abort();
  }
  hot.budget = switches;
  Thread* next = hot.ready.pop();
  hot.current = next;
  if (!next->stack) {
    next->stack = takeStack();
    next->context = newContext(next->stack->mapping.begin, next->stack->top, fiberMain);
  }
  inFibers = 1;
  synfireEmulatorSwitch(&hot.host, next->context);
  inFibers = 0;
}

void settleFailure(Launch* launch, int error, bool threadsMatter, const char* text, const Thread* guilty) {
  Device& device = *launch->device;
  reportFailure(*launch, error, text);
  if (threadsMatter) reportThreads(*launch, guilty);
  std::fflush(stdout);
  failDevice(device, error);
}

/* Lets the kernels of all devices run together for a while. */
void runForAWhile(Watch& watch, long switches) {
  resumeFibers(switches);
  const Thread* last = currentThread();
  if (fault.signal) {
    Launch* launch = blockOf(last)->launch;
    const int error = fault.signal == SIGSEGV || fault.signal == SIGBUS ? IllegalAddress : LaunchFailed;
    const std::string text = describeFault(last);
    fault.signal = 0;
    settleFailure(launch, error, false, text.c_str(), last);
  } else if (failure.launch) {
    Launch* launch = failure.launch;
    failure.launch = nullptr;
    settleFailure(launch, failure.error, failure.threadsMatter, failure.text, last);
  }
  for (auto& device : devices)
    if (device->active && device->active->done) finishLaunch(*device);
  if (watch.outOfPatience()) {
    std::ostringstream text;
    text << "for " << configuration.patience
         << " seconds (SYNFIRE_EMULATOR_PATIENCE) no memory has changed; its threads only wait for something that "
            "does not come.";
    for (auto& device : devices)
      if (device->active) settleFailure(device->active.get(), LaunchTimeout, true, text.str().c_str(), nullptr);
  }
}

/* Runs the kernels of all devices together until one device has done what was issued to it up to a point. Kernels
   of other devices may then be anywhere in their work; they go on with the next call. */
void runUntil(Device& target, std::uint64_t sequence) {
  if (target.completed >= sequence) return;
  FaultGuard guard;
  Watch watch;
  for (;;) {
    for (auto& device : devices) advance(*device);
    if (target.completed >= sequence) return;
    runForAWhile(watch, switchesBetweenLooks);
  }
}

/* Lets kernels run for a while, and says whether the device has done all that was issued to it. */
bool runABit(Device& target) {
  static std::optional<Watch> watch;
  FaultGuard guard;
  for (auto& device : devices) advance(*device);
  if (target.completed < target.issued) {
    if (!watch) watch.emplace();
    runForAWhile(*watch, switchesBetweenLooks);
    for (auto& device : devices) advance(*device);
  }
  if (target.completed < target.issued) return false;
  watch.reset();
  return true;
}

int drain(Device& device) {
  runUntil(device, device.issued);
  return device.error;
}

void issue(Device& device, Stream* stream, Operation operation) {
  operation.sequence = ++device.issued;
  if (stream) stream->last = operation.sequence;
  device.queue.push_back(std::move(operation));
}

void issueAction(Device& device, Stream* stream, std::function<void()> action) {
  Operation operation{};
  operation.action = std::move(action);
  issue(device, stream, std::move(operation));
}

/* ==== The driver's functions: common parts =================================================================== */

/* Reads a number from the environment; says so where there is something else. */
template <typename Number>
bool readSetting(const char* name, Number minimum, Number& value) {
  const char* text = std::getenv(name);
  if (!text || !*text) return true;
  std::istringstream stream(text);
  double number = 0;
  if (!(stream >> number) || !stream.eof() || !(number >= static_cast<double>(minimum)) || number > 1e15) {
    std::fprintf(stderr, "Emulated device: %s is \"%s\", which is not a number that makes sense there.\n", name, text);
    return false;
  }
  value = static_cast<Number>(number);
  return true;
}

template <typename Body>
int guarded(Body body) {
  std::lock_guard<std::recursive_mutex> lock(mutex);
  return initialized ? body() : NotInitialized;
}

/* For functions that act on the current context. */
template <typename Body>
int inContext(Body body) {
  return guarded([&]() -> int {
    if (!currentDevice) return InvalidContext;
    if (!currentDevice->retained) return ContextIsDestroyed;
    if (currentDevice->error) return currentDevice->error;
    return body(*currentDevice);
  });
}

Device* findDevice(int ordinal) {
  return ordinal >= 0 && static_cast<std::size_t>(ordinal) < configuration.devices ? devices[ordinal].get() : nullptr;
}

/* A context is known to callers as the address of its device. */
Device* findContext(void* context) {
  for (std::size_t index = 0; index < configuration.devices; index++)
    if (devices[index].get() == context && devices[index]->retained) return devices[index].get();
  return nullptr;
}

/* For functions that take a stream, or one of the handles that mean the default stream of the current context. */
template <typename Body>
int inStream(void* handle, Body body) {
  return inContext([&](Device& current) -> int {
    if (reinterpret_cast<std::uintptr_t>(handle) <= 2) return body(current, static_cast<Stream*>(nullptr));
    const auto found = streams.find(handle);
    if (found == streams.end()) return InvalidHandle;
    Device& device = *found->second->device;
    if (device.error) return device.error;
    return body(device, found->second.get());
  });
}

/* Waits for the current device and for the one whose memory is meant. */
int drainBoth(Device& current, const Allocation* allocation) {
  if (const int error = drain(current)) return error;
  return drain(*allocation->device);
}

/* Copies later, when the device comes to it. The memory was there when the copy was issued, but may have gone. */
void issueCopy(Device& device, Stream* stream, std::uintptr_t target, bool targetOnDevice, std::uintptr_t source,
               bool sourceOnDevice, std::size_t bytes) {
  issueAction(device, stream, [=, &device] {
    if ((targetOnDevice && !findAllocation(deviceAllocations, target, bytes)) ||
        (sourceOnDevice && !findAllocation(deviceAllocations, source, bytes))) {
      std::fprintf(stderr, "Emulated device %d: memory was freed before an asynchronous copy came to it.\n",
                   device.ordinal);
      failDevice(device, IllegalAddress);
      return;
    }
    std::memmove(reinterpret_cast<void*>(target), reinterpret_cast<const void*>(source), bytes);
  });
}

template <typename Value>
void fill(std::uintptr_t target, Value value, std::size_t count) {
  std::fill_n(reinterpret_cast<Value*>(target), count, value);
}

template <typename Value>
int memorySet(std::uint64_t target, Value value, std::size_t count) {
  return inContext([&](Device& current) -> int {
    if (target % sizeof(Value) || count > SIZE_MAX / sizeof(Value)) return InvalidValue;
    if (count == 0) return Success;
    const Allocation* allocation = findAllocation(deviceAllocations, target, count * sizeof(Value));
    if (!allocation) return InvalidValue;
    if (const int error = drainBoth(current, allocation)) return error;
    fill(target, value, count);
    return Success;
  });
}

template <typename Value>
int memorySetLater(std::uint64_t target, Value value, std::size_t count, void* handle) {
  return inStream(handle, [&](Device& device, Stream* stream) -> int {
    if (target % sizeof(Value) || count > SIZE_MAX / sizeof(Value)) return InvalidValue;
    if (count == 0) return Success;
    if (!findAllocation(deviceAllocations, target, count * sizeof(Value))) return InvalidValue;
    issueAction(device, stream, [=, &device] {
      if (findAllocation(deviceAllocations, target, count * sizeof(Value))) {
        fill(target, value, count);
      } else {
        std::fprintf(stderr, "Emulated device %d: memory was freed before it was set.\n", device.ordinal);
        failDevice(device, IllegalAddress);
      }
    });
    return Success;
  });
}

void releaseMemory(Allocations& allocations, Device* device) {
  for (auto entry = allocations.begin(); entry != allocations.end();) {
    if (entry->second.device != device) {
      ++entry;
      continue;
    }
    entry->second.mapping.unmap();
    entry = allocations.erase(entry);
  }
}

void forgetFunctions(const Module& module) {
  for (const auto& entry : module.functions) functions.erase(entry.second.get());
}

/* Everything that belongs to a context goes with it, its error too. */
void destroyContext(Device& device) {
  if (!device.error) drain(device);
  releaseMemory(deviceAllocations, &device);
  releaseMemory(hostAllocations, &device);
  for (auto entry = streams.begin(); entry != streams.end();)
    entry = entry->second->device == &device ? streams.erase(entry) : std::next(entry);
  for (auto entry = events.begin(); entry != events.end();)
    entry = entry->second->device == &device ? events.erase(entry) : std::next(entry);
  for (auto entry = modules.begin(); entry != modules.end();) {
    if (entry->second->device != &device) {
      ++entry;
      continue;
    }
    forgetFunctions(*entry->second);
    entry = modules.erase(entry);
  }
  device.used = 0;
  device.peers.clear();
  for (auto& other : devices) other->peers.erase(&device);
  device.error = Success;
}

bool writeFile(int file, const char* bytes, std::size_t count) {
  while (count) {
    const ssize_t written = write(file, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    count -= static_cast<std::size_t>(written);
  }
  return true;
}

std::string temporaryPath(const char* name) {
  const char* folder = std::getenv("TMPDIR");
  return std::string(folder && *folder ? folder : "/tmp") + "/" + name;
}

/* How long the image of a shared object is: cuModuleLoadData is not told. 0: it is none. */
std::size_t imageBytes(const unsigned char* image) {
  if (std::memcmp(image, ELFMAG, SELFMAG) != 0 || image[EI_CLASS] != ELFCLASS64) return 0;
  Elf64_Ehdr header;
  std::memcpy(&header, image, sizeof header);
  std::size_t end = header.e_shoff + std::size_t(header.e_shnum) * header.e_shentsize;
  for (unsigned int index = 0; index < header.e_phnum; index++) {
    Elf64_Phdr segment;
    std::memcpy(&segment, image + header.e_phoff + std::size_t(index) * header.e_phentsize, sizeof segment);
    end = std::max<std::size_t>(end, segment.p_offset + segment.p_filesz);
  }
  for (unsigned int index = 0; index < header.e_shnum; index++) {
    Elf64_Shdr section;
    std::memcpy(&section, image + header.e_shoff + std::size_t(index) * header.e_shentsize, sizeof section);
    if (section.sh_type != SHT_NOBITS) end = std::max<std::size_t>(end, section.sh_offset + section.sh_size);
  }
  return end;
}

int launchKernel(void* handle, unsigned int gridX, unsigned int gridY, unsigned int gridZ, unsigned int blockX,
                 unsigned int blockY, unsigned int blockZ, unsigned int sharedBytes, void* stream, void** parameters,
                 bool cooperative) {
  return inStream(stream, [&](Device& device, Stream* issued) -> int {
    const auto found = functions.find(handle);
    if (found == functions.end()) return InvalidHandle;
    const Function& function = *found->second;
    if (function.module->device != &device) return InvalidHandle;
    if (!gridX || !gridY || !gridZ || !blockX || !blockY || !blockZ || !parameters || !parameters[0])
      return InvalidValue;
    if (gridY > 1 || gridZ > 1 || blockY > 1 || blockZ > 1) {
      std::fprintf(stderr, "Emulated device %d: grids and blocks of more than one dimension are not emulated.\n",
                   device.ordinal);
      return NotSupported;
    }
    if (gridX > 0x7fffffffu || blockX > configuration.threads || sharedBytes > function.sharedLimit)
      return InvalidValue;
    if (cooperative && gridX > configuration.multiprocessors) return CooperativeLaunchTooLarge;
    Operation operation{};
    operation.launch = std::make_unique<Launch>();
    Launch& launch = *operation.launch;
    launch.device = &device;
    launch.module = modules.at(function.module);
    launch.name = function.name;
    launch.kernel = function.kernel;
    std::memcpy(&launch.argument, parameters[0], sizeof launch.argument);
    launch.blockCount = gridX;
    launch.blockSize = blockX;
    launch.sharedBytes = sharedBytes;
    launch.cooperative = cooperative;
    issue(device, issued, std::move(operation));
    return Success;
  });
}

}  // namespace

/* ==== The driver's functions ================================================================================= */

EXPORTED int cuGetErrorName(int error, const char** name) {
  const ErrorText* found = findErrorText(error);
  if (!name) return InvalidValue;
  *name = found ? found->name : nullptr;
  return found ? Success : InvalidValue;
}

EXPORTED int cuGetErrorString(int error, const char** text) {
  const ErrorText* found = findErrorText(error);
  if (!text) return InvalidValue;
  *text = found ? found->text : nullptr;
  return found ? Success : InvalidValue;
}

/* The environment is read again with every call during which no context exists, for tests of several machines in
   one process. */
EXPORTED int cuInit(unsigned int flags) {
  std::lock_guard<std::recursive_mutex> lock(mutex);
  if (flags) return InvalidValue;
  for (const auto& device : devices)
    if (device->retained) return Success;
  Configuration fresh;
  if (!readSetting<std::size_t>("SYNFIRE_EMULATED_DEVICES", 0, fresh.devices) ||
      !readSetting<std::size_t>("SYNFIRE_EMULATED_MULTIPROCESSORS", 1, fresh.multiprocessors) ||
      !readSetting<std::size_t>("SYNFIRE_EMULATED_THREADS", 1, fresh.threads) ||
      !readSetting<std::size_t>("SYNFIRE_EMULATED_SHARED", 0, fresh.shared) ||
      !readSetting<std::size_t>("SYNFIRE_EMULATED_IPC", 0, fresh.ipc) ||
      !readSetting<std::size_t>("SYNFIRE_EMULATED_MEMORY", 1, fresh.memory) ||
      !readSetting<double>("SYNFIRE_EMULATOR_PATIENCE", 0, fresh.patience))
    return InvalidValue;
  configuration = fresh;
  while (devices.size() < configuration.devices) {
    devices.push_back(std::make_unique<Device>());
    devices.back()->ordinal = static_cast<int>(devices.size()) - 1;
  }
  initialized = configuration.devices > 0;
  return initialized ? Success : NoDevice;
}

EXPORTED int cuDriverGetVersion(int* version) {
  if (!version) return InvalidValue;
  *version = 13000;
  return Success;
}

EXPORTED int cuDeviceGetCount(int* count) {
  return guarded([&]() -> int {
    if (!count) return InvalidValue;
    *count = static_cast<int>(configuration.devices);
    return Success;
  });
}

EXPORTED int cuDeviceGet(int* device, int ordinal) {
  return guarded([&]() -> int {
    if (!device) return InvalidValue;
    if (!findDevice(ordinal)) return InvalidDevice;
    *device = ordinal;
    return Success;
  });
}

EXPORTED int cuDeviceGetPCIBusId(char* text, int length, int ordinal) {
  return guarded([&]() -> int {
    if (!findDevice(ordinal)) return InvalidDevice;
    if (!text || length < 13) return InvalidValue;
    std::snprintf(text, static_cast<std::size_t>(length), "0000:%02x:00.0", ordinal + 1);
    return Success;
  });
}

EXPORTED int cuDeviceGetName(char* name, int length, int device) {
  return guarded([&]() -> int {
    if (!findDevice(device)) return InvalidDevice;
    if (!name || length < 1) return InvalidValue;
    std::snprintf(name, static_cast<std::size_t>(length), "Emulated device");
    return Success;
  });
}

EXPORTED int cuDeviceTotalMem_v2(std::size_t* bytes, int device) {
  return guarded([&]() -> int {
    if (!findDevice(device)) return InvalidDevice;
    if (!bytes) return InvalidValue;
    *bytes = configuration.memory;
    return Success;
  });
}

EXPORTED int cuDeviceGetAttribute(int* value, int attribute, int device) {
  return guarded([&]() -> int {
    if (!findDevice(device)) return InvalidDevice;
    if (!value) return InvalidValue;
    switch (attribute) {
      case 1: /* MAX_THREADS_PER_BLOCK */
      case 2: /* MAX_BLOCK_DIM_X */
      case 39: /* MAX_THREADS_PER_MULTIPROCESSOR: one block at a time */
        *value = static_cast<int>(configuration.threads);
        break;
      case 3: /* MAX_BLOCK_DIM_Y */
      case 4: /* MAX_BLOCK_DIM_Z */
      case 6: /* MAX_GRID_DIM_Y */
      case 7: /* MAX_GRID_DIM_Z */
      case 41: /* UNIFIED_ADDRESSING */
      case 95: /* COOPERATIVE_LAUNCH */
        *value = 1;
        break;
      case 5: /* MAX_GRID_DIM_X */
        *value = 0x7fffffff;
        break;
      case 8: /* MAX_SHARED_MEMORY_PER_BLOCK */
        *value = static_cast<int>(std::min(configuration.shared, ordinarySharedBytes));
        break;
      case 81: /* MAX_SHARED_MEMORY_PER_MULTIPROCESSOR */
      case 97: /* MAX_SHARED_MEMORY_PER_BLOCK_OPTIN */
        *value = static_cast<int>(configuration.shared);
        break;
      case 10: /* WARP_SIZE */
        *value = 32;
        break;
      case 13: /* CLOCK_RATE, in kHz: the clock of kernels counts nanoseconds */
        *value = 1000000;
        break;
      case 16: /* MULTIPROCESSOR_COUNT */
        *value = static_cast<int>(configuration.multiprocessors);
        break;
      case 38: /* L2_CACHE_SIZE */
        *value = 4 << 20;
        break;
      case 75: /* COMPUTE_CAPABILITY_MAJOR */
        *value = 9;
        break;
      case 76: /* COMPUTE_CAPABILITY_MINOR */
      default:
        *value = 0;
    }
    return Success;
  });
}

EXPORTED int cuDevicePrimaryCtxRetain(void** context, int device) {
  return guarded([&]() -> int {
    Device* found = findDevice(device);
    if (!found) return InvalidDevice;
    if (!context) return InvalidValue;
    found->retained++;
    *context = found;
    return Success;
  });
}

EXPORTED int cuDevicePrimaryCtxRelease_v2(int device) {
  return guarded([&]() -> int {
    Device* found = findDevice(device);
    if (!found) return InvalidDevice;
    if (!found->retained) return InvalidContext;
    if (found->retained == 1) destroyContext(*found);
    found->retained--;
    return Success;
  });
}

EXPORTED int cuCtxSetCurrent(void* context) {
  return guarded([&]() -> int {
    Device* found = findContext(context);
    if (context && !found) return InvalidContext;
    currentDevice = found;
    return Success;
  });
}

EXPORTED int cuCtxGetCurrent(void** context) {
  return guarded([&]() -> int {
    if (!context) return InvalidValue;
    *context = currentDevice;
    return Success;
  });
}

EXPORTED int cuCtxSynchronize() {
  return inContext([&](Device& device) { return drain(device); });
}

EXPORTED int cuDeviceCanAccessPeer(int* canAccess, int device, int peer) {
  return guarded([&]() -> int {
    if (!findDevice(device) || !findDevice(peer)) return InvalidDevice;
    if (!canAccess) return InvalidValue;
    *canAccess = device != peer;
    return Success;
  });
}

EXPORTED int cuCtxEnablePeerAccess(void* peerContext, unsigned int flags) {
  return inContext([&](Device& device) -> int {
    Device* peer = findContext(peerContext);
    if (!peer) return InvalidContext;
    if (flags) return InvalidValue;
    if (peer == &device) return PeerAccessUnsupported;
    return device.peers.insert(peer).second ? Success : PeerAccessAlreadyEnabled;
  });
}

/* ---- Memory ------------------------------------------------------------------------------------------------- */

EXPORTED int cuMemGetInfo_v2(std::size_t* freeBytes, std::size_t* totalBytes) {
  return inContext([&](Device& device) -> int {
    if (freeBytes) *freeBytes = configuration.memory - device.used;
    if (totalBytes) *totalBytes = configuration.memory;
    return Success;
  });
}

EXPORTED int cuMemAlloc_v2(std::uint64_t* address, std::size_t bytes) {
  return inContext([&](Device& device) -> int {
    if (!address || !bytes) return InvalidValue;
    if (bytes > configuration.memory || roundUp(bytes, allocationAlignment) > configuration.memory - device.used)
      return OutOfMemory;
    void* result;
    if (!allocate(deviceAllocations, &device, bytes, &result)) return OutOfMemory;
    device.used += roundUp(bytes, allocationAlignment);
    *address = reinterpret_cast<std::uintptr_t>(result);
    return Success;
  });
}

EXPORTED int cuMemFree_v2(std::uint64_t address) {
  return inContext([&](Device& current) -> int {
    if (!address) return Success;
    const auto found = deviceAllocations.find(address);
    if (found == deviceAllocations.end()) return InvalidValue;
    if (const int error = drainBoth(current, &found->second)) return error;
    found->second.device->used -= found->second.reserved();
    found->second.mapping.unmap();
    if (found->second.file >= 0) close(found->second.file);
    deviceAllocations.erase(found);
    return Success;
  });
}

struct IpcHandle {
  unsigned char bytes[64];
};

EXPORTED int cuIpcGetMemHandle(IpcHandle* handle, std::uint64_t address) {
  return inContext([&](Device& current) -> int {
    const auto found = deviceAllocations.find(address);
    if (!handle || found == deviceAllocations.end()) return InvalidValue;
    Allocation& allocation = found->second;
    if (const int error = drainBoth(current, &allocation)) return error;
    if (!share(allocation)) return OutOfMemory;
    SharedHandle shared{};
    std::memcpy(shared.magic, sharedMagic, sizeof sharedMagic);
    shared.process = getpid();
    shared.file = allocation.file;
    shared.mapped = static_cast<std::size_t>(allocation.mapping.end - allocation.mapping.begin);
    shared.offset = static_cast<std::size_t>(allocation.begin - allocation.mapping.begin);
    shared.bytes = allocation.bytes;
    std::memset(handle, 0, sizeof *handle);
    std::memcpy(handle, &shared, sizeof shared);
    return Success;
  });
}

/* As with the real driver, a process cannot open its own memory. */
EXPORTED int cuIpcOpenMemHandle_v2(std::uint64_t* address, IpcHandle handle, unsigned int flags) {
  return inContext([&](Device& device) -> int {
    SharedHandle shared;
    std::memcpy(&shared, &handle, sizeof shared);
    if (!address || flags != 1 || std::memcmp(shared.magic, sharedMagic, sizeof sharedMagic)) return InvalidValue;
    if (shared.process == getpid()) return InvalidContext;
    if (!configuration.ipc) return PeerAccessUnsupported;
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/fd/%d", shared.process, shared.file);
    const int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return InvalidValue;
    Allocation allocation{{}, nullptr, shared.bytes, &device};
    const bool mapped = allocation.mapping.map(shared.mapped) &&
                        mmap(allocation.mapping.begin, shared.mapped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                             file, 0) != MAP_FAILED;
    close(file);
    if (!mapped) return OutOfMemory;
    allocation.begin = allocation.mapping.begin + shared.offset;
    *address = reinterpret_cast<std::uintptr_t>(allocation.begin);
    deviceAllocations.emplace(*address, allocation);
    return Success;
  });
}

EXPORTED int cuIpcCloseMemHandle(std::uint64_t address) {
  return inContext([&](Device& current) -> int {
    const auto found = deviceAllocations.find(address);
    if (found == deviceAllocations.end()) return InvalidValue;
    if (const int error = drainBoth(current, &found->second)) return error;
    found->second.mapping.unmap();
    deviceAllocations.erase(found);
    return Success;
  });
}

EXPORTED int cuMemAllocHost_v2(void** address, std::size_t bytes) {
  return inContext([&](Device& device) -> int {
    if (!address || !bytes) return InvalidValue;
    /* may change at any time */
    std::size_t pageLocked = 1;
    if (!readSetting<std::size_t>("SYNFIRE_EMULATED_PAGE_LOCKED", 0, pageLocked)) return InvalidValue;
    if (!pageLocked) return OutOfMemory;
    return allocate(hostAllocations, &device, bytes, address) ? Success : OutOfMemory;
  });
}

EXPORTED int cuMemFreeHost(void* address) {
  return inContext([&](Device& current) -> int {
    const auto found = hostAllocations.find(reinterpret_cast<std::uintptr_t>(address));
    if (found == hostAllocations.end()) return InvalidValue;
    if (const int error = drainBoth(current, &found->second)) return error;
    found->second.mapping.unmap();
    hostAllocations.erase(found);
    return Success;
  });
}

EXPORTED int cuMemcpyHtoD_v2(std::uint64_t target, const void* source, std::size_t bytes) {
  return inContext([&](Device& current) -> int {
    if (!bytes) return Success;
    const Allocation* allocation = findAllocation(deviceAllocations, target, bytes);
    if (!allocation || !source) return InvalidValue;
    if (const int error = drainBoth(current, allocation)) return error;
    std::memcpy(reinterpret_cast<void*>(target), source, bytes);
    return Success;
  });
}

EXPORTED int cuMemcpyDtoH_v2(void* target, std::uint64_t source, std::size_t bytes) {
  return inContext([&](Device& current) -> int {
    if (!bytes) return Success;
    const Allocation* allocation = findAllocation(deviceAllocations, source, bytes);
    if (!allocation || !target) return InvalidValue;
    if (const int error = drainBoth(current, allocation)) return error;
    std::memcpy(target, reinterpret_cast<const void*>(source), bytes);
    return Success;
  });
}

EXPORTED int cuMemcpyDtoD_v2(std::uint64_t target, std::uint64_t source, std::size_t bytes) {
  return inContext([&](Device& current) -> int {
    if (!bytes) return Success;
    const Allocation* targetAllocation = findAllocation(deviceAllocations, target, bytes);
    const Allocation* sourceAllocation = findAllocation(deviceAllocations, source, bytes);
    if (!targetAllocation || !sourceAllocation) return InvalidValue;
    if (const int error = drainBoth(current, targetAllocation)) return error;
    if (const int error = drainBoth(current, sourceAllocation)) return error;
    std::memmove(reinterpret_cast<void*>(target), reinterpret_cast<const void*>(source), bytes);
    return Success;
  });
}

EXPORTED int cuMemcpyPeer(std::uint64_t target, void* targetContext, std::uint64_t source, void* sourceContext,
                          std::size_t bytes) {
  return inContext([&](Device&) -> int {
    Device* targetDevice = findContext(targetContext);
    Device* sourceDevice = findContext(sourceContext);
    if (!targetDevice || !sourceDevice) return InvalidContext;
    if (!bytes) return Success;
    const Allocation* targetAllocation = findAllocation(deviceAllocations, target, bytes);
    const Allocation* sourceAllocation = findAllocation(deviceAllocations, source, bytes);
    if (!targetAllocation || targetAllocation->device != targetDevice || !sourceAllocation ||
        sourceAllocation->device != sourceDevice)
      return InvalidValue;
    if (const int error = drain(*targetDevice)) return error;
    if (const int error = drain(*sourceDevice)) return error;
    std::memmove(reinterpret_cast<void*>(target), reinterpret_cast<const void*>(source), bytes);
    return Success;
  });
}

/* As with the real thing, pageable memory is read before the call returns, and page-locked memory when the device
   comes to it. */
EXPORTED int cuMemcpyHtoDAsync_v2(std::uint64_t target, const void* source, std::size_t bytes, void* handle) {
  return inStream(handle, [&](Device& device, Stream* stream) -> int {
    if (!bytes) return Success;
    if (!findAllocation(deviceAllocations, target, bytes) || !source) return InvalidValue;
    const std::uintptr_t sourceAddress = reinterpret_cast<std::uintptr_t>(source);
    if (findAllocation(hostAllocations, sourceAddress, bytes)) {
      issueCopy(device, stream, target, true, sourceAddress, false, bytes);
      return Success;
    }
    /* A stream that has nothing to do does not wait for kernels of others. */
    if (stream && stream->last <= device.completed && device.active) {
      std::memcpy(reinterpret_cast<void*>(target), source, bytes);
      return Success;
    }
    const unsigned char* first = static_cast<const unsigned char*>(source);
    issueAction(device, stream, [target, &device, copy = std::vector<unsigned char>(first, first + bytes)] {
      if (findAllocation(deviceAllocations, target, copy.size()))
        std::memcpy(reinterpret_cast<void*>(target), copy.data(), copy.size());
      else
        failDevice(device, IllegalAddress);
    });
    return Success;
  });
}

EXPORTED int cuMemcpyDtoHAsync_v2(void* target, std::uint64_t source, std::size_t bytes, void* handle) {
  return inStream(handle, [&](Device& device, Stream* stream) -> int {
    if (!bytes) return Success;
    if (!findAllocation(deviceAllocations, source, bytes) || !target) return InvalidValue;
    const std::uintptr_t targetAddress = reinterpret_cast<std::uintptr_t>(target);
    issueCopy(device, stream, targetAddress, false, source, true, bytes);
    return findAllocation(hostAllocations, targetAddress, bytes) ? Success : drain(device);
  });
}

EXPORTED int cuMemcpyDtoDAsync_v2(std::uint64_t target, std::uint64_t source, std::size_t bytes, void* handle) {
  return inStream(handle, [&](Device& device, Stream* stream) -> int {
    if (!bytes) return Success;
    if (!findAllocation(deviceAllocations, target, bytes) || !findAllocation(deviceAllocations, source, bytes))
      return InvalidValue;
    issueCopy(device, stream, target, true, source, true, bytes);
    return Success;
  });
}

EXPORTED int cuMemsetD8_v2(std::uint64_t target, unsigned char value, std::size_t count) {
  return memorySet<std::uint8_t>(target, value, count);
}

EXPORTED int cuMemsetD32_v2(std::uint64_t target, unsigned int value, std::size_t count) {
  return memorySet<std::uint32_t>(target, value, count);
}

EXPORTED int cuMemsetD8Async(std::uint64_t target, unsigned char value, std::size_t count, void* stream) {
  return memorySetLater<std::uint8_t>(target, value, count, stream);
}

EXPORTED int cuMemsetD32Async(std::uint64_t target, unsigned int value, std::size_t count, void* stream) {
  return memorySetLater<std::uint32_t>(target, value, count, stream);
}

/* ---- Streams and events ------------------------------------------------------------------------------------- */

EXPORTED int cuStreamCreate(void** handle, unsigned int flags) {
  return inContext([&](Device& device) -> int {
    if (!handle || flags > 1) return InvalidValue;
    auto stream = std::make_unique<Stream>();
    stream->device = &device;
    *handle = stream.get();
    streams.emplace(*handle, std::move(stream));
    return Success;
  });
}

EXPORTED int cuStreamDestroy_v2(void* handle) {
  return guarded([&]() -> int { return streams.erase(handle) ? Success : InvalidHandle; });
}

EXPORTED int cuStreamSynchronize(void* handle) {
  return inStream(handle, [&](Device& device, Stream* stream) -> int {
    runUntil(device, stream ? stream->last : device.issued);
    return device.error;
  });
}

/* Nothing runs beside the caller, so a question is the occasion to run everything. */
EXPORTED int cuStreamQuery(void* handle) {
  return inStream(handle, [&](Device& device, Stream*) -> int {
    if (!runABit(device)) return NotReady;
    return device.error;
  });
}

EXPORTED int cuEventCreate(void** handle, unsigned int flags) {
  return inContext([&](Device& device) -> int {
    if (!handle || flags > 3) return InvalidValue;
    auto event = std::make_shared<Event>();
    event->device = &device;
    event->timed = (flags & 2) == 0;
    *handle = event.get();
    events.emplace(*handle, std::move(event));
    return Success;
  });
}

EXPORTED int cuEventDestroy_v2(void* handle) {
  return guarded([&]() -> int { return events.erase(handle) ? Success : InvalidHandle; });
}

EXPORTED int cuEventRecord(void* handle, void* streamHandle) {
  return inStream(streamHandle, [&](Device& device, Stream* stream) -> int {
    const auto found = events.find(handle);
    if (found == events.end() || found->second->device != &device) return InvalidHandle;
    std::shared_ptr<Event> event = found->second;
    issueAction(device, stream, [event] { event->time = now(); });
    event->sequence = device.issued;
    return Success;
  });
}

EXPORTED int cuEventSynchronize(void* handle) {
  return inContext([&](Device&) -> int {
    const auto found = events.find(handle);
    if (found == events.end()) return InvalidHandle;
    Device& device = *found->second->device;
    runUntil(device, found->second->sequence);
    return device.error;
  });
}

EXPORTED int cuEventElapsedTime(float* milliseconds, void* startHandle, void* endHandle) {
  return inContext([&](Device&) -> int {
    if (!milliseconds) return InvalidValue;
    const auto start = events.find(startHandle), end = events.find(endHandle);
    if (start == events.end() || end == events.end()) return InvalidHandle;
    for (const Event* event : {start->second.get(), end->second.get()})
      if (!event->timed || !event->sequence) return InvalidHandle;
    for (const Event* event : {start->second.get(), end->second.get()})
      if (event->device->completed < event->sequence) return NotReady;
    *milliseconds = static_cast<float>((end->second->time - start->second->time) * 1e3);
    return Success;
  });
}

EXPORTED int cuEventElapsedTime_v2(float* milliseconds, void* start, void* end) {
  return cuEventElapsedTime(milliseconds, start, end);
}

/* ---- Modules and launches ----------------------------------------------------------------------------------- */

EXPORTED int cuModuleLoadData(void** handle, const void* image) {
  return inContext([&](Device& device) -> int {
    if (!handle || !image) return InvalidValue;
    const std::size_t bytes = imageBytes(static_cast<const unsigned char*>(image));
    if (!bytes) return InvalidImage;
    std::string path = temporaryPath("synfire-module-XXXXXX");
    const int file = mkstemp(&path[0]);
    if (file < 0) {
      std::fprintf(stderr, "Emulated device: cannot write %s: %s\n", path.c_str(), std::strerror(errno));
      return InvalidImage;
    }
    const bool written = writeFile(file, static_cast<const char*>(image), bytes);
    close(file);
    auto module = std::make_shared<Module>();
    module->device = &device;
    if (written) module->library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!module->library)
      std::fprintf(stderr, "Emulated device: cannot load a module: %s\n",
                   written ? dlerror() : "there is no room for its temporary file");
    unlink(path.c_str());
    if (!module->library) return InvalidImage;
    void* connect = dlsym(module->library, "synfireEmulatorConnect");
    Dl_info information;
    if (!connect || !dladdr(connect, &information)) return InvalidImage;
    if (reinterpret_cast<unsigned int (*)(const SynfireEmulatorTable*)>(connect)(&table) !=
        SYNFIRE_EMULATOR_INTERFACE_VERSION) {
      std::fprintf(stderr, "Emulated device: a module was compiled by another version of the emulator.\n");
      return InvalidImage;
    }
    module->base = information.dli_fbase;
    *handle = module.get();
    modules.emplace(*handle, std::move(module));
    return Success;
  });
}

EXPORTED int cuModuleUnload(void* handle) {
  return inContext([&](Device&) -> int {
    const auto found = modules.find(handle);
    if (found == modules.end()) return InvalidHandle;
    const std::shared_ptr<Module> module = found->second;
    const int error = drain(*module->device);
    forgetFunctions(*module);
    modules.erase(handle);
    return error;
  });
}

EXPORTED int cuModuleGetFunction(void** handle, void* moduleHandle, const char* name) {
  return inContext([&](Device&) -> int {
    if (!handle || !name || !*name) return InvalidValue;
    const auto found = modules.find(moduleHandle);
    if (found == modules.end()) return InvalidHandle;
    Module& module = *found->second;
    std::unique_ptr<Function>& function = module.functions[name];
    if (!function) {
      void* symbol = dlsym(module.library, name);
      Dl_info information;
      if (!symbol || !dladdr(symbol, &information) || information.dli_fbase != module.base) {
        module.functions.erase(name);
        return NotFound;
      }
      function = std::make_unique<Function>();
      function->module = &module;
      function->name = name;
      function->kernel = reinterpret_cast<void (*)(std::uint64_t)>(symbol);
      function->sharedLimit = std::min(ordinarySharedBytes, configuration.shared);
      functions.emplace(function.get(), function.get());
    }
    *handle = function.get();
    return Success;
  });
}

EXPORTED int cuFuncSetAttribute(void* handle, int attribute, int value) {
  return inContext([&](Device&) -> int {
    const auto found = functions.find(handle);
    if (found == functions.end()) return InvalidHandle;
    if (attribute == 9) return value >= -1 && value <= 100 ? Success : InvalidValue; /* PREFERRED_..._CARVEOUT */
    if (attribute != 8 || value < 0 || static_cast<std::size_t>(value) > configuration.shared) return InvalidValue;
    found->second->sharedLimit = static_cast<std::size_t>(value); /* MAX_DYNAMIC_SHARED_SIZE_BYTES */
    return Success;
  });
}

EXPORTED int cuFuncGetAttribute(int* value, int attribute, void* handle) {
  return inContext([&](Device&) -> int {
    const auto found = functions.find(handle);
    if (found == functions.end()) return InvalidHandle;
    if (!value) return InvalidValue;
    switch (attribute) {
      case 0: /* MAX_THREADS_PER_BLOCK */
        *value = static_cast<int>(configuration.threads);
        break;
      case 4: /* NUM_REGS */
        *value = 32;
        break;
      case 5: /* PTX_VERSION */
      case 6: /* BINARY_VERSION */
        *value = 90;
        break;
      case 8: /* MAX_DYNAMIC_SHARED_SIZE_BYTES */
        *value = static_cast<int>(found->second->sharedLimit);
        break;
      default:
        *value = 0;
    }
    return Success;
  });
}

EXPORTED int cuLaunchKernel(void* function, unsigned int gridX, unsigned int gridY, unsigned int gridZ,
                            unsigned int blockX, unsigned int blockY, unsigned int blockZ, unsigned int sharedBytes,
                            void* stream, void** parameters, void** extra) {
  if (extra) return InvalidValue;
  return launchKernel(function, gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes, stream, parameters, false);
}

EXPORTED int cuLaunchCooperativeKernel(void* function, unsigned int gridX, unsigned int gridY, unsigned int gridZ,
                                       unsigned int blockX, unsigned int blockY, unsigned int blockZ,
                                       unsigned int sharedBytes, void* stream, void** parameters) {
  return launchKernel(function, gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes, stream, parameters, true);
}

/* ==== NVRTC ================================================================================================== */

namespace {

enum CompilerResult : int {
  CompilerSuccess = 0,
  CompilerInvalidInput = 3,
  CompilerInvalidProgram = 4,
  CompilerInvalidOption = 5,
  CompilationFailed = 6,
  CompilerInternalError = 11
};

struct Program {
  std::string name, source;
  std::vector<std::pair<std::string, std::string>> headers; /* by the name under which they are included */
  std::string log, binary, intermediate;
};

std::mutex programsMutex;
std::set<void*> programs;

Program* findProgram(void* handle) {
  std::lock_guard<std::mutex> lock(programsMutex);
  return programs.count(handle) ? static_cast<Program*>(handle) : nullptr;
}

std::vector<std::string> splitWords(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), std::istream_iterator<std::string>()};
}

std::string environmentOr(const char* name, const char* otherwise) {
  const char* text = std::getenv(name);
  return text && *text ? text : otherwise;
}

/* What NVRTC's options mean to the machine's compiler. Those that would change the results of arithmetic are
   refused: the emulation could not follow. */
bool translateOptions(const std::vector<std::string>& options, std::vector<std::string>& arguments, bool& wantsBinary,
                      std::string& log) {
  static const std::set<std::string> withValue = {"-D", "--define-macro",     "-U",    "--undefine-macro",
                                                  "-I", "--include-path",     "-arch", "--gpu-architecture",
                                                  "-std", "--std"};
  static const std::set<std::string> ignored = {
      "--std", "-std", "--device-debug", "-G", "--generate-line-info", "-lineinfo", "--relocatable-device-code", "-rdc",
      "--extra-device-vectorization", "-extra-device-vectorization", "--restrict", "-restrict",
      "--device-as-default-execution-space", "-default-device", "--maxrregcount", "-maxrregcount", "--ptxas-options",
      "-Xptxas", "--disable-warnings", "-w", "--dopt", "-dopt", "--display-error-number", "-err-no",
      "--no-display-error-number", "-no-err-no", "--diag-suppress", "-diag-suppress", "--diag-warn", "-diag-warn",
      "--minimal", "-minimal", "--split-compile", "-split-compile", "--no-cache", "-no-cache"};
  static const std::map<std::string, std::string> exact = {{"--fmad", "false"}, {"-fmad", "false"},
                                                           {"--ftz", "false"},  {"-ftz", "false"},
                                                           {"--prec-div", "true"}, {"-prec-div", "true"},
                                                           {"--prec-sqrt", "true"}, {"-prec-sqrt", "true"}};
  for (std::size_t index = 0; index < options.size(); index++) {
    const std::string& option = options[index];
    std::string name = option, value;
    const std::string letter = option.substr(0, 2);
    if (letter == "-D" || letter == "-U" || letter == "-I") {
      name = letter;
      value = option.substr(2);
    } else if (const std::size_t equals = option.find('='); equals != std::string::npos) {
      name = option.substr(0, equals);
      value = option.substr(equals + 1);
    }
    if (value.empty() && withValue.count(name) && index + 1 < options.size()) value = options[++index];
    if (name == "-D" || name == "--define-macro") {
      arguments.push_back("-D" + value);
    } else if (name == "-U" || name == "--undefine-macro") {
      arguments.push_back("-U" + value);
    } else if (name == "-I" || name == "--include-path") {
      arguments.push_back("-I" + value);
    } else if (name == "-arch" || name == "--gpu-architecture") {
      wantsBinary = value.compare(0, 3, "sm_") == 0;
    } else if (exact.count(name)) {
      if (value != exact.at(name)) {
        log = "emulated nvrtc: error: '" + option + "' changes the results of arithmetic; only " + name + "=" +
              exact.at(name) + " can be emulated\n";
        return false;
      }
    } else if (!ignored.count(name)) {
      log = "emulated nvrtc: error: unrecognized option '" + option + "'\n";
      return false;
    }
  }
  return true;
}

/* Makes a file inside a folder, and folders on the way to it where its name has some. */
bool makeFile(const std::string& folder, const std::string& name, const std::string& text) {
  if (name.empty() || name[0] == '/' || name.find("..") != std::string::npos) return false;
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
    mkdir((folder + "/" + name.substr(0, slash)).c_str(), 0700);
  std::ofstream file(folder + "/" + name, std::ios::binary);
  file << text;
  return static_cast<bool>(file.flush());
}

std::string readWholeFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/* A folder that goes with everything in it. */
struct TemporaryFolder {
  std::string path = temporaryPath("synfire-compile-XXXXXX");
  bool made = mkdtemp(&path[0]) != nullptr;

  ~TemporaryFolder() {
    if (made) runCommand({"rm", "-rf", path}, "/dev/null");
  }

  /* The exit status; -1 where the program could not be run. */
  static int runCommand(const std::vector<std::string>& words, const std::string& logPath) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, logPath.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t child;
    const int error = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error) {
      errno = error;
      return -1;
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
      if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }
};

/* For what NVRTC hands out as text: its length with the final zero, or the text itself. */
int textSize(void* handle, std::size_t* size, std::string Program::*text) {
  Program* program = findProgram(handle);
  if (!program) return CompilerInvalidProgram;
  if (!size) return CompilerInvalidInput;
  *size = (program->*text).size() + 1;
  return CompilerSuccess;
}

int copyText(void* handle, char* target, std::string Program::*text) {
  Program* program = findProgram(handle);
  if (!program) return CompilerInvalidProgram;
  if (!target) return CompilerInvalidInput;
  std::memcpy(target, (program->*text).c_str(), (program->*text).size() + 1);
  return CompilerSuccess;
}

}  // namespace

EXPORTED int nvrtcVersion(int* major, int* minor) {
  if (!major || !minor) return CompilerInvalidInput;
  *major = 13;
  *minor = 0;
  return CompilerSuccess;
}

EXPORTED const char* nvrtcGetErrorString(int result) {
  static const char* const names[] = {"NVRTC_SUCCESS",
                                      "NVRTC_ERROR_OUT_OF_MEMORY",
                                      "NVRTC_ERROR_PROGRAM_CREATION_FAILURE",
                                      "NVRTC_ERROR_INVALID_INPUT",
                                      "NVRTC_ERROR_INVALID_PROGRAM",
                                      "NVRTC_ERROR_INVALID_OPTION",
                                      "NVRTC_ERROR_COMPILATION",
                                      "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE",
                                      "NVRTC_ERROR_NO_NAME_EXPRESSIONS_AFTER_COMPILATION",
                                      "NVRTC_ERROR_NO_LOWERED_NAMES_BEFORE_COMPILATION",
                                      "NVRTC_ERROR_NAME_EXPRESSION_NOT_VALID",
                                      "NVRTC_ERROR_INTERNAL_ERROR"};
  return result >= 0 && static_cast<std::size_t>(result) < std::size(names) ? names[result] : "NVRTC_ERROR unknown";
}

EXPORTED int nvrtcCreateProgram(void** handle, const char* source, const char* name, int headerCount,
                                const char* const* headers, const char* const* includeNames) {
  if (!handle || !source || headerCount < 0 || (headerCount && (!headers || !includeNames)))
    return CompilerInvalidInput;
  auto program = std::make_unique<Program>();
  program->source = source;
  program->name = name && *name ? name : "default_program";
  for (int index = 0; index < headerCount; index++) program->headers.emplace_back(includeNames[index], headers[index]);
  std::lock_guard<std::mutex> lock(programsMutex);
  *handle = program.get();
  programs.insert(program.release());
  return CompilerSuccess;
}

EXPORTED int nvrtcDestroyProgram(void** handle) {
  if (!handle) return CompilerInvalidInput;
  std::lock_guard<std::mutex> lock(programsMutex);
  if (!programs.erase(*handle)) return CompilerInvalidProgram;
  delete static_cast<Program*>(*handle);
  *handle = nullptr;
  return CompilerSuccess;
}

EXPORTED int nvrtcCompileProgram(void* handle, int optionCount, const char* const* options) {
  Program* program = findProgram(handle);
  if (!program) return CompilerInvalidProgram;
  if (optionCount < 0 || (optionCount && !options)) return CompilerInvalidInput;
  program->log.clear();
  program->binary.clear();
  program->intermediate.clear();
  std::vector<std::string> defines;
  bool wantsBinary = false; /* NVRTC makes machine code for a real architecture only */
  if (!translateOptions({options, options + optionCount}, defines, wantsBinary, program->log))
    return CompilerInvalidOption;

  TemporaryFolder folder;
  if (!folder.made) return CompilerInternalError;
  std::string lineDirective = "#line 1 \"";
  for (const char letter : program->name) {
    if (letter == '"' || letter == '\\') lineDirective += '\\';
    lineDirective += letter;
  }
  bool written = makeFile(folder.path, "cuda-on-cpu.h", synfireEmulatorHeader) &&
                 makeFile(folder.path, "source.cpp", lineDirective + "\"\n" + program->source);
  for (const auto& header : program->headers)
    written = written && makeFile(folder.path, "headers/" + header.first, header.second);
  if (!written) {
    program->log = "emulated nvrtc: error: cannot write the sources below " + folder.path + "\n";
    return CompilerInternalError;
  }

  std::vector<std::string> command = splitWords(environmentOr("SYNFIRE_EMULATOR_CXX", "g++"));
  for (const char* word : {"-x", "c++", "-std=c++20"}) command.push_back(word);
  for (const std::string& word : splitWords(environmentOr("SYNFIRE_EMULATOR_OPT", "-O1"))) command.push_back(word);
  /* Plain char has a sign in CUDA C++, whatever the machine's compiler thinks. */
  for (const char* word : {"-ffp-contract=off", "-fno-strict-aliasing", "-fwrapv", "-fsigned-char", "-shared", "-fPIC",
                           "-fvisibility=hidden", "-DSYNFIRE_EMULATED=1"})
    command.push_back(word);
  command.insert(command.end(), defines.begin(), defines.end());
  for (const std::string& word :
       {std::string("-I"), folder.path + "/headers", std::string("-include"), folder.path + "/cuda-on-cpu.h",
        std::string("-o"), folder.path + "/module.so", folder.path + "/source.cpp"})
    command.push_back(word);

  const int status = TemporaryFolder::runCommand(command, folder.path + "/log");
  if (status < 0) {
    program->log = "emulated nvrtc: error: cannot run " + command[0] + ": " + std::strerror(errno) + "\n";
    return CompilationFailed;
  }
  program->log = readWholeFile(folder.path + "/log");
  if (status) return CompilationFailed;
  program->intermediate = "// Emulated: there is no PTX.\n";
  if (wantsBinary) program->binary = readWholeFile(folder.path + "/module.so");
  return CompilerSuccess;
}

EXPORTED int nvrtcGetCUBINSize(void* handle, std::size_t* size) {
  Program* program = findProgram(handle);
  if (!program) return CompilerInvalidProgram;
  if (!size) return CompilerInvalidInput;
  *size = program->binary.size();
  return CompilerSuccess;
}

EXPORTED int nvrtcGetCUBIN(void* handle, char* target) {
  Program* program = findProgram(handle);
  if (!program) return CompilerInvalidProgram;
  if (!target) return CompilerInvalidInput;
  std::memcpy(target, program->binary.data(), program->binary.size());
  return CompilerSuccess;
}

EXPORTED int nvrtcGetPTXSize(void* handle, std::size_t* size) {
  return textSize(handle, size, &Program::intermediate);
}

EXPORTED int nvrtcGetPTX(void* handle, char* target) { return copyText(handle, target, &Program::intermediate); }

EXPORTED int nvrtcGetProgramLogSize(void* handle, std::size_t* size) { return textSize(handle, size, &Program::log); }

EXPORTED int nvrtcGetProgramLog(void* handle, char* target) { return copyText(handle, target, &Program::log); }
