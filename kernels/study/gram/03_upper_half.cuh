// Idea        G is symmetric: compute the tiles on and above the diagonal, and write each a second time,
//             mirrored. The mirror goes through shared memory, so that both are written along rows.
//
//                    +---+---+---+
//                    | a | b | c |      6 of 9 tiles are computed; b, c and e
//                    +---+---+---+      are written again as b', c' and e'
//                    | b'| d | e |
//                    +---+---+---+
//                    | c'| e'| f |
//                    +---+---+---+
// Change      Blocks below the diagonal leave at once; the others write twice. The sum is 02's.
// Bottleneck  02's, with (T + 1) / 2T of its work for T tiles along a side: nothing gained for C <= 32, half
//             for many channels.
// Constraints 02's, and 4 KiB for the mirror, whose rows are one float longer so that its columns lie in
//             as many banks.
#pragma once

#include "kernels/study/gram/02_shared_tile.cuh"

namespace nst::kernels::study::gram::upper_half {

using shared_tile::kTile;

__global__ void __launch_bounds__(kTile* kTile)
    gram_upper_half_kernel(const Shape g, const float* features, float* gram) {
  if (blockIdx.y > blockIdx.x) return;
  NST_SHARED(float, mirror, [kTile][kTile + 1]);
  const int first_row = blockIdx.y * kTile, first_column = blockIdx.x * kTile;
  const float sum = shared_tile::tile_sum(g, features + blockIdx.z * g.pixels * g.c, first_row, first_column);
  gram += blockIdx.z * g.c * g.c;
  mirror[threadIdx.y][threadIdx.x] = sum;
  const int i = first_row + threadIdx.y, j = first_column + threadIdx.x;
  if (i < g.c && j < g.c) gram[i * g.c + j] = sum;
  if (first_row == first_column) return;  // its own mirror: a b = b a to the bit
  __syncthreads();
  const int row = first_column + threadIdx.y, column = first_row + threadIdx.x;
  if (row < g.c && column < g.c) gram[row * g.c + column] = mirror[threadIdx.x][threadIdx.y];
}

inline void run(const CudaContext& context, const Shape& g, const float* features, const float*,
                float* gram) {
  const unsigned tiles = cuda::blocks_for(g.c, kTile);
  cuda::launch(gram_upper_half_kernel, dim3(tiles, tiles, g.n), dim3(kTile, kTile), 0, context.stream(), g,
               features, gram);
}

inline Cost cost(const Shape& s) {
  return shared_tile::cost_of_tiles(s, s.n * upper_tiles(tiles(s.c, kTile)));
}

}  // namespace nst::kernels::study::gram::upper_half
