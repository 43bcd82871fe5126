// Distributions of channels over pixels; kernels/quantiles.h has the definitions. On the CPU only.
#pragma once

#include "tensor/tensor.h"

namespace nst::ops {

// The `count` quantiles of each channel of x (1, H, W, C) -> (1, count, C), pixels weighted by `weight` (H,
// W), at least 0 and somewhere positive; undefined: 1. Throws std::invalid_argument on other shapes or no
// weight at all.
Tensor quantiles(const Tensor& x, const Tensor& weight, int64_t count);

struct QuantileError {
  Tensor loss;    // (1): the mean over channels of the squared Wasserstein-2 distance
  Tensor grad_x;  // its gradient, like x; undefined unless asked for
};
// Of x and `weight` as above from the distributions whose quantiles are target (1, count, C), any count.
QuantileError quantile_error(const Tensor& x, const Tensor& weight, const Tensor& target, bool with_gradient);

}  // namespace nst::ops
