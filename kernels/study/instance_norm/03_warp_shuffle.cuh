// Idea        Lanes of a warp hand each other their values: a sum of 32 needs no memory and no barrier.
// Change      The tree in shared memory becomes kernels/cuda/reduce.cuh: 5 shuffles a warp, then 8 values in
//             shared memory; 3 barriers for 10.
// Bottleneck  As 02: the loads. A tree runs once a block, and matters where a channel has few pixels.
// Constraints c up to 2^31.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/reduce.cuh"
#include "kernels/study/instance_norm/02_block_per_channel.cuh"

namespace nst::kernels::study::instance_norm::warp_shuffle {

constexpr int kThreads = 256;

// The block's sum, in all threads.
__device__ inline float block_sum(float value) {
  NST_SHARED(float, sum, [1]);
  value = cuda::block_reduce<kThreads>(value, cuda::Plus{});
  if (threadIdx.x == 0) sum[0] = value;
  __syncthreads();
  return sum[0];  // which the next call overwrites only after a barrier
}

__global__ void __launch_bounds__(kThreads)
    instance_norm_warp_shuffle_kernel(ChannelShape s, const float* __restrict__ x,
                                      const float* __restrict__ gamma_beta, float* __restrict__ out) {
  const int64_t c = blockIdx.x, start = int64_t{blockIdx.y} * s.pixels * s.c + c;
  float sum = 0;
#pragma unroll kUnroll
  for (int64_t p = threadIdx.x; p < s.pixels; p += kThreads) sum += x[start + p * s.c];
  const float mean = block_sum(sum) / static_cast<float>(s.pixels);
  float squares = 0;
#pragma unroll kUnroll
  for (int64_t p = threadIdx.x; p < s.pixels; p += kThreads) {
    const float difference = x[start + p * s.c] - mean;
    squares += difference * difference;
  }
  const float scale = gamma_beta[c] * rsqrtf(block_sum(squares) / static_cast<float>(s.pixels) + kEps);
#pragma unroll kUnroll
  for (int64_t p = threadIdx.x; p < s.pixels; p += kThreads) {
    out[start + p * s.c] = (x[start + p * s.c] - mean) * scale + gamma_beta[s.c + c];
  }
}

inline void run(const CudaContext& context, const ChannelShape& s, const float* x, const float* gamma_beta,
                float* out) {
  cuda::launch(instance_norm_warp_shuffle_kernel,
               dim3(static_cast<unsigned>(s.c), static_cast<unsigned>(s.n)), kThreads, 0, context.stream(), s,
               x, gamma_beta, out);
}

inline Cost cost(const ChannelShape& s) { return block_per_channel::cost(s); }

}  // namespace nst::kernels::study::instance_norm::warp_shuffle
