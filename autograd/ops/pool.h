#pragma once

#include "autograd/variable.h"
#include "tensor/ops/pool.h"

namespace nst::autograd {

// x (N, H, W, C) -> (N, P, Q, C), the largest or the mean of every window.
Variable max_pool(const Variable& x, const ops::PoolParams& params = {});
Variable average_pool(const Variable& x, const ops::PoolParams& params = {});

}  // namespace nst::autograd
