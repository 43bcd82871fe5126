// Idea        A 32x32 tile of G needs 32 channels i and 32 channels j of every pixel. The block fetches them
//             32 pixels at a time into shared memory, and each is used 32 times from there.
//
//                          F (pixels, C)                   G (C, C)
//                         i           j                           j
//                    +----+----+----+----+             +----+----+----+----+
//                    |    | 32 |    | 32 |  32 pixels  |    |    |    |    |
//                    +----+----+----+----+             +----+----+----+----+
//                    |    | .. |    | .. |           i |    |    |    | ## | 32
//                    +----+----+----+----+             +----+----+----+----+
// Change      Block of 32x32 threads; a step fetches two tiles and adds 32 products to each thread's sum.
// Bottleneck  Loads from shared memory now, which is the same unit as L1: still two for each FMA. L2 carries
//             2.5 times less. And blocks: there are four times fewer than 01 has.
// Constraints 8 KiB of shared memory, 1024 threads a block.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/cuda/launch.cuh"
#include "kernels/study/gram/cost.h"

namespace nst::kernels::study::gram::shared_tile {

constexpr int kTile = 32;

// What thread (x, y) of the block sums: element (first_row + y, first_column + x) of an image's G. All of
// the block's threads call.
__device__ inline float tile_sum(const Shape& g, const float* features, int first_row, int first_column) {
  NST_SHARED(float, rows, [kTile][kTile]);  // (pixels, channels)
  NST_SHARED(float, columns, [kTile][kTile]);
  const int x = threadIdx.x, y = threadIdx.y;
  float sum = 0;
  for (int first = 0; first < g.pixels; first += kTile) {
    const float* const pixel = features + (first + y) * g.c;
    const bool exists = first + y < g.pixels;
    rows[y][x] = exists && first_row + x < g.c ? pixel[first_row + x] : 0;
    columns[y][x] = exists && first_column + x < g.c ? pixel[first_column + x] : 0;
    __syncthreads();
#pragma unroll
    for (int p = 0; p < kTile; ++p) sum += rows[p][y] * columns[p][x];
    __syncthreads();
  }
  return sum;
}

__global__ void __launch_bounds__(kTile* kTile)
    gram_shared_tile_kernel(const Shape g, const float* features, float* gram) {
  const int first_row = blockIdx.y * kTile, first_column = blockIdx.x * kTile;
  const float sum = tile_sum(g, features + blockIdx.z * g.pixels * g.c, first_row, first_column);
  const int i = first_row + threadIdx.y, j = first_column + threadIdx.x;
  if (i < g.c && j < g.c) gram[(blockIdx.z * g.c + i) * g.c + j] = sum;
}

inline void run(const CudaContext& context, const Shape& g, const float* features, const float*,
                float* gram) {
  const unsigned tiles = cuda::blocks_for(g.c, kTile);
  cuda::launch(gram_shared_tile_kernel, dim3(tiles, tiles, g.n), dim3(kTile, kTile), 0, context.stream(), g,
               features, gram);
}

// For a pixel each warp loads a line and a word for an FMA, and the block keeps 2 lines of channels.
inline Cost cost_of_tiles(const Shape& s, double blocks) {
  return tiled_cost(s, {.blocks = blocks,
                        .rows = kTile,
                        .columns = kTile,
                        .instructions = kTile * 3 + 2 * 2,
                        .wavefronts = kTile * 2 + 2 * 2});
}

inline Cost cost(const Shape& s) { return cost_of_tiles(s, s.n * tiles(s.c, kTile) * tiles(s.c, kTile)); }

}  // namespace nst::kernels::study::gram::shared_tile
