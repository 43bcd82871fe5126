#pragma once

#include "autograd/variable.h"
#include "tensor/ops/resize.h"

namespace nst::autograd {

// x (N, H, W, C) -> (N, height, width, C).
Variable resize(const Variable& x, int64_t height, int64_t width, const ops::ResizeParams& params = {});

}  // namespace nst::autograd
