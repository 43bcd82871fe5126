// Padding of images: y is x with a border, whose elements are
//   zero       0
//   reflect    x mirrored at its outermost pixels, which are not repeated:  c b | a b c | b a
//   replicate  the nearest pixel of x:                                      a a | a b c | c c
// as torch.nn.functional.pad with mode constant, reflect and replicate.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

enum class PaddingMode { zero, reflect, replicate };

struct PadShape {
  int64_t n, h, w, c;  // input (N, H, W, C)
  // Pixels on each side, not negative; with reflect fewer than the image has in that direction.
  int64_t top, bottom, left, right;
  PaddingMode mode = PaddingMode::zero;

  int64_t out_h() const { return h + top + bottom; }
  int64_t out_w() const { return w + left + right; }
};

// Writes y (N, top + H + bottom, left + W + right, C).
NST_CPU_KERNEL(pad_forward, const PadShape& shape, const T* x, T* y);

// Writes grad_x (N, H, W, C): every pixel's is the sum of grad_y over the places it was copied to.
NST_CPU_KERNEL(pad_backward, const PadShape& shape, const T* grad_y, T* grad_x);

}  // namespace nst::kernels
