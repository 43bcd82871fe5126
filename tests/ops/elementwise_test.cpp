#include "autograd/ops/elementwise.h"

#include <gtest/gtest.h>

#include "tensor/ops/elementwise.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

class Elementwise : public ::testing::TestWithParam<std::tuple<int64_t, Device>> {};

TEST_P(Elementwise, follows_the_formulas) {
  const auto& [count, device] = GetParam();
  const Tensor a = random_tensor({count}, DType::float32, 1).to(device),
               b = random_tensor({count}, DType::float32, 2).to(device);
  const auto as = a.to_vector<float>(), bs = b.to_vector<float>();
  const auto sum = ops::add(a, b).to_vector<float>(), difference = ops::sub(a, b).to_vector<float>(),
             product = ops::mul(a, b).to_vector<float>(), line = ops::affine(a, 3, -1).to_vector<float>(),
             clamped = ops::clamp_forward(a, -0.25, 0.5).to_vector<float>(),
             gradient = ops::clamp_backward(a, b, -0.25, 0.5).to_vector<float>();
  Tensor y = b.clone();
  ops::axpy(2, a, y);
  const auto ys = y.to_vector<float>();
  for (int64_t i = 0; i < count; ++i) {
    ASSERT_EQ(sum[i], as[i] + bs[i]);
    ASSERT_EQ(difference[i], as[i] - bs[i]);
    ASSERT_EQ(product[i], as[i] * bs[i]);
    ASSERT_NEAR(line[i], 3 * as[i] - 1, 1e-6);
    ASSERT_EQ(clamped[i], std::clamp(as[i], -0.25f, 0.5f));
    ASSERT_EQ(gradient[i], as[i] == clamped[i] ? bs[i] : 0);
    ASSERT_NEAR(ys[i], bs[i] + 2 * as[i], 1e-6);
  }
}

// 40001 are several threads' ranges and a grid of several blocks, the last one short.
INSTANTIATE_TEST_SUITE_P(sizes, Elementwise,
                         ::testing::Combine(::testing::Values(1, 33, 65 * 17, 40001),
                                            ::testing::ValuesIn(testing::devices())));

TEST(ElementwiseErrors, refuses_operands_that_differ) {
  EXPECT_INVALID(ops::add(Tensor::zeros({2, 3}), Tensor::zeros({3, 2})), "add: operands must agree");
  Tensor y = Tensor::zeros({2});
  EXPECT_INVALID(ops::axpy(1, Tensor::zeros({3}), y), "axpy: operands must agree");
  EXPECT_INVALID(ops::mul(Tensor::zeros({2}), Tensor::zeros({2}, DType::float64)), "mul");
  EXPECT_INVALID(ops::clamp_forward(Tensor::zeros({2}), 1, 0), "clamp");
}

std::vector<Tensor> two() {
  return {random_tensor({3, 5}, DType::float64, 1), random_tensor({3, 5}, DType::float64, 2)};
}

const bool registered = testing::register_gradchecks(
    {
        {"add", [](const auto& v) { return autograd::add(v[0], v[1]); }, two(), {}},
        {"sub", [](const auto& v) { return autograd::sub(v[0], v[1]); }, two(), {}},
        {"mul", [](const auto& v) { return autograd::mul(v[0], v[1]); }, two(), {}},
        {"square", [](const auto& v) { return autograd::mul(v[0], v[0]); }, {two()[0]}, {}},
        {"affine", [](const auto& v) { return autograd::affine(v[0], -2.5, 1); }, {two()[0]}, {}},
        {"clamp", [](const auto& v) { return autograd::clamp(v[0], -0.4, 0.6); }, {two()[0]}, {}},
    },
    testing::devices());

}  // namespace
}  // namespace nst
