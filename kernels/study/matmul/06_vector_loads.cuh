// Idea        Everything moves four elements at a time: from global memory, out of shared memory, and back.
// Change      A thread loads one float4 of each matrix. The tile of left is stored with k across, so that 8
//             rows of one k are two loads; its rows are padded by 4, so that the stores that turn it meet
//             each bank once. A thread's square is four 4x4 quarters half a tile apart, so that the lanes of
//             a row read right side by side: no conflicts.
// Bottleneck  Issue slots. For each k a warp issues 64 FMAs and 5 loads and stores: 17 cycles of a
//             multiprocessor, whose shared memory is done in 10.
// Constraints n and k multiples of 4: a float4 is aligned to 16 bytes and lies in one row. m up to 2^23. 128
//             registers, so that two blocks share a multiprocessor.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/matmul/cost.h"

namespace nst::kernels::study::matmul::vector_loads {

constexpr int kRows = 128, kColumns = 128, kDepth = 8;
constexpr int kSide = 8, kQuarter = 4;
constexpr int kAcross = kColumns / kSide;
constexpr int kThreads = kRows / kSide * kAcross;
static_assert(kRows == kColumns && kThreads * 4 == kRows * kDepth);  // a thread loads four of each tile

__global__ void __launch_bounds__(kThreads, 2)
    matmul_vector_loads_kernel(MatmulShape s, const float* left, const float* right, float* out) {
  NST_SHARED(float, left_tile, [kDepth][kRows + 4]);
  NST_SHARED(float, right_tile, [kDepth][kColumns]);
  const int t = threadIdx.x, first_row = blockIdx.y * kRows, first_column = blockIdx.x * kColumns;
  const int row = t / kAcross * kQuarter, column = t % kAcross * kQuarter;
  constexpr int kRowStride = kRows / 2, kColumnStride = kColumns / 2;  // from a quarter to the next
  const float4 zeros = make_float4(0, 0, 0, 0);
  float sums[kSide][kSide] = {};
  for (int first = 0; first < s.k; first += kDepth) {
    const int r = t * 4 / kDepth, left_k = t * 4 % kDepth, right_k = t * 4 / kColumns, c = t * 4 % kColumns;
    const float4 a4 =
        first_row + r < s.m && first + left_k < s.k
            ? *reinterpret_cast<const float4*>(left + int64_t{first_row + r} * s.k + first + left_k)
            : zeros;
    left_tile[left_k][r] = a4.x, left_tile[left_k + 1][r] = a4.y;
    left_tile[left_k + 2][r] = a4.z, left_tile[left_k + 3][r] = a4.w;
    *reinterpret_cast<float4*>(&right_tile[right_k][c]) =
        first + right_k < s.k && first_column + c < s.n
            ? *reinterpret_cast<const float4*>(right + int64_t{first + right_k} * s.n + first_column + c)
            : zeros;
    __syncthreads();
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      float a[kSide], b[kSide];
#pragma unroll
      for (int i = 0; i < kSide; ++i) {
        a[i] = left_tile[k][row + i / kQuarter * kRowStride + i % kQuarter];
        b[i] = right_tile[k][column + i / kQuarter * kColumnStride + i % kQuarter];
      }
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
  cuda::launch(matmul_vector_loads_kernel,
               dim3(cuda::blocks_for(s.n, kColumns), cuda::blocks_for(s.m, kRows)), kThreads, 0,
               context.stream(), s, left, right, out);
}

inline bool can_run(const MatmulShape& s) { return s.n % 4 == 0 && s.k % 4 == 0; }

inline Cost cost(const MatmulShape& s) {
  // A warp fills the tiles with a load from 16 lines of left and one of 4 lines of right, four stores of a
  // wavefront and one of four. For each k: of left two fours of 32 bytes, of right two of 256.
  return tiled_cost(s, {.rows = kRows,
                        .columns = kColumns,
                        .warps = kThreads / 32,
                        .instructions = (1 + 1 + 4 + 1.0) / kDepth + 4 + kSide * kSide,
                        .wavefronts = (16 + 4 + 4 + 4.0) / kDepth + 2 * 1 + 2 * 2,
                        .out_wavefronts = kSide * 2 * 4});
}

}  // namespace nst::kernels::study::matmul::vector_loads
