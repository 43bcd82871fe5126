// What the CPU's and the GPU's total variation have in common: which differences count, and for how much.
#pragma once

#include <cmath>

#include "kernels/total_variation.h"

namespace nst::kernels {

// One cell's energy and its derivatives by the two differences.
struct Cell {
  double energy, by_dx, by_dy;
};

struct Energy {
  TvVariant variant;
  double weight_x, weight_y;  // of dx^2 and dy^2, where the energy is a weighted sum of squares
  bool cropped;               // only pixels with both neighbours count

  NST_HOST_DEVICE Cell operator()(double dx, double dy) const {
    const auto sign = [](double d) { return static_cast<double>((d > 0) - (d < 0)); };
    switch (variant) {
      case TvVariant::anisotropic:
        return {fabs(dx) + fabs(dy), sign(dx), sign(dy)};
      case TvVariant::titu1994: {
        const double square = dx * dx + dy * dy, root = sqrt(sqrt(square));  // ^1.25 = * ^0.25
        return {square * root, 2.5 * root * dx, 2.5 * root * dy};
      }
      default:
        return {weight_x * dx * dx + weight_y * dy * dy, 2 * weight_x * dx, 2 * weight_y * dy};
    }
  }
};

inline double reciprocal(int64_t count) { return count > 0 ? 1 / static_cast<double>(count) : 0; }

inline Energy energy_of(const ImageShape& s, TvVariant variant) {
  switch (variant) {
    case TvVariant::squared:
      return {variant, 0.5, 0.5, false};
    case TvVariant::squared_cropped:
      return {variant, 0.5, 0.5, true};
    case TvVariant::anisotropic:
      return {variant, 0, 0, false};
    case TvVariant::titu1994:
      return {variant, 0, 0, true};
    case TvVariant::mean_squared:
      return {variant, reciprocal(s.n * s.h * (s.w - 1) * s.c), reciprocal(s.n * (s.h - 1) * s.w * s.c),
              false};
    case TvVariant::nine_point:
      return {variant, 2.0 / 3 * reciprocal(s.numel()), 2.0 / 3 * reciprocal(s.numel()), false};
  }
  return {};
}

// The weight of d1^2 and d2^2 in the nine-point variant.
inline double diagonal_weight(const ImageShape& s) {
  return 2.0 / 12 * reciprocal(s.n * (s.h + 1) * (s.w + 1) * s.c);
}

// Steps, in elements, from pixel (i, j) to its neighbours; zero where there is none.
struct Neighbours {
  bool right, below;
  int64_t step_right, step_below;
};

NST_HOST_DEVICE inline Neighbours neighbours(const ImageShape& s, bool cropped, int64_t i, int64_t j) {
  bool right = j + 1 < s.w, below = i + 1 < s.h;
  if (cropped) right = below = right && below;
  return {right, below, right ? s.c : 0, below ? s.w * s.c : 0};
}

// Corners of square (i, j), i in [-1, h), j in [-1, w), of the picture whose edges are repeated.
struct Square {
  int64_t top, bottom, left, right;
};

NST_HOST_DEVICE inline Square square(const ImageShape& s, int64_t i, int64_t j) {
  return {i < 0 ? 0 : i, i + 1 < s.h ? i + 1 : s.h - 1, j < 0 ? 0 : j, j + 1 < s.w ? j + 1 : s.w - 1};
}

}  // namespace nst::kernels
