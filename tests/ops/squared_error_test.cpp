#include "autograd/ops/squared_error.h"

#include <gtest/gtest.h>

#include "autograd/engine.h"
#include "tensor/allocator.h"
#include "tensor/ops/squared_error.h"
#include "tests/support.h"

namespace nst {
namespace {

using autograd::Variable;
using testing::random_tensor;

class SquaredError : public ::testing::TestWithParam<std::tuple<Shape, DType, Device>> {};

TEST_P(SquaredError, matches_the_definition) {
  const auto& [shape, dtype, device] = GetParam();
  const Tensor a = random_tensor(shape, dtype, 1).to(device),
               b = random_tensor(shape, dtype, 2, -2, 1).to(device);
  const double scale = 0.75, grad_loss = -1.5;
  const auto as = a.to_vector<double>(), bs = b.to_vector<double>();
  double sum = 0;
  std::vector<double> grad_a, grad_b;
  for (size_t i = 0; i < as.size(); ++i) {
    const double difference = as[i] - bs[i];
    sum += difference * difference;
    grad_a.push_back(2 * scale * grad_loss * difference);
    grad_b.push_back(-grad_a.back());
  }
  const double tolerance = dtype == DType::float32 ? 1e-6 : 1e-13;
  EXPECT_CLOSE(ops::squared_error_forward(a, b, scale), Tensor::full({1}, scale * sum, DType::float64),
               tolerance);
  EXPECT_CLOSE(autograd::mse(Variable(a), Variable(b)).value(),
               Tensor::full({1}, sum / static_cast<double>(as.size()), DType::float64), tolerance);
  const Tensor seed = Tensor::full({1}, grad_loss, dtype, device);
  EXPECT_CLOSE(ops::squared_error_backward(a, b, seed, scale).to_vector<double>(), grad_a, tolerance);
  EXPECT_CLOSE(ops::squared_error_backward(b, a, seed, scale).to_vector<double>(), grad_b, tolerance);
}

INSTANTIATE_TEST_SUITE_P(shapes, SquaredError,
                         ::testing::Combine(::testing::Values(Shape{1}, Shape{2, 5, 7, 3},
                                                              Shape{1, 131, 127, 5}),
                                            ::testing::Values(DType::float32, DType::float64),
                                            ::testing::ValuesIn(testing::devices())));

TEST(SquaredErrorForward, takes_no_memory_for_differences) {
  const Tensor a = random_tensor({100, 1000}, DType::float32, 1),
               b = random_tensor({100, 1000}, DType::float32, 2);
  Allocator& pool = allocator();
  pool.reset_peak();
  const size_t before = pool.stats().in_use;
  const Tensor loss = ops::squared_error_forward(a, b);
  EXPECT_LT(pool.stats().peak - before, 1024u);
}

TEST(SquaredErrorForward, does_not_depend_on_the_number_of_threads) {
  const Tensor a = random_tensor({200003}, DType::float64, 1), b = random_tensor({200003}, DType::float64, 2);
  testing::expect_same_on_any_threads([&] { return ops::squared_error_forward(a, b); });
}

TEST(SquaredErrorBackward, leaves_a_frozen_target_alone) {
  const Variable x(Tensor::full({4}, 3), true), target(Tensor::full({4}, 1));
  autograd::backward(autograd::sum_of_squares(x, target, 0.5));
  EXPECT_EQ(x.grad().to_vector<float>(), (std::vector<float>{2, 2, 2, 2}));
  EXPECT_FALSE(target.grad().defined());
}

TEST(SquaredErrorErrors, name_the_arguments) {
  EXPECT_INVALID(ops::squared_error_forward(Tensor::zeros({2, 3}), Tensor::zeros({3, 2})),
                 "squared_error: operands must agree");
  EXPECT_INVALID(ops::squared_error_backward(Tensor::zeros({2}), Tensor::zeros({2}), Tensor::zeros({2})),
                 "squared_error_backward: grad_loss must be (1)");
  EXPECT_INVALID(autograd::mse(Variable(Tensor::empty({0})), Variable(Tensor::empty({0}))),
                 "mse: a has no elements");
}

std::vector<Tensor> two() {
  return {random_tensor({2, 3, 4}, DType::float64, 1), random_tensor({2, 3, 4}, DType::float64, 2)};
}

const bool registered = testing::register_gradchecks(
    {
        {"sum_of_squares",
         [](const auto& v) { return autograd::sum_of_squares(v[0], v[1], 0.3); },
         two(),
         {}},
        {"mse", [](const auto& v) { return autograd::mse(v[0], v[1]); }, two(), {}},
    },
    testing::devices());

}  // namespace
}  // namespace nst
