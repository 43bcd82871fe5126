// conv2d through cuDNN against the CPU's `gemm` in float64. In the CUDA-on-CPU runner a stand-in computes
// what cuDNN's manual says of the descriptors it is given, and what is tested is what we tell it.
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
using testing::ConvBackendScope;
using testing::MathModeScope;
using testing::random_tensor;

#define SKIP_WITHOUT_CUDNN()                                      \
  if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device"; \
  if (const std::string problem = cudnn_problem(); !problem.empty()) GTEST_SKIP() << problem

struct Results {
  Tensor plain, biased, rectified, both, grad_x, grad_w;
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
  const Tensor plain = ops::conv2d_forward(x, weight, {}, params), grad_y = values(plain.shape(), 4);
  return {plain,
          ops::conv2d_forward(x, weight, bias, params),
          ops::conv2d_forward(x, weight, {}, rectify),
          ops::conv2d_forward(x, weight, bias, rectify),
          ops::conv2d_backward_input(grad_y, {}, weight, x.shape(), params),
          ops::conv2d_backward_weight(x, grad_y, weight.weight().shape(), params)};
}

void expect_agree(const Results& results, const Results& exact, double tolerance) {
  for (const auto result : {&Results::plain, &Results::biased, &Results::rectified, &Results::both,
                            &Results::grad_x, &Results::grad_w}) {
    EXPECT_CLOSE((results.*result).to_vector<double>(), (exact.*result).to_vector<double>(), tolerance);
  }
}

class CudnnConv2d : public ::testing::TestWithParam<Conv2dShape> {
  void SetUp() override { SKIP_WITHOUT_CUDNN(); }
};

TEST_P(CudnnConv2d, agrees_with_the_cpu_in_every_math_mode) {
  const Results exact = run(GetParam(), Conv2dAlgorithm::gemm, DType::float64, kCpu);
  for (const auto mode : {MathMode::fp32, MathMode::tf32, MathMode::bf16}) {
    const MathModeScope scope(mode);
    const Results results = run(GetParam(), Conv2dAlgorithm::cudnn, DType::float32, kCuda);
    expect_agree(results, exact, mode == MathMode::fp32 ? 4e-6 : 2e-3);
    expect_agree(run(GetParam(), Conv2dAlgorithm::cudnn, DType::float32, kCuda), results, 0);
  }
}

TEST_P(CudnnConv2d, is_gemm_in_float64) {
  expect_agree(run(GetParam(), Conv2dAlgorithm::cudnn, DType::float64, kCuda),
               run(GetParam(), Conv2dAlgorithm::gemm, DType::float64, kCpu), 1e-12);
}

// n, h, w, c, k, r, s, stride, pad
INSTANTIATE_TEST_SUITE_P(
    shapes, CudnnConv2d,
    ::testing::Values(Conv2dShape{1, 1, 1, 1, 1, 1, 1, 1, 0}, Conv2dShape{1, 33, 17, 3, 3, 1, 1, 1, 0},
                      Conv2dShape{2, 9, 11, 5, 7, 3, 3, 1, 1}, Conv2dShape{3, 8, 7, 4, 6, 3, 3, 2, 1},
                      Conv2dShape{1, 12, 15, 3, 5, 9, 9, 1, 4}, Conv2dShape{2, 17, 20, 4, 3, 9, 9, 2, 0},
                      Conv2dShape{1, 13, 6, 8, 16, 5, 3, 1, 2}, Conv2dShape{1, 10, 10, 2, 3, 3, 3, 3, 0}));

TEST(CudnnBackend, takes_every_shape_that_it_can_count) {
  SKIP_WITHOUT_CUDNN();
  const auto choice = [](const Conv2dShape& shape) {
    return kernels::conv2d_algorithm(cuda_context(kCuda), shape);
  };
  const Conv2dShape middle{1, 64, 64, 64, 64, 3, 3, 1, 1}, first{1, 64, 64, 3, 64, 3, 3, 1, 1},
      huge{1, 32768, 65536, 1, 1, 5, 5, 1, 2}, empty{0, 8, 8, 8, 8, 3, 3, 1, 1};
  const ConvBackendScope scope(ConvBackend::cudnn);
  for (const auto mode : {MathMode::fp32, MathMode::bf16}) {
    const MathModeScope math(mode);
    for (const Conv2dShape& shape : {middle, first}) EXPECT_EQ(choice(shape), Conv2dAlgorithm::cudnn);
    for (const Conv2dShape& shape : {huge, empty}) EXPECT_EQ(choice(shape), Conv2dAlgorithm::gemm);
  }
}

TEST(CudnnBackend, is_left_again) {
  SKIP_WITHOUT_CUDNN();
  const Tensor x = random_tensor({1, 6, 5, 4}, DType::float32, 1).to(kCuda);
  const ops::Conv2dWeight weight(random_tensor({8, 4, 3, 3}, DType::float32, 2).to(kCuda));
  const auto y = [&] { return ops::conv2d_forward(x, weight, {}, {.padding = 1}); };
  const Tensor own = y();
  {
    const ConvBackendScope scope(ConvBackend::cudnn);
    EXPECT_EQ(conv_backend(kCuda), ConvBackend::cudnn);
    EXPECT_CLOSE(y(), own, 1e-6);
  }
  EXPECT_EQ(conv_backend(kCuda), ConvBackend::own);
  EXPECT_CLOSE(y(), own, 0);
}

TEST(CudnnBackend, cannot_run_on_the_cpu) {
  EXPECT_EQ(conv_backend(kCpu), ConvBackend::own);
  set_conv_backend(kCpu, ConvBackend::own);
  EXPECT_INVALID(set_conv_backend(kCpu, ConvBackend::cudnn), "cuDNN needs a CUDA device");
  const ops::Conv2dWeight weight(Tensor::zeros({8, 4, 3, 3}));
  EXPECT_INVALID(
      ops::conv2d_forward(Tensor::zeros({1, 8, 8, 4}), weight, {}, {.algorithm = Conv2dAlgorithm::cudnn}),
      "conv2d: cudnn cannot do 4 to 8 channels by 3x3 with stride 1 on cpu");
}

}  // namespace
}  // namespace nst
