// Idea        Many blocks share a channel: each sums a chunk of its pixels and leaves the partial sums in
//             memory.
// Change      One kernel becomes three: partial sums, their totals, the result. A grid is the only barrier
//             between blocks, and a launch the only way to one. The chunks depend on the shape alone and
//             their sums are added in order, so that a result is the same on any device.
// Bottleneck  DRAM: x twice, out once. Three launches cost some microseconds, which small shapes feel.
// Constraints pixels up to 2^25 (65535 chunks).
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/instance_norm/column_sum.cuh"
#include "kernels/study/instance_norm/cost.h"

namespace nst::kernels::study::instance_norm::split_pixels {

constexpr int64_t kChunk = 16 * kSide;  // pixels of a block

// What a chunk, or an image, knows of a channel: the sums of d and of d^2.
struct Sums {
  float d, squares;
};
// out = (x - mean) * scale + beta
struct Normalisation {
  float mean, scale;
};

__global__ void __launch_bounds__(kSide* kSide)
    instance_norm_partials_kernel(ChannelShape s, const float* __restrict__ x, Sums* __restrict__ partials) {
  const int64_t c = int64_t{blockIdx.x} * kSide + threadIdx.x, n = blockIdx.z;
  const int64_t start = n * s.pixels * s.c + c, first = blockIdx.y * kChunk;
  const int64_t end = c < s.c ? min(s.pixels, first + kChunk) : 0;
  const float origin = c < s.c ? x[start] : 0;
  Sums sums{};
#pragma unroll kUnroll
  for (int64_t p = first + threadIdx.y; p < end; p += kSide) {
    const float d = x[start + p * s.c] - origin;
    sums.d += d, sums.squares += d * d;
  }
  sums = {column_sum(sums.d), column_sum(sums.squares)};
  if (threadIdx.y == 0 && c < s.c) partials[(n * gridDim.y + blockIdx.y) * s.c + c] = sums;
}

__global__ void __launch_bounds__(kSide* kSide)
    instance_norm_totals_kernel(ChannelShape s, int chunks, const float* __restrict__ x,
                                const float* __restrict__ gamma, const Sums* __restrict__ partials,
                                Normalisation* __restrict__ of_channel) {
  const int64_t c = int64_t{blockIdx.x} * kSide + threadIdx.x, n = blockIdx.y;
  Sums sums{};
  for (int64_t i = threadIdx.y; c < s.c && i < chunks; i += kSide) {
    const Sums& more = partials[(n * chunks + i) * s.c + c];
    sums.d += more.d, sums.squares += more.squares;
  }
  sums = {column_sum(sums.d), column_sum(sums.squares)};
  if (threadIdx.y > 0 || c >= s.c) return;
  const float offset = sums.d / static_cast<float>(s.pixels);
  const float variance = sums.squares / static_cast<float>(s.pixels) - offset * offset;
  of_channel[n * s.c + c] = {x[n * s.pixels * s.c + c] + offset,
                             gamma[c] * rsqrtf((variance < 0 ? 0 : variance) + kEps)};
}

__global__ void __launch_bounds__(kSide* kSide)
    instance_norm_result_kernel(ChannelShape s, const float* __restrict__ x, const float* __restrict__ beta,
                                const Normalisation* __restrict__ of_channel, float* __restrict__ out) {
  const int64_t c = int64_t{blockIdx.x} * kSide + threadIdx.x, n = blockIdx.z;
  if (c >= s.c) return;
  const int64_t start = n * s.pixels * s.c + c, first = blockIdx.y * kChunk;
  const int64_t end = min(s.pixels, first + kChunk);
  const auto [mean, scale] = of_channel[n * s.c + c];
#pragma unroll kUnroll
  for (int64_t p = first + threadIdx.y; p < end; p += kSide) {
    out[start + p * s.c] = (x[start + p * s.c] - mean) * scale + beta[c];
  }
}

// The first two kernels; the third takes what they leave, (N, C) in scratch memory.
inline const Normalisation* statistics(const CudaContext& context, const ChannelShape& s, const float* x,
                                       const float* gamma) {
  const unsigned groups = cuda::blocks_for(s.c, kSide), chunks = cuda::blocks_for(s.pixels, kChunk),
                 n = static_cast<unsigned>(s.n);
  auto* const partials = context.scratch<Sums>(s.n * s.c * (chunks + 1));
  auto* const of_channel = reinterpret_cast<Normalisation*>(partials + s.n * s.c * chunks);
  static_assert(sizeof(Sums) == sizeof(Normalisation));
  cuda::launch(instance_norm_partials_kernel, dim3(groups, chunks, n), dim3(kSide, kSide), 0,
               context.stream(), s, x, partials);
  cuda::launch(instance_norm_totals_kernel, dim3(groups, n), dim3(kSide, kSide), 0, context.stream(), s,
               static_cast<int>(chunks), x, gamma, partials, of_channel);
  return of_channel;
}

inline void run(const CudaContext& context, const ChannelShape& s, const float* x, const float* gamma_beta,
                float* out) {
  const Normalisation* const of_channel = statistics(context, s, x, gamma_beta);
  cuda::launch(
      instance_norm_result_kernel,
      dim3(cuda::blocks_for(s.c, kSide), cuda::blocks_for(s.pixels, kChunk), static_cast<unsigned>(s.n)),
      dim3(kSide, kSide), 0, context.stream(), s, x, gamma_beta + s.c, of_channel, out);
}

inline Cost cost(const ChannelShape& s) {
  const double channels = static_cast<double>(s.n * s.c), chunks = tiles(s.pixels, kChunk);
  Cost cost = coalesced_cost(s, 2, static_cast<double>(s.n) * tiles(s.c, kSide) * chunks, kSide * kSide);
  cost.dram_bytes += 2 * sizeof(Sums) * channels * chunks;  // the partial sums: out, and in again
  cost.l2_bytes += 2 * sizeof(Sums) * channels * chunks;
  return cost;
}

}  // namespace nst::kernels::study::instance_norm::split_pixels
