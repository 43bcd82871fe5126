// Resampling of images to any size. Output pixel o of an axis looks at input position
//   nearest:   floor(o * in / out)                                   torch's `nearest`
//   bilinear:  (o + 1/2) * in / out - 1/2, edges repeated            torch's `bilinear`, align_corners=False
// With antialias, a bilinear reduction widens its triangle to the size of an output pixel, so that every
// input pixel has its say (torch's antialias=True).
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

enum class ResizeMode { nearest, bilinear };

struct ResizeShape {
  int64_t n, h, w, c;    // input (N, H, W, C)
  int64_t out_h, out_w;  // positive
  ResizeMode mode = ResizeMode::bilinear;
  bool antialias = false;
};

// Writes y (N, out_h, out_w, C).
NST_KERNEL(resize_forward, const ResizeShape& shape, const T* x, T* y);

// Writes grad_x (N, H, W, C), the adjoint of resize_forward applied to grad_y (N, out_h, out_w, C).
NST_KERNEL(resize_backward, const ResizeShape& shape, const T* grad_y, T* grad_x);

}  // namespace nst::kernels
