// What the rungs' costs have in common: tiles of G, of which each fetches its channels of every pixel.
#pragma once

#include "kernels/study/gram/gram.h"

namespace nst::kernels::study::gram {

inline constexpr double kWord = sizeof(float), kWarp = 32;

// Tiles on and above the diagonal of a square of `along` times `along`.
constexpr double upper_tiles(double along) { return along * (along + 1) / 2; }

// `blocks` that each make `rows` x `columns` of G. For a pixel, a block's warps together issue `instructions`
// and ask the L1 and shared memory unit for `wavefronts`.
struct Tiling {
  double blocks;
  int rows, columns;
  double instructions, wavefronts;
};

inline Cost tiled_cost(const Shape& s, const Tiling& t) {
  const double pixels = t.blocks * s.pixels, g = kWord * s.out_numel();
  return {.flop = 2 * pixels * t.rows * t.columns,
          .dram_bytes = kWord * s.n * s.pixels * s.c + g,
          .l2_bytes = pixels * (t.rows + t.columns) * kWord + g,
          .shared_bytes = pixels * t.wavefronts * kWavefrontBytes,
          .instructions = pixels * t.instructions,
          .blocks = t.blocks};
}

}  // namespace nst::kernels::study::gram
