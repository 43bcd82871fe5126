// Instance normalisation, plain, affine, conditional or as AdaIN; kernels/instance_norm.h has the formula.
#pragma once

#include "kernels/instance_norm.h"
#include "tensor/ops/channel_stats.h"

namespace nst::ops {

struct InstanceNormParams {
  double eps = 1e-5;  // added to the variance, under the root; with 0 a flat channel becomes NaN
  Variance variance = Variance::biased;
  bool relu = false;  // y = max(0, norm)
};

struct InstanceNorm {
  Tensor y;                  // (N, H, W, C)
  Tensor mean, inverse_std;  // (N, C), for the backward
};

// x (N, H, W, C). gamma and beta, each (C), (N, C) or undefined (ones, zeros), must agree in shape where both
// are there. Throws std::invalid_argument otherwise, and for too few pixels (see channel_shape).
InstanceNorm instance_norm_forward(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                                   const InstanceNormParams& params);

struct InstanceNormGradients {
  Tensor x, gamma, beta;  // undefined where not needed
};
struct InstanceNormNeeds {
  bool x = true, gamma = true, beta = true;
};
// The gradients that are needed, given the forward's result (whose y is used only with the ReLU) and the
// shape of gamma and beta, (C) or (N, C).
InstanceNormGradients instance_norm_backward(const Tensor& x, const Tensor& gamma,
                                             const Shape& parameter_shape, const InstanceNorm& forward,
                                             const Tensor& grad_y, const InstanceNormParams& params,
                                             const InstanceNormNeeds& needs = {});

}  // namespace nst::ops
