#include "nn/vgg.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "autograd/ops/pool.h"
#include "autograd/ops/relu.h"
#include "tensor/profile.h"

namespace nst::nn {

Vgg::Vgg(const VggConfig& config, DType dtype, Device device) : config_(config) {
  auto names = vgg_layer_names(config.depth);
  if (config_.deepest == VggConfig{}.deepest) config_.deepest = names.back();
  check_vgg_layer(config_.depth, config_.deepest);
  names.erase(std::ranges::find(names, config_.deepest) + 1, names.end());
  int64_t channels = 3;
  for (const auto& name : names) {
    if (name.starts_with("relu")) continue;  // fused into its convolution
    if (name.starts_with("pool")) {
      layers_.push_back({Layer::Kind::pool, name, nullptr});
      continue;
    }
    const int64_t out = vgg_layer_shape(config_.depth, name).channels;
    const auto padding = channels == 3 ? config_.first_padding : config_.padding;
    auto conv = std::make_unique<Conv2d>(
        Conv2dConfig{.in_channels = channels,
                     .out_channels = out,
                     .params = {.padding = 1, .padding_mode = padding, .relu = true}},
        dtype, device);
    add_module(name, *conv);
    layers_.push_back({Layer::Kind::conv, name, std::move(conv)});
    channels = out;
  }
  requires_grad(false);
}

FeatureMaps Vgg::features(const autograd::Variable& x, const std::vector<std::string>& wanted) const {
  for (const auto& name : wanted) check_vgg_layer(config_.depth, name);
  const std::set<std::string> names(wanted.begin(), wanted.end());
  FeatureMaps maps;
  autograd::Variable value = x;
  bool pool_rectifies = false;  // the value is still to be rectified, by the pool that comes next
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    if (maps.size() == names.size()) break;
    const ProfileRegion region(layer.name);
    if (layer.kind == Layer::Kind::pool) {
      if (!config_.ceil_mode && std::min(value.shape()[1], value.shape()[2]) < 2) {
        throw std::invalid_argument(fmt::format("vgg: the image is too small for {}: {}x{} is left there",
                                                layer.name, value.shape()[2], value.shape()[1]));
      }
      const ops::PoolParams params{
          .kernel = 2, .stride = 2, .ceil_mode = config_.ceil_mode, .relu = pool_rectifies};
      value = config_.pooling == Pooling::max ? autograd::max_pool(value, params)
                                              : autograd::average_pool(value, params);
      if (names.contains(layer.name)) maps.emplace(layer.name, value);
      continue;
    }
    const std::string relu_name = "relu" + layer.name.substr(4);
    // A max pool rectifies what it kept: the map before it is then in nobody's backward, and is freed.
    pool_rectifies = config_.pooling == Pooling::max && i + 1 < layers_.size() &&
                     layers_[i + 1].kind == Layer::Kind::pool && !names.contains(relu_name);
    const bool wanted_before_relu = names.contains(layer.name);
    auto params = layer.conv->config().params;
    params.relu = !wanted_before_relu && !pool_rectifies;
    value = (*layer.conv)(value, params);
    if (wanted_before_relu) maps.emplace(layer.name, value);
    if (wanted_before_relu && !pool_rectifies) value = autograd::relu(value);
    if (names.contains(relu_name)) maps.emplace(relu_name, value);
  }
  if (maps.size() < names.size()) {
    throw std::invalid_argument(fmt::format("vgg: built only up to {}", config_.deepest));
  }
  return maps;
}

}  // namespace nst::nn
