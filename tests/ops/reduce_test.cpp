#include "autograd/ops/reduce.h"

#include <gtest/gtest.h>

#include <limits>

#include "tensor/ops/reduce.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

class Reduce : public ::testing::TestWithParam<std::tuple<Shape, DType, Device>> {};

TEST_P(Reduce, matches_the_definitions) {
  const auto& [shape, dtype, device] = GetParam();
  const Tensor a = random_tensor(shape, dtype, 1, -1, 2).to(device),
               b = random_tensor(shape, dtype, 2, -2, 1).to(device);
  const auto as = a.to_vector<double>(), bs = b.to_vector<double>();
  double sum = 0, dot = 0, norm1 = 0, max_abs = 0;
  for (size_t i = 0; i < as.size(); ++i) {
    sum += as[i];
    dot += as[i] * bs[i];
    norm1 += std::abs(bs[i]);
    max_abs = std::max(max_abs, std::abs(bs[i]));
  }
  const double tolerance = dtype == DType::float32 ? 1e-7 : 1e-13;
  const auto expect = [&](const Tensor& y, double expected) {
    EXPECT_CLOSE(y, Tensor::full({1}, expected, DType::float64), tolerance);
  };
  expect(ops::sum_forward(a), sum);
  expect(ops::sum_forward(a, -0.25), -0.25 * sum);
  expect(ops::dot(a, b), dot);
  expect(ops::norm1(b), norm1);
  EXPECT_EQ(ops::max_abs(b).item(), max_abs);
  expect(autograd::mean(autograd::Variable(a)).value(), sum / static_cast<double>(as.size()));
}

INSTANTIATE_TEST_SUITE_P(shapes, Reduce,
                         ::testing::Combine(::testing::Values(Shape{1}, Shape{2, 5, 7, 3},
                                                              Shape{3, 16384 + 5}, Shape{1, 211, 101, 7}),
                                            ::testing::Values(DType::float32, DType::float64),
                                            ::testing::ValuesIn(testing::devices())));

class ReduceOn : public ::testing::TestWithParam<Device> {};

TEST(ReduceResults, do_not_depend_on_the_number_of_threads) {
  const Tensor a = random_tensor({200003}, DType::float64, 1), b = random_tensor({200003}, DType::float64, 2);
  testing::expect_same_on_any_threads([&] { return ops::sum_forward(a); });
  testing::expect_same_on_any_threads([&] { return ops::dot(a, b); });
  testing::expect_same_on_any_threads([&] { return ops::norm1(a); });
}

TEST(ReduceResults, keep_what_float_sums_would_lose) {
  // A float running sum would stop growing at 2^24.
  EXPECT_EQ(ops::sum_forward(Tensor::full({(1 << 24) + 1000}, 1), 0x1p-3).item(), (0x1p24 + 1000) / 8);
}

TEST_P(ReduceOn, max_abs_passes_nan_on) {
  const Tensor last_is_smaller = Tensor::from<float>({3}, std::vector<float>{1, NAN, -2}, GetParam());
  EXPECT_TRUE(std::isnan(ops::max_abs(last_is_smaller).item()));
  Tensor far = Tensor::zeros({50000});
  far.mutable_data<float>()[20000] = -INFINITY;
  EXPECT_EQ(ops::max_abs(far.to(GetParam())).item(), std::numeric_limits<double>::infinity());
  far.mutable_data<float>()[20001] = NAN;
  EXPECT_TRUE(std::isnan(ops::max_abs(far.to(GetParam())).item()));
}

TEST_P(ReduceOn, nothing_gives_zero) {
  const Tensor nothing = Tensor::empty({0, 4}, DType::float32, GetParam());
  EXPECT_EQ(ops::sum_forward(nothing).item(), 0);
  EXPECT_EQ(ops::max_abs(nothing).item(), 0);
}

INSTANTIATE_TEST_SUITE_P(devices, ReduceOn, ::testing::ValuesIn(testing::devices()));

TEST(ReduceErrors, name_the_arguments) {
  EXPECT_INVALID(ops::sum_forward({}), "sum: a tensor is undefined");
  EXPECT_INVALID(ops::dot(Tensor::zeros({2, 3}), Tensor::zeros({3, 2})), "dot: operands must agree");
  EXPECT_INVALID(ops::sum_backward(Tensor::zeros({2}), {3}), "sum_backward: grad_sum must be (1)");
  EXPECT_INVALID(autograd::mean(autograd::Variable(Tensor::empty({0, 4}))), "mean: x has no elements");
}

const bool registered = testing::register_gradchecks(
    {
        {"sum",
         [](const auto& v) { return autograd::sum(v[0]); },
         {random_tensor({3, 5}, DType::float64, 1)},
         {}},
        {"mean",
         [](const auto& v) { return autograd::mean(v[0]); },
         {random_tensor({3, 5}, DType::float64, 1)},
         {}},
    },
    testing::devices());

}  // namespace
}  // namespace nst
