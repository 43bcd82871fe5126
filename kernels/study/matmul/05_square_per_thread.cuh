// Idea        A thread makes 8x8 elements: 16 loaded elements serve 64 multiplications.
// Change      8 sums become 8x8, the block's output 128x128, made by 256 threads.
// Bottleneck  Issue slots and shared memory about equally. The lanes of a row read right 32 bytes apart, so
//             that a load of four elements meets each bank twice over: half of its wavefronts are conflicts.
// Constraints m up to 2^23. More than 128 registers, for what is loaded of left at once: one block a
//             multiprocessor.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/matmul/cost.h"

namespace nst::kernels::study::matmul::square_per_thread {

constexpr int kRows = 128, kColumns = 128, kDepth = 8;
constexpr int kSide = 8;  // of a thread's square
constexpr int kAcross = kColumns / kSide;
constexpr int kThreads = kRows / kSide * kAcross;
static_assert(kRows == kColumns);
constexpr int kLoads = kRows * kDepth / kThreads;  // by a thread, of each tile

__global__ void __launch_bounds__(kThreads)
    matmul_square_per_thread_kernel(MatmulShape s, const float* left, const float* right, float* out) {
  NST_SHARED(float, left_tile, [kRows][kDepth]);
  NST_SHARED(float, right_tile, [kDepth][kColumns]);
  const int first_row = blockIdx.y * kRows, first_column = blockIdx.x * kColumns;
  const int row = threadIdx.x / kAcross * kSide, column = threadIdx.x % kAcross * kSide;
  float sums[kSide][kSide] = {};
  for (int first = 0; first < s.k; first += kDepth) {
#pragma unroll
    for (int load = 0; load < kLoads; ++load) {
      const int t = load * kThreads + threadIdx.x;
      const int r = t / kDepth, left_k = t % kDepth, right_k = t / kColumns, c = t % kColumns;
      left_tile[r][left_k] = first_row + r < s.m && first + left_k < s.k
                                 ? left[int64_t{first_row + r} * s.k + first + left_k]
                                 : 0;
      right_tile[right_k][c] = first + right_k < s.k && first_column + c < s.n
                                   ? right[int64_t{first + right_k} * s.n + first_column + c]
                                   : 0;
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      float a[kSide], b[kSide];
#pragma unroll
      for (int i = 0; i < kSide; ++i) a[i] = left_tile[row + i][k], b[i] = right_tile[k][column + i];
#pragma unroll
      for (int i = 0; i < kSide; ++i) {
#pragma unroll
        for (int j = 0; j < kSide; ++j) sums[i][j] += a[i] * b[j];
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < kSide; ++i) {
    const int r = first_row + row + i;
    if (r >= s.m) continue;
#pragma unroll
    for (int j = 0; j < kSide; ++j) {
      const int c = first_column + column + j;
      if (c < s.n) out[int64_t{r} * s.n + c] = sums[i][j];
    }
  }
}

inline void run(const CudaContext& context, const MatmulShape& s, const float* left, const float* right,
                float* out) {
  cuda::launch(matmul_square_per_thread_kernel,
               dim3(cuda::blocks_for(s.n, kColumns), cuda::blocks_for(s.m, kRows)), kThreads, 0,
               context.stream(), s, left, right, out);
}
inline Cost cost(const MatmulShape& s) {
  // A warp fills the tiles as in 04, four times. For each k it loads 8 elements of right as two fours, 16
  // lanes apart by 32 bytes: 4 wavefronts each, where the 256 bytes would fit in two. Of left, 8 elements of
  // which 4, for successive k, come at once: two rows in the same banks, 2 wavefronts.
  return tiled_cost(s, {.rows = kRows,
                        .columns = kColumns,
                        .warps = kThreads / 32,
                        .instructions = kLoads * 4.0 / kDepth + 2 + kSide / 4 + kSide * kSide,
                        .wavefronts = kLoads * (4 + 1 + 2.0) / kDepth + 2 * 4 + kSide / 4 * 2,
                        .out_wavefronts = kSide * kSide * 8});
}

}  // namespace nst::kernels::study::matmul::square_per_thread
