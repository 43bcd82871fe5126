// Convolutions that reflect or repeat the border, against a pad before a convolution without any.
#include <gtest/gtest.h>

#include "autograd/ops/conv2d.h"
#include "autograd/ops/pad.h"
#include "tensor/dispatch.h"
#include "tensor/ops/relu.h"
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

using ops::Conv2dAlgorithm;

struct Results {
  Tensor y, grad_x, grad_x_gated, grad_w;
};

struct Reflecting {
  Shape x, w;
  int64_t stride, padding;
};

void PrintTo(const Reflecting& c, std::ostream* os) {
  *os << c.x.to_string() << " by " << c.w.to_string() << " stride " << c.stride << " padding " << c.padding;
}

struct Inputs {
  Tensor x, w, bias, grad_y, gate;
};

Inputs inputs(const Reflecting& c) {
  const auto values = [&](const Shape& shape, uint64_t seed) {
    return random_tensor(shape, DType::float32, seed).to(DType::float64);
  };
  const Shape y{c.x[0], (c.x[1] + 2 * c.padding - c.w[2]) / c.stride + 1,
                (c.x[2] + 2 * c.padding - c.w[3]) / c.stride + 1, c.w[0]};
  return {values(c.x, 1), values(c.w, 2), values({c.w[0]}, 3), values(y, 4), values(y, 5)};
}

Results padded_before(const Reflecting& c, const Inputs& in) {
  const auto pad = ops::PadParams::all(c.padding, PaddingMode::reflect);
  const ops::Conv2dParams params{.stride = c.stride, .algorithm = Conv2dAlgorithm::gemm};
  const ops::Conv2dWeight weight(in.w);
  const Tensor x = ops::pad_forward(in.x, pad);
  const auto grad_x = [&](const Tensor& grad_y) {
    return ops::pad_backward(ops::conv2d_backward_input(grad_y, {}, weight, x.shape(), params), c.x, pad);
  };
  return {ops::conv2d_forward(x, weight, in.bias, params), grad_x(in.grad_y),
          grad_x(ops::relu_backward(in.gate, in.grad_y)),
          ops::conv2d_backward_weight(x, in.grad_y, c.w, params)};
}

Results fused(const Reflecting& c, const Inputs& in, Conv2dAlgorithm algorithm, DType dtype, Device device) {
  const ops::Conv2dParams params{
      .stride = c.stride, .padding = c.padding, .padding_mode = PaddingMode::reflect, .algorithm = algorithm};
  const auto here = [&](const Tensor& t) { return t.to(dtype).to(device); };
  const Tensor x = here(in.x), grad_y = here(in.grad_y);
  const ops::Conv2dWeight weight(here(in.w));
  return {ops::conv2d_forward(x, weight, here(in.bias), params),
          ops::conv2d_backward_input(grad_y, {}, weight, c.x, params),
          ops::conv2d_backward_input(grad_y, here(in.gate), weight, c.x, params),
          ops::conv2d_backward_weight(x, grad_y, c.w, params)};
}

bool supports(const Reflecting& c, Conv2dAlgorithm algorithm, Device device) {
  const kernels::Conv2dShape shape{c.x[0], c.x[1], c.x[2],   c.x[3],    c.w[0],
                                   c.w[2], c.w[3], c.stride, c.padding, PaddingMode::reflect};
  if (device == kCpu) return kernels::conv2d_supports(kernels::CpuContext{}, shape, algorithm);
  return kernels::conv2d_supports(cuda_context(device), shape, algorithm);
}

class Conv2dReflecting : public ::testing::TestWithParam<std::tuple<Reflecting, Device>> {};

TEST_P(Conv2dReflecting, is_a_pad_and_a_convolution_by_every_algorithm) {
  const auto& [c, device] = GetParam();
  const Inputs in = inputs(c);
  const Results expected = padded_before(c, in);
  for (const auto algorithm : {Conv2dAlgorithm::gemm, Conv2dAlgorithm::direct, Conv2dAlgorithm::winograd4,
                               Conv2dAlgorithm::winograd2}) {
    if (!supports(c, algorithm, device)) continue;
    for (const auto& [dtype, tolerance] : {std::pair{DType::float32, 1e-4}, {DType::float64, 1e-11}}) {
      const Results results = fused(c, in, algorithm, dtype, device);
      for (const auto result : {&Results::y, &Results::grad_x, &Results::grad_x_gated, &Results::grad_w}) {
        EXPECT_CLOSE((results.*result).to_vector<double>(), (expected.*result).to_vector<double>(),
                     tolerance);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    shapes, Conv2dReflecting,
    ::testing::Combine(
        ::testing::Values(Reflecting{{1, 2, 2, 1}, {1, 1, 3, 3}, 1, 1},  // the smallest that reflects
                          Reflecting{{1, 3, 9, 2}, {3, 2, 3, 3}, 1, 2},  // all rows have two mirror images
                          Reflecting{{2, 33, 17, 16}, {20, 16, 3, 3}, 1, 1},
                          Reflecting{{1, 6, 5, 3}, {4, 3, 3, 3}, 1, 4},  // a border wider than the kernel
                          Reflecting{{1, 17, 24, 3}, {8, 3, 9, 9}, 1, 4},
                          Reflecting{{1, 7, 34, 17}, {3, 17, 9, 9}, 1, 4},
                          Reflecting{{1, 13, 12, 64}, {132, 64, 3, 3}, 1, 1},  // several tiles of a product
                          Reflecting{{2, 19, 22, 8}, {12, 8, 3, 3}, 2, 1},
                          Reflecting{{1, 11, 14, 4}, {6, 4, 5, 2}, 3, 2},
                          Reflecting{{1, 9, 8, 4}, {4, 4, 1, 1}, 1, 3}),
        ::testing::ValuesIn(testing::devices())));

TEST(Conv2dPaddingErrors, name_the_image) {
  const Variable x(Tensor::zeros({1, 2, 8, 3})), w(Tensor::zeros({4, 3, 5, 5}));
  EXPECT_INVALID(autograd::conv2d(x, w, {}, {.padding = 2, .padding_mode = PaddingMode::reflect}),
                 "conv2d: a 2x8 image is too small to reflect 2 pixels");
  EXPECT_INVALID(ops::conv2d_forward(x.value(), ops::Conv2dWeight(w.value()), {},
                                     {.padding = 2, .padding_mode = PaddingMode::replicate}),
                 "conv2d: pads with zeros or by reflection");
}

TEST(Conv2dPadding, keeps_a_packed_weight_for_each) {
  // Only the one that reflects has weights for its border too.
  const Tensor x = random_tensor({1, 6, 5, 4}, DType::float64, 1);
  const ops::Conv2dWeight weight(random_tensor({8, 4, 3, 3}, DType::float64, 2));
  const Tensor grad_y = random_tensor({1, 6, 5, 8}, DType::float64, 3);
  const auto grad_x = [&](const ops::Conv2dWeight& w, PaddingMode mode) {
    return ops::conv2d_backward_input(grad_y, {}, w, x.shape(), {.padding = 1, .padding_mode = mode});
  };
  const auto fresh = [&](PaddingMode mode) { return grad_x(ops::Conv2dWeight(weight.weight()), mode); };
  for (const auto mode : {PaddingMode::zero, PaddingMode::reflect, PaddingMode::zero}) {
    EXPECT_CLOSE(grad_x(weight, mode), fresh(mode), 0);
  }
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
                                  check("conv2d_reflect_stride2", PaddingMode::reflect, 2),
                                  check("conv2d_replicate_stride2", PaddingMode::replicate, 2)},
                                 testing::devices());

}  // namespace
}  // namespace nst
