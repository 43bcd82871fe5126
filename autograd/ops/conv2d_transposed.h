#pragma once

#include "autograd/variable.h"
#include "tensor/ops/conv2d.h"

namespace nst::autograd {

// Transposed convolution: what a convolution with this weight and params makes of a gradient. x (N, P, Q, K),
// weight (K, C, R, S) -> (N, height, width, C); there may be several heights whose convolution has P rows,
// and `height` and `width` say which. Zero padding only, no ReLU. `packed` holds the weight's packed forms
// between calls.
Variable conv2d_transposed(const Variable& x, const Variable& weight, const ops::Conv2dWeight& packed,
                           int64_t height, int64_t width, const ops::Conv2dParams& params);

}  // namespace nst::autograd
