#include "nst/adain/network.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "autograd/ops/slice.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/mask.h"
#include "tensor/ops/resize.h"

namespace nst {
namespace {

using autograd::Variable;

// Shares that add up to 1.
std::vector<double> shares(const std::vector<double>& weights, size_t styles) {
  if (weights.empty()) return std::vector<double>(styles, 1.0 / static_cast<double>(styles));
  if (weights.size() != styles) {
    throw std::invalid_argument(fmt::format("adain: {} weights for {} styles", weights.size(), styles));
  }
  double sum = 0;
  for (const double w : weights) {
    if (!(w >= 0) || !std::isfinite(w)) throw std::invalid_argument("adain: a style's weight is negative");
    sum += w;
  }
  if (sum == 0) throw std::invalid_argument("adain: every style's weight is 0");
  std::vector<double> result;
  for (const double w : weights) result.push_back(w / sum);
  return result;
}

// The masks at the features' size, weighed; where they add up to more than 1 they share.
std::vector<Tensor> feature_masks(const std::vector<Tensor>& masks, const std::vector<double>& weights,
                                  PictureSize picture, const Tensor& features) {
  const int64_t height = features.size(1), width = features.size(2);
  std::vector<std::vector<float>> values;
  for (const Tensor& mask : masks) {
    check_shape("adain", "mask", mask, {1, picture.height, picture.width, 1});
    values.push_back(
        ops::resize_forward(mask, height, width, {.mode = ops::ResizeMode::bilinear, .antialias = true})
            .to_vector<float>());
  }
  std::vector<Tensor> result;
  for (size_t p = 0; p < values[0].size(); ++p) {
    double cover = 0, weight = 0;
    for (size_t k = 0; k < values.size(); ++k) {
      cover = std::max(cover, static_cast<double>(values[k][p]));
      weight += weights[k] * values[k][p];
    }
    for (size_t k = 0; k < values.size(); ++k) {
      values[k][p] = weight > 0 ? static_cast<float>(cover * weights[k] * values[k][p] / weight) : 0.0f;
    }
  }
  for (const auto& v : values) {
    result.push_back(Tensor::from<float>({height, width}, v).to(features.dtype()).to(features.device()));
  }
  return result;
}

// What a decoder makes beyond the picture's size is cut off.
Variable cropped(Variable picture, PictureSize size) {
  if (picture.shape()[1] > size.height)
    picture = autograd::slice(picture, {.axis = 1, .begin = 0, .count = size.height});
  if (picture.shape()[2] > size.width)
    picture = autograd::slice(picture, {.axis = 2, .begin = 0, .count = size.width});
  return picture;
}

Tensor run(const nn::ImageNetwork& network, const Tensor& x, int64_t strips) {
  if (strips > 1 && can_run_in_strips(network.config()))
    return run_in_strips(network.config(), network.state_dict(), x, strips);
  return network(Variable(x)).value();
}

}  // namespace

AdainNetwork::AdainNetwork(nn::ImageNetworkConfig encoder, nn::ImageNetworkConfig decoder,
                           const AdainParams& params, DType dtype, Device device)
    : encoder_(std::move(encoder), dtype, device),
      decoder_(std::move(decoder), dtype, device),
      params_(params) {
  const int64_t given = encoder_.config().blocks.back().channels, taken = decoder_.config().in_channels;
  if (given != taken) {
    throw std::invalid_argument(
        fmt::format("adain: the encoder gives {} channels, the decoder takes {}", given, taken));
  }
  add_module("encoder", encoder_);
  add_module("decoder", decoder_);
}

Variable AdainNetwork::decode(const Variable& features, PictureSize size) const {
  return cropped(decoder_(features), size);
}

Tensor AdainNetwork::encode(const Tensor& picture, int64_t strip_pixels) const {
  const autograd::NoGradGuard no_grad;
  return run(encoder_, picture, strip_count(picture.shape(), strip_pixels));
}

EncodedStyle AdainNetwork::encode_style(const Tensor& picture, int64_t strip_pixels) const {
  const autograd::NoGradGuard no_grad;
  const auto statistics = channel_statistics(Variable(encode(picture, strip_pixels)), params_);
  return {statistics.mean.value(), statistics.std.value()};
}

FeatureTransform AdainNetwork::to_style(const EncodedStyle& style) const {
  return [style, params = params_](const Tensor& content) {
    const Shape of_style{1, content.size(3)};
    check_shape("adain", "style", style.mean, of_style);
    check_shape("adain", "style", style.std, of_style);
    const autograd::NoGradGuard no_grad;
    return adain(Variable(content), {Variable(style.mean), Variable(style.std)}, params).value();
  };
}

Tensor AdainNetwork::stylise(const Tensor& content, std::span<const FeatureTransform> styles,
                             const StyliseOptions& options) const {
  const autograd::NoGradGuard no_grad;
  const PictureSize size{content.size(1), content.size(2)};
  const int64_t strips = strip_count(content.shape(), options.strip_pixels);
  const Tensor features = mix_styles(run(encoder_, content, strips), size, styles, options);
  return ops::clamp_forward(cropped(Variable(run(decoder_, features, strips)), size).value(), 0, 1);
}

Tensor AdainNetwork::stylise(const Tensor& content, std::span<const EncodedStyle> styles,
                             const StyliseOptions& options) const {
  std::vector<FeatureTransform> transforms;
  for (const EncodedStyle& style : styles) transforms.push_back(to_style(style));
  return stylise(content, transforms, options);
}

Tensor mix_styles(const Tensor& content, PictureSize size, std::span<const FeatureTransform> styles,
                  const StyliseOptions& options) {
  if (styles.empty()) throw std::invalid_argument("adain: no style");
  if (!std::isfinite(options.alpha)) throw std::invalid_argument("adain: alpha must be a number");
  const auto weights = shares(options.weights, styles.size());
  if (!options.masks.empty() && options.masks.size() != styles.size()) {
    throw std::invalid_argument(
        fmt::format("adain: {} masks for {} styles", options.masks.size(), styles.size()));
  }
  std::vector<Tensor> masks;
  if (!options.masks.empty()) masks = feature_masks(options.masks, weights, size, content);
  Tensor result = content.clone();
  for (size_t k = 0; k < styles.size(); ++k) {
    Tensor change = ops::sub(styles[k](content), content);
    if (!masks.empty()) change = ops::mask_forward(change, masks[k]);
    ops::axpy(masks.empty() ? options.alpha * weights[k] : options.alpha, change, result);
  }
  return result;
}

}  // namespace nst
