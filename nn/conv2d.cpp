#include "nn/conv2d.h"

namespace nst::nn {

Conv2d::Conv2d(const Conv2dConfig& config, DType dtype, Device device)
    : config_(config),
      weight_(Tensor::zeros({config.out_channels, config.in_channels, config.kernel, config.kernel}, dtype,
                            device),
              true),
      packed_(weight_.value()) {
  add_parameter("weight", weight_);
  if (config.bias) bias_ = autograd::Variable(Tensor::zeros({config.out_channels}, dtype, device), true);
  add_parameter("bias", bias_);
}

}  // namespace nst::nn
