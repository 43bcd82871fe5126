#pragma once

#include "autograd/variable.h"
#include "tensor/ops/quantiles.h"

namespace nst::autograd {

// See ops::quantile_error; differentiable with respect to x. Where values are equal the gradient is one of
// several.
Variable quantile_error(const Variable& x, const Tensor& weight, const Tensor& target);

}  // namespace nst::autograd
