// Idea        A thread makes 8 elements below each other: what it loads of right serves 8 multiplications.
// Change      The sum becomes 8 sums in registers, the block's output 64x64 and the tiles 8 deep.
// Bottleneck  Shared memory: 3 wavefronts for 8 multiplications, two of them for the same 8 elements of left
//             in all lanes.
// Constraints m up to 2^22.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/matmul/cost.h"

namespace nst::kernels::study::matmul::column_per_thread {

constexpr int kRows = 64, kColumns = 64, kDepth = 8;  // of the output, and of a step along k
constexpr int kPerThread = 8;
constexpr int kThreads = kRows / kPerThread * kColumns;
static_assert(kThreads == kRows * kDepth && kThreads == kDepth * kColumns);  // each loads one of each tile

__global__ void __launch_bounds__(kThreads)
    matmul_column_per_thread_kernel(MatmulShape s, const float* left, const float* right, float* out) {
  NST_SHARED(float, left_tile, [kRows][kDepth]);
  NST_SHARED(float, right_tile, [kDepth][kColumns]);
  const int t = threadIdx.x, first_row = blockIdx.y * kRows, first_column = blockIdx.x * kColumns;
  const int row = t / kColumns * kPerThread, column = t % kColumns;  // of this thread's sums, in the tile
  float sums[kPerThread] = {};
  for (int first = 0; first < s.k; first += kDepth) {
    const int r = t / kDepth, left_k = t % kDepth, right_k = t / kColumns, c = t % kColumns;
    left_tile[r][left_k] =
        first_row + r < s.m && first + left_k < s.k ? left[int64_t{first_row + r} * s.k + first + left_k] : 0;
    right_tile[right_k][c] = first + right_k < s.k && first_column + c < s.n
                                 ? right[int64_t{first + right_k} * s.n + first_column + c]
                                 : 0;
    __syncthreads();
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      const float b = right_tile[k][column];
#pragma unroll
      for (int i = 0; i < kPerThread; ++i) sums[i] += left_tile[row + i][k] * b;
    }
    __syncthreads();
  }
  if (first_column + column >= s.n) return;
#pragma unroll
  for (int i = 0; i < kPerThread; ++i) {
    if (first_row + row + i < s.m) out[int64_t{first_row + row + i} * s.n + first_column + column] = sums[i];
  }
}

inline void run(const CudaContext& context, const MatmulShape& s, const float* left, const float* right,
                float* out) {
  cuda::launch(matmul_column_per_thread_kernel,
               dim3(cuda::blocks_for(s.n, kColumns), cuda::blocks_for(s.m, kRows)), kThreads, 0,
               context.stream(), s, left, right, out);
}

inline Cost cost(const MatmulShape& s) {
  // A warp fills the tiles with a load of left from 4 lines, one of right from one, and two stores. For each
  // k it loads a line of right, and 8 elements of left of which 4, for successive k, come at once.
  return tiled_cost(s, {.rows = kRows,
                        .columns = kColumns,
                        .warps = kThreads / 32,
                        .instructions = 4.0 / kDepth + 1 + kPerThread / 4 + kPerThread,
                        .wavefronts = (4 + 1 + 2.0) / kDepth + 1 + kPerThread / 4,
                        .out_wavefronts = kPerThread});
}

}  // namespace nst::kernels::study::matmul::column_per_thread
