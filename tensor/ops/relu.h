#pragma once

#include "tensor/tensor.h"

namespace nst::ops {

// max(0, x), elementwise; NaN stays NaN.
Tensor relu_forward(const Tensor& x);

// grad_y where the forward's result y is positive, else 0.
Tensor relu_backward(const Tensor& y, const Tensor& grad_y);

}  // namespace nst::ops
