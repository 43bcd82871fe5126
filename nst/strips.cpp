#include "nst/strips.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include "autograd/variable.h"
#include "tensor/ops/channel_stats.h"
#include "tensor/ops/conv2d.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/pad.h"
#include "tensor/ops/pool.h"
#include "tensor/ops/resize.h"
#include "tensor/ops/slice.h"
#include "tensor/ops/tanh.h"

namespace nst {
namespace {

constexpr int64_t kLeastRows = 16;  // of a strip: below, most rows would be its neighbours'
constexpr int64_t kStripPixels = 1 << 20, kLargePicture = 4 * kStripPixels;

// Rows [begin, end) of a map.
struct Rows {
  int64_t begin, end;
  int64_t count() const { return end - begin; }
};

// One block: a pooling, which has no parameters, or [upsampling,] border, convolution with what is known of
// its norm folded in [, ReLU].
struct Stage {
  nn::Block block = {};
  Tensor weight = {}, bias = {};  // bias may be undefined
  Tensor gamma = {}, beta = {};   // undefined without a norm
  std::optional<ops::Conv2dWeight> packed = {};
  int64_t height = 0;  // of its output
  bool folded = false;
};

bool is_pool(const nn::Block& block) { return block.kind == nn::Block::Kind::max_pool; }
bool is_residual(const nn::Block& block) { return block.kind == nn::Block::Kind::residual; }

Tensor slice_rows(const Tensor& x, const Rows& rows) {
  if (rows.begin == 0 && rows.end == x.size(1)) return x;
  return ops::slice_forward(x, {.axis = 1, .begin = rows.begin, .count = rows.count()});
}

// Blocks one after another on a map that is there whole.
class Chain {
 public:
  Chain(const nn::ImageNetworkConfig& config, const nn::StateDict& state, std::span<const nn::Block> blocks,
        Tensor source, int64_t strips)
      : source_(std::move(source)), padding_(config.padding), eps_(config.norm.eps), strips_(strips) {
    int64_t height = source_.size(1);
    for (const nn::Block& block : blocks) {
      if (is_pool(block)) {
        height = (height + 1) / 2;
        stages_.push_back({.block = block, .height = height});
        continue;
      }
      const Device device = source_.device();
      const auto parameter = [&](const std::string& name) { return state.at(block.name + name).to(device); };
      Stage stage{.block = block,
                  .weight = parameter(".conv.weight"),
                  .bias = config.bias ? parameter(".conv.bias") : Tensor(),
                  .packed = ops::Conv2dWeight(parameter(".conv.weight"))};
      if (block.norm) {
        stage.gamma = parameter(".norm.weight");
        stage.beta = parameter(".norm.bias");
      }
      height = (height * block.upsample + block.kernel / 2 * 2 - block.kernel) / block.stride + 1;
      stage.height = height;
      stages_.push_back(std::move(stage));
    }
    for (size_t i = 0; i < stages_.size(); ++i) {
      if (stages_[i].block.norm) fold_norm(i);
    }
  }

  // The last block's output, put together from strips that `finish` was applied to.
  template <class Finish>
  Tensor output(Finish finish) const {
    std::vector<Tensor> parts;
    for_each_strip(stages_.size() - 1, [&](const Tensor& part) { parts.push_back(finish(part)); });
    return parts.size() == 1 ? parts[0] : ops::concat(parts, 1);
  }

 private:
  template <class F>
  void for_each_strip(size_t i, F f) const {
    const int64_t height = stages_[i].height, rows = (height + strips_ - 1) / strips_;
    for (int64_t begin = 0; begin < height; begin += rows)
      f(rows_of(i, {begin, std::min(begin + rows, height)}));
  }

  // Some rows of a block's output.
  Tensor rows_of(size_t i, const Rows& rows) const {
    const Stage& stage = stages_[i];
    const auto input = [&](const Rows& of) { return i == 0 ? slice_rows(source_, of) : rows_of(i - 1, of); };
    const int64_t input_height = i == 0 ? source_.size(1) : stages_[i - 1].height;
    if (is_pool(stage.block)) {
      return ops::max_pool_forward(input({2 * rows.begin, std::min(2 * rows.end, input_height)}),
                                   {.kernel = 2, .stride = 2, .ceil_mode = true});
    }
    const auto& [kind, name, channels, kernel, stride, upsample, norm, relu] = stage.block;
    const int64_t pad = kernel / 2;
    const int64_t height = input_height * upsample;
    // What the convolution reads, of the upsampled input and its border.
    const Rows wanted{rows.begin * stride - pad, (rows.end - 1) * stride - pad + kernel};
    const int64_t top = std::max<int64_t>(-wanted.begin, 0),
                  bottom = std::max<int64_t>(wanted.end - height, 0);
    // What of it there is. A mirrored border reads as many rows again on its own side.
    Rows there{std::max<int64_t>(wanted.begin, 0), std::min(wanted.end, height)};
    there.end = std::max(there.end, std::min(top + 1, height));
    there.begin = std::min(there.begin, std::max<int64_t>(height - 1 - bottom, 0));

    const Rows before{there.begin / upsample, (there.end + upsample - 1) / upsample};
    Tensor x = input(before);
    if (upsample > 1) {
      x = ops::resize_forward(x, x.size(1) * upsample, x.size(2) * upsample,
                              {.mode = ops::ResizeMode::nearest});
      const int64_t begin = there.begin - before.begin * upsample;
      x = slice_rows(x, {begin, begin + there.count()});
    }
    x = ops::pad_forward(x, {top, bottom, pad, pad, padding_});
    const int64_t begin = wanted.begin - (there.begin - top);
    x = slice_rows(x, {begin, begin + wanted.count()});
    return ops::conv2d_forward(x, *stage.packed, stage.bias,
                               {.stride = stride, .relu = relu && (stage.folded || !norm)});
  }

