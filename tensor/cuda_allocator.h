// The pool of one CUDA device.
#pragma once

#include <mutex>
#include <unordered_map>

#include "tensor/allocator.h"

namespace nst::kernels {
class CudaContext;
}

namespace nst {

// CUDA's own stream-ordered pool, told to keep what it once took: a freed block is handed out again, without
// waiting, to whatever runs later on the context's stream.
class CudaAllocator final : public Allocator {
 public:
  // `context` must outlive this.
  explicit CudaAllocator(const kernels::CudaContext& context);

  void* allocate(size_t bytes) override;
  void deallocate(void* block) noexcept override;
  // `reserved` is the whole process's on this device, and system_calls counts how often it was seen to grow.
  MemoryStats stats() const override;
  void reset_peak() override;
  void trim() override;

 private:
  size_t reserved() const;

  const kernels::CudaContext& context_;
  mutable std::mutex mutex_;
  std::unordered_map<void*, size_t> sizes_;
  MemoryStats stats_;
};

}  // namespace nst
