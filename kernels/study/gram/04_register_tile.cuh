// Idea        A thread that keeps 4x4 sums uses each of 4 + 4 numbers from shared memory four times: two
//             loads of 16 bytes for 16 FMAs, where 02 has 32 loads.
// Change      Block: a 64x64 tile of G, 256 threads of 4x4 sums, 16 pixels at a time.
// Bottleneck  Too few blocks. A layer of 64 channels has one tile for an image: one of 132 multiprocessors
//             works. Where there are enough tiles, FMA issue and shared memory are nearly even.
// Constraints 8 KiB of shared memory. The mirror is written 16 bytes to a row, G being small.
#pragma once

#include "kernels/cuda/conv2d_gemm.cuh"
#include "kernels/study/gram/cost.h"

namespace nst::kernels::study::gram::register_tile {

constexpr int kSide = 64, kPixels = 16;  // of a block's tile of G, and of the tiles of F
constexpr int kPerThread = 4, kAcross = kSide / kPerThread, kThreads = kAcross * kAcross;

using Sums = float[kPerThread][kPerThread];

// Adds the products of the pixels [first, last) of an image to the thread's sums of the tile at (first_row,
// first_column).
__device__ inline void add_products(const Shape& g, const float* features, int first, int last, int first_row,
                                    int first_column, Sums& sums) {
  NST_SHARED(float, rows, [kPixels][kSide]);
  NST_SHARED(float, columns, [kPixels][kSide]);
  const int row = threadIdx.x / kAcross * kPerThread;
  const int column = threadIdx.x % kAcross * kPerThread;
  const int channel = threadIdx.x % kSide;
  for (; first < last; first += kPixels) {
#pragma unroll
    for (int p = threadIdx.x / kSide; p < kPixels; p += kThreads / kSide) {
      const float* const pixel = features + (first + p) * g.c + channel;
      const bool exists = first + p < last;
      rows[p][channel] = exists && first_row + channel < g.c ? pixel[first_row] : 0;
      columns[p][channel] = exists && first_column + channel < g.c ? pixel[first_column] : 0;
    }
    __syncthreads();
#pragma unroll
    for (int p = 0; p < kPixels; ++p) {
      float a[4], b[4];
      cuda::load4(&rows[p][row], a);
      cuda::load4(&columns[p][column], b);
#pragma unroll
      for (int i = 0; i < kPerThread; ++i) {
#pragma unroll
        for (int j = 0; j < kPerThread; ++j) sums[i][j] += a[i] * b[j];
      }
    }
    __syncthreads();
  }
}

__global__ void __launch_bounds__(kThreads)
    gram_register_tile_kernel(const Shape g, const float* features, float* gram) {
  if (blockIdx.y > blockIdx.x) return;
  const int first_row = blockIdx.y * kSide, first_column = blockIdx.x * kSide;
  Sums sums = {};
  add_products(g, features + blockIdx.z * g.pixels * g.c, 0, g.pixels, first_row, first_column, sums);
  gram += blockIdx.z * g.c * g.c;
#pragma unroll
  for (int i = 0; i < kPerThread; ++i) {
#pragma unroll
    for (int j = 0; j < kPerThread; ++j) {
      const int row = first_row + threadIdx.x / kAcross * kPerThread + i;
      const int column = first_column + threadIdx.x % kAcross * kPerThread + j;
      if (row >= g.c || column >= g.c) continue;
      gram[row * g.c + column] = sums[i][j];
      if (first_row != first_column) gram[column * g.c + row] = sums[i][j];
    }
  }
}

inline void run(const CudaContext& context, const Shape& g, const float* features, const float*,
                float* gram) {
  const unsigned tiles = cuda::blocks_for(g.c, kSide);
  cuda::launch(gram_register_tile_kernel, dim3(tiles, tiles, g.n), kThreads, 0, context.stream(), g, features,
               gram);
}

// For a pixel each of 8 warps loads two different float4 of the rows, a wavefront, and 16 of the columns,
// two, for 16 FMAs; the block keeps 128 channels.
inline Cost cost(const Shape& s) {
  constexpr double kWarps = kThreads / kWarp;
  return tiled_cost(s, {.blocks = s.n * upper_tiles(tiles(s.c, kSide)),
                        .rows = kSide,
                        .columns = kSide,
                        .instructions = kWarps * (2 + 16) + 2 * 4,
                        .wavefronts = kWarps * 3 + 2 * 4});
}

}  // namespace nst::kernels::study::gram::register_tile
