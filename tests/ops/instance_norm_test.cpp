#include "autograd/ops/instance_norm.h"

#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "autograd/ops/relu.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;
using ops::Variance;
using testing::random_tensor;

// Parameters per channel or per image and channel.
enum class Affine { none, per_channel, per_image };

// The definition, two passes per channel in long double.
std::vector<double> definition(const Tensor& x, const Tensor& gamma, const Tensor& beta,
                               const ops::InstanceNormParams& params) {
  const auto v = x.to_vector<double>(), gammas = gamma.to_vector<double>(), betas = beta.to_vector<double>();
  const int64_t n = x.size(0), pixels = x.size(1) * x.size(2), c = x.size(3);
  std::vector<double> y(v.size());
  for (int64_t image = 0; image < n; ++image) {
    for (int64_t ch = 0; ch < c; ++ch) {
      const auto index = [&](int64_t p) { return (image * pixels + p) * c + ch; };
      long double sum = 0, squares = 0;
      for (int64_t p = 0; p < pixels; ++p) sum += v[index(p)];
      const long double mean = sum / pixels;
      for (int64_t p = 0; p < pixels; ++p) squares += (v[index(p)] - mean) * (v[index(p)] - mean);
      const int64_t divisor = params.variance == Variance::biased ? pixels : pixels - 1;
      const long double std = std::sqrt(squares / divisor + params.eps);
      const auto of = [&](const std::vector<double>& values, double otherwise) {
        if (values.empty()) return otherwise;
        return static_cast<int64_t>(values.size()) == n * c ? values[image * c + ch] : values[ch];
      };
      for (int64_t p = 0; p < pixels; ++p) {
        y[index(p)] = static_cast<double>((v[index(p)] - mean) / std * of(gammas, 1) + of(betas, 0));
      }
    }
  }
  return y;
}

Tensor parameter(const Shape& x, Affine affine, DType dtype, uint64_t seed) {
  if (affine == Affine::none) return {};
  return random_tensor(affine == Affine::per_image ? Shape{x[0], x[3]} : Shape{x[3]}, dtype, seed, 0.5, 2);
}

class InstanceNorm : public ::testing::TestWithParam<std::tuple<Shape, Affine, Variance, DType, Device>> {};

TEST_P(InstanceNorm, matches_the_definition) {
  const auto& [shape, affine, variance, dtype, device] = GetParam();
  const ops::InstanceNormParams params{.eps = 1e-3, .variance = variance};
  const Tensor x = random_tensor(shape, dtype, 1, -2, 3).to(device);
  const Tensor gamma = parameter(shape, affine, dtype, 2).to(device),
               beta = parameter(shape, affine, dtype, 3).to(device);
  EXPECT_CLOSE(ops::instance_norm_forward(x, gamma, beta, params).y.to_vector<double>(),
               definition(x, gamma, beta, params), dtype == DType::float32 ? 1e-6 : 1e-13);
}

TEST_P(InstanceNorm, keeps_its_digits_under_a_large_mean) {
  const auto& [shape, affine, variance, dtype, device] = GetParam();
  const ops::InstanceNormParams params{.variance = variance};
  const Tensor x = random_tensor(shape, dtype, 4, 999, 1001).to(device);
  const Tensor gamma = parameter(shape, affine, dtype, 2).to(device),
               beta = parameter(shape, affine, dtype, 3).to(device);
  // In float the mean's own rounding, 3e-5, would show if it were not made good.
  EXPECT_CLOSE(ops::instance_norm_forward(x, gamma, beta, params).y.to_vector<double>(),
               definition(x, gamma, beta, params), dtype == DType::float32 ? 1e-6 : 1e-11);
}

