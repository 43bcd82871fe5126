// Implicit GEMM in strict float32 (and float64): each multiplication is an FMA of the ordinary cores.
//
// Idea        y = im2col(x) w without the matrix: a block gathers a 128x8 tile of taps straight from x into
//             shared memory, beside an 8x128 tile of the packed weight, and multiplies them.
// Tiling      Block 128x128 (128x64 for 64 columns or fewer), depth 8; each thread 8x8 sums in registers, as
//             four 4x4 quarters half a tile apart, so that a warp's shared loads are 16 bytes wide and free
//             of bank conflicts. The left tile is stored transposed, padded by 4 for the same reason. Two
//             buffers: the next tile is on its way from global memory to registers while this one is
//             multiplied, and a step has one barrier.
// Bytes       A step of a block loads 8 KiB (6 KiB) for 2*128*128*8 FLOP (half): 32 (21) FLOP a byte, from L2
//             mostly, as a pixel is read once for each of its R*S taps. From DRAM: x, w and y once each.
// Rung        study/conv2d/06_implicit_gemm.cuh, with the loads of study/matmul/06_vector_loads.cuh.
// Bottleneck  FMA issue. 64 FMA a thread need four 16-byte shared loads: 16 FMA a load.
// Constraints 128 registers a thread, so that two blocks of 256 threads share a multiprocessor; 168 for the
//             narrow tile's three blocks of 128, which keep more addresses.
#include "kernels/cuda/conv2d_gemm.cuh"

namespace nst::kernels::cuda {
namespace {

template <int kTileRows, int kTileColumns, int kTileDepth, int kThreadSide, int kBlocksAtOnce>
struct Tile {
  static constexpr int kRows = kTileRows, kColumns = kTileColumns, kDepth = kTileDepth;
  static constexpr int kSide = kThreadSide;      // a thread's sums: kSide x kSide
  static constexpr int kBlocks = kBlocksAtOnce;  // that should fit on a multiprocessor: bounds the registers
  static constexpr int kAcross = kColumns / kSide;
  static constexpr int kThreads = kRows / kSide * kAcross;
  // A thread's 4x4 parts lie this far apart.
  static constexpr int kRowStride = kRows * 4 / kSide, kColumnStride = kColumns * 4 / kSide;
};
using LargeTile = Tile<128, 128, 8, 8, 2>;
using NarrowTile = Tile<128, 64, 8, 8, 3>;
using DoubleTile = Tile<32, 32, 8, 4, 4>;  // float64 proves, it need not be fast

// Adds the product of two tiles in shared memory to a thread's sums.
template <class Tile, class T>
__device__ void multiply_tiles(const T (&left)[Tile::kDepth][Tile::kRows + 4],
                               const T (&right)[Tile::kDepth][Tile::kColumns], int row, int column,
                               T (&sums)[Tile::kSide][Tile::kSide]) {
#pragma unroll
  for (int k = 0; k < Tile::kDepth; ++k) {
    T a[Tile::kSide / 4][4], b[Tile::kSide / 4][4];
#pragma unroll
    for (int part = 0; part < Tile::kSide / 4; ++part) {
      load4(&left[k][row + part * Tile::kRowStride], a[part]);
      load4(&right[k][column + part * Tile::kColumnStride], b[part]);
    }
#pragma unroll
    for (int i = 0; i < Tile::kSide; ++i) {
#pragma unroll
      for (int j = 0; j < Tile::kSide; ++j) sums[i][j] += a[i / 4][i % 4] * b[j / 4][j % 4];
    }
  }
}

// Bias, ReLU, and out.
template <class Tile, bool kAligned, class T>
__device__ void write_sums(const Gemm<T>& g, T* to, int row, int column,
                           const T (&sums)[Tile::kSide][Tile::kSide]) {
#pragma unroll
  for (int i = 0; i < Tile::kSide; ++i) {
    const int r = row + i / 4 * Tile::kRowStride + i % 4;
    if (r >= g.rows) continue;
    T* const out = to + row_offset(g, r);
#pragma unroll
    for (int part = 0; part < Tile::kSide / 4; ++part) {
      const int c = column + part * Tile::kColumnStride;
      T values[4];
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        const T bias = g.bias && c + e < g.columns ? g.bias[c + e] : T(0);
        values[e] = activated(sums[i][part * 4 + e] + bias, g.relu);
      }
      if constexpr (kAligned) {
        if (c < g.columns) store4(out + c, values);
      } else {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          if (c + e < g.columns) out[c + e] = values[e];
        }
      }
    }
  }
}

