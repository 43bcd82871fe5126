// Padding of images; kernels/pad.h shows the modes.
#pragma once

#include "kernels/pad.h"
#include "tensor/tensor.h"

namespace nst::ops {

using kernels::PaddingMode;

struct PadParams {
  int64_t top = 0, bottom = 0, left = 0, right = 0;  // pixels on each side
  PaddingMode mode = PaddingMode::zero;

  // The same number of pixels on all four sides.
  static PadParams all(int64_t pixels, PaddingMode mode) { return {pixels, pixels, pixels, pixels, mode}; }
};

// x (N, H, W, C) -> (N, top + H + bottom, left + W + right, C). Throws std::invalid_argument when an amount
// is negative, or not smaller than the image with PaddingMode::reflect.
Tensor pad_forward(const Tensor& x, const PadParams& params);

// The gradient of x, of shape x_shape.
Tensor pad_backward(const Tensor& grad_y, const Shape& x_shape, const PadParams& params);

}  // namespace nst::ops
