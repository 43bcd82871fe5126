// Implicit GEMM on the tensor cores in 16 bits: float32 in memory and in the sums, in the multiplications 7
// bits of mantissa (bf16, within 2e-2 of the largest result) or 10 (fp16, within 2e-3; cuda/half.cuh).
//
// Idea        conv2d_tf32_cuda.cu at twice the depth per mma. Tensors are float32, so a tile passes through
//             the registers on its way to shared memory and is rounded there once, rather than by each of the
//             2 to 4 warps that read it; shared memory then holds and serves half the bytes.
// Tiling      Block 128x128 (128x64), depth 32, warps of 64x32 (cuda/conv2d_mma.cuh). Two buffers, as in
//             conv2d_simt_cuda.cu. All fragments come from ldmatrix, of either tile as it lies in memory: the
//             transposing form reads what does not run along the depth. Rows are padded by 16 bytes, so that
//             8 of them lie in different banks.
//             fp16 of a gradient: it is scaled on that way too, and the sums back in the end.
// Bytes       A step of a block loads 32 KiB (24 KiB) for 2*128*128*32 FLOP (half): as TF32, 32 FLOP a byte
//             (21).
// Rung        study/conv2d/07_tensor_cores.cuh, in 16 bits.
// Bottleneck  L2: the tensor cores are twice as fast as with TF32, what feeds them is not. bf16 tensors in
//             memory would lift that.
// Constraints Some 150 registers (the narrow tile 210), as 32 (48) words of the next tile are under way
//             beside 64 sums and the fragments: one block of 256 threads (two of 128) a multiprocessor.
#include "kernels/cuda/conv2d_mma.cuh"
#include "kernels/cuda/half.cuh"

