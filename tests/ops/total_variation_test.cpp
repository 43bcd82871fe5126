// The formulas themselves are held against PyTorch's in tests/golden; here, small cases by hand, gradients,
// and independence of the threads' row ranges.
#include "autograd/ops/total_variation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support.h"

namespace nst {
namespace {

using ops::TvVariant;
using testing::random_tensor;

double tv_of(const std::vector<double>& x, const Shape& shape, TvVariant variant, Device device) {
  return ops::total_variation_forward(Tensor::from<double>(shape, x, device), variant).item();
}

class TotalVariation : public ::testing::TestWithParam<Device> {};

TEST_P(TotalVariation, of_a_two_by_two_picture) {
  // 0 1
  // 3 7
  const std::vector<double> x{0, 1, 3, 7};
  const Shape shape{1, 2, 2, 1};
  const auto tv = [&](TvVariant variant) { return tv_of(x, shape, variant, GetParam()); };
  EXPECT_EQ(tv(TvVariant::squared), 0.5 * (1 + 16 + 9 + 36));
  EXPECT_EQ(tv(TvVariant::squared_cropped), 0.5 * (1 + 9));
  EXPECT_EQ(tv(TvVariant::anisotropic), 1 + 4 + 3 + 6);
  EXPECT_NEAR(tv(TvVariant::titu1994), std::pow(10, 1.25), 1e-12);
  EXPECT_EQ(tv(TvVariant::mean_squared), 17.0 / 2 + 45.0 / 2);
  // nine squares of the repeated picture: the four corners are flat, each side has one difference in both
  // diagonals, the middle has 7 - 0 and 3 - 1
  const double diagonals = (2 * 1 + 2 * 9 + 2 * 16 + 2 * 36 + 49 + 4) / 9.0;
  EXPECT_NEAR(tv(TvVariant::nine_point), 2 * ((17.0 + 45.0) / 4 / 3 + diagonals / 12), 1e-12);
}

TEST_P(TotalVariation, is_zero_for_flat_and_single_pixels) {
  for (const auto name : ops::tv_variant_names()) {
    const TvVariant variant = ops::parse_tv_variant(name);
    EXPECT_EQ(tv_of(std::vector<double>(24, 5), {1, 2, 4, 3}, variant, GetParam()), 0) << name;
    const Tensor pixel =
        Tensor::from<double>({2, 1, 1, 3}, std::vector<double>{1, 2, 3, 4, 5, 6}, GetParam());
    EXPECT_EQ(ops::total_variation_forward(pixel, variant).item(), 0) << name;
    const auto grad =
        ops::total_variation_backward(pixel, Tensor::full({1}, 1, DType::float64, GetParam()), variant);
    EXPECT_EQ(grad.to_vector<double>(), std::vector<double>(6, 0)) << name;
  }
  EXPECT_INVALID(ops::parse_tv_variant("l2"), "'l2' is not one of squared");
}

TEST_P(TotalVariation, float_agrees_with_double_over_many_rows) {
  const Shape shape{2, 65, 17, 3};
  const Tensor x = random_tensor(shape, DType::float64, 1);
  for (const auto name : ops::tv_variant_names()) {
    const TvVariant variant = ops::parse_tv_variant(name);
    const Tensor x32 = x.to(DType::float32).to(GetParam());
    EXPECT_CLOSE(ops::total_variation_forward(x32, variant), ops::total_variation_forward(x, variant), 1e-5);
    EXPECT_CLOSE(
        ops::total_variation_backward(x32, Tensor::full({1}, 1, DType::float32, GetParam()), variant),
        ops::total_variation_backward(x, Tensor::full({1}, 1, DType::float64), variant), 1e-5);
  }
}

// The formulas of kernels/total_variation.h over one picture after another, sums before means.
double definition(const Tensor& x, TvVariant variant) {
  const auto values = x.to_vector<double>();
  const int64_t n = x.size(0), h = x.size(1), w = x.size(2), c = x.size(3);
  double dx2 = 0, dy2 = 0, diagonal2 = 0, absolute = 0, cropped = 0, titu1994 = 0;
  for (int64_t image = 0; image < n; ++image) {
    for (int64_t k = 0; k < c; ++k) {
      const auto at = [&](int64_t i, int64_t j) {  // edges repeated
        i = std::clamp<int64_t>(i, 0, h - 1), j = std::clamp<int64_t>(j, 0, w - 1);
        return values[((image * h + i) * w + j) * c + k];
      };
      for (int64_t i = -1; i < h; ++i) {
        for (int64_t j = -1; j < w; ++j) {
          const double d1 = at(i + 1, j + 1) - at(i, j), d2 = at(i + 1, j) - at(i, j + 1);
          diagonal2 += d1 * d1 + d2 * d2;
          if (i < 0 || j < 0) continue;
          const double dx = at(i, j + 1) - at(i, j), dy = at(i + 1, j) - at(i, j);
          dx2 += dx * dx, dy2 += dy * dy;
          absolute += std::abs(dx) + std::abs(dy);
          if (i + 1 == h || j + 1 == w) continue;
          cropped += dx * dx + dy * dy;
          titu1994 += std::pow(dx * dx + dy * dy, 1.25);
        }
      }
    }
  }
  const auto mean = [](double sum, int64_t count) {
    return count > 0 ? sum / static_cast<double>(count) : 0;
  };
  switch (variant) {
    case TvVariant::squared:
      return (dx2 + dy2) / 2;
    case TvVariant::squared_cropped:
      return cropped / 2;
    case TvVariant::anisotropic:
      return absolute;
    case TvVariant::titu1994:
      return titu1994;
    case TvVariant::mean_squared:
      return mean(dx2, n * h * (w - 1) * c) + mean(dy2, n * (h - 1) * w * c);
    case TvVariant::nine_point:
      return 2 * (mean(dx2 + dy2, n * h * w * c) / 3 + mean(diagonal2, n * (h + 1) * (w + 1) * c) / 12);
  }
  return NAN;
}

TEST_P(TotalVariation, is_its_definition_at_odd_sizes) {
  for (const Shape& shape :
       {Shape{1, 1, 33, 3}, {1, 33, 1, 3}, {1, 1, 2, 1}, {1, 33, 33, 1}, {2, 65, 17, 3}}) {
    const Tensor x = random_tensor(shape, DType::float64, 2).to(GetParam());
    for (const auto name : ops::tv_variant_names()) {
      const TvVariant variant = ops::parse_tv_variant(name);
      const double expected = definition(x, variant);
      SCOPED_TRACE(std::string(name) + " " + shape.to_string());
      EXPECT_NEAR(ops::total_variation_forward(x, variant).item(), expected, 1e-12 * expected);
      EXPECT_NEAR(ops::total_variation_forward(x.to(DType::float32), variant).item(), expected,
                  1e-5 * expected);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(devices, TotalVariation, ::testing::ValuesIn(testing::devices()));

bool register_all() {
  for (const auto name : ops::tv_variant_names()) {
    const TvVariant variant = ops::parse_tv_variant(name);
    // 2 images of 19 rows: several ranges of rows where there are threads
    for (const Shape& shape : {Shape{2, 19, 4, 2}, {1, 1, 33, 2}, {1, 33, 1, 2}, {1, 65, 17, 1}}) {
      const testing::GradcheckCase c{
          fmt::format("total_variation_{}_{}x{}", name, shape[1], shape[2]),
          [variant](const auto& v) { return autograd::total_variation(v[0], variant); },
          {random_tensor(shape, DType::float64, 3)},
          {}};
      // Thousands of evaluations are much for a device that runs on the CPU; above, it is compared at 65x17.
      const bool large = shape.numel() > 500;
      testing::register_gradchecks({c}, large ? std::vector{kCpu} : testing::devices());
    }
  }
  return true;
}
const bool registered = register_all();

}  // namespace
}  // namespace nst
