// An instance normalisation layer with learnt scale and offset, one of each or one per style.
#pragma once

#include <vector>

#include "autograd/ops/instance_norm.h"
#include "nn/module.h"
#include "nn/style_mix.h"

namespace nst::nn {

// Parameters `weight` (C), ones, and `bias` (C), zeros, until loaded: the gamma and beta of
// kernels/instance_norm.h under the names that weight files give them.
//
// With several styles it is conditional (Dumoulin et al. 2017, "A Learned Representation for Artistic
// Style"): style s has `weight.s` and `bias.s` of its own, so that a step of training in one style touches
// that style's alone. A blend of styles is the blend of their weights and biases.
class InstanceNorm : public Module {
 public:
  explicit InstanceNorm(int64_t channels, const ops::InstanceNormParams& params = {}, int64_t styles = 1,
                        DType dtype = DType::float32, Device device = kCpu);

  // x (N, H, W, C) -> the same shape. An empty mix means the only style. Throws std::invalid_argument when
  // there are several, or when the mix names one that is not there.
  autograd::Variable operator()(const autograd::Variable& x, const StyleMix& mix = {}) const;

 private:
  ops::InstanceNormParams params_;
  std::vector<autograd::Variable> weights_, biases_;  // per style
};

}  // namespace nst::nn
