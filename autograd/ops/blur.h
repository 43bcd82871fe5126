#pragma once

#include "autograd/variable.h"
#include "tensor/ops/blur.h"

namespace nst::autograd {

// x (N, H, W, C), blurred `passes` times by (1, 2, 1)/4 along both axes. Novak & Nikulin 2016, section 3.6.
Variable blur(const Variable& x, int passes = 1);

}  // namespace nst::autograd
