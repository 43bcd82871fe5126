#include "autograd/ops/gram.h"

#include <gtest/gtest.h>

#include "tensor/ops/elementwise.h"
#include "tests/cuda_modes.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

class Gram : public ::testing::TestWithParam<std::tuple<Shape, DType, Device>> {};

TEST_P(Gram, matches_the_definition_and_is_symmetric) {
  const auto& [shape, dtype, device] = GetParam();
  const ops::GramParams params{.shift = -1, .scale = 1.0 / static_cast<double>(shape[1] * shape[2])};
  const Tensor features = random_tensor(shape, dtype, 1).to(device);
  const auto f = features.to_vector<double>();
  const int64_t n = shape[0], pixels = shape[1] * shape[2], c = shape[3];
  std::vector<double> expected(static_cast<size_t>(n * c * c));
  for (int64_t image = 0; image < n; ++image)
    for (int64_t i = 0; i < c; ++i)
      for (int64_t j = 0; j < c; ++j)
        for (int64_t p = 0; p < pixels; ++p)
          expected[(image * c + i) * c + j] += params.scale *
                                               (f[(image * pixels + p) * c + i] + params.shift) *
                                               (f[(image * pixels + p) * c + j] + params.shift);
  testing::for_each_cpu_variant([&, dtype = dtype] {
    const auto gram = ops::gram_forward(features, params).to_vector<double>();
    EXPECT_CLOSE(gram, expected, dtype == DType::float32 ? 1e-5 : 1e-13);
    for (int64_t i = 0; i < c; ++i)
      for (int64_t j = 0; j < i; ++j) ASSERT_EQ(gram[i * c + j], gram[j * c + i]);
  });
}

INSTANTIATE_TEST_SUITE_P(shapes, Gram,
                         ::testing::Combine(::testing::Values(Shape{1, 1, 1, 1}, Shape{2, 5, 7, 3},
                                                              Shape{1, 65, 17, 33}, Shape{2, 1, 2051, 8},
                                                              Shape{1, 41, 30, 150}),
                                            ::testing::Values(DType::float32, DType::float64),
                                            ::testing::ValuesIn(testing::devices())));

// What gradchecks are too small for.
TEST_P(Gram, backward_matches_the_definition) {
  const auto& [shape, dtype, device] = GetParam();
  const ops::GramParams params{.shift = -1, .scale = 1.0 / static_cast<double>(shape[1] * shape[2])};
  const Tensor features = random_tensor(shape, DType::float64, 1),
               grad_gram = random_tensor({shape[0], shape[3], shape[3]}, DType::float64, 2);
  const auto f = features.to_vector<double>(), g = grad_gram.to_vector<double>();
  const int64_t pixels = shape[1] * shape[2], c = shape[3];
  std::vector<double> expected(f.size());
  for (int64_t image = 0; image < shape[0]; ++image)
    for (int64_t p = image * pixels; p < (image + 1) * pixels; ++p)
      for (int64_t i = 0; i < c; ++i)
        for (int64_t j = 0; j < c; ++j)
          expected[p * c + i] += params.scale * (f[p * c + j] + params.shift) *
                                 (g[(image * c + i) * c + j] + g[(image * c + j) * c + i]);
  testing::for_each_cpu_variant([&, dtype = dtype, device = device] {
    EXPECT_CLOSE(ops::gram_backward(features.to(dtype).to(device), grad_gram.to(dtype).to(device), params)
                     .to_vector<double>(),
                 expected, dtype == DType::float32 ? 1e-5 : 1e-13);
  });
}

TEST_P(Gram, backward_adds_to_a_sum_in_place) {
  const auto& [shape, dtype, device] = GetParam();
  const ops::GramParams params{.shift = -1, .scale = 1.0 / static_cast<double>(shape[1] * shape[2])};
  const Tensor features = random_tensor(shape, dtype, 1).to(device),
               grad_gram = random_tensor({shape[0], shape[3], shape[3]}, dtype, 2).to(device);
  for (const double shift : {0.0, -1.0}) {
    const Tensor sum = random_tensor(shape, dtype, 3).to(device),
                 alone = ops::gram_backward(features, grad_gram, {.shift = shift, .scale = params.scale}),
                 expected = ops::add(sum, alone),
                 added =
                     ops::gram_backward(features, grad_gram, {.shift = shift, .scale = params.scale}, sum);
    EXPECT_TRUE(added.shares_storage(sum));
    EXPECT_CLOSE(added.to_vector<double>(), expected.to_vector<double>(),
                 dtype == DType::float32 ? 1e-6 : 1e-14);
  }
}

