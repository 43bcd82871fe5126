// Idea        Let the tensor cores multiply: mma.sync takes a 16x8 by 8x8 product of a warp in one
//             instruction, its operands rounded to TF32 (10 bits of mantissa). They eat faster than registers
//             can be used as a go-between, so cp.async copies global to shared memory in the background.
//
//               tile s     | copy ......... | multiply |
//               tile s + 1            | copy ......... | multiply |       two tiles in shared memory
// Change      Block 128x64 still, depth 16; four warps of 64x32 (cuda/conv2d_mma.cuh). The gather is 06's
//             with running addresses in place of divisions, four channels at a time
//             (cuda/conv2d_gather.cuh). The left tile stays as it is copied, a pixel's taps in a row.
// Bottleneck  L2, then shared memory: 21 FLOP for each byte from L2, where an H100's tensor cores could do
//             49; and 288 wavefronts for the 128 cycles that they take for a step.
// Constraints Channels and filters in multiples of 4, for copies of 16 bytes. Rows are 20 and 72 floats long,
//             so that the elements of a fragment lie in 32 banks. Production: conv2d_tf32_cuda.cu, with a
//             third tile, 128 columns, and ldmatrix.
#pragma once

#include "kernels/cuda/conv2d_mma.cuh"
#include "kernels/study/conv2d/cost.h"

namespace nst::kernels::study::conv2d::tensor_cores {

struct Tile : cuda::MmaTile<64, 16> {
  static constexpr int kLeftPitch = kDepth + 4, kRightPitch = kColumns + 8;
};

// Adds the product of two tiles to the warp's sums, eight steps of the depth at a time.
__device__ inline void multiply_on_tensor_cores(const float (&a)[Tile::kRows][Tile::kLeftPitch],
                                                const float (&b)[Tile::kDepth][Tile::kRightPitch],
                                                const cuda::WarpPosition& at, cuda::WarpSums& sums) {
#pragma unroll
  for (int k = 0; k < Tile::kDepth; k += 8) {
    uint32_t u[cuda::kRowTiles][4], v[cuda::kColumnTiles][2];
#pragma unroll
    for (int i = 0; i < cuda::kRowTiles; ++i) {
      const int row = at.row + i * cuda::kMmaRows + at.g;
#pragma unroll
      for (int e = 0; e < 4; ++e) u[i][e] = cuda::to_tf32(a[row + e % 2 * 8][k + at.t + e / 2 * 4]);
    }
#pragma unroll
    for (int j = 0; j < cuda::kColumnTiles; ++j) {
      const int column = at.column + j * cuda::kMmaColumns + at.g;
#pragma unroll
      for (int e = 0; e < 2; ++e) v[j][e] = cuda::to_tf32(b[k + at.t + e * 4][column]);
    }
#pragma unroll
    for (int i = 0; i < cuda::kRowTiles; ++i) {
#pragma unroll
      for (int j = 0; j < cuda::kColumnTiles; ++j) cuda::mma_m16n8k8_tf32(sums[i][j], u[i], v[j]);
    }
  }
}

__global__ void __launch_bounds__(Tile::kThreads) conv2d_tensor_cores_kernel(const cuda::Gemm<float> g) {
  using Rows = cuda::PixelRows<float, Tile::kRows, Tile::kDepth, Tile::kThreads, true>;
  using Columns = cuda::MatrixColumns<float, Tile::kColumns, Tile::kDepth, Tile::kThreads, true>;
  NST_SHARED(float, a, [2][Tile::kRows][Tile::kLeftPitch]);
  NST_SHARED(float, b, [2][Tile::kDepth][Tile::kRightPitch]);

  const auto tile = cuda::block_tile<Tile::kRows, Tile::kColumns, Tile::kDepth>(g);
  Rows rows(g.gather, tile.image, tile.first_row, 0);
  Columns columns(tile.matrix, g.depth, g.columns, tile.first_column, 0);
  // A copy whose source does not exist, in the border or beyond the matrix, writes zeros.
  const auto start_copies = [&](int buffer) {
    rows.visit(g.gather, [&](int v, int, const float* from, bool exists) {
      cuda::cp_async<16>(&a[buffer][Rows::row(v)][Rows::depth(v)], from, exists);
    });
    columns.visit([&](int v, int, const float* from, bool exists) {
      cuda::cp_async<16>(&b[buffer][Columns::depth(v)][Columns::column(v)], from, exists);
    });
    cuda::cp_async_commit();
    rows.next(g.gather);
    columns.next();
  };

  const auto warp = cuda::warp_position<Tile>();
  cuda::WarpSums sums = {};
  start_copies(0);
  for (int step = 0; step < tile.steps; ++step) {
    cuda::cp_async_wait<0>();
    __syncthreads();  // this step's tiles are there, and the last one's have been read
    if (step + 1 < tile.steps) start_copies((step + 1) % 2);
    multiply_on_tensor_cores(a[step % 2], b[step % 2], warp, sums);
  }
  cuda::write_sums(g, tile, warp, sums);
}

inline bool can_run(const Shape& g) { return g.c % 4 == 0 && g.k % 4 == 0; }

inline void run(const CudaContext& context, const Shape& g, const float* x, const float* w, float* y) {
  const cuda::Gather gather{g.n, g.h, g.w, {-1, 1, 1, 3, g.h}, {-1, 1, 1, 3, g.w}, g.c};
  const cuda::Gemm<float> gemm{.gather = gather,
                               .image = x,
                               .matrix = w,
                               .rows = g.pixels(),
                               .depth = gather.taps(),
                               .columns = g.k,
                               .out = y};
  cuda::launch_tiles(context, gemm, Tile::kRows, Tile::kColumns, Tile::kThreads, 0,
                     conv2d_tensor_cores_kernel);
}

// For 8 steps of the depth a warp loads 4 times 4 words of the left fragments and 4 times 2 of the right
// ones, a wavefront each, rounds them, and multiplies 16 times.
inline Cost cost(const Shape& g) {
  const Sizes s(g);
  constexpr double kWarps = Tile::kThreads / kWarp, kFetched = Tile::kRows + Tile::kColumns;
  constexpr double kLoads = 4 * 4 + 4 * 2, kMmas = 4 * 4, kMmaDepth = 8;
  const double blocks = tiles(g.pixels(), Tile::kRows) * tiles(g.k, Tile::kColumns), depth = 9 * g.c;
  return {.flop = s.flop,
          .dram_bytes = s.once(),
          .l2_bytes = blocks * depth * kFetched * kWord + s.y,
          .shared_bytes = blocks * depth * (kWarps * kLoads / kMmaDepth * kWavefrontBytes + kFetched * kWord),
          .instructions = blocks * depth * (kWarps * (2 * kLoads + kMmas) / kMmaDepth + kFetched / 4 / kWarp),
          .tensor_cores = true,
          .blocks = blocks};
}

}  // namespace nst::kernels::study::conv2d::tensor_cores
