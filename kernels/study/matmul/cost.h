// What the rungs' costs have in common: an output dealt to blocks in tiles.
#pragma once

#include "kernels/study/matmul/matmul.h"

namespace nst::kernels::study::matmul {

// A block of `warps` makes `rows` x `columns` of the output. For each step along k a warp issues
// `instructions` (address arithmetic is not counted) and asks the L1 and shared memory unit for `wavefronts`;
// once at the end, for `out_wavefronts`.
struct Tiling {
  int rows, columns, warps;
  double instructions, wavefronts, out_wavefronts;
};

inline Cost tiled_cost(const MatmulShape& s, const Tiling& tiling) {
  const double m = s.m, n = s.n, k = s.k;
  const double down = tiles(s.m, tiling.rows), across = tiles(s.n, tiling.columns);
  const double warps = down * across * tiling.warps;
  return {.flop = 2 * m * n * k,
          .dram_bytes = 4 * (m * k + k * n + m * n),
          // A block reads its rows of the left matrix and its columns of the right one, once each.
          .l2_bytes = 4 * (m * k * across + k * n * down + m * n),
          .shared_bytes = kWavefrontBytes * warps * (tiling.wavefronts * k + tiling.out_wavefronts),
          .instructions = warps * tiling.instructions * k,
          .blocks = down * across};
}

}  // namespace nst::kernels::study::matmul
