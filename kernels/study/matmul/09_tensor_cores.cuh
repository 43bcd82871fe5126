// Idea        mma.sync multiplies 16x8 by 8x8 elements in one instruction of a warp, in TF32: operands
//             rounded to 10 bits of mantissa, sums in float32.
// Change      A warp makes 64x32 as 4 x 4 products of 16x8 (fragments: cuda/ptx.cuh). Tiles are 16 deep, and
//             three: two on their way while one is multiplied. left lies as in memory, its rows padded to 20
//             floats so that ldmatrix reads 8 of them without a conflict; the rows of right are padded by 8,
//             so that the 4x8 elements of a fragment lie in 32 banks.
// Bottleneck  Shared memory: 32 wavefronts for 16 products that take the tensor cores 16 cycles.
// Constraints n and k multiples of 4: each copy is 16 bytes of one row. m up to 2^23. Compute capability 8.0.
//             56 KiB of shared memory.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/ptx.cuh"
#include "kernels/study/matmul/cost.h"

namespace nst::kernels::study::matmul::tensor_cores {

constexpr int kRows = 128, kColumns = 128, kDepth = 16, kStages = 3;
constexpr int kWarpRows = 64, kWarpColumns = 32, kWarpsAcross = kColumns / kWarpColumns;
constexpr int kThreads = 32 * (kRows / kWarpRows) * kWarpsAcross;
constexpr int kMmaRows = 16, kMmaColumns = 8, kMmaDepth = 8;
constexpr int kDown = kWarpRows / kMmaRows, kAcross = kWarpColumns / kMmaColumns;  // products of a warp
constexpr int kLeftPitch = kDepth + 4, kRightPitch = kColumns + 8;
constexpr int kLeftFloats = kRows * kLeftPitch, kStageFloats = kLeftFloats + kDepth * kRightPitch;
constexpr int kCopies = kRows * kDepth / 4 / kThreads;  // by a thread, of 4 elements of each tile
static_assert(kRows == kColumns);

__global__ void __launch_bounds__(kThreads, 2)
    matmul_tensor_cores_kernel(MatmulShape s, const float* left, const float* right, float* out) {
  NST_DYNAMIC_SHARED(float, stages);
  const int first_row = blockIdx.y * kRows, first_column = blockIdx.x * kColumns;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, g = lane / 4, t = lane % 4;
  const int row = warp / kWarpsAcross * kWarpRows, column = warp % kWarpsAcross * kWarpColumns;
  // Called once for each step and kStages - 1 times beyond, in one group of copies each.
  const auto start_copies = [&](int step) {
    const int first = step * kDepth;
    if (first < s.k) {
      float* const left_tile = stages + step % kStages * kStageFloats;
      float* const right_tile = left_tile + kLeftFloats;
#pragma unroll
      for (int copy = 0; copy < kCopies; ++copy) {
        const int e = (copy * kThreads + threadIdx.x) * 4;
        const int r = e / kDepth, left_k = e % kDepth, right_k = e / kColumns, c = e % kColumns;
        const bool in_left = first_row + r < s.m && first + left_k < s.k;
        cuda::cp_async<16>(left_tile + r * kLeftPitch + left_k,
                           in_left ? left + int64_t{first_row + r} * s.k + first + left_k : left, in_left);
        const bool in_right = first + right_k < s.k && first_column + c < s.n;
        cuda::cp_async<16>(right_tile + right_k * kRightPitch + c,
                           in_right ? right + int64_t{first + right_k} * s.n + first_column + c : right,
                           in_right);
      }
    }
    cuda::cp_async_commit();
  };

  for (int step = 0; step < kStages - 1; ++step) start_copies(step);
  float sums[kDown][kAcross][4] = {};
  for (int step = 0; step * kDepth < s.k; ++step) {
    cuda::cp_async_wait<kStages - 2>();
    __syncthreads();
    start_copies(step + kStages - 1);
    const float* const left_tile = stages + step % kStages * kStageFloats;
    const float* const right_tile = left_tile + kLeftFloats;
#pragma unroll
    for (int k = 0; k < kDepth; k += kMmaDepth) {
      uint32_t a[kDown][4], b[kAcross][2];
#pragma unroll
      for (int i = 0; i < kDown; ++i) {
        // Four 8x4 matrices: rows 0-7 and 8-15 of k 0-3, then of k 4-7.
        cuda::ldmatrix_x4(a[i],
                          left_tile + (row + i * kMmaRows + lane % 16) * kLeftPitch + k + lane / 16 * 4);
#pragma unroll
        for (uint32_t& word : a[i]) word = cuda::to_tf32(__uint_as_float(word));
      }
#pragma unroll
      for (int j = 0; j < kAcross; ++j) {
        const float* const at = right_tile + (k + t) * kRightPitch + column + j * kMmaColumns + g;
        b[j][0] = cuda::to_tf32(at[0]);
        b[j][1] = cuda::to_tf32(at[4 * kRightPitch]);
      }
#pragma unroll
      for (int i = 0; i < kDown; ++i) {
#pragma unroll
        for (int j = 0; j < kAcross; ++j) cuda::mma_m16n8k8_tf32(sums[i][j], a[i], b[j]);
      }
    }
  }
#pragma unroll
  for (int i = 0; i < kDown; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int r = first_row + row + i * kMmaRows + half * 8 + g;
      if (r >= s.m) continue;
#pragma unroll
      for (int j = 0; j < kAcross; ++j) {
        const int c = first_column + column + j * kMmaColumns + t * 2;
        if (c >= s.n) continue;
        *reinterpret_cast<float2*>(out + int64_t{r} * s.n + c) =
            make_float2(sums[i][j][half * 2], sums[i][j][half * 2 + 1]);
      }
    }
  }
}

inline void run(const CudaContext& context, const MatmulShape& s, const float* left, const float* right,
                float* out) {
  cuda::launch(matmul_tensor_cores_kernel,
               dim3(cuda::blocks_for(s.n, kColumns), cuda::blocks_for(s.m, kRows)), kThreads,
               sizeof(float) * kStages * kStageFloats, context.stream(), s, left, right, out);
}

inline bool can_run(const MatmulShape& s) { return s.n % 4 == 0 && s.k % 4 == 0; }

inline Cost cost(const MatmulShape& s) {
  // A warp's copies count where they are written, 512 bytes each. For 8 k it then loads its 64 rows of left
  // (4 wavefronts for each ldmatrix) and 8 rows of right, 4 of them for 8 columns at once; rounds each
  // register of a fragment; and multiplies.
  Cost cost =
      tiled_cost(s, {.rows = kRows,
                     .columns = kColumns,
                     .warps = kThreads / 32,
                     .instructions = 2.0 * kCopies / kDepth +
                                     (kDown * (1 + 4.0) + kAcross * (2 + 2) + kDown * kAcross) / kMmaDepth,
                     .wavefronts = 2.0 * kCopies * 4 / kDepth + (kDown * 4.0 + kAcross * 2) / kMmaDepth,
                     .out_wavefronts = kDown * kAcross * 2 * 8});
  cost.tensor_cores = true;
  return cost;
}

}  // namespace nst::kernels::study::matmul::tensor_cores
