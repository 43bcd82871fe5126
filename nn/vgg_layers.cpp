#include "nn/vgg_layers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace nst::nn {
namespace {

constexpr int kBlocks = 5;
constexpr std::array<int64_t, kBlocks> kChannels{64, 128, 256, 512, 512};

std::array<int, kBlocks> convolutions_per_block(int depth) {
  switch (depth) {
    case 16:
      return {2, 2, 3, 3, 3};
    case 19:
      return {2, 2, 4, 4, 4};
    default:
      throw std::invalid_argument(fmt::format("vgg: depth must be 16 or 19, got {}", depth));
  }
}

// Position among the layers, "convB_C" and "reluB_C" apart; layer_names.size() when unknown.
size_t position(const std::vector<std::string>& names, std::string_view name) {
  return static_cast<size_t>(std::ranges::find(names, name) - names.begin());
}

}  // namespace

std::vector<std::string> vgg_layer_names(int depth) {
  const auto per_block = convolutions_per_block(depth);
  std::vector<std::string> names;
  for (int block = 0; block < kBlocks; ++block) {
    for (int i = 1; i <= per_block[block]; ++i) {
      names.push_back(fmt::format("conv{}_{}", block + 1, i));
      names.push_back(fmt::format("relu{}_{}", block + 1, i));
    }
    names.push_back(fmt::format("pool{}", block + 1));
  }
  return names;
}

void check_vgg_layer(int depth, std::string_view name) {
  const auto names = vgg_layer_names(depth);
  if (position(names, name) < names.size()) return;
  throw std::invalid_argument(
      fmt::format("vgg{}: no layer '{}'; there are {}", depth, name, fmt::join(names, " ")));
}

std::string deepest_vgg_layer(int depth, const std::vector<std::string>& layers) {
  const auto names = vgg_layer_names(depth);
  size_t deepest = 0;
  for (const auto& layer : layers) {
    check_vgg_layer(depth, layer);
    deepest = std::max(deepest, position(names, layer));
  }
  return names[deepest];
}

VggLayerShape vgg_layer_shape(int depth, std::string_view name) {
  check_vgg_layer(depth, name);
  const int block = name[4] - '1';  // "conv3_2", "relu3_2", "pool3"
  return {kChannels[block], name.starts_with("pool") ? block + 1 : block};
}

}  // namespace nst::nn
