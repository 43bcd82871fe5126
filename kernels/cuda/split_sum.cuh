// What follows a split-K product: its pieces, (splits, rows, columns), are added in order.
#pragma once

#include "kernels/cuda/conv2d_gemm.cuh"
#include "kernels/cuda/elementwise.cuh"

namespace nst::kernels::cuda {

// Sum of the pieces at element i of the product.
template <class T>
__device__ T sum_of_pieces(const T* pieces, int count, int64_t product, int64_t i) {
  T sum = pieces[i];
  for (int s = 1; s < count; ++s) sum += pieces[s * product + i];
  return sum;
}

// out (rows, columns) = act(sum of the pieces + bias), bias (columns) or null
template <class T>
void add_pieces(const CudaContext& context, const T* pieces, int count, int64_t rows, int columns,
                const T* bias, bool relu, T* out) {
  const int64_t product = rows * columns;
  map(context, product, out, [=] __device__(int64_t i) {
    const T sum = sum_of_pieces(pieces, count, product, i);
    return activated(bias ? sum + bias[i % columns] : sum, relu);
  });
}

}  // namespace nst::kernels::cuda
