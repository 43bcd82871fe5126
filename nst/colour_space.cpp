#include "nst/colour_space.h"

#include <Eigen/Core>
#include <Eigen/LU>
#include <array>
#include <cmath>

#include "kernels/parallel.h"
#include "tensor/names.h"

namespace nst {
namespace {

using Colour = Eigen::Vector3f;
using Matrix = Eigen::Matrix3f;

constexpr std::array<std::string_view, 3> kNames{"rgb", "linear", "oklab"};

float decode(float v) {
  const float a = std::abs(v);
  return std::copysign(a <= 0.04045f ? a / 12.92f : std::pow((a + 0.055f) / 1.055f, 2.4f), v);
}

float encode(float v) {
  const float a = std::abs(v);
  return std::copysign(a <= 0.0031308f ? 12.92f * a : 1.055f * std::pow(a, 1 / 2.4f) - 0.055f, v);
}

// Ottosson's two matrices: from linear sRGB to the cones' responses, and from their cube roots to Lab. The
// way back inverts these rather than taking the rounded inverses he prints.
struct Oklab {
  Matrix lms_of_rgb, lab_of_lms, rgb_of_lms, lms_of_lab;
};

const Oklab& oklab() {
  static const Oklab matrices = [] {
    Eigen::Matrix3d lms, lab;
    lms << 0.4122214708, 0.5363325363, 0.0514459929,  //
        0.2119034982, 0.6806995451, 0.1073969566,     //
        0.0883024619, 0.2817188376, 0.6299787005;
    lab << 0.2104542553, 0.7936177850, -0.0040720468,  //
        1.9779984951, -2.4285922050, 0.4505937099,     //
        0.0259040371, 0.7827717662, -0.8086757660;
    return Oklab{lms.cast<float>(), lab.cast<float>(), lms.inverse().cast<float>(),
                 lab.inverse().cast<float>()};
  }();
  return matrices;
}

Colour to_linear(const Colour& rgb) { return rgb.unaryExpr(&decode); }
Colour from_linear(const Colour& linear) { return linear.unaryExpr(&encode); }

Colour to_oklab(const Colour& rgb) {
  const Colour lms = oklab().lms_of_rgb * to_linear(rgb);
  return oklab().lab_of_lms * lms.unaryExpr([](float v) { return std::cbrt(v); });
}

Colour from_oklab(const Colour& lab) {
  const Colour roots = oklab().lms_of_lab * lab;
  return from_linear(oklab().rgb_of_lms * roots.cwiseProduct(roots).cwiseProduct(roots));
}

template <class F>
Tensor each_pixel(const Tensor& picture, F f) {
  Tensor result = Tensor::empty_like(picture);
  const float* in = picture.data<float>();
  float* out = result.mutable_data<float>();
  kernels::parallel_for(picture.numel() / 3, 1 << 10, [&](int64_t begin, int64_t end) {
    for (int64_t i = 3 * begin; i < 3 * end; i += 3) {
      Eigen::Map<Colour>(out + i) = f(Eigen::Map<const Colour>(in + i));
    }
  });
  return result;
}

void check_picture(std::string_view function, const Tensor& picture) {
  check_rank(function, "picture", picture, 4);
  if (picture.size(3) != 3) {
    throw std::invalid_argument(
        fmt::format("{}: picture must be (1, H, W, 3), got {}", function, picture.describe()));
  }
}

}  // namespace

std::span<const std::string_view> colour_space_names() { return kNames; }
std::string_view name_of(ColourSpace space) { return kNames[static_cast<size_t>(space)]; }
ColourSpace parse_colour_space(std::string_view name) {
  return parse_name<ColourSpace>("colour space", kNames, name);
}

Tensor to_colour_space(const Tensor& rgb, ColourSpace space) {
  check_picture("to_colour_space", rgb);
  switch (space) {
    case ColourSpace::rgb:
      break;
    case ColourSpace::linear:
      return each_pixel(rgb, &to_linear);
    case ColourSpace::oklab:
      return each_pixel(rgb, &to_oklab);
  }
  return rgb;
}

Tensor from_colour_space(const Tensor& colours, ColourSpace space) {
  check_picture("from_colour_space", colours);
  switch (space) {
    case ColourSpace::rgb:
      break;
    case ColourSpace::linear:
      return each_pixel(colours, &from_linear);
    case ColourSpace::oklab:
      return each_pixel(colours, &from_oklab);
  }
  return colours;
}

Luminance luminance_in(ColourSpace space) {
  switch (space) {
    case ColourSpace::rgb:
      break;
    case ColourSpace::linear:
      return {{0.2126f, 0.7152f, 0.0722f}, {1, 1, 1}};
    case ColourSpace::oklab:
      return {{1, 0, 0}, {1, 0, 0}};
  }
  return {{0.299f, 0.587f, 0.114f}, {1, 1, 1}};
}

}  // namespace nst
