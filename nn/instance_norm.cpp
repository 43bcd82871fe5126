#include "nn/instance_norm.h"

#include <fmt/format.h>

#include <stdexcept>

#include "autograd/ops/elementwise.h"

namespace nst::nn {

using autograd::Variable;

InstanceNorm::InstanceNorm(int64_t channels, const ops::InstanceNormParams& params, int64_t styles,
                           DType dtype, Device device)
    : params_(params) {
  if (styles < 1) throw std::invalid_argument(fmt::format("instance norm: {} styles", styles));
  for (int64_t s = 0; s < styles; ++s) {
    weights_.emplace_back(Tensor::full({channels}, 1, dtype, device), true);
    biases_.emplace_back(Tensor::zeros({channels}, dtype, device), true);
  }
  for (size_t s = 0; s < weights_.size(); ++s) {
    const std::string suffix = styles == 1 ? "" : fmt::format(".{}", s);
    add_parameter("weight" + suffix, weights_[s]);
    add_parameter("bias" + suffix, biases_[s]);
  }
}

namespace {

// sum of weight * parameters[style]
Variable mixed(const std::vector<Variable>& parameters, const StyleMix& mix) {
  Variable sum;
  for (const auto& [style, weight] : mix) {
    const Variable& parameter = parameters[static_cast<size_t>(style)];
    const Variable share = weight == 1 ? parameter : autograd::scale(parameter, weight);
    sum = sum.defined() ? autograd::add(sum, share) : share;
  }
  return sum;
}

}  // namespace

Variable InstanceNorm::operator()(const Variable& x, const StyleMix& mix) const {
  if (mix.empty() && weights_.size() > 1) {
    throw std::invalid_argument(fmt::format("instance norm: which of {} styles?", weights_.size()));
  }
  for (const auto& share : mix) {
    if (share.style < 0 || static_cast<size_t>(share.style) >= weights_.size()) {
      throw std::invalid_argument(
          fmt::format("instance norm: no style {}, there are {}", share.style, weights_.size()));
    }
  }
  const StyleMix only{{0}};
  const StyleMix& used = mix.empty() ? only : mix;
  return autograd::instance_norm(x, mixed(weights_, used), mixed(biases_, used), params_);
}

}  // namespace nst::nn
