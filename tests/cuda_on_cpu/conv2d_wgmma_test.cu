// Hopper's convolution, on a context whose device says it is one, against the CPU's `gemm` in float64. On a
// Hopper GPU tests/ops/conv2d_math_mode_test.cpp takes the same path.
#include <gtest/gtest.h>

#include "kernels/conv2d.h"
#include "kernels/cuda/context.h"
#include "kernels/cuda/ptx.cuh"
#include "runner/engine.h"
#include "tensor/ops/conv2d.h"
#include "tests/support.h"

namespace nst {
namespace {

using kernels::Conv2dAlgorithm;
using kernels::Conv2dShape;
using kernels::PaddingMode;
using testing::random_tensor;

kernels::CudaContext hopper(MathMode mode) {
  cuda_on_cpu::set_compute_capability(9, 0);
  kernels::CudaContext context(0);
  cuda_on_cpu::set_compute_capability(8, 0);
  context.set_math_mode(mode);
  return context;
}

Conv2dAlgorithm algorithm(MathMode mode) {
  if (mode == MathMode::tf32) return Conv2dAlgorithm::wgmma_tf32;
  return mode == MathMode::bf16 ? Conv2dAlgorithm::wgmma_bf16 : Conv2dAlgorithm::wgmma_fp16;
}

// What the tensor cores are given. The runner's TMA passes TF32 on as it is, the worst that may happen, and
// the product cuts it.
float rounded(float x, MathMode mode, bool weight) {
  if (mode == MathMode::bf16) return __uint_as_float(kernels::cuda::pack_bf16(x, 0) << 16);
  if (mode == MathMode::fp16) return static_cast<float>(static_cast<_Float16>(x));
  return __uint_as_float(weight ? kernels::cuda::to_tf32(x) : __float_as_uint(x) & 0xffffe000);
}
Tensor rounded(const Tensor& x, MathMode mode, bool weight) {
  Tensor y = Tensor::empty(x.shape(), DType::float64);
  for (int64_t i = 0; i < x.numel(); ++i) {
    y.mutable_data<double>()[i] = double{rounded(x.data<float>()[i], mode, weight)};
  }
  return y;
}

struct Inputs {
  Tensor x, w, bias, grad_y;
};
struct Results {
  Tensor y, rectified, grad_x;
};

Inputs inputs(const Conv2dShape& s) {
  return {random_tensor({s.n, s.h, s.w, s.c}, DType::float32, 1),
          random_tensor({s.k, s.c, s.r, s.s}, DType::float32, 2), random_tensor({s.k}, DType::float32, 3),
          random_tensor({s.n, s.out_h(), s.out_w(), s.k}, DType::float32, 4)};
}

// The definition, by the CPU in float64.
Results exact(const Conv2dShape& s, const Inputs& in) {
  const auto wide = [](const Tensor& t) { return t.to(DType::float64); };
  const ops::Conv2dParams params{.stride = s.stride,
                                 .padding = s.pad,
                                 .padding_mode = s.padding_mode,
                                 .algorithm = Conv2dAlgorithm::gemm};
  auto rectify = params;
  rectify.relu = true;
  const ops::Conv2dWeight weight(wide(in.w));
  return {ops::conv2d_forward(wide(in.x), weight, {}, params),
          ops::conv2d_forward(wide(in.x), weight, wide(in.bias), rectify),
          ops::conv2d_backward_input(wide(in.grad_y), {}, weight, in.x.shape(), params)};
}

Results run(const kernels::CudaContext& context, const Conv2dShape& s, const Inputs& in) {
  const Conv2dAlgorithm how = algorithm(context.math_mode());
  const Tensor x = in.x.to(kCuda), w = in.w.to(kCuda), bias = in.bias.to(kCuda), grad_y = in.grad_y.to(kCuda);
  const auto unwritten = [](const Shape& shape) { return Tensor::empty(shape, DType::float32, kCuda); };
  Tensor packed = unwritten({kernels::conv2d_packed_numel(s, how)}), y = unwritten(grad_y.shape()),
         rectified = unwritten(grad_y.shape()), grad_x = unwritten(x.shape());
  conv2d_pack_forward(context, s, how, w.data<float>(), packed.mutable_data<float>());
  conv2d_forward<float>(context, s, how, x.data<float>(), packed.data<float>(), nullptr, false,
                        y.mutable_data<float>());
  conv2d_forward<float>(context, s, how, x.data<float>(), packed.data<float>(), bias.data<float>(), true,
                        rectified.mutable_data<float>());
  packed = unwritten({kernels::conv2d_packed_backward_numel(s, how)});
  conv2d_pack_backward_input(context, s, how, w.data<float>(), packed.mutable_data<float>());
  conv2d_backward_input<float>(context, s, how, grad_y.data<float>(), nullptr, packed.data<float>(),
                               grad_x.mutable_data<float>());
  return {y, rectified, grad_x};
}

void expect_close(const Results& results, const Results& expected, double tolerance) {
  for (const auto result : {&Results::y, &Results::rectified, &Results::grad_x}) {
    EXPECT_CLOSE((results.*result).to_vector<double>(), (expected.*result).to_vector<double>(), tolerance);
  }
}

class Conv2dWgmma : public ::testing::TestWithParam<std::tuple<MathMode, Conv2dShape>> {};

TEST_P(Conv2dWgmma, agrees_with_gemm) {
  const auto& [mode, shape] = GetParam();
  const kernels::CudaContext context = hopper(mode);
  ASSERT_TRUE(conv2d_supports(context, shape, algorithm(mode)));
  const Inputs in = inputs(shape);
  const auto before = cuda_on_cpu::statistics().mma;
  const Results results = run(context, shape, in);
  EXPECT_GT(cuda_on_cpu::statistics().mma, before);
  expect_close(results, exact(shape, in), mode == MathMode::bf16 ? 2e-2 : 2e-3);
  // And far closer where the definition is given what the tensor cores were.
  const Inputs cut{rounded(in.x, mode, false), rounded(in.w, mode, true), in.bias,
                   rounded(in.grad_y, mode, false)};
  Results expected = exact(shape, cut);
  if (shape.reflects())
    expected.grad_x = results.grad_x;  // what mirror images receive is computed in float32
  expect_close(results, expected, 4e-6);
}

// n, h, w, c, k, r, s, stride, pad: sizes around the box of 8x16 pixels, a stage's 64 (32) channels and the
// tiles' 64, 128 and 256 columns; taps that reach beyond the image on all sides; more stages than the ring
// has.
INSTANTIATE_TEST_SUITE_P(
    shapes, Conv2dWgmma,
    ::testing::Combine(::testing::Values(MathMode::bf16, MathMode::fp16, MathMode::tf32),
                       ::testing::Values(Conv2dShape{1, 1, 1, 8, 8, 3, 3, 1, 1},
                                         Conv2dShape{2, 9, 17, 8, 16, 3, 3, 1, 1},
                                         Conv2dShape{1, 13, 10, 64, 64, 1, 1, 1, 0},
                                         Conv2dShape{1, 12, 11, 24, 40, 5, 2, 1, 2},  // wider than s - 1
                                         Conv2dShape{3, 7, 8, 40, 72, 3, 3, 1, 0},
                                         // one tile of pixels: the depth is split
                                         Conv2dShape{1, 8, 16, 136, 200, 3, 3, 1, 1},
                                         // tiles of 256 columns, not full
                                         Conv2dShape{1, 9, 33, 72, 136, 3, 3, 1, 1},
                                         Conv2dShape{2, 9, 17, 24, 16, 5, 5, 1, 2, PaddingMode::reflect})));

TEST(Conv2dWgmma, repeats_to_the_bit) {
  const kernels::CudaContext context = hopper(MathMode::bf16);
  const Conv2dShape shape{1, 8, 16, 136, 200, 3, 3, 1, 1};
  const Inputs in = inputs(shape);
  expect_close(run(context, shape, in), run(context, shape, in), 0);
}

TEST(Conv2dWgmma, is_chosen_on_hopper_alone_in_its_own_math_mode) {
  const Conv2dShape vgg{1, 64, 64, 64, 64, 3, 3, 1, 1};
  EXPECT_EQ(conv2d_algorithm(hopper(MathMode::bf16), vgg), Conv2dAlgorithm::wgmma_bf16);
  EXPECT_EQ(conv2d_algorithm(hopper(MathMode::fp16), vgg), Conv2dAlgorithm::wgmma_fp16);
  EXPECT_EQ(conv2d_algorithm(hopper(MathMode::tf32), vgg), Conv2dAlgorithm::wgmma_tf32);
  EXPECT_EQ(conv2d_algorithm(hopper(MathMode::fp32), vgg), Conv2dAlgorithm::winograd4);
  EXPECT_FALSE(conv2d_supports(hopper(MathMode::tf32), vgg, Conv2dAlgorithm::wgmma_bf16));
  const auto choice = [](const Conv2dShape& shape) {
    return conv2d_algorithm(hopper(MathMode::bf16), shape);
  };
  EXPECT_EQ(choice({1, 64, 64, 64, 64, 3, 3, 2, 1}), Conv2dAlgorithm::gemm);
  EXPECT_EQ(choice({1, 64, 64, 68, 64, 3, 3, 1, 1}), Conv2dAlgorithm::gemm);
  EXPECT_EQ(choice({1, 64, 64, 32, 64, 3, 3, 1, 1}), Conv2dAlgorithm::gemm);  // half of a stage
  EXPECT_EQ(choice({1, 64, 64, 3, 64, 3, 3, 1, 1}), Conv2dAlgorithm::direct);
  kernels::CudaContext ampere(0);
  ampere.set_math_mode(MathMode::bf16);
  EXPECT_EQ(conv2d_algorithm(ampere, vgg), Conv2dAlgorithm::gemm);
}

TEST(Conv2dWgmma, computes_float64_with_gemm) {
  const kernels::CudaContext context = hopper(MathMode::bf16);
  const Conv2dShape s{1, 5, 6, 8, 8, 3, 3, 1, 1};
  const Inputs in = inputs(s);
  const Tensor x = in.x.to(DType::float64).to(kCuda), w = in.w.to(DType::float64).to(kCuda);
  Tensor packed =
      Tensor::empty({kernels::conv2d_packed_numel(s, Conv2dAlgorithm::wgmma_bf16)}, DType::float64, kCuda);
  Tensor y = Tensor::empty(in.grad_y.shape(), DType::float64, kCuda);
  conv2d_pack_forward(context, s, Conv2dAlgorithm::wgmma_bf16, w.data<double>(),
                      packed.mutable_data<double>());
  conv2d_forward<double>(context, s, Conv2dAlgorithm::wgmma_bf16, x.data<double>(), packed.data<double>(),
                         nullptr, false, y.mutable_data<double>());
  EXPECT_CLOSE(y.to_vector<double>(), exact(s, in).y.to_vector<double>(), 1e-12);
}

}  // namespace
}  // namespace nst
