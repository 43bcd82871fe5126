// The tensor cores' products: within their documented tolerance of the CPU's float64 result, and not the
// float32 one.
#include <gtest/gtest.h>

#include "tensor/ops/conv2d.h"
#include "tests/cuda_modes.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::MathModeScope;
using testing::random_tensor;

double tolerance(MathMode mode) { return mode == MathMode::tf32 ? 2e-3 : 2e-2; }

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
        ::testing::Values(MathMode::tf32, MathMode::bf16),
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

TEST(MathModeErrors, the_cpu_knows_fp32_only) {
  EXPECT_EQ(math_mode(kCpu), MathMode::fp32);
  set_math_mode(kCpu, MathMode::fp32);
  EXPECT_INVALID(set_math_mode(kCpu, MathMode::bf16), "the CPU computes in fp32 only");
}

}  // namespace
}  // namespace nst
