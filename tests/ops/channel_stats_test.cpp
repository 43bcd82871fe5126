#include "autograd/ops/channel_stats.h"

#include <gtest/gtest.h>

#include "tests/support.h"

namespace nst {
namespace {

using ops::Variance;
using testing::random_tensor;

struct Expected {
  std::vector<double> mean, std;
};

// The definition: two passes in long double.
Expected definition(const Tensor& x, const ops::ChannelStdParams& params) {
  const auto v = x.to_vector<double>();
  const int64_t n = x.size(0), pixels = x.size(1) * x.size(2), c = x.size(3);
  Expected expected;
  for (int64_t image = 0; image < n; ++image) {
    for (int64_t ch = 0; ch < c; ++ch) {
      const auto at = [&](int64_t p) { return static_cast<long double>(v[(image * pixels + p) * c + ch]); };
      long double sum = 0, squares = 0;
      for (int64_t p = 0; p < pixels; ++p) sum += at(p);
      const long double mean = sum / pixels;
      for (int64_t p = 0; p < pixels; ++p) squares += (at(p) - mean) * (at(p) - mean);
      expected.mean.push_back(static_cast<double>(mean));
      const int64_t divisor = params.variance == Variance::biased ? pixels : pixels - 1;
      expected.std.push_back(static_cast<double>(std::sqrt(squares / divisor + params.eps)));
    }
  }
  return expected;
}

class ChannelStats : public ::testing::TestWithParam<std::tuple<Shape, Variance, DType, Device>> {};

TEST_P(ChannelStats, match_the_definition) {
  const auto& [shape, variance, dtype, device] = GetParam();
  const ops::ChannelStdParams params{.variance = variance, .eps = 1e-5};
  const Tensor x = random_tensor(shape, dtype, 1, -1, 3).to(device);
  const auto expected = definition(x, params);
  const auto stats = ops::channel_std_forward(x, params);
  const double tolerance = dtype == DType::float32 ? 1e-7 : 1e-14;
  EXPECT_EQ(stats.std.shape(), (Shape{shape[0], shape[3]}));
  EXPECT_CLOSE(ops::channel_mean_forward(x).to_vector<double>(), expected.mean, tolerance);
  EXPECT_CLOSE(stats.mean.to_vector<double>(), expected.mean, tolerance);
  EXPECT_CLOSE(stats.std.to_vector<double>(), expected.std, tolerance);
}

TEST_P(ChannelStats, keep_their_digits_under_a_large_mean) {
  const auto& [shape, variance, dtype, device] = GetParam();
  const ops::ChannelStdParams params{.variance = variance, .eps = 0};
  // mean(x^2) - mean^2 would be off by 1e-1 in float, by 1e-4 in double.
  const double mean = dtype == DType::float32 ? 1000 : 1e6;
  const Tensor x = random_tensor(shape, dtype, 2, mean - 1, mean + 1).to(device);
  EXPECT_CLOSE(ops::channel_std_forward(x, params).std.to_vector<double>(), definition(x, params).std,
               dtype == DType::float32 ? 1e-7 : 1e-9);
}

INSTANTIATE_TEST_SUITE_P(shapes, ChannelStats,
                         ::testing::Combine(::testing::Values(Shape{1, 1, 2, 1}, Shape{3, 5, 7, 3},
                                                              Shape{2, 61, 53, 17}, Shape{1, 3, 3, 515},
                                                              Shape{1, 301, 201, 3}),
                                            ::testing::Values(Variance::biased, Variance::unbiased),
                                            ::testing::Values(DType::float32, DType::float64),
                                            ::testing::ValuesIn(testing::devices())));

TEST(ChannelStatsResults, do_not_depend_on_the_number_of_threads) {
  const Tensor x = random_tensor({2, 61, 53, 17}, DType::float64, 1);
  testing::expect_same_on_any_threads([&] { return ops::channel_mean_forward(x); });
  testing::expect_same_on_any_threads([&] { return ops::channel_std_forward(x, {}).std; });
}

class ChannelStdOfFlatChannels : public ::testing::TestWithParam<Device> {};

TEST_P(ChannelStdOfFlatChannels, has_a_zero_gradient) {
  const Tensor x = Tensor::full({1, 3, 3, 2}, 0.1, DType::float32, GetParam());
  const auto stats = ops::channel_std_forward(x, {});
  EXPECT_EQ(stats.std.to_vector<float>(), (std::vector<float>{0, 0}));
  const Tensor grad_x = ops::channel_std_backward(
      x, stats, Tensor::full({1, 2}, 1, DType::float32, GetParam()), Variance::biased);
  for (const float g : grad_x.to_vector<float>()) EXPECT_EQ(g, 0);
}

INSTANTIATE_TEST_SUITE_P(devices, ChannelStdOfFlatChannels, ::testing::ValuesIn(testing::devices()));

TEST(ChannelStatsErrors, name_the_shapes) {
  EXPECT_INVALID(ops::channel_mean_forward(Tensor::zeros({3, 3})), "channel_mean: x must have 4 axes");
  EXPECT_INVALID(ops::channel_mean_forward(Tensor::zeros({1, 0, 3, 2})),
                 "channel_mean: x must have at least one pixel per image, got float32 (1, 0, 3, 2) on cpu");
  EXPECT_INVALID(ops::channel_std_forward(Tensor::zeros({2, 1, 1, 3}), {.variance = Variance::unbiased}),
                 "channel_std: x must have at least two pixels per image");
  EXPECT_INVALID(ops::channel_std_forward(Tensor::zeros({2, 2, 1, 3}), {.eps = -1}), "channel_std: eps");
  EXPECT_INVALID(ops::channel_mean_backward(Tensor::zeros({3}), {1, 2, 2, 3}),
                 "channel_mean_backward: grad_mean must be (1, 3)");
  const Tensor x = Tensor::zeros({1, 2, 2, 3});
  EXPECT_INVALID(
      ops::channel_std_backward(x, ops::channel_std_forward(x, {}), Tensor::zeros({3}), Variance::biased),
      "channel_std_backward: grad_std must be (1, 3)");
}

Tensor features() { return random_tensor({2, 3, 4, 3}, DType::float64, 1); }

const bool registered = testing::register_gradchecks(
    {
        {"channel_mean", [](const auto& v) { return autograd::channel_mean(v[0]); }, {features()}, {}},
        {"channel_std", [](const auto& v) { return autograd::channel_std(v[0]); }, {features()}, {}},
        {"channel_std_unbiased",
         [](const auto& v) {
           return autograd::channel_std(v[0], {.variance = Variance::unbiased, .eps = 1e-2});
         },
         {features()},
         {}},
    },
    testing::devices());

}  // namespace
}  // namespace nst
