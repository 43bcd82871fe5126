// A convolution layer.
#pragma once

#include "autograd/ops/conv2d.h"
#include "nn/module.h"

namespace nst::nn {

struct Conv2dConfig {
  int64_t in_channels, out_channels;
  int64_t kernel = 3;
  bool bias = true;
  ops::Conv2dParams params = {};  // stride, padding, fused ReLU
};

// Parameters `weight` (K, C, R, S) and, unless switched off, `bias` (K); zeros until loaded or initialised.
class Conv2d : public Module {
 public:
  explicit Conv2d(const Conv2dConfig& config, DType dtype = DType::float32, Device device = kCpu);

  // x (N, H, W, C) -> (N, P, Q, K)
  autograd::Variable operator()(const autograd::Variable& x) const { return (*this)(x, config_.params); }
  // The same with other parameters for this call, e.g. without the ReLU.
  autograd::Variable operator()(const autograd::Variable& x, const ops::Conv2dParams& params) const {
    return autograd::conv2d(x, weight_, packed_, bias_, params);
  }

  const Conv2dConfig& config() const { return config_; }
  const autograd::Variable& weight() const { return weight_; }

 private:
  Conv2dConfig config_;
  autograd::Variable weight_, bias_;
  ops::Conv2dWeight packed_;  // weight_'s packed forms, kept between calls
};

}  // namespace nst::nn
