#pragma once

#include "autograd/variable.h"
#include "tensor/ops/pad.h"

namespace nst::autograd {

// x (N, H, W, C) with a border of zeros, mirrored or repeated pixels: (N, top + H + bottom, left + W + right,
// C).
Variable pad(const Variable& x, const ops::PadParams& params);

}  // namespace nst::autograd
