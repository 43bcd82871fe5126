// Weighting of feature maps by a mask, pixel by pixel: what keeps a style's statistics to a region (guided
// Gram matrices, Gatys et al. 2017, eq. 5) and a picture's gradient to where it may be repainted.
//   y[n,p,c] = mask[n,p] x[n,p,c],  or mask[p] for every image
// It is linear and its own derivative: grad_x[n,p,c] = mask[n,p] grad_y[n,p,c].
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

struct MaskShape {
  int64_t n, pixels, c;
  bool per_image;  // mask is (N, pixels) instead of (pixels)
};

// Writes y (N, pixels, C), which may be x. What a mask of 0 meets becomes 0, NaN stays NaN.
NST_KERNEL(mask_forward, const MaskShape& shape, const T* x, const T* mask, T* y);

}  // namespace nst::kernels
