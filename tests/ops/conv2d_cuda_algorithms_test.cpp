// Every algorithm of conv2d on a CUDA device, asked for by name, against the CPU's `gemm` in float64.
#include <gtest/gtest.h>

#include "autograd/ops/conv2d.h"
#include "kernels/conv2d.h"
#include "tensor/cuda_backend.h"
#include "tests/cuda_modes.h"
#include "tests/support.h"

namespace nst {
namespace {

using kernels::Conv2dShape;
using ops::Conv2dAlgorithm;
using testing::random_tensor;

struct Results {
  Tensor y, rectified, grad_x;
};

Results run(const Conv2dShape& s, Conv2dAlgorithm algorithm, DType dtype, Device device) {
  const auto values = [&](const Shape& shape, uint64_t seed) {
    return random_tensor(shape, DType::float32, seed).to(dtype).to(device);
  };
  const ops::Conv2dParams params{.stride = s.stride, .padding = s.pad, .algorithm = algorithm};
  auto rectify = params;
  rectify.relu = true;
  const Tensor x = values({s.n, s.h, s.w, s.c}, 1), bias = values({s.k}, 3);
  const ops::Conv2dWeight weight(values({s.k, s.c, s.r, s.s}, 2));
  const Tensor y = ops::conv2d_forward(x, weight, {}, params);
  return {y, ops::conv2d_forward(x, weight, bias, rectify),
          ops::conv2d_backward_input(values(y.shape(), 4), {}, weight, x.shape(), params)};
}

void expect_agrees(const Conv2dShape& shape, Conv2dAlgorithm algorithm, DType dtype, double tolerance) {
  const Results exact = run(shape, Conv2dAlgorithm::gemm, DType::float64, kCpu);
  const Results results = run(shape, algorithm, dtype, kCuda);
  for (const auto result : {&Results::y, &Results::rectified, &Results::grad_x}) {
    EXPECT_CLOSE((results.*result).to_vector<double>(), (exact.*result).to_vector<double>(), tolerance);
  }
}

class Conv2dOnCuda : public ::testing::TestWithParam<Conv2dShape> {
  void SetUp() override {
    if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
  }
};
using WinogradOnCuda = Conv2dOnCuda;
using DirectOnCuda = Conv2dOnCuda;

TEST_P(WinogradOnCuda, agrees_with_gemm) {
  for (const auto algorithm : {Conv2dAlgorithm::winograd4, Conv2dAlgorithm::winograd2}) {
    expect_agrees(GetParam(), algorithm, DType::float64, 1e-11);
  }
  expect_agrees(GetParam(), Conv2dAlgorithm::winograd4, DType::float32, 2e-5);
  expect_agrees(GetParam(), Conv2dAlgorithm::winograd2, DType::float32, 4e-6);
}

// n, h, w, c, k, r, s, stride, pad: sizes around the tiles (2 and 4) and the patches (4 and 6).
INSTANTIATE_TEST_SUITE_P(
    shapes, WinogradOnCuda,
    ::testing::Values(Conv2dShape{1, 1, 1, 1, 1, 3, 3, 1, 1}, Conv2dShape{1, 3, 3, 2, 3, 3, 3, 1, 0},
                      Conv2dShape{2, 5, 7, 9, 17, 3, 3, 1, 1}, Conv2dShape{1, 6, 6, 16, 16, 3, 3, 1, 0},
                      Conv2dShape{1, 13, 10, 31, 33, 3, 3, 1, 2}, Conv2dShape{1, 33, 1, 5, 4, 3, 3, 1, 1},
                      Conv2dShape{1, 9, 9, 4, 6, 3, 3, 1, 4},
                      // 288 tiles: more than the runner's L2 holds at a time
                      Conv2dShape{2, 45, 48, 4, 12, 3, 3, 1, 1}, Conv2dShape{1, 12, 9, 12, 72, 3, 3, 1, 1}));

TEST_P(DirectOnCuda, agrees_with_gemm) {
  expect_agrees(GetParam(), Conv2dAlgorithm::direct, DType::float64, 1e-12);
  expect_agrees(GetParam(), Conv2dAlgorithm::direct, DType::float32, 4e-6);
}

// Sizes around the block's 16 rows and 32 columns, its 4 or 8 filters, and 8 channels at a time.
INSTANTIATE_TEST_SUITE_P(
    shapes, DirectOnCuda,
    ::testing::Values(Conv2dShape{1, 33, 17, 3, 16, 3, 3, 1, 1}, Conv2dShape{2, 17, 33, 3, 9, 9, 9, 1, 4},
                      Conv2dShape{1, 24, 41, 17, 3, 9, 9, 1, 0}, Conv2dShape{1, 1, 1, 1, 1, 3, 3, 1, 1},
                      Conv2dShape{1, 4, 5, 10, 2, 3, 3, 1, 3}, Conv2dShape{1, 2, 3, 3, 4, 9, 9, 1, 9}));

TEST(Conv2dAlgorithmOnCuda, is_chosen_by_shape_and_math_mode) {
  if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
  const auto choice = [](const Conv2dShape& shape) {
    return kernels::conv2d_algorithm(cuda_context(kCuda), shape);
  };
  const Conv2dShape middle{1, 64, 64, 64, 64, 3, 3, 1, 1};
  EXPECT_EQ(choice(middle), Conv2dAlgorithm::winograd4);
  EXPECT_EQ(choice({1, 64, 64, 64, 64, 3, 3, 2, 1}), Conv2dAlgorithm::gemm);
  EXPECT_EQ(choice({1, 16, 16, 512, 512, 3, 3, 1, 1}), Conv2dAlgorithm::gemm);  // 16 tiles
  EXPECT_EQ(choice({1, 64, 64, 3, 64, 3, 3, 1, 1}), Conv2dAlgorithm::direct);
  EXPECT_EQ(choice({4, 256, 256, 32, 3, 9, 9, 1, 4}), Conv2dAlgorithm::direct);
  EXPECT_EQ(choice({1, 64, 64, 3, 3, 1, 1, 1, 0}), Conv2dAlgorithm::gemm);
  const testing::MathModeScope scope(MathMode::tf32);
  EXPECT_EQ(choice(middle), Conv2dAlgorithm::gemm);
}

TEST(Conv2dAlgorithmOnCuda, keeps_a_packed_weight_for_each) {
  if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
  const Tensor x = random_tensor({1, 6, 5, 4}, DType::float32, 1).to(kCuda);
  const ops::Conv2dWeight weight(random_tensor({8, 4, 3, 3}, DType::float32, 2).to(kCuda));
  const auto y = [&](Conv2dAlgorithm a) { return ops::conv2d_forward(x, weight, {}, {.algorithm = a}); };
  const Tensor expected = y(Conv2dAlgorithm::gemm);
  EXPECT_CLOSE(y(Conv2dAlgorithm::winograd4), expected, 1e-5);
  EXPECT_CLOSE(y(Conv2dAlgorithm::winograd2), expected, 1e-5);
  EXPECT_CLOSE(y(Conv2dAlgorithm::gemm), expected, 0);
}

TEST(Conv2dAlgorithmErrors, name_what_cannot_be_done) {
  const Tensor x = Tensor::zeros({1, 8, 8, 4});
  const ops::Conv2dWeight w3(Tensor::zeros({8, 4, 3, 3})), w5(Tensor::zeros({8, 4, 5, 5}));
  EXPECT_INVALID(ops::conv2d_forward(x, w5, {}, {.algorithm = Conv2dAlgorithm::winograd4}),
                 "conv2d: winograd4 cannot do 4 to 8 channels by 5x5 with stride 1 on cpu");
  EXPECT_INVALID(ops::conv2d_forward(x, w3, {}, {.padding = 3, .algorithm = Conv2dAlgorithm::direct}),
                 "direct cannot do 4 to 8 channels by 3x3 with stride 1 on cpu");
  if (cuda_device_count() == 0) return;
  const ops::Conv2dWeight on_cuda(w5.weight().to(kCuda));
  EXPECT_INVALID(ops::conv2d_forward(x.to(kCuda), on_cuda, {}, {.algorithm = Conv2dAlgorithm::direct}),
                 "5x5 with stride 1 on cuda");
}

testing::GradcheckCase check(const char* name, Conv2dAlgorithm algorithm) {
  return {name,
          [=](const auto& v) {
            return autograd::conv2d(v[0], v[1], v[2], {.padding = 1, .algorithm = algorithm});
          },
          {random_tensor({1, 5, 3, 2}, DType::float64, 1), random_tensor({2, 2, 3, 3}, DType::float64, 2),
           random_tensor({2}, DType::float64, 3)},
          {}};
}

const bool registered = cuda_device_count() > 0 &&
                        testing::register_gradchecks({check("conv2d_winograd4", Conv2dAlgorithm::winograd4),
                                                      check("conv2d_winograd2", Conv2dAlgorithm::winograd2),
                                                      check("conv2d_direct", Conv2dAlgorithm::direct)},
                                                     {kCuda});

}  // namespace
}  // namespace nst
