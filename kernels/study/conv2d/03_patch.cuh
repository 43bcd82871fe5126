// Idea        Outputs that are neighbours share inputs: a 4x4 square of pixels reads a 6x6 patch of x, where
//             its threads one by one read 9 * 16. The block fetches the patch once, into shared memory.
//
//               . . . . . .
//               . o o o o .     4x4 outputs of each of 32 filters, and the border that their taps reach:
//               . o o o o .     for 32 channels, 36 * 32 inputs are fetched for 16 * 32 * 9 * 32 FMAs.
//               . o o o o .     The zeros around the picture are put there once, not asked for at each tap.
//               . o o o o .
//               . . . . . .
// Change      Block: 4x4 pixels by 32 filters, a warp for each pixel. 32 channels of the patch at a time.
// Bottleneck  Loads: shared memory is the same unit as L1. But the patch is aligned, so that the compiler
//             loads four channels of an input at once: 5 loads for 4 FMAs, where 02 has 8. And L2 is asked
//             for 4 (64 filters) to 14 (512) times less.
// Constraints 4.5 KiB of shared memory.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/conv2d_gather.cuh"
#include "kernels/study/conv2d/cost.h"

namespace nst::kernels::study::conv2d::patch {

constexpr int kSide = 4, kFilters = 32, kChannels = 32;
constexpr int kThreads = kSide * kSide * kFilters;

__global__ void __launch_bounds__(kThreads, 2)
    conv2d_patch_kernel(const Shape g, const float* x, const float* w, float* y) {
  constexpr int kWide = kSide + 2;
  NST_SHARED(float, patch, [kWide][kWide][kChannels]);

  const int across = (g.w + kSide - 1) / kSide;
  const int first_row = static_cast<int>(blockIdx.x) / across * kSide;
  const int first_column = static_cast<int>(blockIdx.x) % across * kSide;
  const float* const image = x + blockIdx.z * g.h * g.w * g.c;
  const int k = blockIdx.y * kFilters + threadIdx.x % kFilters;
  const int i = threadIdx.x / kFilters / kSide, j = threadIdx.x / kFilters % kSide;

  float sum = 0;
  for (int first = 0; first < g.c; first += kChannels) {
    for (int e = threadIdx.x; e < kWide * kWide * kChannels; e += kThreads) {
      const int c = e % kChannels, b = e / kChannels % kWide, a = e / kChannels / kWide;
      const int h = first_row + a - 1, v = first_column + b - 1;
      const bool exists = first + c < g.c && cuda::inside(h, g.h) && cuda::inside(v, g.w);
      patch[a][b][c] = exists ? image[(h * g.w + v) * g.c + first + c] : 0;
    }
    __syncthreads();
    if (k < g.k) {
      const int channels = min(kChannels, g.c - first);
      for (int r = 0; r < 3; ++r) {
        for (int s = 0; s < 3; ++s) {
          const float* const weights = w + ((r * 3 + s) * g.c + first) * g.k + k;
          for (int c = 0; c < channels; ++c) sum += patch[i + r][j + s][c] * weights[c * g.k];
        }
      }
    }
    __syncthreads();
  }
  const int row = first_row + i, column = first_column + j;
  if (row < g.h && column < g.w && k < g.k) y[((blockIdx.z * g.h + row) * g.w + column) * g.k + k] = sum;
}

inline void run(const CudaContext& context, const Shape& g, const float* x, const float* w, float* y) {
  const dim3 grid(cuda::blocks_for(g.h, kSide) * cuda::blocks_for(g.w, kSide),
                  cuda::blocks_for(g.k, kFilters), g.n);
  cuda::launch(conv2d_patch_kernel, grid, kThreads, 0, context.stream(), g, x, w, y);
}

// For an FMA a warp loads a line of weights and, four channels at once, a quarter of an input. A block
// fetches its patch and, for its filters, each weight once.
inline Cost cost(const Shape& g) {
  const Sizes s(g);
  constexpr double kPatch = (kSide + 2) * (kSide + 2);
  const double blocks = g.n * tiles(g.h, kSide) * tiles(g.w, kSide) * tiles(g.k, kFilters);
  return {.flop = s.flop,
          .dram_bytes = s.once(),
          .l2_bytes = blocks * g.c * (kPatch + 9 * kFilters) * kWord + s.y,
          .shared_bytes = s.warp_fmas() * 1.25 * kWavefrontBytes + blocks * g.c * kPatch * 2 * kWord,
          .instructions = s.warp_fmas() * 2.25 + blocks * g.c * kPatch * 2 / kWarp,
          .blocks = blocks};
}

}  // namespace nst::kernels::study::conv2d::patch
