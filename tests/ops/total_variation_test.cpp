// The formulas themselves are held against PyTorch's in tests/golden; here, small cases by hand, gradients,
// and independence of the threads' row ranges.
#include "autograd/ops/total_variation.h"

#include <gtest/gtest.h>

#include "tests/support.h"

namespace nst {
namespace {

using ops::TvVariant;
using testing::random_tensor;

double tv(const std::vector<double>& x, const Shape& shape, TvVariant variant) {
  return ops::total_variation_forward(Tensor::from<double>(shape, x), variant).item();
}

TEST(TotalVariation, of_a_two_by_two_picture) {
  // 0 1
  // 3 7
  const std::vector<double> x{0, 1, 3, 7};
  const Shape shape{1, 2, 2, 1};
  EXPECT_EQ(tv(x, shape, TvVariant::squared), 0.5 * (1 + 16 + 9 + 36));
  EXPECT_EQ(tv(x, shape, TvVariant::squared_cropped), 0.5 * (1 + 9));
  EXPECT_EQ(tv(x, shape, TvVariant::anisotropic), 1 + 4 + 3 + 6);
  EXPECT_NEAR(tv(x, shape, TvVariant::titu1994), std::pow(10, 1.25), 1e-12);
  EXPECT_EQ(tv(x, shape, TvVariant::mean_squared), 17.0 / 2 + 45.0 / 2);
  // nine squares of the repeated picture: the four corners are flat, each side has one difference in both
  // diagonals, the middle has 7 - 0 and 3 - 1
  const double diagonals = (2 * 1 + 2 * 9 + 2 * 16 + 2 * 36 + 49 + 4) / 9.0;
  EXPECT_NEAR(tv(x, shape, TvVariant::nine_point), 2 * ((17.0 + 45.0) / 4 / 3 + diagonals / 12), 1e-12);
}

TEST(TotalVariation, is_zero_for_flat_and_single_pixels) {
  for (const auto name : ops::tv_variant_names()) {
    const TvVariant variant = ops::parse_tv_variant(name);
    EXPECT_EQ(tv(std::vector<double>(24, 5), {1, 2, 4, 3}, variant), 0) << name;
    const Tensor pixel = Tensor::from<double>({2, 1, 1, 3}, std::vector<double>{1, 2, 3, 4, 5, 6});
    EXPECT_EQ(ops::total_variation_forward(pixel, variant).item(), 0) << name;
    const auto grad = ops::total_variation_backward(pixel, Tensor::full({1}, 1, DType::float64), variant);
    EXPECT_EQ(grad.to_vector<double>(), std::vector<double>(6, 0)) << name;
  }
  EXPECT_INVALID(ops::parse_tv_variant("l2"), "'l2' is not one of squared");
}

TEST(TotalVariation, float_agrees_with_double_over_many_rows) {
  const Shape shape{2, 65, 17, 3};
  const Tensor x = random_tensor(shape, DType::float64, 1);
  for (const auto name : ops::tv_variant_names()) {
    const TvVariant variant = ops::parse_tv_variant(name);
    const Tensor x32 = x.to(DType::float32);
    EXPECT_CLOSE(ops::total_variation_forward(x32, variant), ops::total_variation_forward(x, variant), 1e-5);
    EXPECT_CLOSE(ops::total_variation_backward(x32, Tensor::full({1}, 1), variant),
                 ops::total_variation_backward(x, Tensor::full({1}, 1, DType::float64), variant), 1e-5);
  }
}

bool register_all() {
  std::vector<testing::GradcheckCase> cases;
  for (const auto name : ops::tv_variant_names()) {
    const TvVariant variant = ops::parse_tv_variant(name);
    // 2 images of 19 rows: several ranges of rows where there are threads
    cases.push_back({"total_variation_" + std::string(name),
                     [variant](const auto& v) { return autograd::total_variation(v[0], variant); },
                     {random_tensor({2, 19, 4, 2}, DType::float64, 3)},
                     {}});
  }
  return testing::register_gradchecks(std::move(cases));
}
const bool registered = register_all();

}  // namespace
}  // namespace nst
