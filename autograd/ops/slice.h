#pragma once

#include "autograd/variable.h"
#include "tensor/ops/slice.h"

namespace nst::autograd {

// Entries [begin, begin + count) of an axis of x.
Variable slice(const Variable& x, const ops::SliceParams& params);

// The tensors one after another along an axis.
Variable concat(const std::vector<Variable>& parts, int axis);

}  // namespace nst::autograd