  // gamma (conv - mean) / std + beta as a convolution, mean and std over all strips.
  void fold_norm(size_t i) {
    Stage& stage = stages_[i];
    const auto channels = static_cast<size_t>(stage.block.channels);
    std::vector<double> mean(channels, 0), squares(channels, 0);  // squares: of differences to the mean
    double pixels = 0;
    for_each_strip(i, [&](const Tensor& part) {
      const auto stats = ops::channel_std_forward(part, {});
      const auto part_mean = stats.mean.to_vector<double>(), part_std = stats.std.to_vector<double>();
      const double count = static_cast<double>(part.size(1) * part.size(2)), all = pixels + count;
      for (size_t c = 0; c < channels; ++c) {  // Chan, Golub & LeVeque 1979
        const double delta = part_mean[c] - mean[c];
        mean[c] += delta * count / all;
        squares[c] += part_std[c] * part_std[c] * count + delta * delta * pixels * count / all;
      }
      pixels = all;
    });
    const Tensor& old = stage.weight;
    const auto gamma = stage.gamma.to_vector<double>(), beta = stage.beta.to_vector<double>();
    auto weight = old.to_vector<double>();
    auto bias = stage.bias.defined() ? stage.bias.to_vector<double>() : std::vector<double>(channels, 0);
    const size_t taps = weight.size() / channels;
    for (size_t c = 0; c < channels; ++c) {
      const double factor = gamma[c] / std::sqrt(squares[c] / pixels + eps_);
      for (size_t t = 0; t < taps; ++t) weight[c * taps + t] *= factor;
      bias[c] = (bias[c] - mean[c]) * factor + beta[c];
    }
    stage.weight = Tensor::from<double>(old.shape(), weight).to(old.dtype()).to(old.device());
    stage.bias = Tensor::from<double>({stage.block.channels}, bias).to(old.dtype()).to(old.device());
    stage.packed = ops::Conv2dWeight(stage.weight);
    stage.folded = true;
  }

  Tensor source_;
  ops::PaddingMode padding_;
  double eps_;
  int64_t strips_;
  std::vector<Stage> stages_;
};

// The residual blocks alone, as a network.
Tensor run_residuals(const nn::ImageNetworkConfig& whole, const nn::StateDict& state,
                     std::span<const nn::Block> blocks, const Tensor& x) {
  nn::ImageNetworkConfig config = whole;
  config.in_channels = x.size(3);
  config.blocks.assign(blocks.begin(), blocks.end());
  config.output = {};
  nn::ImageNetwork network(config, x.dtype(), x.device());
  network.load_state_dict(state, /*strict=*/false);
  return network(autograd::Variable(x)).value();
}

}  // namespace

int64_t strip_count(const Shape& picture, int64_t strip_pixels) {
  const int64_t height = picture[1], width = picture[2];
  if (strip_pixels == kAutomaticStrips) strip_pixels = height * width > kLargePicture ? kStripPixels : 0;
  if (strip_pixels <= 0 || picture[0] != 1) return 1;
  return std::max<int64_t>(height / std::max(strip_pixels / width, kLeastRows), 1);
}

bool can_run_in_strips(const nn::ImageNetworkConfig& config) {
  const auto fits = [](const nn::Block& block) { return block.kind != nn::Block::Kind::transposed; };
  return config.styles == 1 && config.borders == nn::Borders::centred && config.frame == 0 &&
         std::ranges::all_of(config.blocks, fits);
}

Tensor run_in_strips(const nn::ImageNetworkConfig& config, const nn::StateDict& state, const Tensor& x,
                     int64_t strips) {
  if (!can_run_in_strips(config)) throw std::invalid_argument("this network cannot be run in strips");
  const autograd::NoGradGuard no_grad;
  const std::span<const nn::Block> blocks(config.blocks);
  const auto first = std::ranges::find_if(blocks, is_residual);
  const auto last = std::ranges::find_if(blocks.rbegin(), blocks.rend(), is_residual).base();
  Tensor map = x;
  const auto run = [&](std::span<const nn::Block> part, auto finish) {
    if (!part.empty()) map = Chain(config, state, part, std::exchange(map, {}), strips).output(finish);
  };
  const auto finish = [&](const Tensor& part) {
    if (config.output == nn::OutputRange{}) return part;
    const Tensor bounded = config.output.tanh ? ops::tanh_forward(part) : part;
    return ops::affine(bounded, config.output.scale, config.output.offset);
  };
  if (first == blocks.end()) {
    run(blocks, finish);
    return map;
  }
  run({blocks.begin(), first}, std::identity{});
  map = run_residuals(config, state, {first, last}, map);
  if (last == blocks.end()) return finish(map);
  run({last, blocks.end()}, finish);
  return map;
}

}  // namespace nst
