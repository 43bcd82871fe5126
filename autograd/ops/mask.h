#pragma once

#include "autograd/variable.h"
#include "tensor/ops/mask.h"

namespace nst::autograd {

// x (N, H, W, C) times a mask (H, W) or (N, H, W), the same for every channel. The mask is a constant.
Variable mask(const Variable& x, const Tensor& mask);

}  // namespace nst::autograd
