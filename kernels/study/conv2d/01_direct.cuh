// Idea        The sum as it is written: a thread for each output, neighbouring threads taking neighbouring
//             pixels, as a loop over an NCHW picture would.
// Change      The first rung.
// Bottleneck  Addresses. Neighbouring pixels lie C floats apart, so that each of the 32 lanes of a warp wants
//             a 32-byte sector of its own for the 4 bytes it reads of x, and writes 4 bytes into one of y.
// Constraints None.
#pragma once

#include <algorithm>

#include "kernels/cuda/context.h"
#include "kernels/cuda/conv2d_gather.cuh"
#include "kernels/study/conv2d/cost.h"

namespace nst::kernels::study::conv2d::direct {

constexpr int kThreads = 256;

// Output k of `pixel`: 9 C products, less those with the border's zeros.
__device__ inline float sum_at(const Shape& g, const float* x, const float* w, int pixel, int k) {
  const int column = pixel % g.w, row = pixel / g.w % g.h;
  float sum = 0;
  for (int r = 0; r < 3; ++r) {
    for (int s = 0; s < 3; ++s) {
      if (!cuda::inside(row + r - 1, g.h) || !cuda::inside(column + s - 1, g.w)) continue;
      const float* const inputs = x + (pixel + (r - 1) * g.w + s - 1) * g.c;
      const float* const weights = w + (r * 3 + s) * g.c * g.k + k;
      for (int c = 0; c < g.c; ++c) sum += inputs[c] * weights[c * g.k];
    }
  }
  return sum;
}

__global__ void __launch_bounds__(kThreads)
    conv2d_direct_kernel(const Shape g, const float* x, const float* w, float* y) {
  const int i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= g.pixels() * g.k) return;
  const int pixel = i % g.pixels(), k = i / g.pixels();
  y[pixel * g.k + k] = sum_at(g, x, w, pixel, k);
}

inline void run(const CudaContext& context, const Shape& g, const float* x, const float* w, float* y) {
  cuda::launch(conv2d_direct_kernel, cuda::blocks_for(int64_t{g.pixels()} * g.k, kThreads), kThreads, 0,
               context.stream(), g, x, w, y);
}

// A warp's step is 32 pixels' input, in as many lines unless the channels are few, and one weight. L1 keeps a
// lane's sector for the 8 channels in it, and the block's weights.
inline Cost cost(const Shape& g) {
  const Sizes s(g);
  const double blocks = tiles(int64_t{g.pixels()} * g.k, kThreads);
  const double lines = std::min(kWarp * g.c * kWord / kWavefrontBytes, kWarp);
  return {.flop = s.flop,
          .dram_bytes = s.once(),
          .l2_bytes = s.x * 9 * g.k + blocks * 9 * g.c * kSector + s.y / kWord * kSector,
          .shared_bytes = s.warp_fmas() * (lines + 1) * kWavefrontBytes,
          .instructions = s.warp_fmas() * 3,
          .blocks = blocks};
}

}  // namespace nst::kernels::study::conv2d::direct
