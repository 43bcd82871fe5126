// What the rungs' costs have in common: x is read a few times, out is written once.
#pragma once

#include "kernels/study/instance_norm/instance_norm.h"

namespace nst::kernels::study::instance_norm {

// Additions and multiplications of an element: the mean (1), the squared difference (3), the result (3).
inline constexpr double kFlopPerElement = 7;
// Of a thread's loop over pixels, the loads that wait for memory together.
inline constexpr int kUnroll = 4;

// Passes over x whose warps read 32 neighbouring channels of a pixel, and one such over out. `threads` read
// at once.
inline Cost coalesced_cost(const ChannelShape& s, double reads, double blocks, double threads) {
  const double pixels = static_cast<double>(s.n * s.pixels), elements = pixels * static_cast<double>(s.c);
  const double bytes = 4 * elements * (reads + 1);
  return {.flop = kFlopPerElement * elements,
          .dram_bytes = bytes,
          .l2_bytes = bytes,
          .shared_bytes = kWavefrontBytes * pixels * tiles(s.c, 32) * (reads + 1),
          .bytes_in_flight = blocks * threads * kUnroll * 4,
          .blocks = blocks};
}

}  // namespace nst::kernels::study::instance_norm