TEST_P(InstanceNorm, gradient_in_this_type_is_the_one_in_double) {
  const auto& [shape, affine, variance, dtype, device] = GetParam();
  const ops::InstanceNormParams params{.variance = variance};
  const auto gradients = [&, shape = shape, affine = affine](DType type, Device where) {
    const auto rounded = [&](const Tensor& t) { return t.to(DType::float32).to(type).to(where); };
    const Tensor x = rounded(random_tensor(shape, DType::float64, 1));
    const Tensor gamma = rounded(parameter(shape, affine, DType::float64, 2));
    const auto forward = ops::instance_norm_forward(x, gamma, gamma, params);
    const Tensor grad_y = rounded(random_tensor(shape, DType::float64, 5));
    return ops::instance_norm_backward(x, gamma, gamma.defined() ? gamma.shape() : Shape{}, forward, grad_y,
                                       params,
                                       {.x = true, .gamma = gamma.defined(), .beta = gamma.defined()});
  };
  const auto here = gradients(dtype, device), exact = gradients(DType::float64, kCpu);
  EXPECT_CLOSE(here.x, exact.x, 1e-5);
  if (affine == Affine::none) return;
  EXPECT_CLOSE(here.gamma, exact.gamma, 1e-5);
  EXPECT_CLOSE(here.beta, exact.beta, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(
    shapes, InstanceNorm,
    ::testing::Combine(::testing::Values(Shape{3, 5, 7, 3}, Shape{2, 61, 53, 17}, Shape{1, 3, 3, 515}),
                       ::testing::Values(Affine::none, Affine::per_channel, Affine::per_image),
                       ::testing::Values(Variance::biased, Variance::unbiased),
                       ::testing::Values(DType::float32, DType::float64),
                       ::testing::ValuesIn(testing::devices())));

TEST(InstanceNormResults, do_not_depend_on_the_number_of_threads) {
  const Tensor x = random_tensor({2, 61, 53, 17}, DType::float32, 1),
               grad_y = random_tensor(x.shape(), DType::float32, 2);
  const Tensor gamma = random_tensor({17}, DType::float32, 3);
  const auto forward = ops::instance_norm_forward(x, gamma, gamma, {});
  testing::expect_same_on_any_threads([&] { return ops::instance_norm_forward(x, gamma, gamma, {}).y; });
  const auto backward = [&] {
    return ops::instance_norm_backward(x, gamma, gamma.shape(), forward, grad_y, {});
  };
  testing::expect_same_on_any_threads([&] { return backward().x; });
  testing::expect_same_on_any_threads([&] { return backward().gamma; });
  testing::expect_same_on_any_threads([&] { return backward().beta; });
}

class InstanceNormWithRelu : public ::testing::TestWithParam<std::tuple<DType, Device>> {};

TEST_P(InstanceNormWithRelu, is_a_norm_and_a_relu) {
  const auto& [dtype, device] = GetParam();
  const auto inputs = [&, dtype = dtype, device = device](uint64_t seed) {
    return Variable(random_tensor({2, 17, 9, 5}, dtype, seed, -2, 3).to(device), true);
  };
  const Tensor gamma = parameter({2, 17, 9, 5}, Affine::per_channel, dtype, 2).to(device),
               grad_y = random_tensor({2, 17, 9, 5}, dtype, 3).to(device);
  const Variable fused_x = inputs(1), x = inputs(1), fused_gamma(gamma, true), plain_gamma(gamma, true);
  const Variable fused = autograd::instance_norm(fused_x, fused_gamma, {}, {.relu = true}),
                 plain = autograd::relu(autograd::instance_norm(x, plain_gamma));
  EXPECT_CLOSE(fused.value(), plain.value(), 0);
  autograd::backward(fused, grad_y);
  autograd::backward(plain, grad_y);
  EXPECT_CLOSE(fused_x.grad(), x.grad(), 0);
  EXPECT_CLOSE(fused_gamma.grad(), plain_gamma.grad(), 0);
}

INSTANTIATE_TEST_SUITE_P(types, InstanceNormWithRelu,
                         ::testing::Combine(::testing::Values(DType::float32, DType::float64),
                                            ::testing::ValuesIn(testing::devices())));

class InstanceNormOfFlatChannels : public ::testing::TestWithParam<Device> {};

TEST_P(InstanceNormOfFlatChannels, is_beta_and_finite) {
  const Variable x(Tensor::full({1, 1, 1, 2}, 5, DType::float32, GetParam()), true);
  const Variable beta(Tensor::from<float>({2}, std::vector<float>{1, -2}, GetParam()));
  const Variable y = autograd::instance_norm(x, {}, beta);
  EXPECT_EQ(y.value().to_vector<float>(), (std::vector<float>{1, -2}));
  autograd::backward(y, Tensor::full({1, 1, 1, 2}, 3, DType::float32, GetParam()));
  EXPECT_EQ(x.grad().to_vector<float>(), (std::vector<float>{0, 0}));
}

INSTANTIATE_TEST_SUITE_P(devices, InstanceNormOfFlatChannels, ::testing::ValuesIn(testing::devices()));

TEST(InstanceNormErrors, name_the_shapes) {
  const Tensor x = Tensor::zeros({2, 4, 4, 3}), good = Tensor::zeros({3});
  EXPECT_INVALID(ops::instance_norm_forward(Tensor::zeros({3, 3}), {}, {}, {}),
                 "instance_norm: x must have 4 axes");
  EXPECT_INVALID(
      ops::instance_norm_forward(x, Tensor::zeros({4}), {}, {}),
      "instance_norm: gamma must be (3) or (2, 3) like x, float32 (2, 4, 4, 3) on cpu, got float32 (4)");
  EXPECT_INVALID(ops::instance_norm_forward(x, {}, Tensor::zeros({3}, DType::float64), {}),
                 "instance_norm: beta");
  EXPECT_INVALID(ops::instance_norm_forward(x, good, Tensor::zeros({2, 3}), {}),
                 "instance_norm: beta must be (3)");
  EXPECT_INVALID(ops::instance_norm_forward(x, {}, {}, {.eps = -1}), "instance_norm: eps");
  EXPECT_INVALID(
      ops::instance_norm_forward(Tensor::zeros({1, 1, 1, 3}), {}, {}, {.variance = Variance::unbiased}),
      "instance_norm: x must have at least two pixels");
  EXPECT_INVALID(ops::instance_norm_backward(x, {}, {}, ops::instance_norm_forward(x, {}, {}, {}), good, {}),
                 "instance_norm_backward: operands must agree");
}

std::vector<Tensor> inputs(const Shape& parameters) {
  return {random_tensor({2, 3, 4, 3}, DType::float64, 1), random_tensor(parameters, DType::float64, 2),
          random_tensor(parameters, DType::float64, 3)};
}

const bool registered = testing::register_gradchecks(
    {
        {"instance_norm", [](const auto& v) { return autograd::instance_norm(v[0]); }, {inputs({3})[0]}, {}},
        {"instance_norm_affine",
         [](const auto& v) { return autograd::instance_norm(v[0], v[1], v[2], {.eps = 1e-2}); },
         inputs({3}),
         {}},
        {"instance_norm_relu",
         [](const auto& v) { return autograd::instance_norm(v[0], v[1], v[2], {.relu = true}); },
         inputs({3}),
         {}},
        {"instance_norm_conditional",
         [](const auto& v) { return autograd::instance_norm(v[0], v[1], v[2]); },
         inputs({2, 3}),
         {}},
        {"instance_norm_unbiased",
         [](const auto& v) {
           return autograd::instance_norm(v[0], v[1], {}, {.variance = Variance::unbiased});
         },
         {inputs({3})[0], inputs({3})[1]},
         {}},
        {"instance_norm_beta_alone",
         [](const auto& v) { return autograd::instance_norm(v[0], {}, v[1]); },
         {inputs({2, 3})[0], inputs({2, 3})[1]},
         {}},
    },
    testing::devices());

}  // namespace
}  // namespace nst
