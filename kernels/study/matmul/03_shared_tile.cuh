// Idea        The block copies a 32x32 tile of each matrix into shared memory, multiplies them, and goes on
//             to the next two along k.
// Change      Loads from global memory: one in 32. What the block shares no longer depends on L1 keeping it,
//             and four elements of left lie side by side, to be loaded at once.
// Bottleneck  Shared memory, as L1 before: 1.25 wavefronts for each k and warp.
// Constraints m up to 2^21. Blocks of 1024 threads, of which an Ampere or Hopper multiprocessor holds two.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/matmul/cost.h"

namespace nst::kernels::study::matmul::shared_tile {

constexpr int kTile = 32;

__global__ void __launch_bounds__(kTile* kTile)
    matmul_shared_tile_kernel(MatmulShape s, const float* left, const float* right, float* out) {
  NST_SHARED(float, left_tile, [kTile][kTile]);
  NST_SHARED(float, right_tile, [kTile][kTile]);
  const int x = threadIdx.x, y = threadIdx.y;
  const int row = blockIdx.y * kTile + y, column = blockIdx.x * kTile + x;
  float sum = 0;
  for (int first = 0; first < s.k; first += kTile) {
    // Zeros beyond the edge add nothing to a sum.
    left_tile[y][x] = row < s.m && first + x < s.k ? left[int64_t{row} * s.k + first + x] : 0;
    right_tile[y][x] = column < s.n && first + y < s.k ? right[int64_t{first + y} * s.n + column] : 0;
    __syncthreads();
#pragma unroll
    for (int k = 0; k < kTile; ++k) sum += left_tile[y][k] * right_tile[k][x];
    __syncthreads();  // before the next tiles overwrite these
  }
  if (row < s.m && column < s.n) out[int64_t{row} * s.n + column] = sum;
}

inline void run(const CudaContext& context, const MatmulShape& s, const float* left, const float* right,
                float* out) {
  cuda::launch(matmul_shared_tile_kernel, dim3(cuda::blocks_for(s.n, kTile), cuda::blocks_for(s.m, kTile)),
               dim3(kTile, kTile), 0, context.stream(), s, left, right, out);
}

inline Cost cost(const MatmulShape& s) {
  // A warp, for each tile: two loads and two stores to fill it. For each k: a line of right, and a quarter of
  // a load of left.
  constexpr double kFill = 4.0 / kTile;
  return tiled_cost(s, {.rows = kTile,
                        .columns = kTile,
                        .warps = 32,
                        .instructions = kFill + 1.25 + 1,
                        .wavefronts = kFill + 1.25,
                        .out_wavefronts = 1});
}

}  // namespace nst::kernels::study::matmul::shared_tile
