#include "nst/losses.h"

#include <array>
#include <cmath>

#include "autograd/ops/gram.h"
#include "autograd/ops/squared_error.h"
#include "tensor/names.h"

namespace nst {
namespace {

constexpr std::array<std::string_view, 4> kStyleNames{"gatys", "gatys_notebook", "neural_style", "titu1994"};
constexpr std::array<std::string_view, 5> kContentNames{"mean", "gatys", "titu1994_type0", "titu1994_type1",
                                                        "titu1994_type2"};

// titu1994's "channels" and "size" are always the picture's: 1 / (4 * 3^2 * (W0 H0)^2).
constexpr double kTitu1994Factor = 1.0 / 36;

double square(double x) { return x * x; }
double area(PictureSize picture) {
  return static_cast<double>(picture.height) * static_cast<double>(picture.width);
}

}  // namespace

std::span<const std::string_view> style_normalisation_names() { return kStyleNames; }
std::span<const std::string_view> content_normalisation_names() { return kContentNames; }
std::string_view name_of(StyleNormalisation n) { return kStyleNames[static_cast<size_t>(n)]; }
std::string_view name_of(ContentNormalisation n) { return kContentNames[static_cast<size_t>(n)]; }

StyleNormalisation parse_style_normalisation(std::string_view name) {
  return parse_name<StyleNormalisation>("style normalisation", kStyleNames, name);
}
ContentNormalisation parse_content_normalisation(std::string_view name) {
  return parse_name<ContentNormalisation>("content normalisation", kContentNames, name);
}

double gram_scale(StyleNormalisation normalisation, int64_t channels, int64_t other_channels, int64_t pixels,
                  int64_t window) {
  const double per_pixel = 1 / static_cast<double>(pixels);
  switch (normalisation) {
    case StyleNormalisation::gatys:
    case StyleNormalisation::gatys_notebook:
      return per_pixel;
    case StyleNormalisation::neural_style:
      return per_pixel / std::sqrt(static_cast<double>(channels * other_channels));
    case StyleNormalisation::titu1994:
      break;
  }
  return static_cast<double>(window);
}

autograd::Variable style_gram(const autograd::Variable& features, StyleNormalisation normalisation,
                              double shift) {
  check_rank("style_gram", "features", features.value(), 4);
  const int64_t pixels = features.shape()[1] * features.shape()[2], channels = features.shape()[3];
  return autograd::gram(features,
                        {.shift = shift, .scale = gram_scale(normalisation, channels, channels, pixels)});
}

autograd::Variable style_loss(const autograd::Variable& gram, const Tensor& target,
                              StyleNormalisation normalisation, PictureSize picture) {
  const double pairs = static_cast<double>(gram.shape()[-2] * gram.shape()[-1]);
  const double mean = 1 / static_cast<double>(gram.value().numel());
  double factor = 0;
  switch (normalisation) {
    case StyleNormalisation::gatys:
      factor = 1 / (4 * pairs);
      break;
    case StyleNormalisation::gatys_notebook:
      factor = 1e3 / pairs * mean;
      break;
    case StyleNormalisation::neural_style:
      factor = mean;
      break;
    case StyleNormalisation::titu1994:
      factor = kTitu1994Factor / square(area(picture));
      break;
  }
  return autograd::sum_of_squares(gram, autograd::Variable(target), factor);
}

double content_scale(ContentNormalisation normalisation, int64_t channels, int64_t count,
                     PictureSize picture) {
  switch (normalisation) {
    case ContentNormalisation::mean:
      return 1 / static_cast<double>(count);
    case ContentNormalisation::gatys:
      return 0.5;
    case ContentNormalisation::titu1994_type0:
      break;
    case ContentNormalisation::titu1994_type1:
      return 1 / (2 * std::sqrt(static_cast<double>(channels)) * std::sqrt(area(picture)));
    case ContentNormalisation::titu1994_type2:
      return 1 / (static_cast<double>(channels) * area(picture));
  }
  return 1;
}

autograd::Variable content_loss(const autograd::Variable& features, const Tensor& target,
                                ContentNormalisation normalisation, PictureSize picture) {
  return autograd::sum_of_squares(
      features, autograd::Variable(target),
      content_scale(normalisation, features.shape()[-1], features.value().numel(), picture));
}

}  // namespace nst
