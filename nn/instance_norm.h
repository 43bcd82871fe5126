// An instance normalisation layer with learnt scale and offset.
#pragma once

#include "autograd/ops/instance_norm.h"
#include "nn/module.h"

namespace nst::nn {

// Parameters `weight` (C), ones, and `bias` (C), zeros, until loaded: the gamma and beta of
// kernels/instance_norm.h under the names that weight files give them.
class InstanceNorm : public Module {
 public:
  explicit InstanceNorm(int64_t channels, const ops::InstanceNormParams& params = {},
                        DType dtype = DType::float32, Device device = kCpu);

  // x (N, H, W, C) -> the same shape
  autograd::Variable operator()(const autograd::Variable& x) const {
    return autograd::instance_norm(x, weight_, bias_, params_);
  }

 private:
  ops::InstanceNormParams params_;
  autograd::Variable weight_, bias_;
};

}  // namespace nst::nn
