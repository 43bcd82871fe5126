// Idea        Make it a matrix product, which the matmul ladder knows how to do: write down, for each pixel,
//             the 9 C inputs that it reads (im2col), and multiply by the weights as they lie.
//
//                    taps and channels, 9 C           K                     K
//                  +----------------------+        +-----+               +-----+
//               p  | 3x3 of pixel 0       |        |     |             p |     |
//               i  | 3x3 of pixel 1       |   x  9 |  w  |     =       i |  y  |
//               x  | ...                  |      C |     |             x |     |
//                  +----------------------+        +-----+               +-----+
// Change      The patch is gone, and with it the 16x8 square: any 128 pixels make a tile. Block: 128 pixels
//             by 64 filters, depth 8; a thread has 8x8 sums, as four 4x4 quarters (conv2d_simt_cuda.cu says
//             why): 4 loads of 16 bytes for 64 FMAs.
// Bottleneck  Memory, for few filters: the matrix is nine times x, written once and read once. 512 filters
//             keep the product busy for longer than that takes.
// Constraints Scratch of 9 C floats a pixel: 604 MB for VGG's conv1_2 at 512 px.
#pragma once

#include "kernels/cuda/conv2d_gemm.cuh"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/study/conv2d/cost.h"

namespace nst::kernels::study::conv2d::im2col {

constexpr int kRows = 128, kColumns = 64, kDepth = 8;  // of a block's tile
constexpr int kSide = 8, kAcross = kColumns / kSide;   // a thread's sums: kSide x kSide
constexpr int kThreads = kRows / kSide * kAcross;

// A left operand says what its element (row, k) is. This one, a matrix in memory, or one of several.
struct MatrixRows {
  const float* matrix;
  int rows, depth;
  __device__ float operator()(int row, int k) const {
    return row < rows && k < depth ? matrix[(int64_t{blockIdx.z} * rows + row) * depth + k] : 0;
  }
};

// out (rows, columns) = left (rows, depth) right (depth, columns), gridDim.z times.
template <class Left>
__global__ void __launch_bounds__(kThreads)
    conv2d_product_kernel(const Left left, int rows, int depth, int columns, const float* right, float* out) {
  NST_SHARED(float, a, [kDepth][kRows + 4]);  // 4 more: its columns are written without conflict
  NST_SHARED(float, b, [kDepth][kColumns]);

  const int across = (columns + kColumns - 1) / kColumns;
  const int first_row = static_cast<int>(blockIdx.x) / across * kRows;
  const int first_column = static_cast<int>(blockIdx.x) % across * kColumns;
  right += int64_t{blockIdx.z} * depth * columns;
  out += int64_t{blockIdx.z} * rows * columns;
  const int row = threadIdx.x / kAcross * 4, column = threadIdx.x % kAcross * 4;

  float sums[kSide][kSide] = {};
  for (int first = 0; first < depth; first += kDepth) {
    const int k = threadIdx.x % kDepth;
#pragma unroll
    for (int i = threadIdx.x / kDepth; i < kRows; i += kThreads / kDepth) {
      a[k][i] = left(first_row + i, first + k);
    }
    const int j = threadIdx.x % kColumns;
#pragma unroll
    for (int d = threadIdx.x / kColumns; d < kDepth; d += kThreads / kColumns) {
      const bool exists = first + d < depth && first_column + j < columns;
      b[d][j] = exists ? right[(first + d) * columns + first_column + j] : 0;
    }
    __syncthreads();
#pragma unroll
    for (int d = 0; d < kDepth; ++d) {
      float u[2][4], v[2][4];
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        cuda::load4(&a[d][row + half * kRows / 2], u[half]);
        cuda::load4(&b[d][column + half * kColumns / 2], v[half]);
      }
#pragma unroll
      for (int i = 0; i < kSide; ++i) {
#pragma unroll
        for (int e = 0; e < kSide; ++e) sums[i][e] += u[i / 4][i % 4] * v[e / 4][e % 4];
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < kSide; ++i) {
    const int r = first_row + row + i / 4 * kRows / 2 + i % 4;
#pragma unroll
    for (int e = 0; e < kSide; ++e) {
      const int c = first_column + column + e / 4 * kColumns / 2 + e % 4;
      if (r < rows && c < columns) out[int64_t{r} * columns + c] = sums[i][e];
    }
  }
}

template <class Left>
void product(const CudaContext& context, const Left& left, int rows, int depth, int columns,
             const float* right, float* out, unsigned products = 1) {
  const unsigned tiles = cuda::blocks_for(rows, kRows) * cuda::blocks_for(columns, kColumns);
  cuda::launch(conv2d_product_kernel<Left>, dim3(tiles, 1, products), kThreads, 0, context.stream(), left,
               rows, depth, columns, right, out);
}

inline void run(const CudaContext& context, const Shape& g, const float* x, const float* w, float* y) {
  const int depth = 9 * g.c;
  float* const matrix = context.scratch<float>(int64_t{g.pixels()} * depth);
  cuda::map(context, int64_t{g.pixels()} * depth, matrix, [=] __device__(int64_t i) {
    const int element = static_cast<int>(i), c = element % g.c, tap = element / g.c % 9;
    const int pixel = element / depth, dh = tap / 3 - 1, dw = tap % 3 - 1;
    const bool exists = cuda::inside(pixel / g.w % g.h + dh, g.h) && cuda::inside(pixel % g.w + dw, g.w);
    return exists ? x[(pixel + dh * g.w + dw) * g.c + c] : 0;
  });
  product(context, MatrixRows{matrix, g.pixels(), depth}, g.pixels(), depth, g.k, w, y);
}

// The product: what its tiles fetch and write, and what its threads load from them. For a step of the depth a
// warp loads two times 4 and two times 8 different float4, a wavefront each, for 64 FMAs. The left tile comes
// from lines of which 8 words are wanted.
inline Cost product_cost(int rows, int depth, int columns) {
  constexpr double kWarps = kThreads / kWarp, kFetched = kRows + kColumns;
  constexpr double kFill = kRows / 8.0 + (kRows + 2 * kColumns) / kWarp;
  const double blocks = tiles(rows, kRows) * tiles(columns, kColumns);
  const double m = rows, k = depth, n = columns;
  return {.flop = 2 * m * k * n,
          .dram_bytes = (m * k + k * n + m * n) * kWord,
          .l2_bytes = (blocks * k * kFetched + m * n) * kWord,
          .shared_bytes = blocks * k * (kWarps * 4 + kFill) * kWavefrontBytes,
          .instructions = blocks * k * (kWarps * (4 + 64) + kFetched * 2 / kWarp),
          .blocks = blocks};
}

// Before the product, x is read nine times, once from memory, and the matrix written.
inline Cost cost(const Shape& g) {
  const Sizes s(g);
  Cost cost = product_cost(g.pixels(), 9 * g.c, g.k);
  cost.dram_bytes += s.x + 9 * s.x;
  cost.l2_bytes += 9 * s.x + 9 * s.x;
  cost.shared_bytes += 9 * s.x + 9 * s.x;
  return cost;
}

}  // namespace nst::kernels::study::conv2d::im2col
