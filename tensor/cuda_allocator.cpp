#include "tensor/cuda_allocator.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "kernels/cuda/context.h"

namespace nst {
namespace {

cudaMemPool_t pool_of(int device) {
  cudaMemPool_t pool = nullptr;
  CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, device));
  return pool;
}

}  // namespace

CudaAllocator::CudaAllocator(const kernels::CudaContext& context) : context_(context) {
  uint64_t keep_everything = std::numeric_limits<uint64_t>::max();
  CUDA_CHECK(
      cudaMemPoolSetAttribute(pool_of(context.device()), cudaMemPoolAttrReleaseThreshold, &keep_everything));
}

void* CudaAllocator::allocate(size_t bytes) {
  const std::lock_guard lock(mutex_);
  void* block = nullptr;
  const auto status = cudaMallocAsync(&block, std::max<size_t>(bytes, 1), context_.stream());
  if (status == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    throw std::runtime_error(
        fmt::format("out of memory on cuda:{}: {:.1f} MiB in use, {:.1f} MiB more wanted", context_.device(),
                    stats_.in_use / 1048576.0, bytes / 1048576.0));
  }
  CUDA_CHECK(status);
  sizes_[block] = bytes;
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
  const std::lock_guard lock(mutex_);
  const auto size = sizes_.find(block);
  stats_.in_use -= size->second;
  sizes_.erase(size);
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

}  // namespace nst
