#include "autograd/ops/tanh.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tensor/ops/tanh.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

class Tanh : public ::testing::TestWithParam<Device> {};

TEST_P(Tanh, saturates_and_keeps_nan) {
  const Tensor x =
      Tensor::from<float>({5}, std::vector<float>{-INFINITY, -100, 0, INFINITY, NAN}, GetParam());
  const auto y = ops::tanh_forward(x).to_vector<float>();
  EXPECT_EQ(y[0], -1.f);
  EXPECT_EQ(y[1], -1.f);
  EXPECT_EQ(y[2], 0.f);
  EXPECT_EQ(y[3], 1.f);
  EXPECT_TRUE(std::isnan(y[4]));
}

TEST_P(Tanh, follows_the_formula_at_any_size) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const double tolerance = dtype == DType::float32 ? 1e-6 : 1e-15;
    for (const int64_t count : {1, 33, 65 * 17, 40001}) {
      const Tensor x = random_tensor({count}, dtype, 1, -4, 4).to(GetParam()),
                   grad_y = random_tensor({count}, dtype, 2).to(GetParam());
      const Tensor y = ops::tanh_forward(x);
      std::vector<double> expected = x.to_vector<double>(), expected_grad = grad_y.to_vector<double>();
      for (size_t i = 0; i < expected.size(); ++i) {
        expected[i] = std::tanh(expected[i]);
        expected_grad[i] *= 1 - expected[i] * expected[i];
      }
      EXPECT_CLOSE(y.to_vector<double>(), expected, tolerance);
      EXPECT_CLOSE(ops::tanh_backward(y, grad_y).to_vector<double>(), expected_grad, tolerance);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(devices, Tanh, ::testing::ValuesIn(testing::devices()));

const bool registered = testing::register_gradchecks(
    {
        {"tanh",
         [](const auto& v) { return autograd::tanh(v[0]); },
         {random_tensor({3, 7}, DType::float64, 1, -2, 2)},
         {}},
    },
    testing::devices());

}  // namespace
}  // namespace nst
