#include "autograd/ops/blur.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

class Blur : public ::testing::TestWithParam<std::tuple<Shape, DType, Device>> {};

TEST_P(Blur, matches_the_definition) {
  const auto& [shape, dtype, device] = GetParam();
  const int64_t h = shape[1], w = shape[2], c = shape[3];
  const Tensor x = random_tensor(shape, dtype, 1);
  const auto xs = x.to_vector<double>();
  std::vector<double> expected(xs.size());
  const double weights[] = {0.25, 0.5, 0.25};
  for (int64_t n = 0; n < shape[0]; ++n)
    for (int64_t i = 0; i < h; ++i)
      for (int64_t j = 0; j < w; ++j)
        for (int64_t k = 0; k < c; ++k)
          for (int64_t a = -1; a <= 1; ++a)
            for (int64_t b = -1; b <= 1; ++b) {
              const int64_t row = std::clamp<int64_t>(i + a, 0, h - 1),
                            column = std::clamp<int64_t>(j + b, 0, w - 1);
              expected[((n * h + i) * w + j) * c + k] +=
                  weights[a + 1] * weights[b + 1] * xs[((n * h + row) * w + column) * c + k];
            }
  EXPECT_CLOSE(ops::blur_forward(x.to(device)).to_vector<double>(), expected,
               dtype == DType::float32 ? 1e-6 : 1e-14);
}

TEST_P(Blur, passes_follow_one_another) {
  const auto& [shape, dtype, device] = GetParam();
  const Tensor x = random_tensor(shape, dtype, 1).to(device);
  EXPECT_EQ(ops::blur_forward(x, 3).to_vector<double>(),
            ops::blur_forward(ops::blur_forward(ops::blur_forward(x))).to_vector<double>());
  EXPECT_EQ(ops::blur_forward(x, 0).to_vector<double>(), x.to_vector<double>());
}

INSTANTIATE_TEST_SUITE_P(shapes, Blur,
                         ::testing::Combine(::testing::Values(Shape{1, 1, 1, 1}, Shape{2, 5, 7, 3},
                                                              Shape{1, 1, 65, 33}, Shape{3, 17, 2, 8}),
                                            ::testing::Values(DType::float32, DType::float64),
                                            ::testing::ValuesIn(testing::devices())));

TEST(BlurErrors, name_the_shapes) {
  EXPECT_INVALID(ops::blur_forward(Tensor::zeros({4, 5})), "blur: x must have 4 axes");
  EXPECT_INVALID(ops::blur_forward(Tensor::zeros({1, 4, 5, 2}), -1), "passes must be at least 0, got -1");
}

const bool registered = testing::register_gradchecks({{"blur",
                                                       [](const auto& v) { return autograd::blur(v[0], 2); },
                                                       {random_tensor({2, 3, 4, 2}, DType::float64, 1)},
                                                       {}}},
                                                     testing::devices());

}  // namespace
}  // namespace nst
