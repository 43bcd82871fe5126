#include "autograd/ops/quantiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/support.h"

namespace nst {
namespace {

using testing::random_tensor;

// A quantile function from its points (m, v), ascending.
struct Quantiles {
  std::vector<double> m, v;
  std::vector<size_t> pixel;

  double operator()(double at) const {
    const size_t i = static_cast<size_t>(std::upper_bound(m.begin(), m.end(), at) - m.begin());
    if (i == 0) return v.front();
    if (i == m.size()) return v.back();
    return v[i - 1] + (at - m[i - 1]) / (m[i] - m[i - 1]) * (v[i] - v[i - 1]);
  }
};

// By the definition, one channel.
Quantiles channel(const Tensor& x, const std::vector<double>& weight, size_t c) {
  const auto values = x.to_vector<double>();
  const size_t channels = static_cast<size_t>(x.shape()[-1]);
  Quantiles q;
  for (size_t p = 0; p < weight.size(); ++p) {
    if (weight[p] > 0) q.pixel.push_back(p);
  }
  std::ranges::stable_sort(q.pixel, {}, [&](size_t p) { return values[p * channels + c]; });
  const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
  double before = 0;
  for (const size_t p : q.pixel) {
    q.m.push_back((before + weight[p] / 2) / total);
    q.v.push_back(values[p * channels + c]);
    before += weight[p];
  }
  return q;
}

// Weights with some zeros.
Tensor weights(int64_t h, int64_t w, DType dtype) {
  auto values = random_tensor({h, w}, DType::float64, 7).to_vector<double>();
  for (double& v : values) v = std::max(v, 0.0);
  return Tensor::from<double>({h, w}, values).to(dtype);
}

class QuantileOps : public ::testing::TestWithParam<std::tuple<DType, bool, int64_t>> {};

TEST_P(QuantileOps, match_the_definition) {
  const auto& [dtype, weighted, count] = GetParam();
  const double tolerance = dtype == DType::float32 ? 2e-6 : 1e-12;
  const int64_t h = 13, w = 7, channels = 5;
  const Tensor x = random_tensor({1, h, w, channels}, dtype, 1),
               weight = weighted ? weights(h, w, dtype) : Tensor();
  const auto weight_values = weighted ? weight.to_vector<double>() : std::vector<double>(h * w, 1.0);
  const double total = std::accumulate(weight_values.begin(), weight_values.end(), 0.0);

  std::vector<double> expected(count * channels);
  for (int64_t c = 0; c < channels; ++c) {
    const Quantiles q = channel(x, weight_values, c);
    for (int64_t j = 0; j < count; ++j)
      expected[j * channels + c] = q((static_cast<double>(j) + 0.5) / static_cast<double>(count));
  }
  EXPECT_CLOSE(ops::quantiles(x, weight, count).to_vector<double>(), expected, tolerance);

  const Tensor target = ops::quantiles(random_tensor({1, 5, 6, channels}, dtype, 2, -2, 1), {}, count);
  const auto targets = target.to_vector<double>();
  double loss = 0;
  std::vector<double> grad(h * w * channels);
  for (int64_t c = 0; c < channels; ++c) {
    const Quantiles q = channel(x, weight_values, c);
    Quantiles other;
    for (int64_t j = 0; j < count; ++j) {
      other.m.push_back((static_cast<double>(j) + 0.5) / static_cast<double>(count));
      other.v.push_back(targets[j * channels + c]);
    }
    for (size_t i = 0; i < q.v.size(); ++i) {
      const double share = weight_values[q.pixel[i]] / total / channels, apart = q.v[i] - other(q.m[i]);
      loss += share * apart * apart;
      grad[q.pixel[i] * channels + c] = 2 * share * apart;
    }
  }
  const auto error = ops::quantile_error(x, weight, target, true);
  EXPECT_CLOSE(error.loss.to_vector<double>(), std::vector<double>{loss}, tolerance);
  EXPECT_CLOSE(error.grad_x.to_vector<double>(), grad, tolerance);
  EXPECT_EQ(ops::quantile_error(x, weight, target, false).loss.item(), error.loss.item());
}

INSTANTIATE_TEST_SUITE_P(counts, QuantileOps,
                         ::testing::Combine(::testing::Values(DType::float32, DType::float64),
                                            ::testing::Bool(), ::testing::Values(1, 2, 30, 91, 200)));

TEST(Quantiles, as_many_as_pixels_are_the_sorted_values) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 1}, std::vector<float>{3, -0.5f, 0, -7, 1e20f, -1e-20f});
  EXPECT_EQ(ops::quantiles(x, {}, 6).to_vector<float>(),
            (std::vector<float>{-7, -0.5f, -1e-20f, 0, 3, 1e20f}));
  EXPECT_EQ(ops::quantile_error(x, {}, ops::quantiles(x, {}, 6), false).loss.item(), 0);
}