// tf32, bf16 and fp16 all round what cuBLAS multiplies to TF32. The sums over pixels that a shift needs stay
// exact.
class GramMathMode : public ::testing::TestWithParam<std::tuple<MathMode, Shape>> {
  void SetUp() override {
    if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
  }
};

TEST_P(GramMathMode, is_as_exact_as_documented) {
  const auto& [mode, shape] = GetParam();
  const ops::GramParams params{.shift = 0.5, .scale = 1.0 / static_cast<double>(shape[1] * shape[2])};
  const Tensor features = random_tensor(shape, DType::float64, 1, 0, 1),
               grad_gram = random_tensor({shape[0], shape[3], shape[3]}, DType::float64, 2);
  const auto gram = ops::gram_forward(features, params).to_vector<double>(),
             grad = ops::gram_backward(features, grad_gram, params).to_vector<double>();
  const testing::MathModeScope scope(mode);
  const auto on_cuda = [](const Tensor& t) { return t.to(DType::float32).to(kCuda); };
  const auto rounded = ops::gram_forward(on_cuda(features), params).to_vector<double>(),
             rounded_grad =
                 ops::gram_backward(on_cuda(features), on_cuda(grad_gram), params).to_vector<double>();
  const double exact = 1e-6, tolerance = mode == MathMode::fp32 ? exact : 1e-3;
  EXPECT_CLOSE(rounded, gram, tolerance);
  EXPECT_CLOSE(rounded_grad, grad, tolerance);
  if (mode != MathMode::fp32) {  // the rounding shows
    EXPECT_GT(testing::relative_difference(rounded, gram), exact);
    EXPECT_GT(testing::relative_difference(rounded_grad, grad), exact);
  }
}

INSTANTIATE_TEST_SUITE_P(modes, GramMathMode,
                         ::testing::Combine(::testing::Values(MathMode::fp32, MathMode::tf32, MathMode::bf16,
                                                              MathMode::fp16),
                                            ::testing::Values(Shape{2, 5, 7, 3}, Shape{1, 41, 30, 150})));

class CrossGram : public ::testing::TestWithParam<std::tuple<std::pair<Shape, int64_t>, DType, Device>> {};

TEST_P(CrossGram, matches_the_definition) {
  const auto& [shapes, dtype, device] = GetParam();
  const auto& [shape, columns] = shapes;
  const int64_t n = shape[0], pixels = shape[1] * shape[2], rows = shape[3];
  const Tensor a = random_tensor(shape, dtype, 1),
               b = random_tensor({n, shape[1], shape[2], columns}, dtype, 2);
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  for (const double shift : {0.0, -1.0}) {
    const ops::GramParams params{.shift = shift, .scale = 1.0 / static_cast<double>(pixels)};
    std::vector<double> expected(static_cast<size_t>(n * rows * columns));
    for (int64_t image = 0; image < n; ++image)
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < columns; ++j)
          for (int64_t p = image * pixels; p < (image + 1) * pixels; ++p)
            expected[(image * rows + i) * columns + j] +=
                params.scale * (x[p * rows + i] + shift) * (y[p * columns + j] + shift);
    EXPECT_CLOSE(ops::cross_gram_forward(a.to(device), b.to(device), params).to_vector<double>(), expected,
                 dtype == DType::float32 ? 1e-5 : 1e-13);
  }
}