namespace nst::kernels::cuda {
namespace {

constexpr int kStep = 16;    // depth of one mma
constexpr int kPadding = 8;  // elements

// A fragment's four 8x8 matrices, in order: two of a half of the depth, then two of the other.
template <bool kAlongDepth, int kPitch>
__device__ void load_fragment(const uint16_t* tile, int first, int k, int lane, uint32_t (&words)[4]) {
  if constexpr (kAlongDepth) {
    ldmatrix_x4(words, tile + (first + lane % 16) * kPitch + k + lane / 16 * 8);
  } else {
    ldmatrix_x4_trans(words, tile + (k + lane / 16 * 8 + lane % 8) * kPitch + first + lane / 8 % 2 * 8);
  }
}

template <class Half, class Tile, template <class, int, int, int, bool> class Left>
__global__ void __launch_bounds__(Tile::kThreads, 256 / Tile::kThreads)
    conv2d_half_kernel(const Gemm<float> g) {
  using Rows = Left<float, Tile::kRows, Tile::kDepth, Tile::kThreads, true>;
  using Columns = MatrixColumns<float, Tile::kColumns, Tile::kDepth, Tile::kThreads, true>;
  constexpr bool kAlongDepth = Rows::kAlongDepth;
  constexpr int kLeftLines = kAlongDepth ? Tile::kRows : Tile::kDepth;
  constexpr int kLeftPitch = (kAlongDepth ? Tile::kDepth : Tile::kRows) + kPadding;
  constexpr int kRightPitch = Tile::kColumns + kPadding;
  NST_SHARED(uint16_t, left, [2][kLeftLines * kLeftPitch]);
  NST_SHARED(uint16_t, right, [2][Tile::kDepth * kRightPitch]);

  const BlockTile<float> tile = block_tile<Tile::kRows, Tile::kColumns, Tile::kDepth>(g);
  Rows rows(g.gather, tile.image, tile.first_row, tile.first_depth);
  Columns columns(tile.matrix, g.depth, g.columns, tile.first_column, tile.first_depth);
  float a[Rows::kVectors][4], b[Columns::kVectors][4];

  const auto fetch = [](auto& vectors) {
    return [&](int v, int, const float* at, bool exists) {
      vectors[v][0] = vectors[v][1] = vectors[v][2] = vectors[v][3] = 0;
      if (exists) load4(at, vectors[v]);
    };
  };
  // Of the gradient among the operands: forward and backward to the input the gathered one, as those have
  // PixelRows.
  const PowerOfTwo scale = Half::kMode == MathMode::fp16 ? fp16_scale(g.largest) : PowerOfTwo{};
  const auto keep_vector = [&](uint16_t* to, const float(&v)[4], bool scales) {
    const float factor = scales && Half::kMode == MathMode::fp16 ? scale.factor : 1;
    *reinterpret_cast<uint2*>(to) =
        make_uint2(Half::pack(v[0] * factor, v[1] * factor), Half::pack(v[2] * factor, v[3] * factor));
  };
  const auto keep = [&](int buffer) {
#pragma unroll
    for (int v = 0; v < Rows::kVectors; ++v) {
      const int line = kAlongDepth ? Rows::row(v) : Rows::depth(v);
      const int place = kAlongDepth ? Rows::depth(v) : Rows::row(v);
      keep_vector(&left[buffer][line * kLeftPitch + place], a[v], kAlongDepth);
    }
#pragma unroll
    for (int v = 0; v < Columns::kVectors; ++v) {
      keep_vector(&right[buffer][Columns::depth(v) * kRightPitch + Columns::column(v)], b[v], !kAlongDepth);
    }
  };

  if (tile.steps > 0) {
    rows.visit(g.gather, fetch(a));
    columns.visit(fetch(b));
    keep(0);
  }
  __syncthreads();
  const WarpPosition warp = warp_position<Tile>();
  WarpSums sums = {};
  for (int step = 0; step < tile.steps; ++step) {
    const bool more = step + 1 < tile.steps;
    if (more) {
      rows.next(g.gather);
      columns.next();
      rows.visit(g.gather, fetch(a));
      columns.visit(fetch(b));
    }
#pragma unroll
    for (int k = 0; k < Tile::kDepth; k += kStep) {
      uint32_t right_words[kColumnTiles / 2][4];  // of two neighbouring 16x8 fragments
#pragma unroll
      for (int j = 0; j < kColumnTiles / 2; ++j) {
        load_fragment<false, kRightPitch>(right[step % 2], warp.column + j * 2 * kMmaColumns, k, warp.lane,
                                          right_words[j]);
      }
#pragma unroll
      for (int i = 0; i < kRowTiles; ++i) {
        uint32_t left_words[4];
        load_fragment<kAlongDepth, kLeftPitch>(left[step % 2], warp.row + i * kMmaRows, k, warp.lane,
                                               left_words);
#pragma unroll
        for (int j = 0; j < kColumnTiles; ++j) {
          const uint32_t fragment[2] = {right_words[j / 2][j % 2], right_words[j / 2][j % 2 + 2]};
          Half::multiply(sums[i][j], left_words, fragment);
        }
      }
    }
    if (more) keep((step + 1) % 2);
    __syncthreads();
  }
  write_sums(g, tile, warp, sums, scale.inverse);
}

template <class Half, class Tile>
void launch_half(const CudaContext& context, const Gemm<float>& g) {
  const auto go = [&](auto kernel) {
    launch_tiles(context, g, Tile::kRows, Tile::kColumns, Tile::kThreads, 0, kernel);
  };
  switch (g.left) {
    case LeftOperand::pixels:
      return go(conv2d_half_kernel<Half, Tile, PixelRows>);
    case LeftOperand::taps:
      return go(conv2d_half_kernel<Half, Tile, TapRows>);
    case LeftOperand::reflected_taps:
      return go(conv2d_half_kernel<Half, Tile, ReflectedTapRows>);
  }
}

template <class Half>
void multiply_half(const CudaContext& context, const Gemm<float>& g) {
  if (g.columns <= 64) return launch_half<Half, MmaTile<64, 32>>(context, g);
  launch_half<Half, MmaTile<128, 32>>(context, g);
}

}  // namespace

void multiply_bf16(const CudaContext& context, const Gemm<float>& g) { multiply_half<Bf16>(context, g); }
void multiply_fp16(const CudaContext& context, const Gemm<float>& g) { multiply_half<Fp16>(context, g); }

}  // namespace nst::kernels::cuda
