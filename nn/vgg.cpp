#include "nn/vgg.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

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

void Vgg::visit(autograd::Variable x, const std::vector<std::string>& layers, const LayerVisitor& visitor,
                std::string_view after) const {
  for (const auto& name : layers) check_vgg_layer(config_.depth, name);
  std::set<std::string> to_come(layers.begin(), layers.end());
  autograd::Variable value = std::move(x);
  const auto hand_over = [&](const std::string& name) {
    if (to_come.erase(name)) visitor(name, value);
  };
  bool pool_rectifies = false;  // the value is still to be rectified, by the pool that comes next
  for (size_t i = index_after(after); i < layers_.size() && !to_come.empty(); ++i) {
    const Layer& layer = layers_[i];
    if (layer.kind == Layer::Kind::pool) {
      value = pool(layer.name, value, pool_rectifies);
      hand_over(layer.name);
      continue;
    }
    const std::string relu_name = "relu" + layer.name.substr(4);
    // A max pool rectifies what it kept: the map before it is then in nobody's backward, and is freed.
    pool_rectifies = config_.pooling == Pooling::max && i + 1 < layers_.size() &&
                     layers_[i + 1].kind == Layer::Kind::pool && !to_come.contains(relu_name);
    const bool wanted_before_relu = to_come.contains(layer.name);
    auto params = layer.conv->config().params;
    params.relu = !wanted_before_relu && !pool_rectifies;
    {
      const ProfileRegion region(layer.name);
      value = (*layer.conv)(value, params);
    }
    hand_over(layer.name);
    if (wanted_before_relu && !pool_rectifies) {
      const ProfileRegion region(layer.name);
      value = autograd::relu(value);
    }
    hand_over(relu_name);
  }
  if (!to_come.empty()) {
    throw std::invalid_argument(fmt::format("vgg: built only up to {}", config_.deepest));
  }
}

size_t Vgg::index_after(std::string_view layer) const {
  if (layer.empty()) return 0;
  const std::string name =
      layer.starts_with("relu") ? "conv" + std::string(layer.substr(4)) : std::string(layer);
  const auto found = std::ranges::find(layers_, name, &Layer::name);
  if (found == layers_.end() || layer.starts_with("conv"))
    throw std::invalid_argument(fmt::format("vgg: cannot go on after '{}'", layer));
  return static_cast<size_t>(found - layers_.begin()) + 1;
}

autograd::Variable Vgg::pool(const std::string& name, const autograd::Variable& x, bool relu) const {
  const ProfileRegion region(name);
  if (!config_.ceil_mode && std::min(x.shape()[1], x.shape()[2]) < 2) {
    throw std::invalid_argument(fmt::format("vgg: the image is too small for {}: {}x{} is left there", name,
                                            x.shape()[2], x.shape()[1]));
  }
  const ops::PoolParams params{.kernel = 2, .stride = 2, .ceil_mode = config_.ceil_mode, .relu = relu};
  return config_.pooling == Pooling::max ? autograd::max_pool(x, params) : autograd::average_pool(x, params);
}

FeatureMaps Vgg::features(const autograd::Variable& x, const std::vector<std::string>& layers) const {
  FeatureMaps maps;
  visit(x, layers,
        [&](const std::string& layer, const autograd::Variable& map) { maps.emplace(layer, map); });
  return maps;
}

}  // namespace nst::nn
