#include "nst/sliced_wasserstein.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "autograd/ops/elementwise.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::random_tensor;

double loss(const Tensor& picture, const Tensor& style, const Tensor& directions) {
  const int64_t count = style.size(1) * style.size(2);
  const Tensor target = sliced_quantiles(style, directions, {}, count);
  return sliced_wasserstein(Variable(picture), directions, {}, target).value().item();
}

TEST(SlicedWasserstein, directions_are_a_rotation) {
  const Tensor v = random_directions(7, DType::float64);
  ASSERT_EQ(v.shape(), (Shape{7, 7, 1, 1}));
  const auto e = v.to_vector<double>();
  for (int64_t a = 0; a < 7; ++a) {
    for (int64_t b = 0; b < 7; ++b) {
      double dot = 0;
      for (int64_t c = 0; c < 7; ++c) dot += e[a * 7 + c] * e[b * 7 + c];
      EXPECT_NEAR(dot, a == b ? 1 : 0, 1e-12);
    }
  }
  EXPECT_EQ(random_directions(7, DType::float64).to_vector<double>(), e);
}

TEST(SlicedWasserstein, of_a_shift_is_its_square_over_the_channels) {
  // Any direction sees the shift's share along it, and the directions are orthogonal.
  const Tensor x = random_tensor({1, 6, 5, 4}, DType::float64, 1);
  auto moved = x.to_vector<double>();
  for (size_t i = 0; i < moved.size(); i += 4) moved[i] += 3, moved[i + 2] -= 4;
  const Tensor y = Tensor::from<double>(x.shape(), moved);
  EXPECT_NEAR(loss(x, y, random_directions(4, DType::float64)), 25.0 / 4, 1e-10);
  EXPECT_NEAR(loss(x, y, {}), 25.0 / 4, 1e-10);
}

TEST(SlicedWasserstein, does_not_mind_where_pixels_are) {
  const Tensor x = random_tensor({1, 6, 5, 4}, DType::float64, 1), v = random_directions(4, DType::float64);
  auto turned = x.to_vector<double>();
  std::ranges::reverse(turned);  // the pixels, and in each the channels
  for (size_t i = 0; i < turned.size(); i += 4) std::reverse(turned.begin() + i, turned.begin() + i + 4);
  EXPECT_NEAR(loss(Tensor::from<double>({1, 10, 3, 4}, turned), x, v), 0, 1e-20);
  EXPECT_GT(loss(random_tensor({1, 6, 5, 4}, DType::float64, 2), x, v), 0.01);
}

TEST(SlicedWasserstein, sees_correlations_that_histograms_do_not) {
  // Two channels that rise together, and two of which one falls: the same histograms.
  std::vector<double> together, apart;
  for (int i = 0; i < 40; ++i) {
    together.insert(together.end(), {i / 40.0, i / 40.0});
    apart.insert(apart.end(), {i / 40.0, (39 - i) / 40.0});
  }
  const Tensor x = Tensor::from<double>({1, 8, 5, 2}, together),
               y = Tensor::from<double>({1, 8, 5, 2}, apart);
  EXPECT_NEAR(loss(x, y, {}), 0, 1e-20);
  EXPECT_GT(loss(x, y, random_directions(2, DType::float64)), 0.01);
}

TEST(SlicedWasserstein, gradient_where_sizes_differ) {
  const Tensor v = random_directions(3, DType::float64);
  const Tensor target = sliced_quantiles(random_tensor({1, 5, 7, 3}, DType::float64, 1), v, {}, 20);
  auto weights = random_tensor({4, 4}, DType::float64, 3, 0.1, 1);
  for (const Tensor& weight : {Tensor(), weights}) {
    const auto fn = [&](const auto& in) {
      return sliced_wasserstein(autograd::scale(in[0], 1.5), v, weight, target);
    };
    const auto result = autograd::gradcheck(fn, {random_tensor({1, 4, 4, 3}, DType::float64, 2)});
    EXPECT_TRUE(result.ok) << result.message;
  }
}

}  // namespace
}  // namespace nst
