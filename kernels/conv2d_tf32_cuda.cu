// Implicit GEMM on the tensor cores in TF32: float32 in memory and in the sums, 10 bits of mantissa in the
// multiplications, within 2e-3 of the largest result.
//
// Idea        conv2d_simt_cuda.cu with mma.sync in place of FMAs, and cp.async in place of a trip through the
//             registers: padding and the tile's ragged edge are copies of no bytes, which write zeros.
// Tiling      Block 128x128 (128x64), depth 16, warps of 64x32 (cuda/conv2d_mma.cuh). Three tiles in shared
//             memory: two on their way while one is multiplied; one barrier a step. The left tile is kept as
//             it lies in memory, pixels x taps with rows of 20 floats, so that ldmatrix reads 8 rows without
//             a bank conflict; taps x pixels and the right tile have rows of 8 more floats than a multiple of
//             32, so that the 4x8 elements of a fragment lie in 32 banks.
// Bytes       A step of a block loads 16 KiB (12 KiB) for 2*128*128*16 FLOP (half): 32 FLOP a byte (21).
// Rung        study/conv2d/07_tensor_cores.cuh, with the tiles of study/matmul/09_tensor_cores.cuh.
// Bottleneck  L2 and shared memory rather than the tensor cores: at 32 FLOP a byte, 156 TFLOP/s (A100) would
//             need 4.9 TB/s from L2.
// Constraints 56 KiB (43 KiB) of shared memory a block; two (three) blocks a multiprocessor, so 128 (168)
//             registers.
#include "kernels/cuda/conv2d_mma.cuh"

namespace nst::kernels::cuda {
namespace {

constexpr int kStages = 3;
constexpr int kStep = 8;  // depth of one mma

// A tile in shared memory: `kLines` lines of `kLength` floats and padding.
template <bool kAlongDepth, class Tile>
struct LeftTile {
  static constexpr int kLines = kAlongDepth ? Tile::kRows : Tile::kDepth;
  static constexpr int kPitch = kAlongDepth ? Tile::kDepth + 4 : Tile::kRows + 8;
  static constexpr int kFloats = kLines * kPitch;
  // Of the element at (row, depth).
  __device__ static int at(int row, int depth) {
    return kAlongDepth ? row * kPitch + depth : depth * kPitch + row;
  }
};
template <class Tile>
struct RightTile {
  static constexpr int kPitch = Tile::kColumns + 8;
  static constexpr int kFloats = Tile::kDepth * kPitch;
  __device__ static int at(int depth, int column) { return depth * kPitch + column; }
};

// The A fragment of rows [row, row + 16) and depths [k, k + 8).
template <bool kAlongDepth, class Tile>
__device__ void load_left(const float* tile, int row, int k, const WarpPosition& w, uint32_t (&a)[4]) {
  using Left = LeftTile<kAlongDepth, Tile>;
  if constexpr (kAlongDepth) {
    // Four 8x4 matrices: rows 0-7 and 8-15 of depths 0-3, then of 4-7.
    ldmatrix_x4(a, tile + Left::at(row + w.lane % 16, k + w.lane / 16 * 4));
#pragma unroll
    for (uint32_t& word : a) word = to_tf32(__uint_as_float(word));
  } else {
#pragma unroll
    for (int r = 0; r < 4; ++r) a[r] = to_tf32(tile[Left::at(row + w.g + r % 2 * 8, k + w.t + r / 2 * 4)]);
  }
}

template <bool kAlongDepth, class Tile>
__device__ void multiply_tiles(const float* left, const float* right, const WarpPosition& w, WarpSums& sums) {
  using Right = RightTile<Tile>;
#pragma unroll
  for (int k = 0; k < Tile::kDepth; k += kStep) {
    uint32_t a[kRowTiles][4], b[kColumnTiles][2];
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
      load_left<kAlongDepth, Tile>(left, w.row + i * kMmaRows, k, w, a[i]);
    }
#pragma unroll
    for (int j = 0; j < kColumnTiles; ++j) {
      const int column = w.column + j * kMmaColumns + w.g;
      b[j][0] = to_tf32(right[Right::at(k + w.t, column)]);
      b[j][1] = to_tf32(right[Right::at(k + w.t + 4, column)]);
    }
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int j = 0; j < kColumnTiles; ++j) mma_m16n8k8_tf32(sums[i][j], a[i], b[j]);
    }
  }
}

