// Arithmetic on tensors of equal shape; operands that differ throw std::invalid_argument.
#pragma once

#include "tensor/tensor.h"

namespace nst::ops {

Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
// scale * x + offset
Tensor affine(const Tensor& x, double scale, double offset = 0);
// y += scale * x
void axpy(double scale, const Tensor& x, Tensor& y);
// x limited to [low, high]
Tensor clamp_forward(const Tensor& x, double low, double high);
// grad_y where x was inside [low, high], else 0
Tensor clamp_backward(const Tensor& x, const Tensor& grad_y, double low, double high);

}  // namespace nst::ops
