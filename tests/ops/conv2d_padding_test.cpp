// Convolutions that reflect or repeat the border.
#include <gtest/gtest.h>

#include "autograd/ops/conv2d.h"
#include "autograd/ops/pad.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;
using ops::PaddingMode;
using testing::random_tensor;

class Conv2dPadding : public ::testing::TestWithParam<std::tuple<PaddingMode, Device>> {};

TEST_P(Conv2dPadding, convolves_the_padded_image) {
  const auto& [mode, device] = GetParam();
  const Tensor x = random_tensor({1, 33, 17, 3}, DType::float32, 1).to(device),
               w = random_tensor({8, 3, 5, 5}, DType::float32, 2).to(device),
               b = random_tensor({8}, DType::float32, 3).to(device);
  const ops::Conv2dWeight packed(w);
  for (int64_t stride : {1, 2}) {
    const Tensor padded = ops::pad_forward(x, ops::PadParams::all(2, mode));
    const Tensor expected = ops::conv2d_forward(padded, packed, b, {.stride = stride, .relu = true});
    const Variable y = autograd::conv2d(Variable(x), Variable(w), packed, Variable(b),
                                        {.stride = stride, .padding = 2, .padding_mode = mode, .relu = true});
    EXPECT_CLOSE(y.value(), expected, 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(modes, Conv2dPadding,
                         ::testing::Combine(::testing::Values(PaddingMode::zero, PaddingMode::reflect,
                                                              PaddingMode::replicate),
                                            ::testing::ValuesIn(testing::devices())));

TEST(Conv2dPaddingErrors, come_from_the_pad) {
  const Variable x(Tensor::zeros({1, 2, 8, 3})), w(Tensor::zeros({4, 3, 5, 5}));
  EXPECT_INVALID(autograd::conv2d(x, w, {}, {.padding = 2, .padding_mode = PaddingMode::reflect}),
                 "pad: a 2x8 image is too small to reflect top 2");
  EXPECT_INVALID(ops::conv2d_forward(x.value(), ops::Conv2dWeight(w.value()), {},
                                     {.padding = 2, .padding_mode = PaddingMode::replicate}),
                 "conv2d: pads with zeros only");
}

testing::GradcheckCase check(const char* name, PaddingMode mode, int64_t stride) {
  return {name,
          [=](const auto& v) {
            return autograd::conv2d(v[0], v[1], v[2], {.stride = stride, .padding = 1, .padding_mode = mode});
          },
          {random_tensor({2, 5, 4, 2}, DType::float64, 1), random_tensor({3, 2, 3, 3}, DType::float64, 2),
           random_tensor({3}, DType::float64, 3)},
          {}};
}

const bool registered =
    testing::register_gradchecks({check("conv2d_reflect", PaddingMode::reflect, 1),
                                  check("conv2d_replicate_stride2", PaddingMode::replicate, 2)},
                                 testing::devices());

}  // namespace
}  // namespace nst
