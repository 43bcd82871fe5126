// Idea        The second pass starts where the first one ended: the end of x is still in L2.
// Change      06's third kernel goes from the last chunk of the last image to the first, and moves four
//             channels at a time.
// Bottleneck  DRAM: x once, out once, and again as much of x as L2 did not keep.
// Constraints c a multiple of 4. pixels up to 2^25. Blocks start in the order of their numbers on the GPUs we
//             know of, which nothing promises: where they do not, this is 06.
#pragma once

#include <algorithm>

#include "kernels/study/instance_norm/06_split_pixels.cuh"

namespace nst::kernels::study::instance_norm::backwards {

using split_pixels::kChunk;
using split_pixels::Normalisation;

constexpr int kVector = 4, kAcross = kSide / kVector;  // channels of a thread, threads of a pixel

__global__ void __launch_bounds__(kAcross* kSide)
    instance_norm_backwards_kernel(ChannelShape s, const float* __restrict__ x,
                                   const float* __restrict__ beta,
                                   const Normalisation* __restrict__ of_channel, float* __restrict__ out) {
  const int64_t c = int64_t{blockIdx.x} * kSide + threadIdx.x * kVector;
  if (c >= s.c) return;
  const int64_t n = gridDim.z - 1 - blockIdx.z, chunk = gridDim.y - 1 - blockIdx.y;
  const int64_t start = n * s.pixels * s.c + c, first = chunk * kChunk;
  const int64_t end = min(s.pixels, first + kChunk);
  const Normalisation* const of = of_channel + n * s.c + c;
  const Normalisation of0 = of[0], of1 = of[1], of2 = of[2], of3 = of[3];
  const float4 b = make_float4(beta[c], beta[c + 1], beta[c + 2], beta[c + 3]);
#pragma unroll kUnroll
  for (int64_t p = first + threadIdx.y; p < end; p += kSide) {
    const float4 v = *reinterpret_cast<const float4*>(x + start + p * s.c);
    *reinterpret_cast<float4*>(out + start + p * s.c) =
        make_float4((v.x - of0.mean) * of0.scale + b.x, (v.y - of1.mean) * of1.scale + b.y,
                    (v.z - of2.mean) * of2.scale + b.z, (v.w - of3.mean) * of3.scale + b.w);
  }
}

inline void run(const CudaContext& context, const ChannelShape& s, const float* x, const float* gamma_beta,
                float* out) {
  const Normalisation* const of_channel = split_pixels::statistics(context, s, x, gamma_beta);
  cuda::launch(
      instance_norm_backwards_kernel,
      dim3(cuda::blocks_for(s.c, kSide), cuda::blocks_for(s.pixels, kChunk), static_cast<unsigned>(s.n)),
      dim3(kAcross, kSide), 0, context.stream(), s, x, gamma_beta + s.c, of_channel, out);
}

inline bool can_run(const ChannelShape& s) { return s.c % kVector == 0; }

inline Cost cost(const ChannelShape& s) {
  // What L2 keeps: half of an H100's 50 MB, since what is written takes its place there too.
  constexpr double kKept = 25e6;
  Cost cost = split_pixels::cost(s);
  cost.dram_bytes -= std::min(kKept, 4.0 * static_cast<double>(s.n * s.pixels * s.c));
  return cost;
}

}  // namespace nst::kernels::study::instance_norm::backwards
