#include "autograd/ops/relu.h"

#include <gtest/gtest.h>

#include "tensor/ops/relu.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

class Relu : public ::testing::TestWithParam<Device> {};

TEST_P(Relu, clips_below_zero_and_keeps_nan) {
  const Tensor x = Tensor::from<float>({4}, std::vector<float>{-1.f, 0.f, 2.5f, NAN}, GetParam());
  const auto y = ops::relu_forward(x).to_vector<float>();
  EXPECT_EQ(y[0], 0.f);
  EXPECT_EQ(y[1], 0.f);
  EXPECT_EQ(y[2], 2.5f);
  EXPECT_TRUE(std::isnan(y[3]));
}

TEST_P(Relu, follows_the_formula_at_any_size) {
  for (const int64_t count : {1, 33, 65 * 17, 40001}) {
    const Tensor x = random_tensor({count}, DType::float32, 1).to(GetParam()),
                 grad_y = random_tensor({count}, DType::float32, 2).to(GetParam());
    const Tensor y = ops::relu_forward(x);
    const auto xs = x.to_vector<float>(), ys = y.to_vector<float>(), gs = grad_y.to_vector<float>(),
               grad_x = ops::relu_backward(y, grad_y).to_vector<float>();
    for (int64_t i = 0; i < count; ++i) {
      ASSERT_EQ(ys[i], std::max(0.f, xs[i]));
      ASSERT_EQ(grad_x[i], xs[i] > 0 ? gs[i] : 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(devices, Relu, ::testing::ValuesIn(testing::devices()));

const bool registered = testing::register_gradchecks(
    {
        {"relu",
         [](const auto& v) { return autograd::relu(v[0]); },
         {testing::random_away_from_zero({3, 7}, 1)},
         {}},
    },
    testing::devices());

}  // namespace
}  // namespace nst
