#include "nn/known_networks.h"

#include <fmt/format.h>

#include <algorithm>

#include "nn/layer_string.h"
#include "nn/vgg_layers.h"

namespace nst::nn {

ImageNetworkConfig pytorch_examples_transform(int64_t width) {
  return {.blocks = parse_layers(fmt::format("c9s1-{0},d{1},d{2},R{2}x5,U2,c3s1-{1},U2,c3s1-{0},c9s1-3",
                                             width, 2 * width, 4 * width))};
}

ImageNetworkConfig johnson_transform(int64_t width) {
  return {.blocks = parse_layers(
              fmt::format("c9s1-{0},d{1},d{2},R{2}x5,u{1},u{0},c9s1-3", width, 2 * width, 4 * width)),
          .padding = ops::PaddingMode::zero,
          .borders = Borders::valid_residuals,
          .frame = 40,  // what five residual blocks at a quarter of the size take away
          .output = {.tanh = true, .scale = 150}};
}

ImageNetworkConfig lengstrom_transform(int64_t width) {
  return {.blocks = parse_layers(
              fmt::format("c9s1-{0},d{1},d{2},R{2}x5,u{1},u{0},c9s1-3:norm", width, 2 * width, 4 * width)),
          .padding = ops::PaddingMode::zero,
          .borders = Borders::tensorflow,
          .bias = false,
          .norm = {.eps = 1e-3},
          .output = {.tanh = true, .scale = 150, .offset = 127.5}};
}

ImageNetworkConfig quick_transform(int64_t width, int64_t styles) {
  return {.blocks = parse_layers(fmt::format("c7s2-{0},d{1},R{1}x5,U2,c3s1-{0},U2,c7s1-3", width, 2 * width)),
          .styles = styles};
}

ImageNetworkConfig adain_encoder(int vgg_depth, AdainDepth depth) {
  return adain_encoder(vgg_depth, std::string(depth == AdainDepth::relu3_1 ? "relu3_1" : "relu4_1"));
}

ImageNetworkConfig adain_encoder(int vgg_depth, const std::string& deepest) {
  check_vgg_layer(vgg_depth, deepest);
  ImageNetworkConfig config;
  config.blocks = {{.name = "preprocess", .channels = 3, .kernel = 1, .relu = false}};
  for (const auto& name : vgg_layer_names(vgg_depth)) {
    if (name.starts_with("conv")) {
      config.blocks.push_back({.name = name, .channels = vgg_layer_shape(vgg_depth, name).channels});
    } else if (name.starts_with("pool")) {
      config.blocks.push_back({.kind = Block::Kind::max_pool, .name = name});
    }
    if (name == deepest) break;
  }
  return config;
}

ImageNetworkConfig adain_decoder(int vgg_depth, AdainDepth depth) {
  const auto encoder = adain_encoder(vgg_depth, depth).blocks;
  ImageNetworkConfig config{.in_channels = encoder.back().channels, .blocks = {}};
  // Layer by layer from behind: each undoes one convolution, upsampling first where the encoder pooled after
  // it.
  bool pooled = false;
  for (size_t i = encoder.size(); i-- > 1;) {
    if (encoder[i].kind == Block::Kind::max_pool) {
      pooled = true;
      continue;
    }
    // What the encoder's layer was given: the channels of the convolution before it.
    const auto before =
        std::find_if(encoder.rbegin() + static_cast<std::ptrdiff_t>(encoder.size() - i), encoder.rend(),
                     [](const Block& b) { return b.kind == Block::Kind::conv; });
    config.blocks.push_back({.name = "de" + encoder[i].name,
                             .channels = before->channels,
                             .upsample = pooled ? 2 : 1,
                             .relu = i > 1});
    pooled = false;
  }
  return config;
}

ImageNetworkConfig compact_adain_encoder(int64_t width) {
  ImageNetworkConfig config;
  config.blocks = {{.name = "down1", .channels = width},
                   {.name = "down2", .channels = 2 * width, .stride = 2},
                   {.name = "down3", .channels = 4 * width, .stride = 2},
                   {.kind = Block::Kind::residual, .name = "residual1"}};
  return config;
}

ImageNetworkConfig compact_adain_decoder(int64_t width) {
  ImageNetworkConfig config{.in_channels = 4 * width, .blocks = {}};
  auto& blocks = config.blocks;
  for (int i = 1; i <= 3; ++i) {
    blocks.push_back({.kind = Block::Kind::residual, .name = fmt::format("residual{}", i)});
  }
  blocks.push_back({.name = "up1", .channels = 2 * width, .upsample = 2});
  blocks.push_back({.name = "up2", .channels = width, .upsample = 2});
  blocks.push_back({.name = "up3", .channels = 3, .relu = false});
  return config;
}

}  // namespace nst::nn
