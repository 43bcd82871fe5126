// What the tensor-core products (conv2d_tf32_cuda.cu, conv2d_half_cuda.cu) share: how a block's tile is dealt
// to its warps, and the epilogue.
//
//   block 128 x kColumns, warps of 64 x 32:      warp, 4 x 4 products of 16x8 (fragments: ptx.cuh)
//     +----+----+----+----+                        +--+--+--+--+
//     | w0 | w1 | w2 | w3 |                        |  |  |  |  | 16
//     +----+----+----+----+  128                   |  |  |  |  |
//     | w4 | w5 | w6 | w7 |                        |  |  |  |  |
//     +----+----+----+----+                        +--+--+--+--+
//             128                                    8  8  8  8
#pragma once

#include "kernels/cuda/conv2d_gemm.cuh"
#include "kernels/cuda/ptx.cuh"

namespace nst::kernels::cuda {

inline constexpr int kWarpRows = 64, kWarpColumns = 32;  // of the product, per warp
inline constexpr int kMmaRows = 16, kMmaColumns = 8;
inline constexpr int kRowTiles = kWarpRows / kMmaRows, kColumnTiles = kWarpColumns / kMmaColumns;

template <int kTileColumns, int kTileDepth>
struct MmaTile {
  static constexpr int kRows = 128, kColumns = kTileColumns, kDepth = kTileDepth;
  static constexpr int kWarpsAcross = kColumns / kWarpColumns;
  static constexpr int kThreads = 32 * kWarpsAcross * (kRows / kWarpRows);
};

// Where this thread's warp works in the block's tile, and the lane's place in a fragment.
struct WarpPosition {
  int row, column, lane, g, t;
};
template <class Tile>
__device__ WarpPosition warp_position() {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  return {warp / Tile::kWarpsAcross * kWarpRows, warp % Tile::kWarpsAcross * kWarpColumns, lane, lane / 4,
          lane % 4};
}

using WarpSums = float[kRowTiles][kColumnTiles][4];

// Scale, bias, ReLU, and out: a quad of lanes writes 32 neighbouring bytes.
__device__ inline void write_sums(const Gemm<float>& g, const BlockTile<float>& tile, const WarpPosition& at,
                                  const WarpSums& sums, float scale = 1) {
#pragma unroll
  for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = tile.first_row + at.row + i * kMmaRows + half * 8 + at.g;
      if (row >= g.rows) continue;
      float* const out = tile.out + row_offset(g, row);
#pragma unroll
      for (int j = 0; j < kColumnTiles; ++j) {
        const int column = tile.first_column + at.column + j * kMmaColumns + at.t * 2;
        if (column >= g.columns) continue;
        const float2 bias = g.bias ? make_float2(g.bias[column], g.bias[column + 1]) : make_float2(0, 0);
        *reinterpret_cast<float2*>(out + column) =
            make_float2(activated(sums[i][j][half * 2] * scale + bias.x, g.relu),
                        activated(sums[i][j][half * 2 + 1] * scale + bias.y, g.relu));
      }
    }
  }
}

}  // namespace nst::kernels::cuda
