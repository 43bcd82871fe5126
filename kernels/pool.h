// Pooling without padding. The window of output (i, j) covers the kernel x kernel pixels from
// (i * stride, j * stride), cut at the image's edge:
//   max:      y[n,i,j,k] = the largest x of the window, or with `relu` 0 where that is negative: the same as
//   a
//             pool of max(0, x), as max commutes with it, but x need not be kept for either's backward
//   average:  y[n,i,j,k] = the mean of the x of the window that exist
// as torch.nn.functional.max_pool2d and avg_pool2d with padding 0.
#pragma once

#include "kernels/context.h"

namespace nst::kernels {

struct PoolShape {
  int64_t n, h, w, c;  // input (N, H, W, C)
  int64_t kernel = 2, stride = 2;
  // Whether a last window that the edge cuts counts too; it must start inside the image.
  bool ceil_mode = false;
  bool relu = false;  // max pooling only

  int64_t out_h() const { return windows(h); }
  int64_t out_w() const { return windows(w); }
  // Windows along an axis of `size` pixels; 0 when none fits.
  int64_t windows(int64_t size) const {
    const int64_t span = size - kernel + (ceil_mode ? stride - 1 : 0);
    if (span < 0) return 0;
    const int64_t last = span / stride;
    return last * stride < size ? last + 1 : last;
  }
};

// Whether v takes the place of the largest element so far: NaN always does, and only NaN follows it.
template <class T>
NST_HOST_DEVICE bool replaces(T v, T largest) {
  return (v > largest) | (v != v);
}

// Where in its window y was found: row * kernel + column, in a byte, so that x need not be kept.
inline constexpr int64_t kLargestPoolKernel = 15;
// The tap of a y that no x has a gradient from: one that the ReLU made 0.
inline constexpr uint8_t kNoTap = 255;

// Writes y (N, P, Q, C) and taps (N, P, Q, C): the first largest element in row-major order, or the last NaN.
// `taps` may be null; else the kernel is at most kLargestPoolKernel.
NST_KERNEL(max_pool_forward, const PoolShape& shape, const T* x, T* y, uint8_t* taps);

// Writes grad_x (N, H, W, C): grad_y (N, P, Q, C) goes to its tap.
NST_KERNEL(max_pool_backward, const PoolShape& shape, const uint8_t* taps, const T* grad_y, T* grad_x);

// Writes y (N, P, Q, C).
NST_KERNEL(average_pool_forward, const PoolShape& shape, const T* x, T* y);

// Writes grad_x (N, H, W, C): grad_y (N, P, Q, C) shared equally among its window.
NST_KERNEL(average_pool_backward, const PoolShape& shape, const T* grad_y, T* grad_x);

}  // namespace nst::kernels
