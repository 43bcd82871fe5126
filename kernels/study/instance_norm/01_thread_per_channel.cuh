// Idea        A thread takes a channel of an image and walks over its pixels three times: mean, variance,
//             out.
// Change      The first rung. NHWC makes it coalesced: a warp reads 32 neighbouring channels of a pixel.
// Bottleneck  Latency. N*C threads wait for a few loads each: some KiB on their way, where the memory of an
//             H100 wants more than half a MiB.
// Constraints Float sums of all pixels in a row: their rounding grows with the number of pixels.
#pragma once

#include <algorithm>

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/instance_norm/cost.h"

namespace nst::kernels::study::instance_norm::thread_per_channel {

constexpr int kThreads = 128;

__global__ void __launch_bounds__(kThreads)
    instance_norm_thread_per_channel_kernel(ChannelShape s, const float* __restrict__ x,
                                            const float* __restrict__ gamma_beta, float* __restrict__ out) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= s.n * s.c) return;
  const int64_t c = i % s.c, start = i / s.c * s.pixels * s.c + c;
  float sum = 0;
#pragma unroll kUnroll
  for (int64_t p = 0; p < s.pixels; ++p) sum += x[start + p * s.c];
  const float mean = sum / static_cast<float>(s.pixels);
  float squares = 0;
#pragma unroll kUnroll
  for (int64_t p = 0; p < s.pixels; ++p) {
    const float difference = x[start + p * s.c] - mean;
    squares += difference * difference;
  }
  const float scale = gamma_beta[c] * rsqrtf(squares / static_cast<float>(s.pixels) + kEps);
#pragma unroll kUnroll
  for (int64_t p = 0; p < s.pixels; ++p) {
    out[start + p * s.c] = (x[start + p * s.c] - mean) * scale + gamma_beta[s.c + c];
  }
}

inline void run(const CudaContext& context, const ChannelShape& s, const float* x, const float* gamma_beta,
                float* out) {
  cuda::launch(instance_norm_thread_per_channel_kernel, cuda::blocks_for(s.n * s.c, kThreads), kThreads, 0,
               context.stream(), s, x, gamma_beta, out);
}

inline Cost cost(const ChannelShape& s) {
  return coalesced_cost(s, 3, tiles(s.n * s.c, kThreads), std::min<double>(kThreads, s.n * s.c));
}

}  // namespace nst::kernels::study::instance_norm::thread_per_channel
