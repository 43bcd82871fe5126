#include "autograd/ops/relu.h"

#include <gtest/gtest.h>

#include "tensor/ops/relu.h"
#include "tests/support.h"

namespace nst {
namespace {

TEST(Relu, clips_below_zero_and_keeps_nan) {
  const Tensor x = Tensor::from<float>({4}, std::vector<float>{-1.f, 0.f, 2.5f, NAN});
  const auto y = ops::relu_forward(x).to_vector<float>();
  EXPECT_EQ(y[0], 0.f);
  EXPECT_EQ(y[1], 0.f);
  EXPECT_EQ(y[2], 2.5f);
  EXPECT_TRUE(std::isnan(y[3]));
}

const bool registered = testing::register_gradchecks({
    {"relu",
     [](const auto& v) { return autograd::relu(v[0]); },
     {testing::random_away_from_zero({3, 7}, 1)},
     {}},
});

}  // namespace
}  // namespace nst
