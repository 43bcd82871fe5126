// Parts of tensors along one axis, and tensors put together from parts.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace nst::ops {

// Entries [begin, begin + count) of an axis; a negative axis counts from the back.
struct SliceParams {
  int axis;
  int64_t begin, count;
};

// A copy of the part. Throws std::invalid_argument when x has no such axis or the part leaves it.
Tensor slice_forward(const Tensor& x, const SliceParams& params);

// The gradient of x, of shape x_shape: grad_y in the part's place, 0 elsewhere.
Tensor slice_backward(const Tensor& grad_y, const Shape& x_shape, const SliceParams& params);

// Overwrites the part with `part`; the rest of x is left as it is.
void slice_write(const Tensor& part, Tensor& x, const SliceParams& params);

// The tensors one after another along an axis, as torch.cat. Throws std::invalid_argument when there are
// none, or when they differ in anything but that axis' size.
Tensor concat(std::span<const Tensor> parts, int axis);

}  // namespace nst::ops
