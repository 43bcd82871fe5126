// Idea        A thread makes one element of the output: it walks along a row of left and down a column of
//             right.
// Change      The first rung: nothing is arranged. The threads of a warp take 32 rows of one column.
// Bottleneck  L1. A warp's load from left touches 32 lines, one a row, for 4 bytes each: 33 wavefronts for 32
//             multiplications.
// Constraints n up to 2^21, a grid having 65535 blocks along y.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/matmul/cost.h"

namespace nst::kernels::study::matmul::naive {

constexpr int kTile = 32;

__global__ void __launch_bounds__(kTile* kTile)
    matmul_naive_kernel(MatmulShape s, const float* left, const float* right, float* out) {
  const int row = blockIdx.x * kTile + threadIdx.x, column = blockIdx.y * kTile + threadIdx.y;
  if (row >= s.m || column >= s.n) return;
  float sum = 0;
  for (int k = 0; k < s.k; ++k) sum += left[int64_t{row} * s.k + k] * right[int64_t{k} * s.n + column];
  out[int64_t{row} * s.n + column] = sum;
}

inline void run(const CudaContext& context, const MatmulShape& s, const float* left, const float* right,
                float* out) {
  cuda::launch(matmul_naive_kernel, dim3(cuda::blocks_for(s.m, kTile), cuda::blocks_for(s.n, kTile)),
               dim3(kTile, kTile), 0, context.stream(), s, left, right, out);
}

inline Cost cost(const MatmulShape& s) {
  // A warp, for each k: two loads and an FMA; 32 lines of left, one of right (the same element for all). Its
  // output: 32 lines.
  return tiled_cost(s, {.rows = kTile,
                        .columns = kTile,
                        .warps = 32,
                        .instructions = 3,
                        .wavefronts = 32 + 1,
                        .out_wavefronts = 32});
}

}  // namespace nst::kernels::study::matmul::naive
