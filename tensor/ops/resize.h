// Resampling of images; kernels/resize.h says where output pixels look.
#pragma once

#include "kernels/resize.h"
#include "tensor/tensor.h"

namespace nst::ops {

using kernels::ResizeMode;

struct ResizeParams {
  ResizeMode mode = ResizeMode::bilinear;
  bool antialias = false;  // for bilinear reductions
};

// x (N, H, W, C) -> (N, height, width, C). Throws std::invalid_argument when a size is not positive.
Tensor resize_forward(const Tensor& x, int64_t height, int64_t width, const ResizeParams& params = {});

// The gradient of x, of shape x_shape, from grad_y (N, height, width, C).
Tensor resize_backward(const Tensor& grad_y, const Shape& x_shape, const ResizeParams& params = {});

}  // namespace nst::ops
