#include "nst/wasserstein.h"

#include <gtest/gtest.h>

#include "autograd/ops/elementwise.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

// The moments of some features (pixels, channels).
Tensor moments_of(const std::vector<double>& f, int64_t c) {
  const int64_t pixels = static_cast<int64_t>(f.size()) / c;
  std::vector<double> m((c + 1) * c);
  for (int64_t p = 0; p < pixels; ++p) {
    for (int64_t i = 0; i < c; ++i) {
      for (int64_t j = 0; j < c; ++j)
        m[i * c + j] += f[p * c + i] * f[p * c + j] / static_cast<double>(pixels);
      m[c * c + i] += f[p * c + i] / static_cast<double>(pixels);
    }
  }
  return Tensor::from<double>({1, c + 1, c}, m);
}

Tensor moments(uint64_t seed) {
  return moments_of(random_tensor({20, 4}, DType::float64, seed).to_vector<double>(), 4);
}

double loss(const Tensor& picture, const Tensor& style, double eps = 1e-4) {
  return WassersteinTarget(style, eps).loss(autograd::Variable(picture)).value().item();
}

TEST(Wasserstein, of_one_channel_is_known) {
  // Means 1 and 4, variances 4 and 9: (1 - 4)^2 + (2 - 3)^2.
  EXPECT_NEAR(loss(moments_of({-1, 3}, 1), moments_of({1, 7}, 1), 0), 10, 1e-12);
}

TEST(Wasserstein, is_zero_for_equals_and_symmetric) {
  EXPECT_NEAR(loss(moments(1), moments(1)), 0, 1e-12);
  EXPECT_GT(loss(moments(1), moments(2)), 0.01);
  EXPECT_NEAR(loss(moments(1), moments(2)), loss(moments(2), moments(1)), 1e-12);
}

TEST(Wasserstein, gradient) {
  const WassersteinTarget target(moments(2));
  const auto result =
      autograd::gradcheck([&](const auto& v) { return target.loss(autograd::scale(v[0], 1.5)); },
                          {moments(1)}, {.step = 1e-6, .tolerance = 1e-6});
  EXPECT_TRUE(result.ok) << result.message;
}

TEST(Wasserstein, survives_channels_that_are_silent) {
  std::vector<double> f = random_tensor({20, 4}, DType::float64, 3).to_vector<double>();
  for (size_t i = 2; i < f.size(); i += 4) f[i] = 0;
  const Tensor silent = moments_of(f, 4);
  EXPECT_NEAR(loss(silent, silent), 0, 1e-9);
  EXPECT_TRUE(std::isfinite(loss(silent, moments(1))));
  EXPECT_TRUE(std::isfinite(loss(moments(1), silent, 0)));
}

TEST(Wasserstein, refuses_what_are_no_moments) {
  EXPECT_INVALID(WassersteinTarget(Tensor::zeros({1, 4, 4})), "moments must be");
  EXPECT_INVALID(WassersteinTarget(moments(1)).loss(autograd::Variable(moments_of({1, 2}, 1))), "moments");
}

}  // namespace
}  // namespace nst
