// Idea        Mean and variance in one pass: with d = x - origin, mean = origin + E[d] and variance = E[d^2]
//             - E[d]^2.
// Change      x is read twice instead of three times. The origin is the channel's first pixel: near enough to
//             the mean that the difference of the two terms keeps its digits, which with origin 0 and a mean
//             of a hundred deviations it would not.
// Bottleneck  Latency still, for a quarter fewer bytes.
// Constraints The variance loses digits as the first pixel lies further from the mean: at k deviations, an
//             error of 1 + k^2 roundings.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/instance_norm/column_sum.cuh"
#include "kernels/study/instance_norm/cost.h"

namespace nst::kernels::study::instance_norm::one_pass {

__global__ void __launch_bounds__(kSide* kSide)
    instance_norm_one_pass_kernel(ChannelShape s, const float* __restrict__ x,
                                  const float* __restrict__ gamma_beta, float* __restrict__ out) {
  const int64_t c = int64_t{blockIdx.x} * kSide + threadIdx.x;
  const int64_t start = int64_t{blockIdx.y} * s.pixels * s.c + c;
  // A thread beyond the last channel has no pixels, but meets the others at the barriers.
  const int64_t pixels = c < s.c ? s.pixels : 0;
  const float origin = pixels > 0 ? x[start] : 0;
  float sum = 0, squares = 0;
#pragma unroll kUnroll
  for (int64_t p = threadIdx.y; p < pixels; p += kSide) {
    const float d = x[start + p * s.c] - origin;
    sum += d, squares += d * d;
  }
  const float offset = column_sum(sum) / static_cast<float>(s.pixels), mean = origin + offset;
  const float variance = column_sum(squares) / static_cast<float>(s.pixels) - offset * offset;
  const float inverse = rsqrtf((variance < 0 ? 0 : variance) + kEps);
  if (c >= s.c) return;
  const float scale = gamma_beta[c] * inverse;
#pragma unroll kUnroll
  for (int64_t p = threadIdx.y; p < pixels; p += kSide) {
    out[start + p * s.c] = (x[start + p * s.c] - mean) * scale + gamma_beta[s.c + c];
  }
}

inline void run(const CudaContext& context, const ChannelShape& s, const float* x, const float* gamma_beta,
                float* out) {
  cuda::launch(instance_norm_one_pass_kernel, dim3(cuda::blocks_for(s.c, kSide), static_cast<unsigned>(s.n)),
               dim3(kSide, kSide), 0, context.stream(), s, x, gamma_beta, out);
}

inline Cost cost(const ChannelShape& s) {
  return coalesced_cost(s, 2, static_cast<double>(s.n) * tiles(s.c, kSide), kSide * kSide);
}

}  // namespace nst::kernels::study::instance_norm::one_pass