template <class Tile, template <class, int, int, int, bool> class Left>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kThreads == 128 ? 3 : 2)
    conv2d_tf32_kernel(const Gemm<float> g) {
  using Rows = Left<float, Tile::kRows, Tile::kDepth, Tile::kThreads, true>;
  using Columns = MatrixColumns<float, Tile::kColumns, Tile::kDepth, Tile::kThreads, true>;
  constexpr int kLeft = LeftTile<Rows::kAlongDepth, Tile>::kFloats;
  constexpr int kStage = kLeft + RightTile<Tile>::kFloats;
  NST_DYNAMIC_SHARED(float, stages);

  const BlockTile<float> tile = block_tile<Tile::kRows, Tile::kColumns, Tile::kDepth>(g);
  Rows rows(g.gather, tile.image, tile.first_row, tile.first_depth);
  Columns columns(tile.matrix, g.depth, g.columns, tile.first_column, tile.first_depth);
  // Starts copying the next tiles; called once for each step and kStages - 1 times beyond, in one group each.
  const auto start_copies = [&](int step) {
    if (step < tile.steps) {
      float* const left = stages + step % kStages * kStage;
      float* const right = left + kLeft;
      rows.visit(g.gather, [&](int v, int, const float* from, bool exists) {
        cp_async<16>(left + LeftTile<Rows::kAlongDepth, Tile>::at(Rows::row(v), Rows::depth(v)), from,
                     exists);
      });
      columns.visit([&](int v, int, const float* from, bool exists) {
        cp_async<16>(right + RightTile<Tile>::at(Columns::depth(v), Columns::column(v)), from, exists);
      });
      rows.next(g.gather);
      columns.next();
    }
    cp_async_commit();
  };

  for (int step = 0; step < kStages - 1; ++step) start_copies(step);
  const WarpPosition warp = warp_position<Tile>();
  WarpSums sums = {};
  for (int step = 0; step < tile.steps; ++step) {
    cp_async_wait<kStages - 2>();
    __syncthreads();  // this step's tiles are there, and the last one's have been read
    start_copies(step + kStages - 1);
    const float* const left = stages + step % kStages * kStage;
    multiply_tiles<Rows::kAlongDepth, Tile>(left, left + kLeft, warp, sums);
  }
  write_sums(g, tile, warp, sums);
}

template <class Tile>
void launch_tf32(const CudaContext& context, const Gemm<float>& g) {
  const auto go = [&](auto kernel, int left_floats) {
    launch_tiles(context, g, Tile::kRows, Tile::kColumns, Tile::kThreads,
                 sizeof(float) * kStages * (left_floats + RightTile<Tile>::kFloats), kernel);
  };
  if (g.left == LeftOperand::pixels)
    return go(conv2d_tf32_kernel<Tile, PixelRows>, LeftTile<true, Tile>::kFloats);
  if (g.left == LeftOperand::reflected_taps)
    return go(conv2d_tf32_kernel<Tile, ReflectedTapRows>, LeftTile<false, Tile>::kFloats);
  go(conv2d_tf32_kernel<Tile, TapRows>, LeftTile<false, Tile>::kFloats);
}

}  // namespace

void multiply_tf32(const CudaContext& context, const Gemm<float>& g) {
  if (g.columns <= 64) return launch_tf32<MmaTile<64, 16>>(context, g);
  launch_tf32<MmaTile<128, 16>>(context, g);
}

}  // namespace nst::kernels::cuda
