#include "autograd/ops/mask.h"

#include <gtest/gtest.h>

#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

class Mask : public ::testing::TestWithParam<std::tuple<Shape, bool, DType, Device>> {};

TEST_P(Mask, weights_every_channel_of_a_pixel) {
  const auto& [shape, per_image, dtype, device] = GetParam();
  const int64_t pixels = shape[1] * shape[2], c = shape[3];
  const Shape of_mask = per_image ? Shape{shape[0], shape[1], shape[2]} : Shape{shape[1], shape[2]};
  const Tensor x = random_tensor(shape, dtype, 1), mask = random_tensor(of_mask, dtype, 2, 0, 1);
  const auto xs = x.to_vector<double>(), weights = mask.to_vector<double>();
  std::vector<double> expected(xs.size());
  for (size_t i = 0; i < xs.size(); ++i) {
    const int64_t pixel = static_cast<int64_t>(i) / c;
    expected[i] = xs[i] * weights[per_image ? pixel : pixel % pixels];
  }
  EXPECT_CLOSE(ops::mask_forward(x.to(device), mask.to(device)).to_vector<double>(), expected,
               dtype == DType::float32 ? 1e-7 : 1e-15);
}

INSTANTIATE_TEST_SUITE_P(shapes, Mask,
                         ::testing::Combine(::testing::Values(Shape{1, 1, 1, 1}, Shape{2, 65, 17, 3},
                                                              Shape{3, 33, 1, 33}, Shape{2, 5, 4, 1030}),
                                            ::testing::Bool(),
                                            ::testing::Values(DType::float32, DType::float64),
                                            ::testing::ValuesIn(testing::devices())));

TEST(MaskErrors, name_the_shapes) {
  const Tensor x = Tensor::zeros({2, 4, 5, 3});
  EXPECT_INVALID(ops::mask_forward(Tensor::zeros({4, 5}), Tensor::zeros({4, 5})), "mask: x must have 4 axes");
  EXPECT_INVALID(
      ops::mask_forward(x, Tensor::zeros({5, 4})),
      "mask: the mask must be (4, 5) or (2, 4, 5) like x, float32 (2, 4, 5, 3) on cpu, got float32 (5, 4)");
  EXPECT_INVALID(ops::mask_forward(x, Tensor::zeros({4, 5}, DType::float64)), "got float64 (4, 5)");
  EXPECT_INVALID(ops::mask_forward(x, {}), "got none");
}

testing::GradcheckCase check(const char* name, const Shape& of_mask) {
  return {name,
          [mask = random_tensor(of_mask, DType::float64, 2, 0, 1)](const auto& v) {
            return autograd::mask(v[0], mask.to(v[0].value().device()));
          },
          {random_tensor({2, 3, 4, 2}, DType::float64, 1)},
          {}};
}

const bool registered = testing::register_gradchecks(
    {check("mask", {3, 4}), check("mask_per_image", {2, 3, 4})}, testing::devices());

}  // namespace
}  // namespace nst
