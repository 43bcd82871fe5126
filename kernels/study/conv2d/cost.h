// What the rungs' costs have in common.
#pragma once

#include "kernels/study/conv2d/conv2d.h"

namespace nst::kernels::study::conv2d {

inline constexpr double kWord = sizeof(float), kSector = 32, kWarp = 32;

// The tensors in bytes, and the sum's FLOP.
struct Sizes {
  double x, w, y, flop;
  explicit Sizes(const Shape& g)
      : x(kWord * g.pixels() * g.c),
        w(kWord * 9 * g.c * g.k),
        y(kWord * g.pixels() * g.k),
        flop(2.0 * g.pixels() * g.k * 9 * g.c) {}
  double once() const { return x + w + y; }
  // Steps of a warp that makes an FMA each.
  double warp_fmas() const { return flop / 2 / kWarp; }
};

}  // namespace nst::kernels::study::conv2d
