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

size_t CpuAllocator::take(size_t size) {
  if (const auto offset = arena_.take(size)) return *offset;
  // The holes have been too small: while the arena grows beside them, they need not be memory.
  trim_holes();
  grow(size - arena_.free_at_end());
  return *arena_.take(size);
}

void* CpuAllocator::allocate(size_t bytes) {
  const size_t size = round_up(std::max<size_t>(bytes, 1), kAlignment) + kRedZone;
  PlannedRange* const plan = PlannedRange::current();
  const std::lock_guard lock(mutex_);
  const bool followed = plan && plan->following();
  const auto planned = plan ? plan->take(size) : std::nullopt;
  // What the run left behind in its range would be resident beside all it takes elsewhere from here on.
  if (followed && !plan->following()) trim_range(*plan);
  char* const block = planned ? plan->base + *planned : base_ + take(size);
  if (plan) plan->note_taken(block, size);
  stats_.in_use += size;
  stats_.peak = std::max(stats_.peak, stats_.in_use);
  ASAN_UNPOISON_MEMORY_REGION(block, bytes);
  return block;
}

void CpuAllocator::deallocate(void* block) noexcept {
  if (!block) return;
  PlannedRange* const plan = PlannedRange::current();
  const std::lock_guard lock(mutex_);
  if (plan) plan->note_given_back(block);
  char* const at = static_cast<char*>(block);
  PlannedRange* const range = range_of(at);
  const size_t size = range ? range->give_back(static_cast<size_t>(at - range->base))
                            : arena_.give_back(static_cast<size_t>(at - base_));
  stats_.in_use -= size;
  ASAN_POISON_MEMORY_REGION(block, size);
  // While a run is watched, the holes it leaves would add up to more than any later run needs.
  if (plan && !plan->following() && size >= kGrowth / 8)
    give_pages_back(static_cast<size_t>(at - base_), size);
  if (range && range->empty()) {
    const auto gone = std::ranges::find(retired_, range, &std::unique_ptr<PlannedRange>::get);
    if (gone == retired_.end()) return;
    release(*range);
    retired_.erase(gone);
  }
}

PlannedRange* CpuAllocator::range_of(const char* block) const {
  const auto after = ranges_.upper_bound(block);
  if (after == ranges_.begin()) return nullptr;
  PlannedRange* const range = std::prev(after)->second;
  return block < range->base + range->bytes ? range : nullptr;
}

void CpuAllocator::release(PlannedRange& range) {
  if (!range.base) return;
  arena_.give_back(static_cast<size_t>(range.base - base_));
  ranges_.erase(range.base);
  range.base = nullptr;
  range.bytes = 0;
}

void CpuAllocator::begin_run(PlannedRange& range) {
  const std::lock_guard lock(mutex_);
  if (range.stale && range.empty()) {
    release(range);
    if (range.extent() > 0) {
      trim_holes();  // what is touched there is laid out anew
      range.bytes = range.extent();
      range.base = base_ + take(range.bytes);
      ranges_[range.base] = &range;
    }
    range.stale = false;
  }
  range.begin_run();
  if (!range.following()) trim_holes();  // what came before is in none of this run's way
}

void CpuAllocator::end_run(PlannedRange& range) {
  const std::lock_guard lock(mutex_);
  range.end_run();
}

void CpuAllocator::rest(const PlannedRange& range) {
  const std::lock_guard lock(mutex_);
  trim_range(range);
}

void CpuAllocator::retire(std::unique_ptr<PlannedRange> range) {
  const std::lock_guard lock(mutex_);
  if (range->empty()) {
    release(*range);
  } else {
    retired_.push_back(std::move(range));
  }
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
  trim_holes();
}

void CpuAllocator::trim_holes() {
  for (const auto& [offset, size] : arena_.holes()) give_pages_back(offset, size);
}

void CpuAllocator::trim_range(const PlannedRange& range) {
  if (!range.base) return;
  const size_t begin = static_cast<size_t>(range.base - base_);
  for (const auto& [offset, size] : range.holes()) give_pages_back(begin + offset, size);
}

void CpuAllocator::give_pages_back(size_t offset, size_t size) {
  static const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t begin = round_up(offset, page), end = (offset + size) / page * page;
  if (begin < end) madvise(base_ + begin, end - begin, MADV_DONTNEED);
}

}  // namespace nst
