#include "tensor/cpu_allocator.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#if defined(__SANITIZE_ADDRESS__)  // gcc
#define NST_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)  // clang
#define NST_ADDRESS_SANITIZER
#endif
#endif

#if defined(NST_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace nst {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kGrowth = size_t{32} << 20;  // the system is asked in steps of 32 MiB

constexpr size_t round_up(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// Blocks are padded by one poisoned cache line, so that AddressSanitizer sees reads past the end.
#if defined(NST_ADDRESS_SANITIZER)
constexpr size_t kRedZone = kAlignment;
#else
constexpr size_t kRedZone = 0;
#endif

}  // namespace

CpuAllocator::CpuAllocator() {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  capacity_ = round_up(static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * page, kGrowth);
  // An inaccessible private mapping is only address space: it counts against no limit but `ulimit -v`.
  void* range = MAP_FAILED;
  while (capacity_ >= 2 * kGrowth) {
    range = mmap(nullptr, capacity_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range != MAP_FAILED) break;
    capacity_ = round_up(capacity_ / 2, kGrowth);
  }
  if (range == MAP_FAILED) throw std::runtime_error("allocator: the system gives no address space");
  base_ = static_cast<char*>(range);
}

CpuAllocator::~CpuAllocator() {
  ASAN_UNPOISON_MEMORY_REGION(base_, arena_.size());
  munmap(base_, capacity_);
}

void CpuAllocator::grow(size_t bytes) {
  const size_t step = round_up(bytes, kGrowth);
  char* end = base_ + arena_.size();
  if (arena_.size() + step > capacity_ || mprotect(end, step, PROT_READ | PROT_WRITE) != 0) {
    throw std::runtime_error(fmt::format("out of memory: {:.1f} MiB in use, {:.1f} MiB more wanted",
                                         stats_.in_use / 1048576.0, bytes / 1048576.0));
  }
  ASAN_POISON_MEMORY_REGION(end, step);  // not the whole range at once, whose shadow would take gigabytes
  madvise(end, step, MADV_HUGEPAGE);     // a hint: without huge pages all works, a little slower
  arena_.grow(step);
  stats_.reserved += step;
  ++stats_.system_calls;
}

void* CpuAllocator::allocate(size_t bytes) {
  const size_t size = round_up(std::max<size_t>(bytes, 1), kAlignment) + kRedZone;
  const std::lock_guard lock(mutex_);
  auto offset = arena_.take(size);
  if (!offset) {
    grow(size - arena_.free_at_end());
    offset = arena_.take(size);
  }
  stats_.in_use += size;
  stats_.peak = std::max(stats_.peak, stats_.in_use);
  ASAN_UNPOISON_MEMORY_REGION(base_ + *offset, bytes);
  return base_ + *offset;
}

void CpuAllocator::deallocate(void* block) noexcept {
  if (!block) return;
  const std::lock_guard lock(mutex_);
  const size_t size = arena_.give_back(static_cast<size_t>(static_cast<char*>(block) - base_));
  stats_.in_use -= size;
  ASAN_POISON_MEMORY_REGION(block, size);
}

MemoryStats CpuAllocator::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void CpuAllocator::reset_peak() {
  const std::lock_guard lock(mutex_);
  stats_.peak = stats_.in_use;
}

void CpuAllocator::trim() {
  const std::lock_guard lock(mutex_);
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  for (const auto& [offset, size] : arena_.holes()) {
    const size_t begin = round_up(offset, page), end = (offset + size) / page * page;
    if (begin < end) madvise(base_ + begin, end - begin, MADV_DONTNEED);
  }
}

}  // namespace nst
