// Idea        Reuse what is in registers. A thread takes 8 pixels of a row by 4 filters: 10 inputs and 3
//             times 4 weights are loaded once for 3 * 8 * 4 = 96 FMAs, as each input serves up to three taps
//             and four filters, and each weight eight pixels.
//
//               inputs of one row and channel    i0 i1 i2 i3 i4 i5 i6 i7 i8 i9
//               tap s = 0 adds w0 *              i0 i1 i2 i3 i4 i5 i6 i7         to the 8 sums of each filter
//               tap s = 1 adds w1 *                 i1 i2 i3 i4 i5 i6 i7 i8
//               tap s = 2 adds w2 *                    i2 i3 i4 i5 i6 i7 i8 i9
// Change      Block: 16x8 pixels by 64 filters, 8 channels at a time, 32 sums a thread; weights too go to
//             shared memory. The patch is kept one channel after the other, as a thread reads rows of it.
// Bottleneck  FMA issue: 8 loads for 96 FMAs.
// Constraints 24 KiB of shared memory. Half of the block is idle for 32 filters. Production for few channels:
//             conv2d_direct_cuda.cu, whose threads run down a column.
#pragma once

#include "kernels/cuda/conv2d_gemm.cuh"
#include "kernels/study/conv2d/cost.h"

namespace nst::kernels::study::conv2d::register_tile {

constexpr int kRows = 16, kColumns = 8;  // of pixels
constexpr int kFilters = 64, kPerThread = 4, kAcross = kFilters / kPerThread;
constexpr int kChannels = 8;
constexpr int kThreads = kRows * kAcross;

__global__ void __launch_bounds__(kThreads)
    conv2d_register_tile_kernel(const Shape g, const float* x, const float* w, float* y) {
  constexpr int kPatchRows = kRows + 2, kPatchColumns = kColumns + 2;
  NST_SHARED(float, patch, [kChannels][kPatchRows][kPatchColumns]);
  NST_SHARED(float, weights, [9][kChannels][kFilters]);

  const int across = (g.w + kColumns - 1) / kColumns;
  const int first_row = static_cast<int>(blockIdx.x) / across * kRows;
  const int first_column = static_cast<int>(blockIdx.x) % across * kColumns;
  const int first_filter = blockIdx.y * kFilters;
  const float* const image = x + blockIdx.z * g.h * g.w * g.c;
  const int i = threadIdx.x / kAcross, k = threadIdx.x % kAcross * kPerThread;

  float sums[kColumns][kPerThread] = {};
  for (int first = 0; first < g.c; first += kChannels) {
    for (int e = threadIdx.x; e < kPatchRows * kPatchColumns * kChannels; e += kThreads) {
      const int c = e % kChannels, at = e / kChannels;
      const int a = at / kPatchColumns, b = at % kPatchColumns;
      const int h = first_row + a - 1, v = first_column + b - 1;
      const bool exists = first + c < g.c && cuda::inside(h, g.h) && cuda::inside(v, g.w);
      patch[c][a][b] = exists ? image[(h * g.w + v) * g.c + first + c] : 0;
    }
    for (int e = threadIdx.x; e < 9 * kChannels * kFilters; e += kThreads) {
      const int f = e % kFilters, c = e / kFilters % kChannels;
      const int tap = e / kFilters / kChannels;
      const bool exists = first + c < g.c && first_filter + f < g.k;
      weights[tap][c][f] = exists ? w[(tap * g.c + first + c) * g.k + first_filter + f] : 0;
    }
    __syncthreads();
#pragma unroll 1
    for (int c = 0; c < kChannels; ++c) {
#pragma unroll
      for (int r = 0; r < 3; ++r) {
        float inputs[kPatchColumns];
#pragma unroll
        for (int b = 0; b < kPatchColumns; ++b) inputs[b] = patch[c][i + r][b];
#pragma unroll
        for (int s = 0; s < 3; ++s) {
          float tap[kPerThread];
          cuda::load4(&weights[r * 3 + s][c][k], tap);
#pragma unroll
          for (int j = 0; j < kColumns; ++j) {
#pragma unroll
            for (int f = 0; f < kPerThread; ++f) sums[j][f] += inputs[j + s] * tap[f];
          }
        }
      }
    }
    __syncthreads();
  }
  if (first_row + i >= g.h) return;
  float* const out = y + ((blockIdx.z * g.h + first_row + i) * g.w + first_column) * g.k + first_filter + k;
#pragma unroll
  for (int j = 0; j < kColumns; ++j) {
#pragma unroll
    for (int f = 0; f < kPerThread; ++f) {
      if (first_column + j < g.w && first_filter + k + f < g.k) out[j * g.k + f] = sums[j][f];
    }
  }
}

inline void run(const CudaContext& context, const Shape& g, const float* x, const float* w, float* y) {
  const dim3 grid(cuda::blocks_for(g.h, kRows) * cuda::blocks_for(g.w, kColumns),
                  cuda::blocks_for(g.k, kFilters), g.n);
  cuda::launch(conv2d_register_tile_kernel, grid, kThreads, 0, context.stream(), g, x, w, y);
}

// For a channel and a tap row, a warp loads 10 inputs, two at a time, of two rows, and three times 16
// different float4, two wavefronts each, for 96 FMAs. The patch comes from lines of which 8 channels are
// wanted.
inline Cost cost(const Shape& g) {
  const Sizes s(g);
  constexpr double kPatch = (kRows + 2) * (kColumns + 2), kWeights = 9 * kFilters;
  constexpr double kWarps = kThreads / kWarp, kFill = kPatch / 8 + (kPatch + 2 * kWeights) / kWarp;
  const double blocks = g.n * tiles(g.h, kRows) * tiles(g.w, kColumns) * tiles(g.k, kFilters);
  return {.flop = s.flop,
          .dram_bytes = s.once(),
          .l2_bytes = blocks * g.c * (kPatch + kWeights) * kWord + s.y,
          .shared_bytes = blocks * g.c * (kWarps * 3 * (5 + 3 * 2) + kFill) * kWavefrontBytes,
          .instructions = blocks * g.c * (kWarps * 3 * (5 + 3 + 96) + (kPatch + kWeights) * 2 / kWarp),
          .blocks = blocks};
}

}  // namespace nst::kernels::study::conv2d::register_tile
