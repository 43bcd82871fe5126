// Idea        As 01, but the threads of a warp take 32 neighbouring columns of one row.
// Change      Row and column swapped in one line: a warp's loads from right are one whole line of 128 bytes,
//             its load from left is one element for all.
// Bottleneck  L1 still: two wavefronts for each FMA of a warp, and in those two cycles a multiprocessor could
//             do 8.
// Constraints m up to 2^21.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/matmul/cost.h"

namespace nst::kernels::study::matmul::coalesced {

constexpr int kTile = 32;

__global__ void __launch_bounds__(kTile* kTile)
    matmul_coalesced_kernel(MatmulShape s, const float* left, const float* right, float* out) {
  const int row = blockIdx.y * kTile + threadIdx.y, column = blockIdx.x * kTile + threadIdx.x;
  if (row >= s.m || column >= s.n) return;
  float sum = 0;
  for (int k = 0; k < s.k; ++k) sum += left[int64_t{row} * s.k + k] * right[int64_t{k} * s.n + column];
  out[int64_t{row} * s.n + column] = sum;
}

inline void run(const CudaContext& context, const MatmulShape& s, const float* left, const float* right,
                float* out) {
  cuda::launch(matmul_coalesced_kernel, dim3(cuda::blocks_for(s.n, kTile), cuda::blocks_for(s.m, kTile)),
               dim3(kTile, kTile), 0, context.stream(), s, left, right, out);
}

inline Cost cost(const MatmulShape& s) {
  // A warp, for each k: one element of left, one line of right. Its output: one line.
  return tiled_cost(s, {.rows = kTile,
                        .columns = kTile,
                        .warps = 32,
                        .instructions = 3,
                        .wavefronts = 2,
                        .out_wavefronts = 1});
}

}  // namespace nst::kernels::study::matmul::coalesced
