#pragma once

#include "tensor/tensor.h"

namespace nst::ops {

// tanh(x), elementwise; NaN stays NaN.
Tensor tanh_forward(const Tensor& x);

// grad_y (1 - y^2), given the forward's result y.
Tensor tanh_backward(const Tensor& y, const Tensor& grad_y);

}  // namespace nst::ops
