// Idea        256 threads share a channel, and add their sums up in a tree in shared memory.
// Change      Parallel at last, but the lanes of a warp now read one channel of 32 pixels.
// Bottleneck  L2 and L1. A load moves a sector of 32 bytes for each 4 it wants, and a wavefront for each
//             lane. (The other channels of the sector are other blocks', which find it in L2.)
// Constraints c up to 2^31.
#pragma once

#include <algorithm>

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/instance_norm/cost.h"

namespace nst::kernels::study::instance_norm::block_per_channel {

constexpr int kThreads = 256;

// The block's sum, in all threads.
__device__ inline float block_sum(float value) {
  NST_SHARED(float, sums, [kThreads]);
  const int t = threadIdx.x;
  sums[t] = value;
  for (int half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (t < half) sums[t] += sums[t + half];
  }
  __syncthreads();
  const float sum = sums[0];
  __syncthreads();  // before the next call overwrites it
  return sum;
}

__global__ void __launch_bounds__(kThreads)
    instance_norm_block_per_channel_kernel(ChannelShape s, const float* __restrict__ x,
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
  cuda::launch(instance_norm_block_per_channel_kernel,
               dim3(static_cast<unsigned>(s.c), static_cast<unsigned>(s.n)), kThreads, 0, context.stream(), s,
               x, gamma_beta, out);
}

inline Cost cost(const ChannelShape& s) {
  const double channels = static_cast<double>(s.n * s.c), stride = static_cast<double>(s.c);
  // What a lane's element brings along: a sector of its own, or less where its neighbour is in the same one.
  const double bytes = std::min(32.0, 4 * stride), lines = std::min(32.0, stride);
  Cost cost = coalesced_cost(s, 3, channels, kThreads);
  cost.l2_bytes *= bytes / 4;
  cost.shared_bytes = kWavefrontBytes * channels * tiles(s.pixels, 32) * lines * (3 + 1);
  cost.bytes_in_flight *= bytes / 4;
  return cost;
}

}  // namespace nst::kernels::study::instance_norm::block_per_channel
