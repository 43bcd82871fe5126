// One implicit GEMM: what the kernels that evaluate it (conv2d_simt_cuda.cu and its tensor-core variants) are
// given, and what they share.
//   out (rows, columns) = act(left (rows, depth) x matrix (depth, columns) + bias)
#pragma once

#include <type_traits>

#include "kernels/cuda/context.h"
#include "kernels/cuda/conv2d_gather.cuh"

namespace nst::kernels::cuda {

// Where the product's rows go: row (n, i, j) of the gather is pixel (first_h + i*stride, first_w + j*stride)
// of a (height, width) image. With stride 0 row p is simply the p-th.
struct Destination {
  int first_h = 0, first_w = 0, stride = 0, height = 0, width = 0;
};

// Which side of the gather the product's rows are: its pixels (forward, backward to the input), or its taps,
// the pixels being summed over (backward to the weight). Taps that reflect are told apart by the type of
// their kernel.
enum class LeftOperand { pixels, taps, reflected_taps };

template <class T>
struct Gemm {
  LeftOperand left = LeftOperand::pixels;
  Gather gather;
  const T* image;           // what is gathered from
  const T* matrix;          // (depth, columns)
  const T* bias = nullptr;  // (columns), or null
  bool relu = false;
  int rows, depth, columns;
  Destination destination = {};
  // In MathMode::fp16 alone, where it is not null: the largest absolute value of the operand that is a
  // gradient, the image or, of taps, the matrix (half.cuh).
  const T* largest = nullptr;
  T* out = nullptr;

  // Independent products in one launch: image, matrix and out follow each other at these distances.
  int batches = 1;
  int64_t image_stride = 0, matrix_stride = 0;

  // Split-K: the depth is cut into `splits` pieces of depth_per_split (a multiple of kSplitGranularity) and
  // each writes a sum of its own, (batches, splits, rows, columns). Neither bias nor ReLU then.
  int splits = 1;
  int depth_per_split = 0;

  bool split() const { return splits > 1; }
};

inline constexpr int kSplitGranularity = 32;

// Evaluates the product; the order of a sum depends on the shape alone. multiply() chooses by the context's
// math mode; the tensor cores' ask for can_use_vectors().
void multiply_simt(const CudaContext& context, const Gemm<float>& gemm);
void multiply_simt(const CudaContext& context, const Gemm<double>& gemm);
void multiply_tf32(const CudaContext& context, const Gemm<float>& gemm);
void multiply_bf16(const CudaContext& context, const Gemm<float>& gemm);
void multiply_fp16(const CudaContext& context, const Gemm<float>& gemm);

template <class T>
bool is_aligned(const T* memory) {
  return reinterpret_cast<uintptr_t>(memory) % 16 == 0;
}

// Whether every vector of four elements lies in one tap and one row, aligned to 16 bytes.
template <class T>
bool can_use_vectors(const Gemm<T>& g) {
  return g.gather.channels % 4 == 0 && g.columns % 4 == 0 && is_aligned(g.image) && is_aligned(g.matrix) &&
         is_aligned(g.out);
}

// float64 has no tensor-core product here, and shapes that vectors do not fit (VGG's first layer, with a
// depth of 27) would not gain from one.
template <class T>
void multiply(const CudaContext& context, const Gemm<T>& g) {
  if constexpr (std::is_same_v<T, float>) {
    if (can_use_vectors(g)) {
      switch (context.math_mode()) {
        case MathMode::fp32:
          break;
        case MathMode::tf32:
          return multiply_tf32(context, g);
        case MathMode::bf16:
          return multiply_bf16(context, g);
        case MathMode::fp16:
          return multiply_fp16(context, g);
      }
    }
  }
  multiply_simt(context, g);
}

// Launches `kernel` with a block per tile of the product. Tiles of the same rows follow each other, so that
// the gathered image is still in the L2 cache when the next columns read it again.
template <class T, class Kernel>
void launch_tiles(const CudaContext& context, const Gemm<T>& g, int tile_rows, int tile_columns, int threads,
                  size_t shared_bytes, Kernel kernel) {
  const unsigned tiles = blocks_for(g.rows, tile_rows) * blocks_for(g.columns, tile_columns);
  launch(kernel, dim3(tiles, 1, static_cast<unsigned>(g.batches * g.splits)), threads, shared_bytes,
         context.stream(), g);
}

// A block's part of the product: where its tile begins, how many steps along the depth it takes, and the
// operands of its batch and piece.
template <class T>
struct BlockTile {
  int first_row, first_column, first_depth, steps;
  const T *image, *matrix;
  T* out;
};

template <int kTileRows, int kTileColumns, int kTileDepth, class T>
__device__ BlockTile<T> block_tile(const Gemm<T>& g) {
  const int across = (g.columns + kTileColumns - 1) / kTileColumns;
  const int batch = blockIdx.z / g.splits, piece = blockIdx.z % g.splits;
  const int begin = piece * g.depth_per_split;
  const int end = g.splits > 1 ? min(g.depth, begin + g.depth_per_split) : g.depth;
  return {static_cast<int>(blockIdx.x) / across * kTileRows,
          static_cast<int>(blockIdx.x) % across * kTileColumns,
          begin,
          (max(end - begin, 0) + kTileDepth - 1) / kTileDepth,
          g.image + batch * g.image_stride,
          g.matrix + batch * g.matrix_stride,
          g.out + int64_t{blockIdx.z} * g.rows * g.columns};
}

// Where the product's row `row` begins in the output.
template <class T>
__device__ int64_t row_offset(const Gemm<T>& g, int row) {
  const Destination& d = g.destination;
  if (d.stride == 0) return int64_t{row} * g.columns;
  const PixelCursor p(g.gather, row);
  const int64_t h = d.first_h + p.i * d.stride, w = d.first_w + p.j * d.stride;
  return ((p.n * int64_t{d.height} + h) * d.width + w) * g.columns;
}

// Written so that NaN stays NaN.
template <class T>
__host__ __device__ T activated(T value, bool relu) {
  return relu && value < T(0) ? T(0) : value;
}

// Loads and stores of four (two) elements aligned to 16 bytes.
__device__ inline void load4(const float* from, float (&to)[4]) {
  const float4 v = *reinterpret_cast<const float4*>(from);
  to[0] = v.x, to[1] = v.y, to[2] = v.z, to[3] = v.w;
}
__device__ inline void load4(const double* from, double (&to)[4]) {
  const double2 low = *reinterpret_cast<const double2*>(from),
                high = *reinterpret_cast<const double2*>(from + 2);
  to[0] = low.x, to[1] = low.y, to[2] = high.x, to[3] = high.y;
}
__device__ inline void store4(float* to, const float (&v)[4]) {
  *reinterpret_cast<float4*>(to) = make_float4(v[0], v[1], v[2], v[3]);
}
__device__ inline void store4(double* to, const double (&v)[4]) {
  *reinterpret_cast<double2*>(to) = make_double2(v[0], v[1]);
  *reinterpret_cast<double2*>(to + 2) = make_double2(v[2], v[3]);
}

}  // namespace nst::kernels::cuda
