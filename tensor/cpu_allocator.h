// The CPU's pool.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "tensor/allocator.h"
#include "tensor/arena.h"
#include "tensor/planned_range.h"

namespace nst {

// One reserved address range as large as the machine's memory, of which only what was ever needed is made
// accessible. Because blocks of one range can be split and merged, layers of different sizes reuse each
// other's memory; huge pages keep first touches cheap.
class CpuAllocator final : public Allocator {
 public:
  CpuAllocator();
  ~CpuAllocator() override;
  CpuAllocator(const CpuAllocator&) = delete;
  CpuAllocator& operator=(const CpuAllocator&) = delete;

  void* allocate(size_t bytes) override;
  void deallocate(void* block) noexcept override;
  MemoryStats stats() const override;
  void reset_peak() override;
  void trim() override;

  // For MemoryPlan: a run of the range's plan begins and ends on this thread; it rests; the plan is gone.
  void begin_run(PlannedRange& range);
  void end_run(PlannedRange& range);
  void rest(const PlannedRange& range);
  void retire(std::unique_ptr<PlannedRange> range);

 private:
  void grow(size_t bytes);
  void trim_holes();
  void trim_range(const PlannedRange& range);
  void give_pages_back(size_t offset, size_t size);
  size_t take(size_t size);  // an offset
  void release(PlannedRange& range);
  // The range that a block lies in, or null.
  PlannedRange* range_of(const char* block) const;

  mutable std::mutex mutex_;
  Arena arena_;
  std::map<const char*, PlannedRange*> ranges_;         // by their begins
  std::vector<std::unique_ptr<PlannedRange>> retired_;  // whose blocks outlive their plans
  MemoryStats stats_;
  char* base_ = nullptr;
  size_t capacity_ = 0;  // bytes of the address range
};

// The one behind allocator(kCpu).
CpuAllocator& cpu_allocator();

}  // namespace nst
