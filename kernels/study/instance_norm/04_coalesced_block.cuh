// Idea        A block takes 32 channels by 32 pixels at once: coalesced as 01, parallel as 03.
// Change      Lanes are channels again and the block's 32 warps take pixels in turn; the sums over the warps
//             go through shared memory once (column_sum.cuh).
// Bottleneck  Latency, with N*C/32 blocks: at C = 64 two multiprocessors work and 130 of an H100 look on.
// Constraints None.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/instance_norm/column_sum.cuh"
#include "kernels/study/instance_norm/cost.h"

namespace nst::kernels::study::instance_norm::coalesced_block {

__global__ void __launch_bounds__(kSide* kSide)
    instance_norm_coalesced_block_kernel(ChannelShape s, const float* __restrict__ x,
                                         const float* __restrict__ gamma_beta, float* __restrict__ out) {
  const int64_t c = int64_t{blockIdx.x} * kSide + threadIdx.x;
  const int64_t start = int64_t{blockIdx.y} * s.pixels * s.c + c;
  // A thread beyond the last channel has no pixels, but meets the others at the barriers.
  const int64_t pixels = c < s.c ? s.pixels : 0;
  float sum = 0;
#pragma unroll kUnroll
  for (int64_t p = threadIdx.y; p < pixels; p += kSide) sum += x[start + p * s.c];
  const float mean = column_sum(sum) / static_cast<float>(s.pixels);
  float squares = 0;
#pragma unroll kUnroll
  for (int64_t p = threadIdx.y; p < pixels; p += kSide) {
    const float difference = x[start + p * s.c] - mean;
    squares += difference * difference;
  }
  const float inverse = rsqrtf(column_sum(squares) / static_cast<float>(s.pixels) + kEps);
  if (c >= s.c) return;
  const float scale = gamma_beta[c] * inverse;
#pragma unroll kUnroll
  for (int64_t p = threadIdx.y; p < pixels; p += kSide) {
    out[start + p * s.c] = (x[start + p * s.c] - mean) * scale + gamma_beta[s.c + c];
  }
}

inline void run(const CudaContext& context, const ChannelShape& s, const float* x, const float* gamma_beta,
                float* out) {
  cuda::launch(instance_norm_coalesced_block_kernel,
               dim3(cuda::blocks_for(s.c, kSide), static_cast<unsigned>(s.n)), dim3(kSide, kSide), 0,
               context.stream(), s, x, gamma_beta, out);
}

inline Cost cost(const ChannelShape& s) {
  return coalesced_cost(s, 3, static_cast<double>(s.n) * tiles(s.c, kSide), kSide * kSide);
}

}  // namespace nst::kernels::study::instance_norm::coalesced_block
