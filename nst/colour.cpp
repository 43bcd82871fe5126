#include "nst/colour.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "nst/colour_statistics.h"
#include "nst/masks.h"
#include "tensor/names.h"
#include "tensor/ops/elementwise.h"

namespace nst {
namespace {

constexpr std::array<std::string_view, 4> kNames{"luminance", "histogram", "coral", "mk"};

void check_picture(const char* argument, const Tensor& picture) {
  check_rank("transfer_colour", argument, picture, 4);
  if (picture.size(0) != 1 || picture.size(3) != 3 || picture.numel() == 0) {
    throw std::invalid_argument(
        fmt::format("transfer_colour: {} must be (1, H, W, 3), got {}", argument, picture.describe()));
  }
}

void check_mask(const char* argument, const Tensor& mask, const Tensor& picture) {
  if (!mask.defined()) return;
  check_shape("transfer_colour", argument, mask, {picture.size(1), picture.size(2)});
}

bool is_empty(const Tensor& mask) {
  if (!mask.defined()) return false;
  const float* m = mask.data<float>();
  return std::none_of(m, m + mask.numel(), [](float v) { return v > 0; });
}

// Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer", section 3.2.
Tensor with_luminance_of(const Tensor& picture, const Tensor& colours, const Luminance& luminance) {
  check_same("transfer_colour (luminance)", picture, colours);
  Tensor result = Tensor::empty_like(colours);
  const float* from = picture.data<float>();
  const float* chroma = colours.data<float>();
  float* out = result.mutable_data<float>();
  for (int64_t i = 0; i < colours.numel(); i += 3) {
    float change = 0;
    for (int k = 0; k < 3; ++k) change += luminance.weights[k] * (from[i + k] - chroma[i + k]);
    for (int k = 0; k < 3; ++k) out[i + k] = chroma[i + k] + change * luminance.direction[k];
  }
  return result;
}

// Both in the space in which they are to be compared.
Tensor transferred(const Tensor& picture, const Tensor& colours, const ColourOptions& options) {
  if (options.method == ColourMethod::luminance) {
    return with_luminance_of(picture, colours, luminance_in(options.space));
  }
  if (options.method == ColourMethod::histogram) {
    return match_histograms(picture, options.mask, colours, options.colours_mask);
  }
  const auto from = colour_statistics(picture, options.mask),
             to = colour_statistics(colours, options.colours_mask);
  const auto map = options.method == ColourMethod::coral ? coral_map : mk_map;
  return map_colours(picture, map(from.covariance, to.covariance), from.mean, to.mean);
}

}  // namespace

std::span<const std::string_view> colour_method_names() { return kNames; }
std::string_view name_of(ColourMethod method) { return kNames[static_cast<size_t>(method)]; }
ColourMethod parse_colour_method(std::string_view name) {
  return parse_name<ColourMethod>("colour method", kNames, name);
}

Tensor transfer_colour(const Tensor& picture, const Tensor& colours, const ColourOptions& options) {
  check_picture("picture", picture);
  check_picture("colours", colours);
  check_mask("mask", options.mask, picture);
  check_mask("colours_mask", options.colours_mask, colours);
  if (is_empty(options.mask)) return picture.clone();
  if (is_empty(options.colours_mask)) {
    throw std::invalid_argument("transfer_colour: colours_mask is 0 everywhere");
  }
  const Tensor result =
      ops::clamp_forward(from_colour_space(transferred(to_colour_space(picture, options.space),
                                                       to_colour_space(colours, options.space), options),
                                           options.space),
                         0, 1);
  return options.mask.defined() ? blend(picture, result, options.mask) : result;
}

}  // namespace nst
