#include "nn/image_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "autograd/ops/elementwise.h"
#include "autograd/ops/pad.h"
#include "autograd/ops/pool.h"
#include "autograd/ops/resize.h"
#include "autograd/ops/slice.h"
#include "autograd/ops/tanh.h"
#include "tensor/profile.h"

namespace nst::nn {

using autograd::Variable;

ImageNetwork::ImageNetwork(ImageNetworkConfig config, DType dtype, Device device)
    : config_(std::move(config)) {
  int64_t channels = config_.in_channels;
  for (Block& block : config_.blocks) {
    auto& stages = stages_.emplace_back();
    if (block.kind == Block::Kind::max_pool) {
      block.channels = channels;
      continue;
    }
    if (block.kind == Block::Kind::residual) block.channels = channels;
    if (block.channels < 1 || block.kernel < 1 || block.kernel % 2 == 0 || block.stride < 1 ||
        block.upsample < 1) {
      throw std::invalid_argument(
          fmt::format("image network: block '{}' has {} channels, kernel {}, stride {}, upsampling {}",
                      block.name, block.channels, block.kernel, block.stride, block.upsample));
    }
    // Stride and upsampling together, or a stride or no norm elsewhere, are nobody's.
    if ((block.kind == Block::Kind::residual && block.stride * block.upsample != 1) ||
        (block.kind == Block::Kind::transposed && (!block.norm || block.upsample != 1)) ||
        (block.stride > 1 && block.upsample > 1)) {
      throw std::invalid_argument(
          fmt::format("image network: block '{}' combines what does not go together", block.name));
    }
    if (block.kind == Block::Kind::residual) {
      stages.push_back(make_stage(block, "1", channels, true, dtype, device));
      stages.push_back(make_stage(block, "2", channels, false, dtype, device));
    } else {
      stages.push_back(make_stage(block, "", channels, block.relu, dtype, device));
    }
    channels = block.channels;
  }
}

ImageNetwork::Stage ImageNetwork::make_stage(const Block& block, const std::string& suffix,
                                             int64_t in_channels, bool relu, DType dtype, Device device) {
  Stage stage;
  const bool tensorflow = config_.borders == Borders::tensorflow;
  if (block.kind == Block::Kind::transposed) {
    const int64_t crop =
        tensorflow ? std::max<int64_t>(block.kernel - block.stride, 0) / 2 : block.kernel / 2;
    stage.transposed =
        std::make_unique<Conv2dTransposed>(Conv2dTransposedConfig{.in_channels = in_channels,
                                                                  .out_channels = block.channels,
                                                                  .kernel = block.kernel,
                                                                  .stride = block.stride,
                                                                  .crop = crop},
                                           dtype, device);
    add_module(block.name + ".conv" + suffix, *stage.transposed);
  } else {
    const bool bare = (tensorflow && block.stride > 1) ||  // with_border()
                      (config_.borders == Borders::valid_residuals && block.kind == Block::Kind::residual);
    stage.conv = std::make_unique<Conv2d>(Conv2dConfig{.in_channels = in_channels,
                                                       .out_channels = block.channels,
                                                       .kernel = block.kernel,
                                                       .bias = config_.bias,
                                                       .params = {.stride = block.stride,
                                                                  .padding = bare ? 0 : block.kernel / 2,
                                                                  .padding_mode = config_.padding,
                                                                  .relu = relu && !block.norm}},
                                          dtype, device);
    add_module(block.name + ".conv" + suffix, *stage.conv);
  }
  if (block.norm) {
    auto params = config_.norm;
    params.relu = relu;
    stage.norm = std::make_unique<InstanceNorm>(block.channels, params, config_.styles, dtype, device);
    add_module(block.name + ".norm" + suffix, *stage.norm);
  }
  return stage;
}

Variable ImageNetwork::Stage::operator()(const Variable& x, const StyleMix& mix) const {
  const Variable y = conv ? (*conv)(x) : (*transposed)(x);
  return norm ? (*norm)(y, mix) : y;
}

Variable ImageNetwork::with_border(const Block& block, const Variable& x) const {
  if (config_.borders != Borders::tensorflow || block.stride == 1) return x;
  // Before and behind `size` pixels so that ceil(size / stride) windows fit.
  const auto border = [&](int64_t size) {
    const int64_t windows = (size + block.stride - 1) / block.stride;
    const int64_t both = std::max<int64_t>((windows - 1) * block.stride + block.kernel - size, 0);
    return std::pair{both / 2, both - both / 2};
  };
  const auto [top, bottom] = border(x.shape()[1]);
  const auto [left, right] = border(x.shape()[2]);
  return autograd::pad(x, {top, bottom, left, right, config_.padding});
}

namespace {

// x without `pixels` pixels on each side.
Variable cropped(const Variable& x, int64_t pixels) {
  if (pixels == 0) return x;
  if (std::min(x.shape()[1], x.shape()[2]) <= 2 * pixels) {
    throw std::invalid_argument(
        fmt::format("image network: {} is too small to crop {} pixels", x.value().describe(), pixels));
  }
  const Variable rows = autograd::slice(x, {.axis = 1, .begin = pixels, .count = x.shape()[1] - 2 * pixels});
  return autograd::slice(rows, {.axis = 2, .begin = pixels, .count = x.shape()[2] - 2 * pixels});
}

}  // namespace

Variable ImageNetwork::run(size_t i, const Variable& x, const StyleMix& mix) const {
  const Block& block = config_.blocks[i];
  const ProfileRegion region(block.name);
  switch (block.kind) {
    case Block::Kind::max_pool:
      return autograd::max_pool(x, {.kernel = 2, .stride = 2, .ceil_mode = true});
    case Block::Kind::residual:
      return autograd::add(cropped(x, config_.borders == Borders::valid_residuals ? block.kernel / 2 * 2 : 0),
                           stages_[i][1](stages_[i][0](x, mix), mix));
    case Block::Kind::transposed:
      return stages_[i][0](x, mix);
    case Block::Kind::conv:
      break;
  }
  if (block.upsample == 1) return stages_[i][0](with_border(block, x), mix);
  return stages_[i][0](autograd::resize(x, x.shape()[1] * block.upsample, x.shape()[2] * block.upsample,
                                        {.mode = ops::ResizeMode::nearest}),
                       mix);
}

Variable ImageNetwork::framed(const Variable& x) const {
  if (config_.frame == 0) return x;
  return autograd::pad(x, ops::PadParams::all(config_.frame, ops::PaddingMode::reflect));
}

Variable ImageNetwork::operator()(const Variable& x, const StyleMix& mix) const {
  Variable y = framed(x);
  for (size_t i = 0; i < config_.blocks.size(); ++i) y = run(i, y, mix);
  const OutputRange& output = config_.output;
  if (output.tanh) y = autograd::tanh(y);
  return output.scale == 1 && output.offset == 0 ? y : autograd::affine(y, output.scale, output.offset);
}

std::vector<Variable> ImageNetwork::outputs(const Variable& x, const StyleMix& mix) const {
  std::vector<Variable> all;
  for (size_t i = 0; i < config_.blocks.size(); ++i)
    all.push_back(run(i, i == 0 ? framed(x) : all.back(), mix));
  return all;
}

}  // namespace nst::nn
