// The direction of L-BFGS; kernels/lbfgs.h has the recursion.
#pragma once

#include <span>

#include "tensor/tensor.h"

namespace nst::ops {

struct LbfgsPair {
  Tensor s, y;     // changes of the position and of the gradient
  double rho = 0;  // 1 / (y . s)
};

// -H g for a gradient of any shape: the pairs, the oldest first, of its shape, type and device; H_0 = scale
// I. Throws std::invalid_argument when they differ.
Tensor lbfgs_direction(std::span<const LbfgsPair> pairs, double scale, const Tensor& grad);

}  // namespace nst::ops
