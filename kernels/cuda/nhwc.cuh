// The loops of kernels that compute each element of an image from its position: neighbouring threads take
// neighbouring channels, so that reads and writes are coalesced whatever the formula gathers.
#pragma once

#include <limits>
#include <stdexcept>

#include "kernels/cuda/context.h"
#include "kernels/cuda/divider.h"
#include "kernels/cuda/elementwise.cuh"
#include "kernels/cuda/launch.cuh"

namespace nst::kernels::cuda {

// As map_kernel, row by row; a block is as wide as the rows need and takes as many of them as it is high.
template <class T, class F>
__global__ void __launch_bounds__(kElementThreads)
    map_rows_kernel(int rows, int length, int64_t stride, T* y, F f) {
  const int first = static_cast<int>(blockIdx.x * blockDim.x) * kElementsPerThread + threadIdx.x;
  for (int row = blockIdx.y * blockDim.y + threadIdx.y; row < rows; row += gridDim.y * blockDim.y) {
    T* const out = y + row * stride;
    T values[kElementsPerThread] = {};
#pragma unroll
    for (int k = 0; k < kElementsPerThread; ++k) {
      const int i = first + k * static_cast<int>(blockDim.x);
      if (i < length) values[k] = f(row, i);
    }
#pragma unroll
    for (int k = 0; k < kElementsPerThread; ++k) {
      const int i = first + k * static_cast<int>(blockDim.x);
      if (i < length) out[i] = values[k];
    }
  }
}

// y[row * stride + i] = f(row, i) for row in [0, rows) and i in [0, length), both below 2^30.
template <class T, class F>
void map_rows(const CudaContext& context, int64_t rows, int64_t length, int64_t stride, T* y, F f) {
  if (rows >= 1 << 30 || length >= 1 << 30) throw std::runtime_error("CUDA: an image with 2^30 rows or more");
  constexpr int64_t kMostBlocks = 65535;  // along y
  unsigned width = 1;
  while (width < kElementThreads && width * kElementsPerThread < length) width *= 2;
  const unsigned height = kElementThreads / width;
  const int64_t down = (rows + height - 1) / height;
  launch(map_rows_kernel<T, F>,
         dim3(blocks_for(length, width * kElementsPerThread),
              static_cast<unsigned>(down < kMostBlocks ? down : kMostBlocks)),
         dim3(width, height), 0, context.stream(), static_cast<int>(rows), static_cast<int>(length), stride,
         y, f);
}

// An element's place in an array (N, H, W, C).
struct Position {
  int image, row, column, channel;
};

// Which position the i-th element of an array (N, H, W, C) of less than 2^31 elements has.
class NhwcIndex {
 public:
  NhwcIndex(int64_t n, int64_t h, int64_t w, int64_t c)
      : count_(n * h * w * c), by_h_(h > 0 ? h : 1), by_w_(w > 0 ? w : 1), by_c_(c > 0 ? c : 1) {
    if (count_ > std::numeric_limits<int>::max()) throw std::runtime_error("CUDA: an image of 2^31 values");
  }
  int64_t count() const { return count_; }
  __device__ Position position(int64_t element) const {
    const int i = static_cast<int>(element), pixel = by_c_.quotient(i), row = by_w_.quotient(pixel),
              image = by_h_.quotient(row);
    return {image, by_h_.remainder(row, image), by_w_.remainder(pixel, row), by_c_.remainder(i, pixel)};
  }

 private:
  int64_t count_;
  Divider by_h_, by_w_, by_c_;
};

// y(at) = f(at) for every position `at` of y (N, H, W, C).
template <class T, class F>
void map_nhwc(const CudaContext& context, int64_t n, int64_t h, int64_t w, int64_t c, T* y, F f) {
  if (n * h * w * c == 0) return;
  const Divider by_h(h), by_c(c);
  map_rows(context, n * h, w * c, w * c, y, [=] __device__(int row, int i) {
    const int image = by_h.quotient(row), column = by_c.quotient(i);
    return f(Position{image, by_h.remainder(row, image), column, by_c.remainder(i, column)});
  });
}

// Where a position of an array (N, H, W, C) lies in it, the image and the channel taken from elsewhere.
struct Strides {
  int64_t image, row, column;
  Strides(int64_t h, int64_t w, int64_t c) : image(h * w * c), row(w * c), column(c) {}
  __device__ int64_t offset(const Position& at, int64_t i, int64_t j) const {
    return at.image * image + i * row + j * column + at.channel;
  }
};

}  // namespace nst::kernels::cuda
