// Reductions of a whole tensor to one element of shape (1), on the tensor's device. Sums are accumulated in
// double.
#pragma once

#include "tensor/tensor.h"

namespace nst::ops {

// scale * sum of all elements; 0 for an empty tensor.
Tensor sum_forward(const Tensor& x, double scale = 1);
// The gradient of x, of shape x_shape: scale * grad_sum everywhere; grad_sum is (1).
Tensor sum_backward(const Tensor& grad_sum, const Shape& x_shape, double scale = 1);

// sum_i a_i b_i, for operands of equal shape.
Tensor dot(const Tensor& a, const Tensor& b);
// sum_i |x_i|
Tensor norm1(const Tensor& x);
// max_i |x_i|, NaN when any element is; 0 for an empty tensor.
Tensor max_abs(const Tensor& x);

}  // namespace nst::ops
