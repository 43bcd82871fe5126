// The loop of kernels that compute each element by itself.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"

namespace nst::kernels::cuda {

inline constexpr int kElementThreads = 256;
inline constexpr int kElementsPerThread = 4;

// Each thread takes kElementsPerThread elements, a block's width apart: neighbours read neighbours, and all
// of a thread's loads are under way before its first store, which y, as it may be an input, would otherwise
// forbid.
template <class T, class F>
__global__ void __launch_bounds__(kElementThreads) map_kernel(int64_t count, T* y, F f) {
  const int64_t first = int64_t{blockIdx.x} * (kElementThreads * kElementsPerThread) + threadIdx.x;
  T values[kElementsPerThread];
#pragma unroll
  for (int k = 0; k < kElementsPerThread; ++k) {
    const int64_t i = first + k * kElementThreads;
    if (i < count) values[k] = f(i);
  }
#pragma unroll
  for (int k = 0; k < kElementsPerThread; ++k) {
    const int64_t i = first + k * kElementThreads;
    if (i < count) y[i] = values[k];
  }
}

// y[i] = f(i) for i in [0, count). f may read y[i], and no other element of y.
template <class T, class F>
void map(const CudaContext& context, int64_t count, T* y, F f) {
  launch(map_kernel<T, F>, blocks_for(count, kElementThreads * kElementsPerThread), kElementThreads, 0,
         context.stream(), count, y, f);
}

template <class F>
__global__ void __launch_bounds__(kElementThreads) for_each_kernel(int64_t count, F f) {
  const int64_t i = int64_t{blockIdx.x} * kElementThreads + threadIdx.x;
  if (i < count) f(i);
}

// f(i) for i in [0, count), each in a thread of its own: for what writes several arrays.
template <class F>
void for_each(const CudaContext& context, int64_t count, F f) {
  launch(for_each_kernel<F>, blocks_for(count, kElementThreads), kElementThreads, 0, context.stream(), count,
         f);
}

}  // namespace nst::kernels::cuda
