#pragma once

#include "autograd/variable.h"
#include "tensor/ops/instance_norm.h"

namespace nst::autograd {

// Instance normalisation of x (N, H, W, C), then times gamma plus beta, each (C), (N, C) or undefined, with
// an optional fused ReLU.
// With another image's channel_std and channel_mean as gamma and beta it is AdaIN.
Variable instance_norm(const Variable& x, const Variable& gamma = {}, const Variable& beta = {},
                       const ops::InstanceNormParams& params = {});

}  // namespace nst::autograd
