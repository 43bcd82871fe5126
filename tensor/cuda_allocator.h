// The pool of one CUDA device.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "tensor/allocator.h"
#include "tensor/arena.h"

namespace nst::kernels {
class CudaContext;
}

namespace nst {

class CudaRange;

// Offsets in a range without an end: whatever its length will be, the same calls give the same offsets.
class CudaLayout {
 public:
  CudaLayout() { arena_.grow(size_t{1} << 46); }
  // The offset of a new block, aligned to 256 bytes.
  size_t take(size_t bytes);
  void give_back(size_t offset) { arena_.give_back(offset); }
  // Bytes up to the end of the farthest block there ever was.
  size_t extent() const { return extent_; }

 private:
  Arena arena_;
  size_t extent_ = 0;
};

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

  // --- for captured work (captured_work.h), whose addresses are written into a graph and must stay its own
  // From now on every block is laid out in an imaginary range as well; end_plan() says how large one would
  // have done.
  void begin_plan();
  size_t end_plan();
  // From now on blocks come from one range of this pool, which counts as in use while `range` or any of them
  // lives. What is full throws std::runtime_error. Other blocks given back meanwhile wait for the end.
  void begin_range(std::shared_ptr<CudaRange> range);
  void end_range() noexcept;

 private:
  struct Plan {
    CudaLayout layout;
    std::unordered_map<void*, size_t> offsets;  // of the blocks made since it began
  };
  size_t reserved() const;

  const kernels::CudaContext& context_;
  mutable std::mutex mutex_;
  std::unordered_map<void*, size_t> sizes_;
  // The blocks cut from a range, whose first one has the address that the range has above.
  std::unordered_map<void*, std::shared_ptr<CudaRange>> ranges_;
  MemoryStats stats_;
  std::optional<Plan> plan_;
  std::shared_ptr<CudaRange> range_;
  std::vector<void*> to_free_;  // after end_range()
};

// One block of the pool, out of which smaller ones are cut.
class CudaRange {
 public:
  CudaRange(CudaAllocator& pool, size_t bytes);
  ~CudaRange();
  CudaRange(const CudaRange&) = delete;
  CudaRange& operator=(const CudaRange&) = delete;

  // Null when there is no room.
  void* take(size_t bytes);
  void give_back(void* block);

 private:
  CudaAllocator& pool_;
  size_t bytes_;
  char* base_;
  CudaLayout layout_;
};

}  // namespace nst
