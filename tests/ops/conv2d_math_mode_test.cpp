// The tensor cores' products: within their documented tolerance of the CPU's float64 result, and not the
// float32 one.
#include <gtest/gtest.h>

#include <cmath>

#include "tensor/ops/conv2d.h"
#include "tests/cuda_modes.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::MathModeScope;
using testing::random_tensor;

double tolerance(MathMode mode) { return mode == MathMode::bf16 ? 2e-2 : 2e-3; }

struct Case {
  Shape x, w;
  ops::Conv2dParams params;
};

struct Results {
  Tensor y, rectified, grad_x, grad_w;
};

Results run(const Case& c, DType dtype, Device device) {
  const auto values = [&](const Shape& shape, uint64_t seed) {
    return random_tensor(shape, DType::float32, seed).to(dtype).to(device);
  };
  const Tensor x = values(c.x, 1), bias = values({c.w[0]}, 3);
  const ops::Conv2dWeight weight(values(c.w, 2));
  auto rectified = c.params;
  rectified.relu = true;
  const Tensor y = ops::conv2d_forward(x, weight, {}, c.params);
  const Tensor grad_y = values(y.shape(), 4);
  return {y, ops::conv2d_forward(x, weight, bias, rectified),
          ops::conv2d_backward_input(grad_y, {}, weight, c.x, c.params),
          ops::conv2d_backward_weight(x, grad_y, c.w, c.params)};
}

class Conv2dMathMode : public ::testing::TestWithParam<std::tuple<MathMode, Case>> {
  void SetUp() override {
    if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
  }
};

TEST_P(Conv2dMathMode, is_as_exact_as_documented) {
  const auto& [mode, c] = GetParam();
  const Results exact = run(c, DType::float64, kCpu);
  const MathModeScope scope(mode);
  const Results rounded = run(c, DType::float32, kCuda);
  for (const auto result : {&Results::y, &Results::rectified, &Results::grad_x, &Results::grad_w}) {
    EXPECT_CLOSE((rounded.*result).to_vector<double>(), (exact.*result).to_vector<double>(), tolerance(mode));
  }
  // The operands' rounding shows: these are not float32's products.
  const double error =
      testing::relative_difference(rounded.y.to_vector<double>(), exact.y.to_vector<double>());
  EXPECT_GT(error, tolerance(mode) / 1000);
}

INSTANTIATE_TEST_SUITE_P(
    shapes, Conv2dMathMode,
    ::testing::Combine(
        ::testing::Values(MathMode::tf32, MathMode::bf16, MathMode::fp16),
        ::testing::Values(Case{{1, 7, 6, 4}, {8, 4, 1, 1}, {}},
                          Case{{2, 9, 11, 8}, {20, 8, 3, 3}, {.stride = 2, .padding = 1}},
                          Case{{1, 17, 9, 12}, {4, 12, 5, 3}, {.padding = 2}},
                          // several tiles of the product each way, with a split depth
                          Case{{1, 13, 12, 64}, {132, 64, 3, 3}, {.padding = 1}},
                          // what Hopper does with wgmma
                          Case{{2, 9, 18, 64}, {72, 64, 3, 3}, {.padding = 1}},
                          Case{{1, 9, 11, 12},
                               {8, 12, 5, 5},
                               {.stride = 2, .padding = 2, .padding_mode = ops::PaddingMode::reflect}},
                          // more taps than a tile has rows, and pixels than it has depth
                          Case{{3, 7, 8, 20}, {68, 20, 3, 3}, {}})));

TEST(Conv2dMathModeFallback, is_float32_where_vectors_do_not_fit) {
  if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
  const Case c{{1, 8, 9, 3}, {5, 3, 3, 3}, {.padding = 1}};
  const Results exact = run(c, DType::float64, kCpu);
  const MathModeScope scope(MathMode::bf16);
  EXPECT_CLOSE(run(c, DType::float32, kCuda).y.to_vector<double>(), exact.y.to_vector<double>(), 1e-6);
}

// fp16 itself would lose gradients below 6e-8 and make infinities of those beyond 65504.
TEST(Conv2dFp16, takes_gradients_of_any_size) {
  if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
  const Shape x_shape{1, 9, 10, 8}, w_shape{12, 8, 3, 3};
  const ops::Conv2dParams params{.padding = 1};
  const Tensor x = random_tensor(x_shape, DType::float32, 1), w = random_tensor(w_shape, DType::float32, 2),
               grad_y = random_tensor({1, 9, 10, 12}, DType::float32, 3);
  const auto grads = [&](const Tensor& grad, DType dtype, Device device) {
    const auto there = [&](const Tensor& t) { return t.to(dtype).to(device); };
    return std::pair{ops::conv2d_backward_input(there(grad), {}, ops::Conv2dWeight(there(w)), x_shape, params)
                         .to_vector<double>(),
                     ops::conv2d_backward_weight(there(x), there(grad), w_shape, params).to_vector<double>()};
  };
  const auto exact = grads(grad_y, DType::float64, kCpu);
  const MathModeScope scope(MathMode::fp16);
  for (const double size : {0x1p-120, 0x1p-40, 0x1p-20, 1., 0x1p20, 0x1p100}) {
    Tensor grad = Tensor::empty(grad_y.shape(), DType::float32);
    for (int64_t i = 0; i < grad.numel(); ++i) {
      grad.mutable_data<float>()[i] = static_cast<float>(grad_y.data<float>()[i] * size);
    }
    auto [grad_x, grad_w] = grads(grad, DType::float32, kCuda);
    for (auto* values : {&grad_x, &grad_w}) {
      for (double& value : *values) value /= size;
    }
    EXPECT_CLOSE(grad_x, exact.first, tolerance(MathMode::fp16));
    EXPECT_CLOSE(grad_w, exact.second, tolerance(MathMode::fp16));
  }
}

// What fp16 cannot hold shows: nothing is clamped.
TEST(Conv2dFp16, shows_activations_and_gradients_that_are_too_large) {
  if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
  const Tensor ones = Tensor::full({4, 4, 1, 1}, 1).to(kCuda);
  const ops::Conv2dWeight w(ones);
  const auto filled = [](float value) { return Tensor::full({1, 3, 3, 4}, value).to(kCuda); };
  const MathModeScope scope(MathMode::fp16);
  for (const float value : ops::conv2d_forward(filled(65504), w, {}, {}).to_vector<float>()) {
    EXPECT_EQ(value, 4 * 65504.f);
  }
  for (const float value : ops::conv2d_forward(filled(65520), w, {}, {}).to_vector<float>()) {
    EXPECT_TRUE(std::isinf(value));
  }
  for (const float broken : {INFINITY, NAN}) {
    for (const float value :
         ops::conv2d_backward_input(filled(broken), {}, w, {1, 3, 3, 4}, {}).to_vector<float>()) {
      EXPECT_FALSE(std::isfinite(value));
    }
  }
  for (const float value :
       ops::conv2d_backward_input(filled(0), {}, w, {1, 3, 3, 4}, {}).to_vector<float>()) {
    EXPECT_EQ(value, 0);
  }
}

TEST(MathModeErrors, the_cpu_knows_fp32_only) {
  EXPECT_EQ(math_mode(kCpu), MathMode::fp32);
  set_math_mode(kCpu, MathMode::fp32);
  EXPECT_INVALID(set_math_mode(kCpu, MathMode::bf16), "the CPU computes in fp32 only");
}

}  // namespace
}  // namespace nst
