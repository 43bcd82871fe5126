// How a kernel is launched and declares its shared memory. The CUDA-on-CPU runner compiles the very same
// kernels against its own version of this header (tests/cuda_on_cpu/include), so nothing else may use <<<>>>,
// __shared__ or extern __shared__.
#pragma once

#include <cuda_runtime.h>

#include "kernels/cuda/check.h"

namespace nst::kernels::cuda {

// kernel<<<grid, block, shared_bytes, stream>>>(args...), checked. An empty grid launches nothing. More than
// 48 KiB of dynamic shared memory is asked for where it is needed; throws std::runtime_error when the device
// has less, or refuses the launch for any other reason.
template <class... Params, class... Args>
void launch(void (*kernel)(Params...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
            Args&&... args) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  constexpr size_t kWithoutAsking = 48 << 10;
  if (shared_bytes > kWithoutAsking) {
    CUDA_CHECK(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                    cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(shared_bytes)));
  }
  kernel<<<grid, block, shared_bytes, stream>>>(static_cast<Params>(args)...);
  CUDA_CHECK(cudaGetLastError());
}

// Blocks of `per_block` elements that cover `count`.
inline unsigned blocks_for(int64_t count, int64_t per_block) {
  return static_cast<unsigned>((count + per_block - 1) / per_block);
}

}  // namespace nst::kernels::cuda

// Declares a static array in shared memory, aligned for vector loads:  NST_SHARED(float, tile, [16][17]);
#define NST_SHARED(type, name, ...) __shared__ __align__(16) type name __VA_ARGS__

// Declares `type* name`, the launch's dynamic shared memory, aligned to 1024 bytes. Once per kernel.
#define NST_DYNAMIC_SHARED(type, name)                                         \
  extern __shared__ __align__(1024) unsigned char nst_dynamic_shared_memory[]; \
  type* const name = reinterpret_cast<type*>(nst_dynamic_shared_memory)
