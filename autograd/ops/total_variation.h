#pragma once

#include "autograd/variable.h"
#include "tensor/ops/total_variation.h"

namespace nst::autograd {

// The total variation of images (N, H, W, C), all together, (1).
Variable total_variation(const Variable& x, ops::TvVariant variant = ops::TvVariant::squared);

}  // namespace nst::autograd
