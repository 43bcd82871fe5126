// What the rungs' costs have in common: an output dealt to blocks in tiles.
#pragma once

#include "kernels/study/matmul/matmul.h"

namespace nst::kernels::study::matmul {

// A block makes `rows` x `columns` of the output. For each step along k its warps ask the L1 and shared
// memory unit for `wavefronts` (of kWavefrontBytes), and once at the end for `out_wavefronts`.
struct Tiling {
  int rows, columns;
  double wavefronts, out_wavefronts;
};

inline Cost tiled_cost(const MatmulShape& s, const Tiling& tiling) {
  const double m = s.m, n = s.n, k = s.k;
  const double down = tiles(s.m, tiling.rows), across = tiles(s.n, tiling.columns);
  return {.flop = 2 * m * n * k,
          .dram_bytes = 4 * (m * k + k * n + m * n),
          // A block reads its rows of the left matrix and its columns of the right one, once each.
          .l2_bytes = 4 * (m * k * across + k * n * down + m * n),
          .shared_bytes = kWavefrontBytes * down * across * (tiling.wavefronts * k + tiling.out_wavefronts)};
}

}  // namespace nst::kernels::study::matmul
