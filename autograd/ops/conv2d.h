#pragma once

#include "autograd/variable.h"
#include "tensor/ops/conv2d.h"

namespace nst::autograd {

// x (N, H, W, C) * weight (K, C, R, S) + bias (K, or undefined) -> (N, P, Q, K), with an optional fused ReLU;
// zero and reflected borders are part of the convolution, replicated ones are a pad before it. `packed` holds
// the same weight's packed forms between calls; without it the weight is packed anew.
Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias = {},
                const ops::Conv2dParams& params = {});
Variable conv2d(const Variable& x, const Variable& weight, const ops::Conv2dWeight& packed,
                const Variable& bias, const ops::Conv2dParams& params);

}  // namespace nst::autograd
