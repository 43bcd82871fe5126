#include "tensor/cuda_allocator.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "kernels/cuda/context.h"

namespace nst {
namespace {

cudaMemPool_t pool_of(int device) {
  cudaMemPool_t pool = nullptr;
  CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, device));
  return pool;
}

}  // namespace

size_t CudaLayout::take(size_t bytes) {
  constexpr size_t kAlignment = 256;  // CUDA's own, which vector loads and cuBLAS count on
  const size_t size = (std::max<size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  const size_t offset = arena_.take(size).value();
  extent_ = std::max(extent_, offset + size);
  return offset;
}

CudaAllocator::CudaAllocator(const kernels::CudaContext& context) : context_(context) {
  uint64_t keep_everything = std::numeric_limits<uint64_t>::max();
  CUDA_CHECK(
      cudaMemPoolSetAttribute(pool_of(context.device()), cudaMemPoolAttrReleaseThreshold, &keep_everything));
}

void* CudaAllocator::allocate(size_t bytes) {
  const std::lock_guard lock(mutex_);
  void* block = nullptr;
  if (range_) {
    block = range_->take(bytes);
    if (!block) {
      throw std::runtime_error(
          fmt::format("cuda:{}: captured work wants more memory than it did before", context_.device()));
    }
    ranges_[block] = range_;
    return block;
  }
  const auto status = cudaMallocAsync(&block, std::max<size_t>(bytes, 1), context_.stream());
  if (status == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    throw std::runtime_error(
        fmt::format("out of memory on cuda:{}: {:.1f} MiB in use, {:.1f} MiB more wanted", context_.device(),
                    stats_.in_use / 1048576.0, bytes / 1048576.0));
  }
  CUDA_CHECK(status);
  sizes_[block] = bytes;
  if (plan_) plan_->offsets[block] = plan_->layout.take(bytes);
  stats_.in_use += bytes;
  stats_.peak = std::max(stats_.peak, stats_.in_use);
  if (const size_t now = reserved(); now > stats_.reserved) {
    stats_.reserved = now;
    ++stats_.system_calls;
  }
  return block;
}

void CudaAllocator::deallocate(void* block) noexcept {
  if (!block) return;
  std::shared_ptr<CudaRange> range;  // outlives the lock: with its last block it gives itself back
  const std::lock_guard lock(mutex_);
  if (auto cut = ranges_.extract(block)) {
    range = std::move(cut.mapped());
    return range->give_back(block);
  }
  const auto size = sizes_.find(block);
  stats_.in_use -= size->second;
  sizes_.erase(size);
  if (plan_) {
    if (const auto planned = plan_->offsets.extract(block)) plan_->layout.give_back(planned.mapped());
  }
  if (range_) return to_free_.push_back(block);
  cudaFreeAsync(block, context_.stream());  // fails only after an error that the next call reports
}

size_t CudaAllocator::reserved() const {
  uint64_t bytes = 0;
  CUDA_CHECK(cudaMemPoolGetAttribute(pool_of(context_.device()), cudaMemPoolAttrReservedMemCurrent, &bytes));
  return bytes;
}

MemoryStats CudaAllocator::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void CudaAllocator::reset_peak() {
  const std::lock_guard lock(mutex_);
  stats_.peak = stats_.in_use;
}

void CudaAllocator::trim() {
  const std::lock_guard lock(mutex_);
  CUDA_CHECK(cudaStreamSynchronize(context_.stream()));
  CUDA_CHECK(cudaMemPoolTrimTo(pool_of(context_.device()), 0));
  stats_.reserved = reserved();
}

void CudaAllocator::begin_plan() {
  const std::lock_guard lock(mutex_);
  plan_.emplace();
}

size_t CudaAllocator::end_plan() {
  const std::lock_guard lock(mutex_);
  const size_t bytes = plan_->layout.extent();
  plan_.reset();
  return bytes;
}

void CudaAllocator::begin_range(std::shared_ptr<CudaRange> range) {
  const std::lock_guard lock(mutex_);
  range_ = std::move(range);
}

void CudaAllocator::end_range() noexcept {
  std::shared_ptr<CudaRange> range;  // as in deallocate()
  const std::lock_guard lock(mutex_);
  range = std::move(range_);
  for (void* block : std::exchange(to_free_, {})) cudaFreeAsync(block, context_.stream());
}

CudaRange::CudaRange(CudaAllocator& pool, size_t bytes)
    : pool_(pool), bytes_(bytes), base_(static_cast<char*>(pool.allocate(bytes))) {}

CudaRange::~CudaRange() { pool_.deallocate(base_); }

void* CudaRange::take(size_t bytes) {
  const size_t offset = layout_.take(bytes);
  if (layout_.extent() <= bytes_) return base_ + offset;
  layout_.give_back(offset);
  return nullptr;
}

void CudaRange::give_back(void* block) {
  layout_.give_back(static_cast<size_t>(static_cast<char*>(block) - base_));
}

}  // namespace nst
