// Total variation of pictures: what smoothing penalises. Implementations mean different things by it; each
// has a name here. dx and dy are the differences to the right and to the lower neighbour.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

enum class TvVariant {
  squared,          // 1/2 (sum dx^2 + sum dy^2)
  squared_cropped,  // the same over the pixels that have both neighbours: jcjohnson/neural-style
  anisotropic,      // sum |dx| + sum |dy|: ProGamerGov/neural-style-pt, gordicaleksa
  titu1994,         // sum (dx^2 + dy^2)^1.25 over the pixels that have both neighbours
  mean_squared,     // mean dx^2 + mean dy^2: lengstrom/fast-style-transfer
  nine_point,       // 2 (mean dx^2/3 + mean dy^2/3 + mean d1^2/12 + mean d2^2/12), edges repeated, d1 and d2
                    // along the diagonals: crowsonkb/style-transfer-pytorch
};

struct ImageShape {
  int64_t n, h, w, c;

  int64_t numel() const { return n * h * w * c; }
};

// Writes one element, the variation of all images x (N, H, W, C) together.
NST_KERNEL(total_variation_forward, const ImageShape& shape, TvVariant variant, const T* x, T* tv);

// Writes grad_x = *grad_tv * d tv / d x. Where a derivative does not exist (|d| at 0) it is 0.
NST_KERNEL(total_variation_backward, const ImageShape& shape, TvVariant variant, const T* x, const T* grad_tv,
           T* grad_x);

}  // namespace nst::kernels
