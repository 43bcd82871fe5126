// Idea        The sum as it is written: a thread for each element (i, j) of G runs down columns i and j of F.
//             Neighbouring threads take neighbouring j, so that a warp reads 32 neighbours of a pixel's
//             channels, and one channel that is the same for all.
// Change      The first rung.
// Bottleneck  Loads. Two from L1 for each FMA: at most 1/8 of the cores' peak.
// Constraints None.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/gram/cost.h"

namespace nst::kernels::study::gram::naive {

constexpr int kColumns = 32, kRows = 8;

__global__ void __launch_bounds__(kColumns* kRows)
    gram_naive_kernel(const Shape g, const float* features, float* gram) {
  const int j = blockIdx.x * kColumns + threadIdx.x, i = blockIdx.y * kRows + threadIdx.y;
  if (i >= g.c || j >= g.c) return;
  features += blockIdx.z * g.pixels * g.c;
  float sum = 0;
  for (int p = 0; p < g.pixels; ++p) sum += features[p * g.c + i] * features[p * g.c + j];
  gram[(blockIdx.z * g.c + i) * g.c + j] = sum;
}

inline void run(const CudaContext& context, const Shape& g, const float* features, const float*,
                float* gram) {
  const dim3 grid(cuda::blocks_for(g.c, kColumns), cuda::blocks_for(g.c, kRows), g.n);
  cuda::launch(gram_naive_kernel, grid, dim3(kColumns, kRows), 0, context.stream(), g, features, gram);
}

// For a pixel each warp loads a line of channels and one channel, for an FMA.
inline Cost cost(const Shape& s) {
  return tiled_cost(s, {.blocks = s.n * tiles(s.c, kColumns) * tiles(s.c, kRows),
                        .rows = kRows,
                        .columns = kColumns,
                        .instructions = kRows * 3,
                        .wavefronts = kRows * 2});
}

}  // namespace nst::kernels::study::gram::naive
