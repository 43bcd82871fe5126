#include "autograd/ops/pool.h"

#include <gtest/gtest.h>

#include <limits>

#include "tensor/ops/relu.h"
#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

struct Case {
  Shape x, y;
  ops::PoolParams params;
};

void PrintTo(const Case& c, std::ostream* os) {
  *os << c.x.to_string() << " kernel " << c.params.kernel << " stride " << c.params.stride
      << (c.params.ceil_mode ? " ceil" : " floor");
}

// The definitions.
struct Reference {
  std::vector<double> max, max_grad, avg, avg_grad;
};

Reference reference(const Case& c, const Tensor& x, const Tensor& grad_y) {
  const auto xs = x.to_vector<double>(), gs = grad_y.to_vector<double>();
  const int64_t h = c.x[1], w = c.x[2], channels = c.x[3];
  Reference ref{std::vector<double>(gs.size()), std::vector<double>(xs.size()),
                std::vector<double>(gs.size()), std::vector<double>(xs.size())};
  for (int64_t n = 0; n < c.x[0]; ++n)
    for (int64_t i = 0; i < c.y[1]; ++i)
      for (int64_t j = 0; j < c.y[2]; ++j)
        for (int64_t k = 0; k < channels; ++k) {
          std::vector<size_t> window;
          for (int64_t r = i * c.params.stride; r < i * c.params.stride + c.params.kernel && r < h; ++r)
            for (int64_t s = j * c.params.stride; s < j * c.params.stride + c.params.kernel && s < w; ++s)
              window.push_back(((n * h + r) * w + s) * channels + k);
          const size_t out = ((n * c.y[1] + i) * c.y[2] + j) * channels + k;
          size_t largest = window[0];
          for (size_t at : window) {
            if (xs[at] > xs[largest]) largest = at;
            ref.avg[out] += xs[at] / static_cast<double>(window.size());
            ref.avg_grad[at] += gs[out] / static_cast<double>(window.size());
          }
          ref.max[out] = xs[largest];
          ref.max_grad[largest] += gs[out];
        }
  return ref;
}

class Pool : public ::testing::TestWithParam<std::tuple<Case, DType, Device>> {};

TEST_P(Pool, matches_the_definition) {
  const auto& [c, dtype, device] = GetParam();
  const double tolerance = dtype == DType::float32 ? 1e-6 : 1e-14;
  auto values = random_tensor(c.x, dtype, 1).to_vector<double>();
  for (double& v : values) v = std::round(v * 3);  // few distinct ones, so that windows hold equals
  const Tensor x = Tensor::from<double>(c.x, values).to(dtype).to(device),
               grad_y = random_tensor(c.y, dtype, 2).to(device);
  const Reference ref = reference(c, x, grad_y);
  const Tensor max = ops::max_pool_forward(x, c.params), avg = ops::average_pool_forward(x, c.params);
  ASSERT_EQ(max.shape(), c.y);
  ASSERT_EQ(avg.shape(), c.y);
  EXPECT_EQ(max.to_vector<double>(), ref.max);
  EXPECT_CLOSE(avg.to_vector<double>(), ref.avg, tolerance);
  const auto [max_again, taps] = ops::max_pool_with_taps(x, c.params);
  EXPECT_EQ(max_again.to_vector<double>(), ref.max);
  EXPECT_CLOSE(ops::max_pool_backward(taps, grad_y, c.x, c.params).to_vector<double>(), ref.max_grad,
               tolerance);
  EXPECT_CLOSE(ops::average_pool_backward(grad_y, c.x, c.params).to_vector<double>(), ref.avg_grad,
               tolerance);
}

// The sizes of y are those torch gives.
INSTANTIATE_TEST_SUITE_P(
    shapes, Pool,
    ::testing::Combine(
        ::testing::Values(
            Case{{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, false}},
            Case{{1, 1, 1, 3}, {1, 1, 1, 3}, {2, 2, true}},   // smaller than the window
            Case{{2, 7, 5, 3}, {2, 3, 2, 3}, {2, 2, false}},  // an odd last row and column
            Case{{2, 7, 5, 3}, {2, 4, 3, 3}, {2, 2, true}},
            Case{{2, 65, 18, 33}, {2, 32, 9, 33}, {2, 2, false}},  // several threads or blocks
            Case{{2, 65, 17, 33}, {2, 33, 9, 33}, {2, 2, true}},
            Case{{2, 65, 17, 33}, {2, 32, 8, 33}, {3, 2, false}},  // windows overlap
            Case{{2, 64, 33, 33}, {2, 32, 16, 33}, {3, 2, true}},
            Case{{1, 33, 20, 5}, {1, 30, 17, 5}, {4, 1, false}},
            Case{{1, 17, 16, 4}, {1, 6, 6, 4}, {2, 3, true}},  // skips pixels
            Case{{1, 5, 6, 4}, {1, 2, 2, 4}, {1, 4, true}},    // a third window would start outside
            Case{{1, 5, 6, 4}, {1, 2, 2, 4}, {1, 4, false}}),
        ::testing::Values(DType::float32, DType::float64), ::testing::ValuesIn(testing::devices())));

