// The blur of feature maps; kernels/blur.h has the filter. It is its own derivative.
#pragma once

#include "tensor/tensor.h"

namespace nst::ops {

// x (N, H, W, C), blurred `passes` times; throws std::invalid_argument when they are negative.
Tensor blur_forward(const Tensor& x, int passes = 1);

}  // namespace nst::ops
