#pragma once

#include "kernels/adam.h"
#include "tensor/tensor.h"

namespace nst::ops {

using kernels::AdamStep;

// One Adam update of x, with gradient g and moments m and v, all of one shape and type; x, m and v are
// written in place. kernels/adam.h has the formula.
void adam_step(const AdamStep& step, const Tensor& g, Tensor& x, Tensor& m, Tensor& v);

}  // namespace nst::ops
