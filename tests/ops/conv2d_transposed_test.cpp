#include "autograd/ops/conv2d_transposed.h"

#include <gtest/gtest.h>

#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::random_tensor;

// Its definition: every pixel of x adds its multiple of the kernel to y.
std::vector<double> naive(const Tensor& x, const Tensor& weight, const Shape& y_shape, int64_t stride,
                          int64_t padding) {
  const auto xs = x.to_vector<double>(), ws = weight.to_vector<double>();
  std::vector<double> y(static_cast<size_t>(y_shape.numel()), 0);
  const int64_t r_count = weight.size(2), s_count = weight.size(3);
  for (int64_t n = 0; n < x.size(0); ++n)
    for (int64_t p = 0; p < x.size(1); ++p)
      for (int64_t q = 0; q < x.size(2); ++q)
        for (int64_t k = 0; k < x.size(3); ++k)
          for (int64_t c = 0; c < y_shape[3]; ++c)
            for (int64_t r = 0; r < r_count; ++r)
              for (int64_t s = 0; s < s_count; ++s) {
                const int64_t i = p * stride + r - padding, j = q * stride + s - padding;
                if (i < 0 || j < 0 || i >= y_shape[1] || j >= y_shape[2]) continue;
                y[((n * y_shape[1] + i) * y_shape[2] + j) * y_shape[3] + c] +=
                    xs[((n * x.size(1) + p) * x.size(2) + q) * x.size(3) + k] *
                    ws[((k * y_shape[3] + c) * r_count + r) * s_count + s];
              }
  return y;
}

class TransposedConvolution : public ::testing::TestWithParam<Device> {};

TEST_P(TransposedConvolution, follows_the_definition) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor x = random_tensor({2, 5, 4, 3}, dtype, 1), weight = random_tensor({3, 6, 3, 3}, dtype, 2);
    const Variable w(weight.to(GetParam()));
    const ops::Conv2dWeight packed(w.value());
    for (const int64_t padding : {0, 1}) {
      for (const int64_t extra : {0, 1}) {  // both heights have 5 rows after the convolution
        const Shape size{2, 2 * 4 + 3 - 2 * padding + extra, 2 * 3 + 3 - 2 * padding + extra, 6};
        const Variable y = autograd::conv2d_transposed(Variable(x.to(GetParam())), w, packed, size[1],
                                                       size[2], {.stride = 2, .padding = padding});
        ASSERT_EQ(y.shape(), size);
        EXPECT_CLOSE(y.value().to_vector<double>(), naive(x, weight, size, 2, padding),
                     dtype == DType::float32 ? 1e-6 : 1e-14);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(devices, TransposedConvolution, ::testing::ValuesIn(testing::devices()));

TEST(TransposedConvolutionErrors, say_what_is_wrong) {
  const Variable x(random_tensor({1, 5, 4, 3}, DType::float32, 1)),
      w(random_tensor({3, 6, 3, 3}, DType::float32, 2));
  const ops::Conv2dWeight packed(w.value());
  EXPECT_INVALID(autograd::conv2d_transposed(x, w, packed, 10, 8, {.relu = true}), "no ReLU");
  EXPECT_INVALID(autograd::conv2d_transposed(x, w, packed, 13, 8, {.stride = 2, .padding = 1}), "conv2d");
  EXPECT_INVALID(autograd::conv2d_transposed(x, Variable(w.value().clone()), packed, 10, 8, {}),
                 "another weight");
}

const bool registered = testing::register_gradchecks(
    {
        {"conv2d_transposed",
         [](const auto& v) {
           return autograd::conv2d_transposed(v[0], v[1], ops::Conv2dWeight(v[1].value()), 4, 6,
                                              {.stride = 2, .padding = 1});
         },
         {random_tensor({1, 2, 3, 2}, DType::float64, 1), random_tensor({2, 2, 3, 3}, DType::float64, 2)},
         {}},
    },
    testing::devices());

}  // namespace
}  // namespace nst