TEST(Quantiles, a_weight_of_one_everywhere_changes_nothing) {
  const Tensor x = random_tensor({1, 9, 8, 3}, DType::float64, 1),
               one = Tensor::full({9, 8}, 2.5, DType::float64);
  EXPECT_CLOSE(ops::quantiles(x, one, 50), ops::quantiles(x, {}, 50), 1e-12);
}

TEST(QuantileError, of_points_on_a_line_is_known) {
  // 0 and 4 go to 1 and 2, whatever their order: (1 + 4) / 2.
  const Tensor x = Tensor::from<double>({1, 1, 2, 1}, std::vector<double>{4, 0}),
               target = Tensor::from<double>({1, 2, 1}, std::vector<double>{1, 2});
  const auto error = ops::quantile_error(x, {}, target, true);
  EXPECT_EQ(error.loss.item(), 2.5);
  EXPECT_EQ(error.grad_x.to_vector<double>(), (std::vector<double>{2, -1}));
}

TEST(QuantileError, passes_nan_on) {
  Tensor x = random_tensor({1, 4, 4, 2}, DType::float32, 1);
  const Tensor target = ops::quantiles(x, {}, 16);
  x.mutable_data<float>()[5] = NAN;
  EXPECT_TRUE(std::isnan(ops::quantile_error(x, {}, target, false).loss.item()));
}

TEST(QuantileError, does_not_depend_on_the_number_of_threads) {
  const Tensor x = random_tensor({1, 31, 33, 9}, DType::float32, 1),
               target = ops::quantiles(random_tensor({1, 40, 20, 9}, DType::float32, 2), {}, 500);
  testing::expect_same_on_any_threads([&] { return ops::quantile_error(x, {}, target, false).loss; });
  testing::expect_same_on_any_threads([&] { return ops::quantile_error(x, {}, target, true).grad_x; });
}

TEST(QuantileError, refuses_what_does_not_fit) {
  const Tensor x = Tensor::zeros({1, 2, 3, 4}), target = Tensor::zeros({1, 5, 4});
  EXPECT_INVALID(ops::quantile_error(x, {}, Tensor::zeros({1, 5, 3}), false), "target must be");
  EXPECT_INVALID(ops::quantile_error(x, Tensor::zeros({3, 2}), target, false), "weight must be");
  EXPECT_INVALID(ops::quantile_error(x, Tensor::zeros({2, 3}), target, false), "no pixel has weight");
  EXPECT_INVALID(ops::quantiles(Tensor::zeros({2, 2, 3, 4}), {}, 5), "x must be (1, H, W, C)");
  EXPECT_INVALID(ops::quantiles(x, {}, 0), "a quantile or more");
}

const Tensor kTarget = ops::quantiles(random_tensor({1, 3, 4, 2}, DType::float64, 3, -2, 2), {}, 12);

const bool registered = testing::register_gradchecks({
    {"quantile_error_same_count",
     [](const auto& v) { return autograd::quantile_error(v[0], {}, kTarget); },
     {random_tensor({1, 4, 3, 2}, DType::float64, 1)},
     {}},
    {"quantile_error_weighted",
     [](const auto& v) { return autograd::quantile_error(v[0], weights(5, 3, DType::float64), kTarget); },
     {random_tensor({1, 5, 3, 2}, DType::float64, 2)},
     {}},
});

}  // namespace
}  // namespace nst