// Gradient of the sum of a 2x2 max pool over a 2x2 image.
std::vector<float> winner(const std::vector<float>& window, Device device) {
  const Tensor x = Tensor::from<float>({1, 2, 2, 1}, window, device);
  const Tensor grad_y = Tensor::full({1, 1, 1, 1}, 1, DType::float32, device);
  return ops::max_pool_backward(ops::max_pool_with_taps(x, {}).taps, grad_y, x.shape(), {})
      .to_vector<float>();
}

TEST_P(Pool, rectified_is_the_pool_of_the_rectified) {
  const auto& [c, dtype, device] = GetParam();
  auto params = c.params;
  params.relu = true;
  const Tensor x = random_tensor(c.x, dtype, 3).to(device), grad_y = random_tensor(c.y, dtype, 4).to(device);
  const Tensor rectified = ops::relu_forward(x);
  const auto [expected, expected_taps] = ops::max_pool_with_taps(rectified, c.params);
  const auto [y, taps] = ops::max_pool_with_taps(x, params);
  EXPECT_EQ(y.to_vector<double>(), expected.to_vector<double>());
  EXPECT_EQ(ops::max_pool_forward(x, params).to_vector<double>(), expected.to_vector<double>());
  const Tensor grad_rectified = ops::max_pool_backward(expected_taps, grad_y, c.x, c.params);
  EXPECT_EQ(ops::max_pool_backward(taps, grad_y, c.x, params).to_vector<double>(),
            ops::relu_backward(rectified, grad_rectified).to_vector<double>());
}

class MaxPool : public ::testing::TestWithParam<Device> {};

TEST_P(MaxPool, gives_a_tie_to_the_first_element) {
  EXPECT_EQ(winner({0, 0, 0, 0}, GetParam()), (std::vector<float>{1, 0, 0, 0}));
  EXPECT_EQ(winner({0, 3, 3, 1}, GetParam()), (std::vector<float>{0, 1, 0, 0}));
  constexpr float lowest = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(winner({lowest, lowest, lowest, lowest}, GetParam()), (std::vector<float>{1, 0, 0, 0}));
}

TEST_P(MaxPool, passes_nan_on) {
  for (int at = 0; at < 4; ++at) {
    std::vector<float> window{1, 2, 3, 4}, expected(4);
    window[at] = NAN;
    expected[at] = 1;
    const Tensor x = Tensor::from<float>({1, 2, 2, 1}, window, GetParam());
    EXPECT_TRUE(std::isnan(ops::max_pool_forward(x, {}).item())) << at;
    EXPECT_TRUE(std::isnan(ops::average_pool_forward(x, {}).item())) << at;
    EXPECT_EQ(winner(window, GetParam()), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(devices, MaxPool, ::testing::ValuesIn(testing::devices()));

TEST(PoolErrors, name_the_sizes) {
  const Tensor x = Tensor::zeros({1, 1, 5, 3});
  EXPECT_INVALID(ops::max_pool_forward(x, {}), "pool: no 2x2 window fits a 5x1 image");
  EXPECT_INVALID(ops::average_pool_forward(x, {.kernel = 4, .ceil_mode = true}), "no 4x4 window fits");
  EXPECT_INVALID(ops::max_pool_forward(x, {.kernel = 0}), "must be positive");
  EXPECT_INVALID(ops::max_pool_backward(x, x, x.shape(), {.kernel = 1}), "grad_y must be (1, 1, 3, 3)");
  EXPECT_INVALID(ops::max_pool_with_taps(Tensor::zeros({1, 16, 16, 1}), {.kernel = 16}),
                 "kernel 16 is above 15");
  EXPECT_INVALID(ops::average_pool_forward(x, {.kernel = 1, .relu = true}), "max pooling only");
}

testing::GradcheckCase check(const char* name,
                             autograd::Variable (*pool)(const autograd::Variable&, const ops::PoolParams&),
                             const ops::PoolParams& params) {
  return {name,
          [=](const auto& v) { return pool(v[0], params); },
          {random_tensor({2, 7, 5, 3}, DType::float64, 1)},
          {}};
}

const bool registered = testing::register_gradchecks(
    {
        check("max_pool", autograd::max_pool, {}),
        check("max_pool_ceil", autograd::max_pool, {.ceil_mode = true}),
        check("max_pool_overlapping", autograd::max_pool, {.kernel = 3}),
        check("max_pool_relu", autograd::max_pool, {.relu = true}),
        check("average_pool", autograd::average_pool, {}),
        check("average_pool_ceil", autograd::average_pool, {.ceil_mode = true}),
        check("average_pool_overlapping", autograd::average_pool, {.kernel = 3}),
    },
    testing::devices());

}  // namespace
}  // namespace nst
