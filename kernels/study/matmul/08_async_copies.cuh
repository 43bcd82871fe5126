// Idea        The next tiles travel to shared memory while these are multiplied, and pass no registers.
// Change      Two buffers and cp.async. A step has one barrier instead of two, and no thread waits for what
//             it has just asked for. left is copied element by element, which turns it on the way.
// Bottleneck  Issue slots, now for long stretches at a time: in 07 nothing is issued while both blocks of a
//             multiprocessor wait for memory.
// Constraints n a multiple of 4, m up to 2^23; 128 registers, for two blocks a multiprocessor. Compute
//             capability 8.0: cp.async.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/ptx.cuh"
#include "kernels/study/matmul/cost.h"

namespace nst::kernels::study::matmul::async_copies {

constexpr int kRows = 128, kColumns = 128, kDepth = 8;
constexpr int kSide = 8, kQuarter = 4;
constexpr int kThreads = kRows / kSide * (kColumns / kSide);
// A warp's threads, and what they make.
constexpr int kLanesDown = 4, kLanesAcross = 8;
constexpr int kWarpRows = kLanesDown * kSide, kWarpColumns = kLanesAcross * kSide;
constexpr int kWarpsAcross = kColumns / kWarpColumns;
static_assert(kThreads * 4 == kDepth * kColumns);  // a thread copies four of right

__global__ void __launch_bounds__(kThreads, 2)
    matmul_async_copies_kernel(MatmulShape s, const float* left, const float* right, float* out) {
  NST_SHARED(float, left_tile, [2][kDepth][kRows + 4]);
  NST_SHARED(float, right_tile, [2][kDepth][kColumns]);
  const int t = threadIdx.x, first_row = blockIdx.y * kRows, first_column = blockIdx.x * kColumns;
  const int warp = t / 32, lane = t % 32;
  const int row = warp / kWarpsAcross * kWarpRows + lane / kLanesAcross * kQuarter,
            column = warp % kWarpsAcross * kWarpColumns + lane % kLanesAcross * kQuarter;
  constexpr int kRowStride = kWarpRows / 2, kColumnStride = kWarpColumns / 2;  // from a quarter to the next
  // What this thread copies: of left, one element of each 32nd row; of right, four of one row.
  constexpr int kRowsApart = kThreads / kDepth;
  const int left_row = t / kDepth, left_k = t % kDepth, right_k = t * 4 / kColumns, c = t * 4 % kColumns;
  const float *next_left = left + int64_t{first_row + left_row} * s.k + left_k,
              *next_right = right + int64_t{right_k} * s.n + first_column + c;
  const auto start_copies = [&](int first, int buffer) {  // a copy of what is not there writes zeros
#pragma unroll
    for (int i = 0; i < kRows; i += kRowsApart) {
      cuda::cp_async<4>(&left_tile[buffer][left_k][left_row + i], next_left + int64_t{i} * s.k,
                        first_row + left_row + i < s.m && first + left_k < s.k);
    }
    cuda::cp_async<16>(&right_tile[buffer][right_k][c], next_right,
                       first + right_k < s.k && first_column + c < s.n);
    cuda::cp_async_commit();
    next_left += kDepth, next_right += int64_t{kDepth} * s.n;
  };

  float sums[kSide][kSide] = {};
  start_copies(0, 0);
  for (int first = 0, buffer = 0; first < s.k; first += kDepth, buffer ^= 1) {
    cuda::cp_async_wait<0>();
    __syncthreads();  // these tiles are there for all, and all have read the ones before
    if (first + kDepth < s.k) start_copies(first + kDepth, buffer ^ 1);
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      float a[kSide], b[kSide];
#pragma unroll
      for (int i = 0; i < kSide; ++i) {
        a[i] = left_tile[buffer][k][row + i / kQuarter * kRowStride + i % kQuarter];
        b[i] = right_tile[buffer][k][column + i / kQuarter * kColumnStride + i % kQuarter];
      }
#pragma unroll
      for (int i = 0; i < kSide; ++i) {
#pragma unroll
        for (int j = 0; j < kSide; ++j) sums[i][j] += a[i] * b[j];
      }
    }
  }
#pragma unroll
  for (int i = 0; i < kSide; ++i) {
    const int r = first_row + row + i / kQuarter * kRowStride + i % kQuarter;
    if (r >= s.m) continue;
#pragma unroll
    for (int j = 0; j < kSide; j += kQuarter) {
      const int c = first_column + column + j / kQuarter * kColumnStride;
      if (c >= s.n) continue;
      *reinterpret_cast<float4*>(out + int64_t{r} * s.n + c) =
          make_float4(sums[i][j], sums[i][j + 1], sums[i][j + 2], sums[i][j + 3]);
    }
  }
}

inline void run(const CudaContext& context, const MatmulShape& s, const float* left, const float* right,
                float* out) {
  cuda::launch(matmul_async_copies_kernel,
               dim3(cuda::blocks_for(s.n, kColumns), cuda::blocks_for(s.m, kRows)), kThreads, 0,
               context.stream(), s, left, right, out);
}

inline bool can_run(const MatmulShape& s) { return s.n % 4 == 0; }

inline Cost cost(const MatmulShape& s) {
  // A warp fills the tiles with four copies from 4 lines of left to 32 banks, and one of right, which passes
  // L1 by and counts where it is written. The rest is as in 07.
  return tiled_cost(s, {.rows = kRows,
                        .columns = kColumns,
                        .warps = kThreads / 32,
                        .instructions = (4 + 1.0) / kDepth + 4 + kSide * kSide,
                        .wavefronts = (4 * (4 + 1) + 4.0) / kDepth + 2 * 1 + 2 * 1,
                        .out_wavefronts = kSide * 2 * 4});
}

}  // namespace nst::kernels::study::matmul::async_copies
