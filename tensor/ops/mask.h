// Weighting by a mask, pixel by pixel; kernels/mask.h has the formula.
#pragma once

#include "tensor/tensor.h"

namespace nst::ops {

// x (N, H, W, C), mask (H, W) for every image or (N, H, W) -> (N, H, W, C). The same call turns a gradient of
// the result into one of x. Throws std::invalid_argument when the mask fits neither way.
Tensor mask_forward(const Tensor& x, const Tensor& mask);

}  // namespace nst::ops
