// Reductions within a block and over a whole array, always in the same order: a sum is the same to the bit
// whenever and wherever it runs, and nothing is added by atomics.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"

namespace nst::kernels::cuda {

inline constexpr int kWarp = 32;
inline constexpr unsigned kAllLanes = 0xffffffff;

struct Plus {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};

// combine() of the lanes' values, in lane 0. The whole warp must call.
template <class T, class Combine>
__device__ T warp_reduce(T value, Combine combine) {
#pragma unroll
  for (int offset = kWarp / 2; offset > 0; offset /= 2) {
    value = combine(value, __shfl_down_sync(kAllLanes, value, offset));
  }
  return value;
}

// combine() of the values of a block of kThreads threads (a multiple of 32, one-dimensional), in thread 0.
// All must call; what they wrote to shared memory before is visible to all afterwards.
template <int kThreads, class T, class Combine>
__device__ T block_reduce(T value, Combine combine) {
  static_assert(kThreads % kWarp == 0 && kThreads <= kWarp * kWarp);
  constexpr int kWarps = kThreads / kWarp;
  NST_SHARED(T, partials, [kWarps]);
  const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp;
  value = warp_reduce(value, combine);
  __syncthreads();  // the previous call's partials have been read
  if (lane == 0) partials[warp] = value;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int w = 1; w < kWarps; ++w) value = combine(value, partials[w]);
  }
  return value;
}

inline constexpr int kReduceThreads = 256;
inline constexpr int64_t kReducePerThread = 16;
inline constexpr int64_t kReduceBlocks = 1024;

// partials[b] = combine() of term(i) over the elements that block b takes, a grid apart.
template <class T, class Term, class Combine>
__global__ void __launch_bounds__(kReduceThreads)
    reduce_partials_kernel(int64_t count, T start, Term term, Combine combine, T* partials) {
  T value = start;
  const int64_t stride = int64_t{gridDim.x} * kReduceThreads;
  for (int64_t i = int64_t{blockIdx.x} * kReduceThreads + threadIdx.x; i < count; i += stride) {
    value = combine(value, term(i));
  }
  value = block_reduce<kReduceThreads>(value, combine);
  if (threadIdx.x == 0) partials[blockIdx.x] = value;
}

template <class T, class Combine, class Store>
__global__ void __launch_bounds__(kReduceThreads)
    reduce_total_kernel(int count, T start, const T* partials, Combine combine, Store store) {
  T value = start;
  for (int i = threadIdx.x; i < count; i += kReduceThreads) value = combine(value, partials[i]);
  value = block_reduce<kReduceThreads>(value, combine);
  if (threadIdx.x == 0) store(value);
}

// Calls store(total) in one thread, total being combine() of `start` (which must change nothing) and all
// term(i), i in [0, count). Two launches: a grid whose size depends on `count` alone leaves one partial
// result per block, and one block combines them.
template <class T, class Term, class Combine, class Store>
void reduce(const CudaContext& context, int64_t count, T start, Term term, Combine combine, Store store) {
  const int64_t wanted =
      (count + kReduceThreads * kReducePerThread - 1) / (kReduceThreads * kReducePerThread);
  const auto blocks = static_cast<unsigned>(wanted < kReduceBlocks ? wanted : kReduceBlocks);
  T* const partials = context.scratch<T>(kReduceBlocks);
  launch(reduce_partials_kernel<T, Term, Combine>, blocks, kReduceThreads, 0, context.stream(), count, start,
         term, combine, partials);
  launch(reduce_total_kernel<T, Combine, Store>, 1, kReduceThreads, 0, context.stream(),
         static_cast<int>(blocks), start, partials, combine, store);
}

// *sum = scale * the sum of term(i) over [0, count), taken in double.
template <class T, class Term>
void sum(const CudaContext& context, int64_t count, T scale, Term term, T* sum) {
  reduce(context, count, 0.0, term, Plus{},
         [=] __device__(double total) { *sum = static_cast<T>(scale * total); });
}

}  // namespace nst::kernels::cuda