template <class T, class Tile, template <class, int, int, int, bool> class Left, bool kAligned>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocks) conv2d_simt_kernel(const Gemm<T> g) {
  using Rows = Left<T, Tile::kRows, Tile::kDepth, Tile::kThreads, kAligned>;
  using Columns = MatrixColumns<T, Tile::kColumns, Tile::kDepth, Tile::kThreads, kAligned>;
  NST_SHARED(T, left, [2][Tile::kDepth][Tile::kRows + 4]);
  NST_SHARED(T, right, [2][Tile::kDepth][Tile::kColumns]);

  const BlockTile<T> tile = block_tile<Tile::kRows, Tile::kColumns, Tile::kDepth>(g);
  Rows rows(g.gather, tile.image, tile.first_row, tile.first_depth);
  Columns columns(tile.matrix, g.depth, g.columns, tile.first_column, tile.first_depth);
  T a[Rows::kVectors][4], b[Columns::kVectors][4];

  const auto fetch = [](auto& vectors) {
    return [&](int v, int e, const T* at, bool exists) {
      if constexpr (kAligned) {
        vectors[v][0] = vectors[v][1] = vectors[v][2] = vectors[v][3] = T(0);
        if (exists) load4(at, vectors[v]);
      } else {
        vectors[v][e] = exists ? *at : T(0);
      }
    };
  };
  const auto keep = [&](int buffer) {
#pragma unroll
    for (int v = 0; v < Rows::kVectors; ++v) {
      const int r = Rows::row(v), k = Rows::depth(v);
      if constexpr (Rows::kAlongDepth) {
#pragma unroll
        for (int e = 0; e < 4; ++e) left[buffer][k + e][r] = a[v][e];
      } else {
        store4(&left[buffer][k][r], a[v]);
      }
    }
#pragma unroll
    for (int v = 0; v < Columns::kVectors; ++v) {
      store4(&right[buffer][Columns::depth(v)][Columns::column(v)], b[v]);
    }
  };

  if (tile.steps > 0) {
    rows.visit(g.gather, fetch(a));
    columns.visit(fetch(b));
    keep(0);
  }
  __syncthreads();
  const int row = threadIdx.x / Tile::kAcross * 4, column = threadIdx.x % Tile::kAcross * 4;
  T sums[Tile::kSide][Tile::kSide] = {};
  for (int step = 0; step < tile.steps; ++step) {
    const bool more = step + 1 < tile.steps;
    if (more) {
      rows.next(g.gather);
      columns.next();
      rows.visit(g.gather, fetch(a));
      columns.visit(fetch(b));
    }
    multiply_tiles<Tile>(left[step % 2], right[step % 2], row, column, sums);
    if (more) keep((step + 1) % 2);
    __syncthreads();
  }
  write_sums<Tile, kAligned>(g, tile.out, tile.first_row + row, tile.first_column + column, sums);
}

template <class Tile, bool kAligned, template <class, int, int, int, bool> class Left, class T>
void launch_simt(const CudaContext& context, const Gemm<T>& g) {
  launch_tiles(context, g, Tile::kRows, Tile::kColumns, Tile::kThreads, 0,
               conv2d_simt_kernel<T, Tile, Left, kAligned>);
}

template <class Tile, bool kAligned, class T>
void launch_simt(const CudaContext& context, const Gemm<T>& g) {
  if (g.left == LeftOperand::pixels) return launch_simt<Tile, kAligned, PixelRows>(context, g);
  launch_simt<Tile, kAligned, TapRows>(context, g);
}

}  // namespace

void multiply_simt(const CudaContext& context, const Gemm<float>& g) {
  const bool vectors = can_use_vectors(g);
  if (g.left == LeftOperand::reflected_taps) {
    if (!vectors) return launch_simt<NarrowTile, false, ReflectedTapRows>(context, g);
    return launch_simt<NarrowTile, true, ReflectedTapRows>(context, g);
  }
  if (!vectors) return launch_simt<NarrowTile, false>(context, g);
  if (g.columns <= NarrowTile::kColumns) return launch_simt<NarrowTile, true>(context, g);
  launch_simt<LargeTile, true>(context, g);
}

void multiply_simt(const CudaContext& context, const Gemm<double>& g) {
  if (g.left == LeftOperand::reflected_taps) {
    return launch_simt<DoubleTile, false, ReflectedTapRows>(context, g);
  }
  launch_simt<DoubleTile, false>(context, g);
}

}  // namespace nst::kernels::cuda
