#include "autograd/ops/pad.h"

#include <gtest/gtest.h>

#include "tests/support.h"

namespace nst {
namespace {

using ops::PaddingMode;
using testing::random_tensor;

struct Case {
  Shape x;
  ops::PadParams params;
};

void PrintTo(const Case& c, std::ostream* os) {
  *os << c.x.to_string() << " top " << c.params.top << " bottom " << c.params.bottom << " left "
      << c.params.left << " right " << c.params.right << " mode " << static_cast<int>(c.params.mode);
}

// The definition: walking from inside the image outwards, one pixel at a time. -1 is a zero.
int64_t source(PaddingMode mode, int64_t i, int64_t size) {
  int64_t at = i < 0 ? 0 : std::min(i, size - 1);
  const int64_t steps = std::abs(i - at);
  if (steps == 0 || mode == PaddingMode::replicate) return at;
  return mode == PaddingMode::zero ? -1 : at == 0 && i < 0 ? steps : size - 1 - steps;
}

struct Reference {
  std::vector<double> y, grad_x;
};

Reference reference(const Case& c, const Tensor& x, const Tensor& grad_y) {
  const auto xs = x.to_vector<double>(), gs = grad_y.to_vector<double>();
  const int64_t h = c.x[1], w = c.x[2], channels = c.x[3], out_h = grad_y.size(1), out_w = grad_y.size(2);
  Reference ref{std::vector<double>(gs.size()), std::vector<double>(xs.size())};
  for (int64_t n = 0; n < c.x[0]; ++n)
    for (int64_t i = 0; i < out_h; ++i)
      for (int64_t j = 0; j < out_w; ++j)
        for (int64_t k = 0; k < channels; ++k) {
          const int64_t from_h = source(c.params.mode, i - c.params.top, h),
                        from_w = source(c.params.mode, j - c.params.left, w);
          if (from_h < 0 || from_w < 0) continue;
          const size_t out = ((n * out_h + i) * out_w + j) * channels + k,
                       in = ((n * h + from_h) * w + from_w) * channels + k;
          ref.y[out] = xs[in];
          ref.grad_x[in] += gs[out];
        }
  return ref;
}

class Pad : public ::testing::TestWithParam<std::tuple<Case, DType, Device>> {};

TEST_P(Pad, matches_the_definition) {
  const auto& [c, dtype, device] = GetParam();
  const Tensor x = random_tensor(c.x, dtype, 1).to(device), y = ops::pad_forward(x, c.params);
  ASSERT_EQ(y.shape(), (Shape{c.x[0], c.x[1] + c.params.top + c.params.bottom,
                              c.x[2] + c.params.left + c.params.right, c.x[3]}));
  const Tensor grad_y = random_tensor(y.shape(), dtype, 2).to(device);
  const Reference ref = reference(c, x, grad_y);
  EXPECT_EQ(y.to_vector<double>(), ref.y);
  EXPECT_CLOSE(ops::pad_backward(grad_y, x.shape(), c.params).to_vector<double>(), ref.grad_x,
               dtype == DType::float32 ? 1e-6 : 1e-14);
}

constexpr auto zero = PaddingMode::zero, reflect = PaddingMode::reflect, replicate = PaddingMode::replicate;

INSTANTIATE_TEST_SUITE_P(
    shapes, Pad,
    ::testing::Combine(
        ::testing::Values(Case{{1, 1, 1, 1}, {0, 0, 0, 0, reflect}}, Case{{1, 1, 1, 3}, {2, 3, 1, 4, zero}},
                          Case{{1, 1, 1, 3}, {2, 3, 1, 4, replicate}},
                          Case{{2, 2, 2, 5}, {1, 1, 1, 1, reflect}}, Case{{2, 4, 5, 3}, {1, 3, 3, 2, zero}},
                          Case{{2, 4, 5, 3}, {1, 3, 3, 2, reflect}},
                          Case{{2, 4, 5, 3}, {1, 3, 3, 2, replicate}},
                          Case{{1, 3, 4, 2}, {2, 2, 3, 3, reflect}},  // every border pixel the image has
                          Case{{2, 65, 17, 33}, {1, 1, 1, 1, zero}},  // several threads or blocks
                          Case{{2, 65, 17, 33}, {4, 0, 0, 16, reflect}},
                          Case{{2, 65, 17, 33}, {0, 40, 3, 0, replicate}}),
        ::testing::Values(DType::float32, DType::float64), ::testing::ValuesIn(testing::devices())));

TEST(PadModes, show_the_headers_rows) {
  const Tensor x = Tensor::from<float>({1, 1, 3, 1}, std::vector<float>{1, 2, 3});
  const auto row = [&](PaddingMode mode) {
    return ops::pad_forward(x, {.left = 2, .right = 2, .mode = mode}).to_vector<float>();
  };
  EXPECT_EQ(row(zero), (std::vector<float>{0, 0, 1, 2, 3, 0, 0}));
  EXPECT_EQ(row(reflect), (std::vector<float>{3, 2, 1, 2, 3, 2, 1}));
  EXPECT_EQ(row(replicate), (std::vector<float>{1, 1, 1, 2, 3, 3, 3}));
}

TEST(PadErrors, name_the_amounts) {
  const Tensor x = Tensor::zeros({1, 4, 6, 3});
  EXPECT_INVALID(ops::pad_forward(Tensor::zeros({4, 6, 3}), {}), "pad: x must have 4 axes");
  EXPECT_INVALID(ops::pad_forward(x, {.left = -1}), "must not be negative, got top 0, bottom 0, left -1");
  EXPECT_INVALID(ops::pad_forward(x, ops::PadParams::all(4, reflect)),
                 "pad: a 4x6 image is too small to reflect top 4");
  EXPECT_INVALID(ops::pad_forward(x, {.right = 6, .mode = reflect}), "right 6");
  EXPECT_INVALID(ops::pad_forward(Tensor::zeros({1, 0, 6, 3}), ops::PadParams::all(1, replicate)),
                 "nothing to replicate");
  EXPECT_INVALID(ops::pad_backward(x, x.shape(), {.top = 1}), "grad_y must be (1, 5, 6, 3)");
}

testing::GradcheckCase check(const char* name, PaddingMode mode) {
  return {name,
          [mode](const auto& v) {
            return autograd::pad(v[0], {.top = 1, .bottom = 3, .left = 3, .right = 2, .mode = mode});
          },
          {random_tensor({2, 4, 5, 3}, DType::float64, 1)},
          {}};
}

const bool registered = testing::register_gradchecks(
    {check("pad_zero", zero), check("pad_reflect", reflect), check("pad_replicate", replicate)},
    testing::devices());

}  // namespace
}  // namespace nst
