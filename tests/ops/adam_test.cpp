#include "tensor/ops/adam.h"

#include <gtest/gtest.h>

#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

class AdamStep : public ::testing::TestWithParam<std::tuple<DType, Device>> {};

TEST_P(AdamStep, follows_the_formula) {
  const auto& [dtype, device] = GetParam();
  const int64_t count = 33001;
  const double rate = 0.1, beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8;
  Tensor x = random_tensor({count}, dtype, 1).to(device);
  Tensor m = Tensor::zeros({count}, dtype, device), v = Tensor::zeros({count}, dtype, device);
  auto xs = x.to_vector<double>();
  std::vector<double> ms(count), vs(count);
  for (int64_t t = 1; t <= 3; ++t) {
    const Tensor g = random_tensor({count}, dtype, 10 + t).to(device);
    ops::adam_step({rate, beta1, beta2, epsilon, t}, g, x, m, v);
    const auto gs = g.to_vector<double>();
    for (int64_t i = 0; i < count; ++i) {
      ms[i] = beta1 * ms[i] + (1 - beta1) * gs[i];
      vs[i] = beta2 * vs[i] + (1 - beta2) * gs[i] * gs[i];
      xs[i] -=
          rate * (ms[i] / (1 - std::pow(beta1, t))) / (std::sqrt(vs[i] / (1 - std::pow(beta2, t))) + epsilon);
    }
  }
  const double tolerance = dtype == DType::float32 ? 1e-6 : 1e-13;
  EXPECT_CLOSE(x.to_vector<double>(), xs, tolerance);
  EXPECT_CLOSE(m.to_vector<double>(), ms, tolerance);
  EXPECT_CLOSE(v.to_vector<double>(), vs, tolerance);
}

INSTANTIATE_TEST_SUITE_P(all, AdamStep,
                         ::testing::Combine(::testing::Values(DType::float32, DType::float64),
                                            ::testing::ValuesIn(testing::devices())));

TEST(AdamStepMoments, are_right_to_the_last_digit_in_float_too) {
  Tensor x = Tensor::zeros({1}), m = Tensor::zeros({1}), v = Tensor::zeros({1});
  ops::adam_step({1e-3, 0.9, 0.999, 1e-8, 1}, Tensor::full({1}, 1), x, m, v);
  EXPECT_FLOAT_EQ(static_cast<float>(m.item()), 0.1F);
  EXPECT_FLOAT_EQ(static_cast<float>(v.item()), 0.001F);
  EXPECT_FLOAT_EQ(static_cast<float>(x.item()), -1e-3F);
}

TEST(AdamStepErrors, refuses_moments_of_another_shape) {
  Tensor x = Tensor::zeros({4}), m = Tensor::zeros({3}), v = Tensor::zeros({4});
  EXPECT_INVALID(ops::adam_step({1e-3, 0.9, 0.999, 1e-8, 1}, x, x, m, v), "adam_step");
}

}  // namespace
}  // namespace nst
