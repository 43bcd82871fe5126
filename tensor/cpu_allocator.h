// The CPU's pool.
#pragma once

#include <mutex>

#include "tensor/allocator.h"
#include "tensor/arena.h"

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

 private:
  void grow(size_t bytes);

  mutable std::mutex mutex_;
  Arena arena_;
  MemoryStats stats_;
  char* base_ = nullptr;
  size_t capacity_ = 0;  // bytes of the address range
};

}  // namespace nst