TEST_P(CrossGram, backward_is_the_same_on_every_device) {
  const auto& [shapes, dtype, device] = GetParam();
  const auto& [shape, columns] = shapes;
  const Tensor a = random_tensor(shape, DType::float64, 1),
               b = random_tensor({shape[0], shape[1], shape[2], columns}, DType::float64, 2),
               grad_gram = random_tensor({shape[0], shape[3], columns}, DType::float64, 3);
  const double tolerance = dtype == DType::float32 ? 1e-6 : 1e-14;
  for (const double shift : {0.0, -1.0}) {
    const ops::GramParams params{.shift = shift, .scale = 0.3};
    const auto there = [&, dtype = dtype, device = device](const Tensor& x) {
      return x.to(dtype).to(device);
    };
    EXPECT_CLOSE(ops::cross_gram_backward_a(there(b), there(grad_gram), params),
                 ops::cross_gram_backward_a(b, grad_gram, params), tolerance);
    EXPECT_CLOSE(ops::cross_gram_backward_b(there(a), there(grad_gram), params),
                 ops::cross_gram_backward_b(a, grad_gram, params), tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(shapes, CrossGram,
                         ::testing::Combine(::testing::Values(std::pair{Shape{1, 1, 1, 1}, 2},
                                                              std::pair{Shape{2, 5, 7, 3}, 5},
                                                              std::pair{Shape{1, 65, 17, 33}, 8},
                                                              std::pair{Shape{2, 1, 2051, 8}, 3},
                                                              std::pair{Shape{1, 41, 30, 50}, 150}),
                                            ::testing::Values(DType::float32, DType::float64),
                                            ::testing::ValuesIn(testing::devices())));

TEST(CrossGram, with_itself_is_the_gram_matrix) {
  const Tensor x = random_tensor({2, 9, 7, 6}, DType::float64, 1);
  const ops::GramParams params{.shift = -1, .scale = 0.1};
  EXPECT_CLOSE(ops::cross_gram_forward(x, x, params), ops::gram_forward(x, params), 1e-14);
}

TEST(CrossGramErrors, name_the_shapes) {
  const Tensor a = Tensor::zeros({1, 4, 5, 3});
  EXPECT_INVALID(ops::cross_gram_forward(Tensor::zeros({3, 3}), a, {}), "cross_gram: a must have 4 axes");
  EXPECT_INVALID(ops::cross_gram_forward(a, Tensor::zeros({1, 2, 2, 6}), {}), "b must be (1, 4, 5, 6)");
  EXPECT_INVALID(ops::cross_gram_forward(a, Tensor::zeros({1, 4, 5, 6}, DType::float64), {}),
                 "b must be like a, float32 (1, 4, 5, 3) on cpu, got float64 (1, 4, 5, 6)");
  EXPECT_INVALID(ops::cross_gram_backward_a(a, Tensor::zeros({1, 6, 2}), {}), "grad_gram must be (1, 6, 3)");
  EXPECT_INVALID(ops::cross_gram_backward_b(a, Tensor::zeros({1, 2, 6}), {}), "grad_gram must be (1, 3, 6)");
}

TEST(GramErrors, name_the_shapes) {
  EXPECT_INVALID(ops::gram_forward(Tensor::zeros({3, 3}), {}), "gram: features must have 4 axes");
  EXPECT_INVALID(ops::gram_backward(Tensor::zeros({1, 2, 2, 3}), Tensor::zeros({1, 2, 2}), {}),
                 "grad_gram must be (1, 3, 3)");
}

const bool registered = testing::register_gradchecks(
    {
        {"gram",
         [](const auto& v) { return autograd::gram(v[0], {.scale = 0.1}); },
         {random_tensor({2, 3, 4, 3}, DType::float64, 1)},
         {}},
        {"gram_shifted",
         [](const auto& v) { return autograd::gram(v[0], {.shift = -1, .scale = 0.2}); },
         {random_tensor({1, 3, 4, 5}, DType::float64, 2)},
         {}},
        {"cross_gram",
         [](const auto& v) { return autograd::cross_gram(v[0], v[1], {.shift = -1, .scale = 0.2}); },
         {random_tensor({2, 3, 4, 3}, DType::float64, 3), random_tensor({2, 3, 4, 5}, DType::float64, 4)},
         {}},
    },
    testing::devices());

}  // namespace
}  // namespace nst
