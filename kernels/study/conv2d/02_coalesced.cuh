// Idea        Let neighbouring threads take neighbouring filters of one pixel. A warp then reads 32
//             neighbouring weights, one input that is the same for all, and writes 32 neighbouring outputs.
// Change      One line: which of pixel and filter changes first along the threads.
// Bottleneck  Loads. Each FMA wants two loads from L1, which answers one warp's load a cycle while the cores
//             take four warps' FMAs: at most 1/8 of their peak. With 256 filters or more L2, as a block
//             then uses no weight twice.
// Constraints Best with a multiple of 32 filters: a warp that straddles two pixels reads two inputs.
#pragma once

#include <algorithm>

#include "kernels/study/conv2d/01_direct.cuh"

namespace nst::kernels::study::conv2d::coalesced {

__global__ void __launch_bounds__(direct::kThreads)
    conv2d_coalesced_kernel(const Shape g, const float* x, const float* w, float* y) {
  const int i = blockIdx.x * direct::kThreads + threadIdx.x;
  if (i >= g.pixels() * g.k) return;
  const int k = i % g.k, pixel = i / g.k;
  y[i] = direct::sum_at(g, x, w, pixel, k);
}

inline void run(const CudaContext& context, const Shape& g, const float* x, const float* w, float* y) {
  cuda::launch(conv2d_coalesced_kernel, cuda::blocks_for(int64_t{g.pixels()} * g.k, direct::kThreads),
               direct::kThreads, 0, context.stream(), g, x, w, y);
}

// A warp's step is a line of weights and one input. L1 keeps both for the other warps of the block.
inline Cost cost(const Shape& g) {
  const Sizes s(g);
  const double blocks = tiles(int64_t{g.pixels()} * g.k, direct::kThreads);
  const double filters = std::min(g.k, direct::kThreads), pixels = std::max(1.0, direct::kThreads / filters);
  return {.flop = s.flop,
          .dram_bytes = s.once(),
          .l2_bytes = blocks * 9 * g.c * (filters + pixels) * kWord + s.y,
          .shared_bytes = s.warp_fmas() * 2 * kWavefrontBytes,
          .instructions = s.warp_fmas() * 3,
          .blocks = blocks};
}

}  // namespace nst::kernels::study::conv2d::coalesced
