// The runner's version of kernels/cuda/launch.cuh, whose comments hold here too.
#pragma once

#include <cuda_runtime.h>

#include <tuple>

#include "kernels/cuda/check.h"
#include "runner/engine.h"
#include "runner/stream.h"

namespace nst::kernels::cuda {

template <class... Params, class... Args>
void launch(void (*kernel)(Params...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
            Args&&... args) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  const std::tuple<Params...> values(static_cast<Params>(args)...);
  CUDA_CHECK(cuda_on_cpu::enqueue(stream, [=] {
    cuda_on_cpu::run({{grid.x, grid.y, grid.z},
                      {block.x, block.y, block.z},
                      shared_bytes,
                      reinterpret_cast<const void*>(kernel)},
                     [&] { std::apply(kernel, values); });
  }));
}

inline unsigned blocks_for(int64_t count, int64_t per_block) {
  return static_cast<unsigned>((count + per_block - 1) / per_block);
}

}  // namespace nst::kernels::cuda

// The threads of a block meet in the array that belongs to the declaration, taken from the block's own
// memory.
#define NST_SHARED(type, name, ...)                            \
  static const char name##_declaration = 0;                    \
  type(&name) __VA_ARGS__ = *static_cast<type(*) __VA_ARGS__>( \
      cuda_on_cpu::static_shared(&name##_declaration, sizeof(type __VA_ARGS__)))

#define NST_DYNAMIC_SHARED(type, name) type* const name = static_cast<type*>(cuda_on_cpu::dynamic_shared())
