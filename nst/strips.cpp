#include "nst/strips.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "autograd/variable.h"
#include "tensor/ops/channel_stats.h"
#include "tensor/ops/conv2d.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/pad.h"
#include "tensor/ops/resize.h"
#include "tensor/ops/slice.h"
#include "tensor/ops/tanh.h"

namespace nst {
namespace {

constexpr int64_t kLeastRows = 16;  // of a strip: below, most rows would be its neighbours'

// Rows [begin, end) of a map.
struct Rows {
  int64_t begin, end;
  int64_t count() const { return end - begin; }
};

// One block: [upsampling,] border, convolution with what is known of its norm folded in [, ReLU].
struct Stage {
  nn::Block block;
  Tensor weight, bias;  // bias may be undefined
  Tensor gamma, beta;   // undefined without a norm
  ops::Conv2dWeight packed;
  int64_t height = 0;  // of its output
  bool folded = false;
};

Tensor slice_rows(const Tensor& x, const Rows& rows) {
  if (rows.begin == 0 && rows.end == x.size(1)) return x;
  return ops::slice_forward(x, {.axis = 1, .begin = rows.begin, .count = rows.count()});
}

// Blocks one after another on a map that is there whole.
class Chain {
 public:
  Chain(const nn::TransformModel& model, std::span<const nn::Block> blocks, Tensor source, int64_t strips)
      : source_(std::move(source)),
        padding_(model.config.padding),
        eps_(model.config.norm.eps),
        strips_(strips) {
    int64_t height = source_.size(1);
    for (const nn::Block& block : blocks) {
      const Device device = source_.device();
      const auto parameter = [&](const std::string& name) {
        return model.state.at(block.name + name).to(device);
      };
      Stage stage{.block = block,
                  .weight = parameter(".conv.weight"),
                  .bias = model.config.bias ? parameter(".conv.bias") : Tensor(),
                  .gamma = {},
                  .beta = {},
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
    const auto& [kind, name, channels, kernel, stride, upsample, norm, relu] = stage.block;
    const int64_t pad = kernel / 2;
    const int64_t height = (i == 0 ? source_.size(1) : stages_[i - 1].height) * upsample;
    // What the convolution reads, of the upsampled input and its border.
    const Rows wanted{rows.begin * stride - pad, (rows.end - 1) * stride - pad + kernel};
    const int64_t top = std::max<int64_t>(-wanted.begin, 0),
                  bottom = std::max<int64_t>(wanted.end - height, 0);
    // What of it there is. A mirrored border reads as many rows again on its own side.
    Rows there{std::max<int64_t>(wanted.begin, 0), std::min(wanted.end, height)};
    there.end = std::max(there.end, std::min(top + 1, height));
    there.begin = std::min(there.begin, std::max<int64_t>(height - 1 - bottom, 0));

    const Rows before{there.begin / upsample, (there.end + upsample - 1) / upsample};
    Tensor x = i == 0 ? slice_rows(source_, before) : rows_of(i - 1, before);
    if (upsample > 1) {
      x = ops::resize_forward(x, x.size(1) * upsample, x.size(2) * upsample,
                              {.mode = ops::ResizeMode::nearest});
      const int64_t begin = there.begin - before.begin * upsample;
      x = slice_rows(x, {begin, begin + there.count()});
    }
    x = ops::pad_forward(x, {top, bottom, pad, pad, padding_});
    const int64_t begin = wanted.begin - (there.begin - top);
    x = slice_rows(x, {begin, begin + wanted.count()});
    return ops::conv2d_forward(x, stage.packed, stage.bias,
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

bool is_residual(const nn::Block& block) { return block.kind == nn::Block::Kind::residual; }

// The residual blocks alone, as a network.
Tensor run_residuals(const nn::TransformModel& model, std::span<const nn::Block> blocks, const Tensor& x) {
  nn::ImageNetworkConfig config = model.config;
  config.in_channels = x.size(3);
  config.blocks.assign(blocks.begin(), blocks.end());
  config.output = {};
  nn::ImageNetwork network(config, x.dtype(), x.device());
  network.load_state_dict(model.state, /*strict=*/false);
  return network(autograd::Variable(x)).value();
}

}  // namespace

bool can_run_in_strips(const nn::ImageNetworkConfig& config) {
  const auto plain = [](const nn::Block& block) {
    return is_residual(block) || block.kind == nn::Block::Kind::conv;
  };
  return config.styles == 1 && config.borders == nn::Borders::centred && config.frame == 0 &&
         config.blocks.size() > 2 && !is_residual(config.blocks.front()) &&
         !is_residual(config.blocks.back()) && std::ranges::all_of(config.blocks, plain) &&
         std::ranges::any_of(config.blocks, is_residual);
}

Tensor run_in_strips(const nn::TransformModel& model, const Tensor& x, int64_t strip_pixels) {
  const auto& config = model.config;
  if (!can_run_in_strips(config)) throw std::invalid_argument("this network cannot be run in strips");
  const autograd::NoGradGuard no_grad;
  const std::span<const nn::Block> blocks(config.blocks);
  const auto first = std::ranges::find_if(blocks, is_residual);
  const auto last = std::ranges::find_if(blocks.rbegin(), blocks.rend(), is_residual).base();
  const int64_t rows = std::max(strip_pixels / x.size(2), kLeastRows);
  const int64_t strips = std::max<int64_t>(x.size(1) / rows, 1);

  Tensor middle;
  {
    const Chain head(model, {blocks.begin(), first}, x, strips);
    middle = head.output([](const Tensor& part) { return part; });
  }
  middle = run_residuals(model, {first, last}, middle);
  const Chain tail(model, {last, blocks.end()}, std::move(middle), strips);
  return tail.output([&](const Tensor& part) {
    const Tensor bounded = config.output.tanh ? ops::tanh_forward(part) : part;
    return ops::affine(bounded, config.output.scale, config.output.offset);
  });
}

}  // namespace nst
