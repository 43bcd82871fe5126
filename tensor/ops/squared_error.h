// Weighted squared distance of two tensors of equal shape; kernels/squared_error.h has the formula.
#pragma once

#include "tensor/tensor.h"

namespace nst::ops {

// scale * sum of (a - b)^2 -> (1); holds no difference tensor. Throws std::invalid_argument unless a and b
// agree.
Tensor squared_error_forward(const Tensor& a, const Tensor& b, double scale = 1);

// The gradient of `a` for a grad_loss of shape (1); that of `b` is the same with the operands exchanged.
Tensor squared_error_backward(const Tensor& a, const Tensor& b, const Tensor& grad_loss, double scale = 1);

}  // namespace nst::ops
