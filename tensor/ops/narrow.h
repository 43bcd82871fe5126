// 16-bit copies of float32 tensors; kernels/narrow.h has the two forms.
#pragma once

#include "kernels/narrow.h"
#include "tensor/tensor.h"

namespace nst::ops {

using kernels::Narrow;

// x, float32 of any shape -> its numbers in 16 bits each, uint8 (2 * numel).
Tensor narrow(const Tensor& x, Narrow type);

// What narrow() made of a tensor of this shape -> float32.
Tensor widen(const Tensor& narrowed, Narrow type, const Shape& shape);

}  // namespace nst::ops
