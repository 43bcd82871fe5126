#include "nst/fast.h"

#include <algorithm>

#include "autograd/variable.h"
#include "nst/picture_size.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/pad.h"
#include "tensor/ops/slice.h"

namespace nst {
namespace {

constexpr int64_t kMargin =
    64;  // mirrored pixels that a network with zeros at its borders is shown: beyond its reach

// What a side must be a multiple of to come back as long as it was.
int64_t stride_of(const nn::ImageNetworkConfig& config) {
  int64_t stride = 1;
  for (const nn::Block& block : config.blocks) {
    if (block.kind == nn::Block::Kind::conv) stride *= block.stride;
  }
  return stride;
}

int64_t margin_of(const nn::ImageNetworkConfig& config) {
  return config.padding == ops::PaddingMode::zero && config.frame == 0 ? kMargin : 0;
}

// Mirrors as many pixels as there are, and repeats the outermost where there are too few.
Tensor with_border(const Tensor& x, const ops::PadParams& border) {
  const bool mirrors =
      std::max({border.top, border.bottom}) < x.size(1) && std::max({border.left, border.right}) < x.size(2);
  ops::PadParams params = border;
  params.mode = mirrors ? ops::PaddingMode::reflect : ops::PaddingMode::replicate;
  return ops::pad_forward(x, params);
}

Tensor part(const Tensor& x, int64_t top, int64_t left, int64_t height, int64_t width) {
  Tensor y = x;
  if (y.size(1) != height) y = ops::slice_forward(y, {.axis = 1, .begin = top, .count = height});
  if (y.size(2) != width) y = ops::slice_forward(y, {.axis = 2, .begin = left, .count = width});
  return y;
}

}  // namespace

FastStyle::FastStyle(nn::TransformModel model, Device device)
    : model_(std::move(model)),
      device_(device),
      network_(nn::make_network(model_, DType::float32, device)),
      to_pixels_({.in_channels = 3, .out_channels = 3, .kernel = 1}, DType::float32, device),
      from_pixels_({.in_channels = 3, .out_channels = 3, .kernel = 1}, DType::float32, device) {
  to_pixels_.load_state_dict(nn::preprocessing_convolution(model_.pixels, kPictureRange));
  from_pixels_.load_state_dict(nn::undo_preprocessing_convolution(model_.pixels, kPictureRange));
}

Tensor FastStyle::operator()(const Tensor& picture, const FastOptions& options) const {
  check_rank("fast", "picture", picture, 4);
  const autograd::NoGradGuard no_grad;
  const int64_t height = picture.size(1), width = picture.size(2);
  const int64_t stride = stride_of(model_.config), margin = margin_of(model_.config);
  const auto beyond = [&](int64_t size) { return (stride - (size + 2 * margin) % stride) % stride; };
  const Tensor there = picture.to(device_);
  Tensor x = with_border(there, {margin, margin + beyond(height), margin, margin + beyond(width)});
  // RGB in 0..255 is what most networks take.
  const bool plain = model_.pixels == nn::kByteRangePreprocessing;
  if (!plain) x = to_pixels_(autograd::Variable(x)).value();
  nn::ImageNetworkConfig of_one_style = model_.config;
  of_one_style.styles = 1;
  const int64_t strips = strip_count(x.shape(), options.strip_pixels);
  const auto in_strips = [&] {
    const nn::TransformModel model = nn::single_style(model_, options.mix);
    return run_in_strips(model.config, model.state, x, strips);
  };
  Tensor y = strips > 1 && can_run_in_strips(of_one_style)
                 ? in_strips()
                 : (*network_)(autograd::Variable(x), options.mix).value();
  if (!plain) y = from_pixels_(autograd::Variable(y)).value();
  y = ops::clamp_forward(part(y, margin, margin, height, width), 0, 255);
  if (options.preserve_color) {
    const auto unit = [](const Tensor& image) { return ops::affine(image.to(kCpu), 1.0 / 255, 0); };
    y = ops::affine(transfer_colour(unit(y), unit(there), *options.preserve_color), 255, 0).to(device_);
  }
  if (options.strength != 1) {
    y = ops::add(ops::affine(there, 1 - options.strength, 0), ops::affine(y, options.strength, 0));
  }
  return y.to(picture.device());
}

}  // namespace nst
